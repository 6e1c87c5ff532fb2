"""Fronts of sweeps, their knees, what runs tell of them; latencies by order statistics."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.bench import Settings
from impact_tracker.bench.analyse.sweeps import front_of, knee_of, sweeps_of
from impact_tracker.bench.row.make import latency_of
from impact_tracker.bench.show.suite_files import suite_tables
from impact_tracker.runner.messages import PhaseResult, decoded
from impact_tracker.values.quantiles import least_count, quantile_of
from python.bench import made

PAIRS = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=12)


@given(PAIRS)
def test_a_front_holds_those_that_nothing_beats(pairs: list[tuple[int, int]]) -> None:
    def beaten(a: tuple[int, int]) -> bool:
        return any(b != a and b[0] <= a[0] and b[1] <= a[1] for b in pairs)

    assert sorted(front_of(pairs)) == [index for index, pair in enumerate(pairs) if not beaten(pair)]


@pytest.mark.parametrize("seed", range(20))
def test_the_knee_of_two_lines_is_where_they_meet(seed: int) -> None:
    """In logarithms: steep down to the corner, then flat."""
    chance = random.Random(seed)
    corner = (chance.uniform(0.2, 0.4), chance.uniform(0.05, 0.2))
    steep = sorted(chance.uniform(0.0, 1.0) for _ in range(chance.randint(1, 5)))
    flat = sorted(chance.uniform(0.0, 1.0) for _ in range(chance.randint(1, 5)))
    line = [(0.0, 1.0), *((part * corner[0], 1 - part * (1 - corner[1])) for part in steep), corner]
    line += [*((corner[0] + part * (1 - corner[0]), corner[1] * (1 - part)) for part in flat), (1.0, 0.0)]
    scale = chance.uniform(0.1, 100), chance.uniform(1.5, 50)
    front = [(scale[0] * math.exp(x), scale[1] * math.exp(2 * y)) for x, y in line]
    assert knee_of(front) == 1 + len(steep)


def test_a_straight_front_a_hollow_one_and_two_points_have_no_knee() -> None:
    assert knee_of([(1, 100), (10, 1)]) is None
    assert knee_of([(1.0, 100.0), (10.0, 10.0), (100.0, 1.0)]) is None
    assert knee_of([(1, 100), (10, 90), (100, 1)]) is None


def swept_campaign(folder: Path, repeats: int, scatter: float = 0.01) -> made.View:
    energies = {"1": 8.0, "4": 3.0, "16": 2.0, "64": 5.0}
    settings = Settings(suite="fashion-mnist", models=("small-cnn",), phase="inference", repeats=repeats)
    settings = Settings.from_dict({**settings.to_dict(), "axes": {"batch": [1, 4, 16, 64], "classes": [10, 1001]}})

    def joules(name: str) -> float:
        batch = name.partition("batch=")[2].partition(",")[0]
        return energies[batch] * (2 if "1001" in name else 1)

    return made.campaign(folder, settings, joules=joules, scatter=scatter)


def test_heads_are_other_work_and_have_fronts_of_their_own(tmp_path: Path) -> None:
    view = swept_campaign(tmp_path, 3)
    sweeps = sweeps_of(view.cells, view.rows)
    assert [sweep.title for sweep in sweeps] == ["Small CNN, classes 10", "Small CNN, classes 1001"]
    assert all(len(sweep.places) == 4 for sweep in sweeps)
    for sweep in sweeps:  # all took as long: the cheapest alone is on the front by its mean, and the runs tell no time
        assert [place.point.batch for place in sweep.front] == [16]
        assert {place.front for place in sweep.places} <= {True, None}
    table = suite_tables(view)["sweep"]
    assert len(table.rows) == 8
    assert "answers" not in suite_tables(view)  # points of one network are no networks beside each other


def test_one_run_tells_nothing_apart_and_the_page_says_so(tmp_path: Path) -> None:
    view = swept_campaign(tmp_path, 1)
    assert all(place.front is None for sweep in view.sweeps for place in sweep.places)
    assert any("one run" in note for note in view.caveats)


def test_a_figure_names_every_point_and_its_units(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from impact_tracker.bench.show.figures.sweeps import sweeps_figure

    figure = sweeps_figure(swept_campaign(tmp_path, 3).sweeps)
    assert figure is not None
    assert [axes.get_xlabel() for axes in figure.axes] == ["ms per image"] * 2
    assert [axes.get_ylabel() for axes in figure.axes] == ["J per image"] * 2
    assert sweeps_figure([]) is None


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_intervals_of_quantiles_hold_the_true_one(share: float) -> None:
    """Of samples of any distribution: here of uniform numbers, whose quantile is the share itself."""
    chance = random.Random(7)
    count, held = least_count(share) + 40, 0
    for _ in range(400):
        quantile = quantile_of([chance.random() for _ in range(count)], share)
        assert quantile is not None
        assert quantile.low <= quantile.value <= quantile.high
        held += quantile.low <= share <= quantile.high
    assert held / 400 >= 0.93


@pytest.mark.parametrize(("share", "least"), [(0.5, 6), (0.95, 72), (0.99, 368), (0.05, 72)])
def test_a_quantile_needs_so_many_values(share: float, least: int) -> None:
    assert least_count(share) == least
    assert quantile_of(range(least), share) is not None
    assert quantile_of(range(least - 1), share) is None


def phase(batch: int, passes: int) -> PhaseResult:
    times = (9_000_000_000, *(1_000_000 * place for place in range(1, passes)))
    told = {"begin_ns": 0, "end_ns": 1, "duration_s": 1.0, "images": passes * batch, "passes": passes, "batch": batch}
    same = {"stopped": False, "limit": "passes", "loss": None, "accuracy": None, "peak_memory_bytes": None}
    setup = {"peak_memory_scope": "phase", "device": "cpu", "threads": 1, "layout": "nchw", "precision": "fp32"}
    more = {"torch_version": "2.0", "network": "a", "pass_ns": list(times)}
    return decoded(PhaseResult, {"phase": "infer", **told, **same, **setup, **more})


def test_latencies_are_of_single_inputs_without_the_first_pass() -> None:
    latency = latency_of(phase(batch=1, passes=101))
    assert latency is not None
    assert latency.passes == 100
    assert [quantile.share for quantile in latency.quantiles] == [0.5, 0.95]  # too few for the 99th
    assert latency.quantiles[0].ms == 50.0
    assert latency_of(phase(batch=4, passes=101)) is None
    assert latency_of(phase(batch=1, passes=1)) is None

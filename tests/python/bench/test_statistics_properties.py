"""What must hold of the statistics for whatever runs: one, equal ones, some without energy, some that do not count."""

from __future__ import annotations

import json
import math
import re
import warnings
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact_tracker.bench import Settings
from impact_tracker.bench.analyse.cells import cell_of, summarise
from impact_tracker.bench.analyse.relations import bootstrap, correlation, holm, power_law, welch
from impact_tracker.bench.analyse.survival import kaplan_meier, survival, wilson
from impact_tracker.bench.row.row import Measured
from impact_tracker.bench.show.view import read
from impact_tracker.cli import main
from impact_tracker.values.statistics import kept_of, mean_of
from python.bench.flat import judged, row_of
from python.bench.made import campaign

pytest.importorskip("scipy.stats")

JOULES = st.floats(1e-6, 1e12)
RUNS = st.lists(JOULES, min_size=1, max_size=12)
SOME = st.lists(JOULES, min_size=2, max_size=8)


def close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)


@given(RUNS, st.booleans())
def test_a_mean_lies_among_its_runs(values: list[float], olympic: bool) -> None:
    mean = mean_of(values, olympic=olympic)
    assert mean is not None
    kept = kept_of(values, olympic=olympic)
    assert mean.runs == len(kept) == len(values) - (2 if olympic and len(values) >= 5 else 0)
    assert min(kept) * (1 - 1e-12) <= mean.value <= max(kept) * (1 + 1e-12)
    if mean.runs == 1:
        assert (mean.half_width, mean.deviation, mean.relative) == (None, None, None)
    else:
        assert mean.half_width is not None
        assert math.isfinite(mean.half_width)
        assert mean.half_width >= 0
        if len(set(values)) == 1:
            assert (mean.half_width, mean.deviation) == (0.0, 0.0)


@given(SOME, st.randoms(use_true_random=False), st.floats(1e-3, 1e3))
def test_a_mean_knows_neither_order_nor_unit(values: list[float], chance: Any, scale: float) -> None:
    mean = mean_of(values)
    other = values[:]
    chance.shuffle(other)
    assert mean_of(other) == mean
    scaled = mean_of([value * scale for value in values])
    assert mean is not None
    assert scaled is not None
    assert close(scaled.value, mean.value * scale)
    if mean.relative is not None and mean.relative > 1e-6:
        assert scaled.relative == pytest.approx(mean.relative, rel=1e-6)


@given(SOME, SOME)
def test_a_comparison_is_the_same_from_both_sides(a: list[float], b: list[float]) -> None:
    there, back = welch(a, b), welch(b, a)
    assert there is not None
    assert back is not None
    assert there.difference == pytest.approx(-back.difference)
    assert (there.half_width, there.p) == pytest.approx((back.half_width, back.p))
    assert 0 <= there.p <= 1
    assert there.half_width >= 0


@given(SOME)
def test_what_is_the_same_does_not_differ(a: list[float]) -> None:
    difference = welch(a, a[::-1])
    assert difference is not None
    assert difference.p == pytest.approx(1.0)


@given(JOULES, st.integers(2, 6), st.integers(2, 6))
def test_equal_runs_that_differ_by_rounding_do_not_differ(value: float, first: int, second: int) -> None:
    difference = welch([value] * first, [math.nextafter(value, math.inf)] * second)
    assert difference is not None
    assert difference.p == 1.0


@given(st.lists(st.floats(0, 1), max_size=12))
def test_adjusted_p_values_are_larger_and_keep_their_order(p_values: list[float]) -> None:
    corrected = holm(p_values)
    assert all(p <= adjusted <= 1 for p, adjusted in zip(p_values, corrected))
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    ranked = [corrected[i] for i in order]
    assert ranked == sorted(ranked)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(1, 1000), min_size=1, max_size=14), st.booleans())
def test_a_bootstrap_interval_holds_its_mean_and_warns_of_nothing(values: list[float], olympic: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ends = bootstrap(values, olympic=olympic)
    if len(values) < 10:
        assert ends is None
    elif ends is not None:
        kept = sorted(values)[1:-1] if olympic else values
        mean = sum(kept) / len(kept)
        assert ends[0] <= mean * (1 + 1e-9)
        assert mean * (1 - 1e-9) <= ends[1]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=4, max_size=7))
def test_rank_correlations_with_ties(pairs: list[tuple[int, int]]) -> None:
    x, y = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    relation = correlation(x, y)
    assert (relation is None) == (len(set(x)) < 2 or len(set(y)) < 2)
    if relation is not None:
        assert -1 - 1e-9 <= relation.spearman <= 1 + 1e-9
        assert 0 <= relation.spearman_p <= 1
        assert 0 <= relation.kendall_p <= 1
        back = correlation(y, x)
        assert back is not None
        assert back.spearman == pytest.approx(relation.spearman)


@given(st.lists(st.tuples(st.floats(0.01, 1e4), st.floats(1e-4, 1e6)), min_size=1, max_size=10))
def test_a_power_law_s_numbers_are_numbers(pairs: list[tuple[float, float]]) -> None:
    fit = power_law([x for x, _ in pairs], [y for _, y in pairs])
    if fit is not None:
        assert all(math.isfinite(value) or name in ("factor", "within") for name, value in fit._asdict().items())
        assert fit.exponent_low <= fit.exponent <= fit.exponent_high
        assert fit.r2 <= 1 + 1e-9


@given(st.lists(st.tuples(st.floats(0.1, 1000), st.booleans()), min_size=1, max_size=12))
def test_runs_that_miss_their_target(runs: list[tuple[float, bool]]) -> None:
    values, hits = [value for value, _ in runs], [hit for _, hit in runs]
    shares = [1.0, *(drop.surviving for drop in kaplan_meier(values, hits))]
    assert shares == sorted(shares, reverse=True)
    assert all(-1e-12 <= share <= 1 for share in shares)
    curve = survival(values, hits)
    assert curve is not None
    assert curve.reached == sum(hits)
    assert (curve.mean is not None) == all(hits)
    assert (curve.per_success is None) == (not any(hits))
    if curve.median is not None:
        assert min(values) <= curve.median <= max(values)
        assert curve.low is None or curve.low <= curve.median
        assert curve.high is None or curve.high >= curve.median
    if curve.per_success is not None:
        assert curve.per_success >= math.fsum(values) / len(values) * (1 - 1e-12)


@given(st.integers(1, 200), st.data())
def test_a_share_lies_in_its_interval(runs: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, runs))
    low, high = wilson(successes, runs)
    assert 0 <= low <= successes / runs + 1e-12
    assert successes / runs - 1e-12 <= high <= 1


KINDS = st.sampled_from(("good", "no energy", "invalid", "failed"))


def line(number: int, kind: str, joules: float) -> dict[str, Any]:
    """What the line of a run says."""
    energy = None if kind == "no energy" else joules
    return {
        "task": f"vgg-16/inference.r{number}",
        "test": "vgg-16/inference",
        "model": "vgg-16",
        "title": "VGG-16",
        "phase": "inference",
        "status": "failed" if kind == "failed" else "ok",
        "reason": "out of luck" if kind == "failed" else None,
        "invalid": ["the machine slept"] if kind == "invalid" else [],
        "images": 10,
        "duration_s": 2.0,
        "energy_j": energy,
        "bias_j": None if energy is None else 0.1 * energy,
        "modelled_j": None if energy is None else 0.0,
        "quality": "missing" if energy is None else "measured",
    }


@given(st.lists(st.tuples(KINDS, JOULES), min_size=1, max_size=10))
def test_only_runs_that_count_are_in_a_mean(runs: list[tuple[str, float]]) -> None:
    """What is invalid, failed or without energy moves no mean, and none of it becomes 0."""
    rows = [row_of(line(number, kind, joules)) for number, (kind, joules) in enumerate(runs)]
    cell = cell_of(summarise(rows), "vgg-16/inference", "inference")
    assert cell is not None
    count = Counter(kind for kind, _ in runs)
    energies = [joules for kind, joules in runs if kind == "good"]
    assert cell.runs == count["good"] + count["no energy"]
    assert len(cell.left_out) == count["invalid"] + count["failed"]
    expected = mean_of([joules / 10 for joules in energies])
    assert cell.j_per_image == expected
    assert (cell.kwh is None) == (not energies)
    assert (cell.seconds is None) == (cell.runs == 0)
    assert cell.carbon_kg is None
    if energies:
        assert cell.bias == pytest.approx(0.1)
        assert cell.modelled == 0.0
    if count["no energy"] or not cell.runs:
        assert cell.quality == "missing"


def test_a_phase_of_no_joules_does_not_count() -> None:
    """Nothing runs without energy: a counter that stands still, or that ticks more slowly than the phase is long."""
    for energy in (0.0, -0.5):
        fields = {**line(1, "good", 1.0), "energy_j": energy, "device": "cpu", "precision": "fp32", "region_s": 2.0}
        invalid = judged(fields, strict=False)["invalid"]
        assert invalid == [f"its sensors counted {energy:g} J: none of them moved in it"]


@pytest.mark.parametrize("joules", [0.0, 1.0])
def test_energies_of_0_in_older_campaigns_end_no_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], joules: float
) -> None:
    """Of before they were invalid: no ratio and no logarithm is taken of them."""
    given = Settings(suite="ai-benchmark", mode="work", repeats=2, models=("vgg-16", "u-net", "srcnn", "dped", "spade"))
    first = "vgg-16/inference"
    view = campaign(tmp_path / "a", given, joules=lambda name: joules if name == first else 0.0)
    assert {point.test for point in view.points} == ({first} if joules else set())
    for more in ([], ["--json"], ["--format", "latex"], ["--olympic"]):
        assert main(["bench", "report", str(tmp_path / "a"), *more]) == 0, more
    assert main(["bench", "compare", *[str(tmp_path / "a")] * 2]) == 0
    assert "Traceback" not in capsys.readouterr().err


def test_runs_without_energy_are_counted(tmp_path: Path) -> None:
    given = Settings(suite="ai-benchmark", mode="work", repeats=3, models=("vgg-16",))
    view = campaign(tmp_path / "a", given)
    lost = Measured()
    view.rows = [
        replace(row, measured=lost) if (row.facts.repeat, row.phase) == (2, "training") else row for row in view.rows
    ]
    notes = [note for note in view.caveats if "is not known, its mean is over the others" in note]
    assert notes == ["VGG-16 training: the energy of 1 of 3 runs is not known, its mean is over the others"]


def test_what_is_no_number_is_not_measured(tmp_path: Path) -> None:
    """Another program's NaN in a line: no mean becomes NaN by it."""
    given = Settings(suite="ai-benchmark", mode="work", repeats=3, models=("vgg-16",))
    campaign(tmp_path / "a", given)
    path = tmp_path / "a/rows.jsonl"
    lines = path.read_text().splitlines()
    lines[0] = re.sub(r'"(kwh|j_per_image|energy_j)":[^,]*', r'"\1":NaN', lines[0])
    path.write_text("\n".join(lines) + "\n")
    view = read(tmp_path / "a")
    assert sorted(cell.kwh.runs for cell in view.cells if cell.kwh is not None) == [2, 3]
    assert "NaN" not in json.dumps(view.to_dict(), allow_nan=False)

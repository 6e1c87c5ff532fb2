"""DataInterface: sums that are exactly additive, PUE, overlaps, trackers that still run, nothing measured."""

from __future__ import annotations

import itertools
import math
import random
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.data_interface import DataInterface, on_grid
from impact_tracker.errors import ImpactWarning
from impact_tracker.factors import intensity
from impact_tracker.tracker import ImpactTracker
from python import fake_core

Machine = fake_core.Machine


def run(machine: Machine, logdir: Path, seconds: float = 60.0, watts: float = 100.0, **settings: object) -> None:
    machine.power_w = watts
    with ImpactTracker(logdir, **settings) as _:  # type: ignore[arg-type]
        machine.advance(seconds)


def test_one_run(machine: Machine, tmp_path: Path) -> None:
    run(machine, tmp_path, 3600, 95.0, zone="FR", pue=1.25)
    data = DataInterface(str(tmp_path))
    assert data.total_power == pytest.approx(0.1 * 1.25, abs=1e-11)
    assert data.PUE == 1.25
    assert data.exp_len_hours == pytest.approx(1, abs=1e-11)
    assert data.kg_carbon == pytest.approx(0.1 * 1.25 * intensity("FR").value / 1000)


def test_sums_are_equal_in_any_order_and_grouping(machine: Machine, tmp_path: Path) -> None:
    draw = random.Random(7)
    paths = []
    for number in range(9):
        for _ in range(draw.randint(1, 3)):
            run(machine, tmp_path / str(number), draw.uniform(0.1, 5e5), draw.uniform(1, 900), pue=draw.uniform(1, 2))
        paths.append(tmp_path / str(number))
    singles = [DataInterface([path]) for path in paths]
    for first, second in itertools.permutations(range(9), 2):
        both = DataInterface([paths[first], paths[second]])
        for name in ("kg_carbon", "total_power", "exp_len_hours"):
            assert getattr(singles[first], name) + getattr(singles[second], name) == getattr(both, name)
    together = DataInterface(tmp_path)
    shuffled = DataInterface(draw.sample(paths, 9))
    halves = DataInterface(paths[:4]), DataInterface(paths[4:])
    for name in ("kg_carbon", "total_power", "exp_len_hours"):
        assert getattr(together, name) == getattr(shuffled, name)
        assert getattr(together, name) == getattr(halves[0], name) + getattr(halves[1], name)
        assert getattr(together, name) == sum(getattr(single, name) for single in singles)


@given(st.lists(st.floats(1e-9, 1000), max_size=20), st.randoms(use_true_random=False))
def test_numbers_on_the_grid_add_up_exactly(values: list[float], shuffler: random.Random) -> None:
    kept = [on_grid(value) for value in values]
    assert all(abs(a - b) <= 2e-12 for a, b in zip(kept, values))
    mixed = kept[:]
    shuffler.shuffle(mixed)
    assert sum(kept) == sum(mixed) == math.fsum(kept)


def test_override_wins_and_a_senseless_one_is_named(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(machine, tmp_path, 3600, 95.0, pue=1.25)
    monkeypatch.setenv("OVERRIDE_PUE", "1.1")
    data = DataInterface([tmp_path])
    assert data.PUE == 1.1
    assert data.total_power == pytest.approx(0.11)
    for text in ("good", "0.5", "nan"):
        monkeypatch.setenv("OVERRIDE_PUE", text)
        with pytest.raises(ValueError, match="OVERRIDE_PUE"):
            DataInterface([tmp_path])


def test_pue_of_records_that_differ_is_their_mean_over_energy(machine: Machine, tmp_path: Path) -> None:
    run(machine, tmp_path / "a", 3600, 95.0, pue=1.0)
    run(machine, tmp_path / "b", 3600, 295.0, pue=2.0)
    mean = DataInterface([tmp_path / "a", tmp_path / "b"]).PUE
    assert mean == pytest.approx(1.75)


def test_a_tracker_that_runs_is_counted_up_to_now(machine: Machine, tmp_path: Path) -> None:
    tracker = ImpactTracker(tmp_path).start()
    machine.advance(1800)
    assert DataInterface([tmp_path]).exp_len_hours == pytest.approx(0.5)
    machine.advance(1800)
    assert DataInterface([tmp_path]).exp_len_hours == pytest.approx(1)
    tracker.stop()
    assert DataInterface([tmp_path]).exp_len_hours == pytest.approx(1)


def test_overlap_counts_once_and_is_said(machine: Machine, tmp_path: Path) -> None:
    outer = ImpactTracker(tmp_path / "outer").start()
    run(machine, tmp_path / "inner")
    outer.stop()
    with pytest.warns(ImpactWarning, match="overlap in time .* counts once") as caught:
        both = DataInterface([tmp_path / "outer", tmp_path / "inner"])
    assert len(caught) == 1
    assert both.total_power == pytest.approx(60 * 105 / 3.6e6)
    assert both.exp_len_hours == pytest.approx(1 / 60)
    with pytest.warns(ImpactWarning, match="overlap"):
        assert DataInterface([tmp_path / "inner"] * 2).total_power == pytest.approx(60 * 105 / 3.6e6)
    with pytest.warns(ImpactWarning, match="overlap"):
        assert DataInterface([tmp_path, tmp_path / "inner"]).kg_carbon == pytest.approx(both.kg_carbon)


def test_ranks_that_still_run_count_once(machine: Machine, tmp_path: Path) -> None:
    ranks = [ImpactTracker(tmp_path).start() for _ in range(4)]
    machine.advance(3600)
    with pytest.warns(ImpactWarning, match="overlap"):
        data = DataInterface(tmp_path)
    assert data.total_power == pytest.approx(3600 * 105 / 3.6e6)
    assert data.exp_len_hours == pytest.approx(1)
    assert data.kg_carbon == pytest.approx(ranks[0].result.carbon_g / 1000)  # type: ignore[union-attr]
    for rank in ranks:
        rank.stop()
    with pytest.warns(ImpactWarning, match="overlap"):
        assert DataInterface(tmp_path).total_power == pytest.approx(data.total_power)


def test_an_empty_old_log_is_nan_and_said(machine: Machine, tmp_path: Path) -> None:
    run(machine, tmp_path / "good")
    (tmp_path / "old" / "impacttracker").mkdir(parents=True)
    (tmp_path / "old" / "impacttracker" / "data.json").write_text("")
    with pytest.warns(ImpactWarning, match="old.*holds no sample"):
        data = DataInterface(tmp_path)
    assert math.isnan(data.total_power)
    assert data.exp_len_hours == pytest.approx(1 / 60)


def test_an_old_log_below_zero_is_nan_and_said(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "impacttracker").mkdir()
    samples = [f'{{"timestamp": {n}, "rapl_estimated_attributable_power_draw": -5}}\n' for n in (1, 2, 3)]
    (tmp_path / "impacttracker" / "data.json").write_text("".join(samples))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = DataInterface(tmp_path)
    assert any("processors sum to less than 0 J" in str(warning.message) for warning in caught)
    assert math.isnan(data.total_power)
    assert math.isnan(data.kg_carbon)


def test_runs_one_after_the_other_or_on_two_machines_do_not_overlap(machine: Machine, tmp_path: Path) -> None:
    run(machine, tmp_path / "a")
    run(machine, tmp_path / "b")
    machine.boot_id = "another"
    machine.now_ns -= 90_000_000_000
    run(machine, tmp_path / "c")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DataInterface([tmp_path])


def test_nothing_measured_is_nan_and_said(machine: Machine, tmp_path: Path) -> None:
    run(machine, tmp_path / "good")
    machine.measured = False
    with pytest.warns(ImpactWarning):
        run(machine, tmp_path / "bad")
    with pytest.warns(ImpactWarning, match="measured no energy"):
        data = DataInterface([tmp_path])
    assert math.isnan(data.total_power)
    assert math.isnan(data.kg_carbon)
    assert data.exp_len_hours > 0


def test_no_record_is_an_error_with_the_path(machine: Machine, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="lost"):
        DataInterface(["lost"])
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        DataInterface(tmp_path)
    with pytest.raises(ValueError, match="no path"):
        DataInterface([])


def test_a_damaged_line_is_passed_over_and_said(machine: Machine, tmp_path: Path) -> None:
    run(machine, tmp_path)
    (path,) = (tmp_path / "impacttracker").iterdir()
    path.write_text(path.read_text() + "{half\n")
    with pytest.warns(ImpactWarning, match="damaged: line 3: not JSON; 1 line was passed over"):
        assert DataInterface(tmp_path).total_power > 0

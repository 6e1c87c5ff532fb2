"""The plugin in pytest runs of its own."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import NamedTuple

import pytest

from impact_tracker.hooks.pytest_plugin import EnergyOfTests, TestEnergy
from impact_tracker.values import Energy, Quality

pytest_plugins = ["pytester"]
TESTS = """
import pytest, time
def test_short(): pass
def test_long(): time.sleep(0.3)
@pytest.mark.energy(limit_j={limit})
def test_limited(): time.sleep(0.2)
"""
PLUGIN = ("-p", "impact_tracker.hooks.pytest_plugin")


@pytest.fixture
def run(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder with tests; the plugin is asked for where this package is not installed with its entry points."""
    pytester.makepyfile(TESTS.format(limit=1e9))
    return pytester


def words(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    from importlib.metadata import entry_points

    installed = [point for point in entry_points(group="pytest11") if point.name == "impact-tracker"]
    return pytester.runpytest_subprocess(*(() if installed else PLUGIN), "-p", "no:cacheprovider", *arguments)


def test_each_test_shows_its_energy(run: pytest.Pytester) -> None:
    done = words(run, "--energy")
    assert done.ret == 0
    text = done.stdout.str()
    assert "energy of tests" in text
    shown = [line.split()[-1] for line in text.splitlines() if "modelled  " in line or "estimated  " in line]
    assert {name.partition("::")[2] for name in shown} == {"test_short", "test_long", "test_limited"}
    assert shown[0].endswith("test_long")  # those that used most come first


def test_without_an_option_nothing_of_it_is_seen(run: pytest.Pytester) -> None:
    done = words(run)
    assert done.ret == 0 and "energy" not in done.stdout.str()
    assert not list(run.path.rglob("*.jsonl"))


def test_workers_of_xdist_hand_their_energies_over(run: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    done = words(run, "--energy", "--energy-save", "energy.json", "-n", "2")
    assert done.ret == 0
    assert len(json.loads((run.path / "energy.json").read_text())["tests"]) == 3


def test_a_regression_fails_the_run(run: pytest.Pytester) -> None:
    assert words(run, "--energy-save", "energy.json").ret == 0
    kept = json.loads((run.path / "energy.json").read_text())
    for energy in kept["tests"].values():
        for name in ("energy_j", "low_j", "high_j"):
            energy[name] /= 1000
    (run.path / "less.json").write_text(json.dumps(kept))
    done = words(run, "--energy-compare", "less.json")
    assert done.ret == 1
    assert "REGRESSION" in done.stdout.str() and "in place of" in done.stdout.str()
    assert "not by sensors" in done.stdout.str()  # this machine's energies are modelled, or partly
    for energy in kept["tests"].values():
        energy["high_j"] *= 1e6
    (run.path / "wide.json").write_text(json.dumps(kept))
    assert words(run, "--energy-compare", "wide.json").ret == 0  # the intervals meet


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"version": 1, "tests": {}}', '{"version": 2, "tests": {"a": 1}}']
)
def test_a_file_that_is_none_is_named(run: pytest.Pytester, content: str) -> None:
    (run.path / "energy.json").write_text(content)
    done = words(run, "--energy-compare", "energy.json")
    assert done.ret == 4
    assert "not a file of --energy-save" in done.stderr.str() + done.stdout.str()


def test_a_test_over_its_limit_fails(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS.format(limit=1e-9))
    done = words(pytester, "--energy")
    done.assert_outcomes(passed=2, failed=1)
    assert "more than its limit of 1e-09 J" in done.stdout.str()
    pytester.makepyfile(TESTS.format(limit=1e-9))
    assert words(pytester).ret == 0  # without --energy nothing is measured, and nothing fails


def test_a_record_that_cannot_be_written_fails_no_test(run: pytest.Pytester, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = words(run, "--energy", "--energy-record", str(tmp_path / "file"))
    assert done.ret == 0 and "tests are not measured" in done.stdout.str() + done.stderr.str()


class ResultOf(NamedTuple):
    """As much of a result as the plugin reads."""

    energy: Energy
    duration_s: float = 1.0


def compared(now: TestEnergy, then: TestEnergy, limit: float = 1.5) -> tuple[list[str], list[float]]:
    """What the plugin calls a regression of one test, and what it says it cannot tell."""
    energies = EnergyOfTests.__new__(EnergyOfTests)
    energies._energies, energies._before = {"test_a": now}, {"test_a": then}
    energies._regressions, energies._blurred = [], []
    energies._compare(limit)
    return energies._regressions, energies._blurred


def read(energy: Energy) -> TestEnergy:
    told = TestEnergy.of_result(ResultOf(energy))  # type: ignore[arg-type]
    assert told is not None
    return told


def test_the_interval_of_a_modelled_energy_has_the_models_own_error() -> None:
    told = read(Energy(10.0, 0.3, 7.0, 10.0, "modelled"))
    assert (told.low_j, told.high_j) == pytest.approx((10 - math.hypot(7, 0.3), 10 + math.hypot(7, 0.3)))
    assert TestEnergy.of_result(ResultOf(Energy(10.0))) is None  # type: ignore[arg-type]
    assert TestEnergy.of_result(ResultOf(Energy.missing())) is None  # type: ignore[arg-type]


def test_a_difference_within_the_models_error_is_no_regression_and_the_run_says_what_shows() -> None:
    """± 70 % on both sides: 1.5 × 1.7 ÷ 0.3 = 8.5 times as much is the least that shows."""
    then = read(Energy(10.0, 0.0, 7.0, 10.0, "modelled"))
    for times, is_regression in ((2.0, False), (8.4, False), (8.6, True)):
        regressions, blurred = compared(read(Energy(10.0 * times, 0.0, 7.0 * times, 10.0, "modelled")), then)
        assert bool(regressions) == is_regression
        assert blurred == ([] if is_regression else [pytest.approx(8.5)])
        assert all("not by sensors" in text for text in regressions)


def test_measured_energies_are_compared_by_their_own_error() -> None:
    then = read(Energy(10.0, 0.1, 0.2, 0.0, "measured"))
    regressions, blurred = compared(read(Energy(20.0, 0.1, 0.4, 0.0, "measured")), then)
    assert len(regressions) == 1 and "not by sensors" not in regressions[0] and blurred == []
    assert compared(read(Energy(15.0, 0.1, 0.3, 0.0, "measured")), then) == ([], [])


def test_runs_that_differ_by_nothing_are_no_regression_whatever_their_error() -> None:
    """One in a thousand draws at most, where the same test runs twice on the same machine; the model is off by the
    same factor in both."""
    chance, accused = random.Random(17), 0
    for _ in range(1000):
        bias = chance.choice([0.02, 0.7])
        word: Quality = "measured" if bias < 0.1 else "modelled"
        now, then = (read(Energy(10.0 * chance.lognormvariate(0, 0.1), 0.5, 10.0 * bias, None, word)) for _ in range(2))
        accused += bool(compared(now, then, limit=1.0 if bias > 0.1 else 1.5)[0])
    assert accused <= 1

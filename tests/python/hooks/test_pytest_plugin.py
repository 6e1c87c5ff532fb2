"""The plugin in pytest runs of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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
    for energy in kept["tests"].values():
        energy["high_j"] *= 1e6
    (run.path / "wide.json").write_text(json.dumps(kept))
    assert words(run, "--energy-compare", "wide.json").ret == 0  # the intervals meet


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"version": 2, "tests": {}}', '{"version": 1, "tests": {"a": 1}}']
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

"""Records found below directories and read: whole, early-ended, damaged, still being written."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from impact_tracker import find_records, read_record
from impact_tracker.errors import ImpactWarning
from impact_tracker.record import Record
from impact_tracker.tracker import ImpactTracker
from python import fake_core

Machine = fake_core.Machine


def run(machine: Machine, logdir: Path, seconds: float = 1.0, **settings: object) -> Path:
    with ImpactTracker(logdir, **settings) as tracker, tracker.region("part"):  # type: ignore[arg-type]
        machine.advance(seconds)
    return Path(tracker.path)


def test_records_are_found_newest_first(machine: Machine, tmp_path: Path) -> None:
    paths = [run(machine, tmp_path / name) for name in ("a", "b", "a", "deep/er")]
    assert find_records(tmp_path) == paths[::-1]
    assert find_records(tmp_path / "a") == [paths[2], paths[0]]
    assert find_records(tmp_path / "a" / "impacttracker") == [paths[2], paths[0]]
    assert find_records(paths[1]) == [paths[1]]
    assert find_records(tmp_path, recursive=False) == []
    assert find_records(tmp_path / "a", recursive=False) == [paths[2], paths[0]]
    assert read_record(tmp_path).path == paths[3]


def test_nothing_there_is_said_with_the_path(machine: Machine, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="lost"):
        find_records(tmp_path / "lost")
    with pytest.raises(FileNotFoundError, match=rf"no record below {tmp_path}.*impacttracker"):
        read_record(tmp_path)


def test_a_record_has_what_the_run_had(machine: Machine, tmp_path: Path) -> None:
    path = run(machine, tmp_path, 2.0, pue=1.3, zone="FR", tags={"fold": "3"})
    record = Record(path)
    assert record.complete
    assert record.damage is None
    assert record.tags == {"fold": "3"}
    assert record.result.energy_j == pytest.approx(210)
    assert (record.weighing.pue, record.weighing.zone) == (1.3, "FR")
    assert record.result.carbon_g == pytest.approx(210 / 3.6e6 * 1.3 * record.weighing.intensity.value)
    assert [region.name for region in record.regions] == ["part"]
    assert record.regions[0].energy_j == pytest.approx(210)
    assert record.totals is not None
    assert "python" in record.command
    assert "complete" in repr(record)


def test_series_are_memoryviews_or_arrays(machine: Machine, tmp_path: Path) -> None:
    record = Record(run(machine, tmp_path))
    times, _ = record.series("rapl/package-0")
    assert isinstance(times, memoryview)
    assert list(times) == [0, 1, 2, 3]
    numpy = pytest.importorskip("numpy")
    _, array = record.series("rapl/package-0", numpy=True)
    assert numpy.isnan(array[2])
    assert array[1] == 150
    with pytest.raises(KeyError, match=r"rapl/package-9.*there are rapl/package-0"):
        record.series("rapl/package-9")


def test_damaged_and_early_ended_records_are_read_and_say_so(machine: Machine, tmp_path: Path) -> None:
    path = run(machine, tmp_path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:-1]) + "\n")
    early = Record(path)
    assert (early.complete, early.damage, early.totals) == (False, None, None)
    assert len(early.regions) == 1
    path.write_text(lines[0] + "\n" + lines[1] + "\n{half")
    assert Record(path).damage is None  # a line without its end is being written
    path.write_text("\n".join([lines[0], "{half", "", "half}", *lines[1:]]) + "\n")
    damaged = Record(path)
    assert damaged.damage == "line 2: not JSON; 2 lines were passed over"
    assert not damaged.complete
    assert damaged.totals is not None
    assert [region.name for region in damaged.regions] == [region.name for region in early.regions]
    assert "damaged" in repr(damaged)
    path.write_text("no record at all\n")
    with pytest.raises(ValueError, match="no record"):
        Record(path)


@pytest.mark.parametrize("info", [{}, {"pue": "x", "intensity": 3}, {"pue": 0.5, "intensity": {"value": -1}}])
def test_a_header_without_usable_factors_takes_defaults(
    machine: Machine, tmp_path: Path, info: dict[str, object]
) -> None:
    path = run(machine, tmp_path)
    lines = path.read_text().splitlines()
    header = json.loads(lines[0])
    header["header"] = {"version": 1, **info}
    path.write_text("\n".join([json.dumps(header), *lines[1:]]))
    weighing = Record(path).weighing
    assert weighing.pue == 1.0
    assert weighing.intensity.quality == "estimated"


def test_tilde_is_the_home(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with ImpactTracker("~/runs") as tracker:
        machine.advance(1)
    assert tracker.logdir == str(tmp_path / "runs")
    assert find_records("~/runs") == [Path(tracker.path)]
    assert not (Path.cwd() / "~").exists()


def test_a_folder_that_may_not_be_read_is_not_taken_for_an_empty_one(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = run(machine, tmp_path / "a")
    run(machine, tmp_path / "b")
    closed, listed = tmp_path / "b" / "impacttracker", os.scandir

    def scandir(place: str) -> object:  # root may read everything, so that a mode would refuse nothing
        if os.fspath(place) == str(closed):
            raise PermissionError(errno.EACCES, "Permission denied", str(closed))
        return listed(place)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(PermissionError, match=r"b/impacttracker may not be read.*chmod"):
        find_records(tmp_path / "b")
    with pytest.warns(ImpactWarning, match=r"b/impacttracker may not be read.*left out"):
        assert find_records(tmp_path) == [path]

"""Logs of experiment-impact-tracker: their numbers, their faults, and that a pickle in them cannot run anything."""

from __future__ import annotations

import contextlib
import datetime
import io
import json
import os
import pickle
import sys
import time
import types
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.data_interface import DataInterface
from impact_tracker.errors import ImpactWarning
from impact_tracker.old_logs import Stub, find_old_logs, read_info, read_old_log, read_pickle

START = datetime.datetime(2020, 5, 1, 12, 0, 0)


def write_log(folder: Path, powers: list[float], *, end_s: float | None = None, gpu: bool = True, **info: Any) -> Path:
    """An old log: a sample every 4 s from 2 s on, with CPU power and half as much GPU power."""
    folder = folder / "impacttracker"
    folder.mkdir(parents=True)
    start = START.timestamp()
    with (folder / "data.json").open("w") as stream:
        for index, watts in enumerate(powers):
            sample: dict[str, Any] = {"timestamp": start + 2 + 4 * index, "cpu_count_adjusted_average_load": [1, 1, 1]}
            sample["rapl_estimated_attributable_power_draw"] = watts
            if gpu:
                sample["nvidia_estimated_attributable_power_draw"] = watts / 2
            sample["realtime_carbon_intensity"] = "n/a"
            stream.write(json.dumps(sample) + "\n")
    end_s = 2 + 4 * len(powers) - 4 + 1 if end_s is None else end_s
    fields = {
        "experiment_start": START,
        "experiment_end": START + datetime.timedelta(seconds=end_s),
        "region_carbon_intensity_estimate": {"_source": "a map", "carbonIntensity": 250.0},
        "gpu_info": [{"name": "A"}],
        **info,
    }
    (folder / "info.pkl").write_bytes(pickle.dumps({k: v for k, v in fields.items() if v is not None}))
    return folder


def test_energy_is_what_that_tool_computed(tmp_path: Path) -> None:
    folder = write_log(tmp_path, [100.0, 120.0, 80.0])
    log = read_old_log(folder)
    joules = 100 * 2 + 120 * 4 + 80 * 4 + 80 * 1  # the last power held to the end
    assert log.cpu.best_j == pytest.approx(joules)
    assert log.gpu.best_j == pytest.approx(joules / 2)
    assert log.duration_s == pytest.approx(11)
    assert log.grams_per_pue == pytest.approx(1.5 * joules / 3.6e6 * 250)
    assert log.findings == ()


def test_data_interface_reads_them_with_their_pue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_log(tmp_path / "a", [100.0] * 3)
    write_log(tmp_path / "b", [300.0] * 5)
    first, two, both = (DataInterface([str(tmp_path / name)]) for name in ("a", "b", "."))
    assert first.total_power == pytest.approx(1.58 * 11 * 150 / 3.6e6, abs=1e-11)
    assert first.PUE == 1.58
    assert first.kg_carbon + two.kg_carbon == both.kg_carbon
    assert first.total_power + two.total_power == both.total_power
    monkeypatch.setenv("OVERRIDE_PUE", "1.0")
    assert DataInterface([tmp_path / "a"]).total_power == pytest.approx(11 * 150 / 3.6e6, abs=1e-11)


def test_an_end_rewritten_at_interpreter_exit_is_cut_and_said(tmp_path: Path) -> None:
    write_log(tmp_path, [100.0] * 8, end_s=630, gpu=False)
    with pytest.warns(ImpactWarning, match="rewrote it when the program ended"):
        data = DataInterface(tmp_path)
    assert data.total_power == pytest.approx(1.58 * (30 + 4) * 100 / 3.6e6, abs=1e-11)
    assert data.exp_len_hours == pytest.approx(34 / 3600, abs=1e-11)


def test_a_log_without_end_is_counted_to_its_last_sample(tmp_path: Path) -> None:
    write_log(tmp_path, [100.0] * 3, experiment_end=None)
    with pytest.warns(ImpactWarning, match="no end"):
        assert DataInterface(tmp_path).exp_len_hours == pytest.approx(10 / 3600, abs=1e-11)


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="needs tzset")
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
def test_a_log_of_another_time_zone_gives_the_same_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    folder = write_log(tmp_path, [100.0, 120.0])
    here = read_old_log(folder)
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        there = read_old_log(folder)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert there.energy.best_j == pytest.approx(here.energy.best_j)
    assert there.duration_s == pytest.approx(here.duration_s)


def test_missing_parts_are_none_and_said(tmp_path: Path) -> None:
    assert read_old_log(write_log(tmp_path / "a", [], end_s=20)).energy.is_missing
    no_region = read_old_log(write_log(tmp_path / "b", [50.0], region_carbon_intensity_estimate=None))
    assert no_region.grams_per_pue is None
    assert any("carbon" in finding for finding in no_region.findings)
    assert read_old_log(write_log(tmp_path / "c", [50.0], gpu=False)).gpu.is_missing


def test_a_torn_last_line_is_left_out_and_said(tmp_path: Path) -> None:
    folder = write_log(tmp_path, [100.0] * 3)
    with (folder / "data.json").open("a") as stream:
        stream.write('{"timestamp": 15')
    log = read_old_log(folder)
    assert log.energy.best_j is not None
    assert "line 4" in log.findings[0]


def test_realtime_intensity_is_taken_and_its_gaps_filled(tmp_path: Path) -> None:
    folder = write_log(tmp_path, [100.0, 100.0], gpu=False, end_s=6)
    lines = (folder / "data.json").read_text().replace('"n/a"', "100.0", 1)
    (folder / "data.json").write_text(lines)
    assert read_old_log(folder).grams_per_pue == pytest.approx(6 * 100 * 100 / 3.6e6)


def test_objects_of_packages_that_are_not_there_become_stubs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("lost_geometry")

    class MultiPolygon:
        def __init__(self) -> None:
            self.parts = [1, 2]

    class WithState(list):  # type: ignore[type-arg]
        pass

    for kind in (MultiPolygon, WithState):
        kind.__module__, kind.__qualname__ = "lost_geometry", kind.__name__
        setattr(module, kind.__name__, kind)
    monkeypatch.setitem(sys.modules, "lost_geometry", module)
    path = tmp_path / "info.pkl"
    path.write_bytes(
        pickle.dumps({"region": MultiPolygon(), "more": WithState([1]), "experiment_start": START, "raw": b"x\xff"}, 2)
    )
    monkeypatch.delitem(sys.modules, "lost_geometry")
    info = read_info(path)
    assert info["experiment_start"] == START
    assert isinstance(info["region"], Stub)
    assert repr(info["region"]) == "<lost_geometry.MultiPolygon, not loaded>"
    assert info["raw"] == b"x\xff"


class Runs:
    """A pickle that would run a command."""

    def __init__(self, call: Any, *arguments: Any) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call, self.arguments


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_cannot_run_anything(tmp_path: Path, protocol: int) -> None:
    witness = tmp_path / "witness"
    for call in (
        Runs(os.system, f"touch {witness}"),
        Runs(eval, f"open({str(witness)!r}, 'w')"),
        Runs(open, str(witness), "w"),
        Runs(getattr, os, "system") if protocol > 9 else Runs(__import__, "antigravity"),
    ):
        loaded = read_pickle(io.BytesIO(pickle.dumps({"x": call}, protocol)))
        assert isinstance(loaded["x"], Stub)
    assert not witness.exists()
    assert "antigravity" not in sys.modules


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        read_pickle(io.BytesIO(data))


def test_what_is_no_info_is_named(tmp_path: Path) -> None:
    path = tmp_path / "info.pkl"
    path.write_bytes(b"no pickle")
    with pytest.raises(ValueError, match=r"info.pkl is damaged"):
        read_info(path)
    path.write_bytes(pickle.dumps([1]))
    with pytest.raises(ValueError, match="holds no dict but a list"):
        read_info(path)


def test_old_logs_are_found_below_a_directory(tmp_path: Path) -> None:
    folders = [write_log(tmp_path / name, [1.0]) for name in ("a", "b/c")]
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "data.json").write_text("{}")
    assert find_old_logs(tmp_path) == sorted(folders)

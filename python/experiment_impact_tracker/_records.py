"""Our records in the words of the old tool: its info, its rows of samples, its derived numbers."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from impact_tracker import Record, Result, find_records
from impact_tracker.values import kwh_of, sum_if_known

CPU_POWER, GPU_POWER = "rapl_power_draw_absolute", "nvidia_draw_absolute"
_COLUMNS = {"package": CPU_POWER, "gpu": GPU_POWER, "dram": "dram_power_draw_absolute"}


def latest_record(log_dir: str | os.PathLike[str]) -> Record | None:
    """The newest record of a logdir, `None` where it has none (an old log, or nothing)."""
    try:
        paths = find_records(log_dir, recursive=False)
    except FileNotFoundError:
        return None
    return Record(paths[0]) if paths else None


def is_gpu(device: str) -> bool:
    """Whether a device's energy counted as GPU in the old tool."""
    return device.startswith("gpu")


def split_kwh(result: Result) -> tuple[float | None, float | None]:
    """kWh of (all but the GPUs, the GPUs), without PUE; `None` for what was not measured or is not there."""

    def total(parts: Iterable[float | None]) -> float | None:
        joules = sum_if_known(part for part in parts if part is not None)
        return None if joules is None else kwh_of(joules)

    devices = result.devices.items()
    return total(joules for name, joules in devices if not is_gpu(name)), total(
        j for name, j in devices if is_gpu(name)
    )


def info_of(record: Record) -> dict[str, Any]:
    """What the old tool kept in info.pkl, from a record: times are naive and local, as there."""
    intensity, started = record.weighing.intensity, record.started_at
    begin = started.astimezone().replace(tzinfo=None) if started else None
    info: dict[str, Any] = {
        "experiment_impact_tracker_version": " ".join(dict(record.header.get("tool") or {}).values()),
        "cpu_info": dict(record.header.get("host") or {}),
        "python_package_info": sorted(dict((record.totals or {}).get("info") or {}).get("packages", {}).items()),
        "region": {"type": "Feature", "id": record.weighing.zone, "properties": {"zoneName": record.weighing.zone}},
        "region_carbon_intensity_estimate": {"carbonIntensity": intensity.value, "_source": intensity.cite()},
        "experiment_start": begin,
    }
    if begin is not None and record.complete:
        info["experiment_end"] = begin + timedelta(seconds=record.result.duration_s)
    gpus = sorted({str(channel["device"]) for channel in record.channels if is_gpu(str(channel["device"]))})
    if gpus:
        info["gpu_info"] = [{"name": gpu} for gpu in gpus]
    return info


def rows_of(record: Record) -> list[dict[str, Any]]:
    """A record as samples of the old tool: `timestamp` (unix seconds) and mean watts since the sample before.

    Channels are read at slightly different times: readings of one sampling interval make one row.
    """
    interval = float(record.header.get("interval_s") or 1.0)
    start = record.started_at.timestamp() if record.started_at else 0.0
    rows: dict[int, dict[str, Any]] = {}
    for column, times, values in _power_series(record):
        cells: dict[int, list[float]] = {}
        for seconds, watts in zip(times, values):
            if not math.isnan(watts):
                slot = round(seconds / interval)
                cells.setdefault(slot, []).append(watts)
                rows.setdefault(slot, {"timestamp": start + seconds})
        for slot, cell in cells.items():
            rows[slot][column] = rows[slot].get(column, 0.0) + math.fsum(cell) / len(cell)
    return [rows[slot] for slot in sorted(rows)]


def _power_series(record: Record) -> Iterator[tuple[str, Any, Any]]:
    for channel in record.channels:
        column = _COLUMNS.get(str(channel.get("domain")))
        if column and channel.get("in_total"):
            times, values = record.series(str(channel["id"]))
            yield column, times, values


def additional_info(record: Record) -> dict[str, Any]:
    """The derived numbers of a run, absent where nothing was measured; of the whole machine."""
    result, hours = record.result, record.result.duration_s / 3600
    cpu, gpu = split_kwh(result)
    busy = result.utilisation.get("cpu")
    gpu_busy = [share for name, share in result.utilisation.items() if is_gpu(name) and share is not None]
    numbers = {
        "cpu_hours": None if busy is None else busy * hours,
        "estimated_carbon_impact_kg": None if result.carbon_g is None else result.carbon_g / 1000,
        "total_power": None if result.kwh is None else result.kwh * result.weighing.pue,
        "kw_hr_cpu": cpu,
        "exp_len_hours": hours,
        "gpu_hours": math.fsum(gpu_busy) * hours if gpu_busy else None,
        "kw_hr_gpu": gpu,
    }
    return {name: value for name, value in numbers.items() if value is not None}


def record_paths(log_dir: str | os.PathLike[str]) -> list[Path]:
    """All files of a logdir that hold its measurements, ours and old ones."""
    folder = Path(log_dir) / "impacttracker"
    old = [path for path in (folder / "info.pkl", folder / "data.json") if path.exists()]
    return [*sorted(folder.glob("*.jsonl")), *old]

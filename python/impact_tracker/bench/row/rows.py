"""Rows: what one phase of one run cost and did. Names carry their units; what was not measured is None, never 0."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ...result import ROW_FIELDS, Result
from ..plan.networks import title_of

if TYPE_CHECKING:
    from ..plan.task import Task

Row = dict[str, Any]
SCHEMA = 1
SUPERSEDED = "superseded"  # status of a task's attempt whose rows were not to count, and that is repeated

_LOADED = "unit batch input classes layout precision device threads variant batch_norm parameters trainable_parameters "
_LOADED += "macs gmac torch_version blas allocator"
_WORKER = "images passes batch limit stopped loss final_loss accuracy correct finite loss_function optimizer lr "
_WORKER += "dice peak_memory_bytes peak_memory_scope device devices threads layout precision observed torch_version "
_WORKER += "batch_norm variant pass_s"


class Settled(NamedTuple):
    """How warming up went. `slope`: relative change of the power over the last chunks (of the speed, where the power
    cannot be read); `steady`: whether it came below 1 %; `pass_s`: seconds of a pass then."""

    seconds: float
    passes: int
    pass_s: float
    slope: float
    steady: bool


def new_row(task: Task, phase: str, attempt: int, session: int) -> Row:
    """What is known of a row before anything ran."""
    return {
        "kind": "row",
        "schema": SCHEMA,
        "task": task.id,
        "test": task.test.name,
        "model": task.test.model,
        "title": title_of(task.test.model, task.test.name),
        "phase": phase,
        "repeat": task.repeat,
        "attempt": attempt,
        "session": session,
        "seed": task.seed,
        "data": task.test.data,
        "host": platform.node(),
        "gmac_stated": task.test.gmac,
        "reference_ms": task.test.reference_ms,
        "reference_batch": task.test.reference_batch,
        "status": "ok",
        "reason": None,
    }


def add_energy(row: Row, result: Result | None) -> None:
    """The region's result: energy of the machine, without PUE; carbon with PUE and intensity, which stand beside it."""
    if result is None:
        row.update(dict.fromkeys(ROW_FIELDS), quality="missing", region_s=None)
        return
    row.update({name: _clean(getattr(result, name)) for name in ROW_FIELDS})
    row["region_s"] = result.duration_s
    row["pue"] = result.weighing.pue
    row["intensity_g_per_kwh"] = result.weighing.intensity.value
    row["cpu_utilisation"] = result.utilisation.get("cpu")
    row["gpu_use"] = {name: use for name, use in result.utilisation.items() if name.startswith("gpu")}
    row["gpu_utilisation"] = _own_use(row)
    row["counter_and_gauge"] = _counter_and_gauge(result)
    row["sources"] = [
        {name: _clean(channel.get(name)) for name in ("id", "device", "domain", "quality", "energy_j")}
        for channel in result.channels
        if channel.get("in_total")
    ]
    row["notes"] = result.notes


def _own_use(row: Row) -> float | None:
    """Of the least used of the GPUs that the work was given: another one may be busy for somebody else. Where worker or
    sensors do not name GPUs by their UUID, of the busiest."""
    use = {name: value for name, value in (row.get("gpu_use") or {}).items() if value is not None}
    if row.get("gpu_devices") and any(name.startswith("gpu:GPU-") for name in use):
        return min((use[name] for name in row["gpu_devices"] if name in use), default=None)
    return max(use.values(), default=None)


def _counter_and_gauge(result: Result) -> list[dict[str, Any]]:
    """Devices whose energy a counter and a power gauge saw: both energies, for a check."""
    by_part: dict[tuple[str, str], dict[str, Any]] = {}
    for channel in result.channels:
        energy = channel.get("energy_j")
        if channel.get("quality") == "measured" and isinstance(energy, (int, float)) and energy > 0:
            part = by_part.setdefault((str(channel.get("device")), str(channel.get("domain"))), {})
            part["counter_j" if channel.get("quantity") == "energy" else "gauge_j"] = energy
    return [{"device": device, **found} for (device, _), found in by_part.items() if len(found) == 2]


def add_loaded(row: Row, loaded: Mapping[str, Any]) -> None:
    """How the network was built. `macs`, `gmac`: of the pass that the row's phase runs forward."""
    row.update({name: _clean(loaded[name]) for name in _LOADED.split() if name in loaded})
    named = [gpu.get("uuid") for gpu in loaded.get("gpus") or []]
    if named and None not in named:  # as the sources call their devices
        row["gpu_devices"] = [f"gpu:{uuid}" for uuid in named]
        row["gpu_utilisation"] = _own_use(row)
    if row["phase"] in ("training", "evaluation") and loaded.get("training_macs"):
        row["macs"] = loaded["training_macs"]
        row["gmac"] = row["macs"] / 1e9


def add_work(row: Row, done: Mapping[str, Any]) -> None:
    """What the worker says it did: its `done` event."""
    row.update({name: _clean(done[name]) for name in _WORKER.split() if name in done})
    row["duration_s"] = done["duration_s"]
    row["worker_ns"] = [done["begin_ns"], done["end_ns"]]
    row["pass_ns"] = list(done.get("pass_ns") or [])
    kept = row["pass_ns"][1:] or row["pass_ns"]  # the first pass allocates: every benchmark drops it
    row["pass_ms"] = sum(kept) / len(kept) / 1e6 if kept else None
    memory = done.get("device_memory")
    row["device_memory_bytes"] = memory["peak_reserved_bytes"] if memory else None
    row["epochs"] = len(done["epochs"]) if done.get("epochs") is not None else None


def add_settled(row: Row, settled: Settled) -> None:
    """How the warming up went that came before."""
    row["settled"], row["slope"] = settled.steady, _clean(settled.slope)


def add_ratios(row: Row) -> None:
    """Joules and grams for one image, where images were processed and energy is known."""
    images, energy = row.get("images"), row.get("energy_j")
    row["j_per_image"] = energy / images if images and energy is not None else None
    duration = row.get("duration_s")
    row["images_per_s"] = images / duration if images and duration else None


def _clean(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    return value


def as_line(row: Mapping[str, Any]) -> str:
    """One line of rows.jsonl; numbers that are none become null."""
    return json.dumps(_clean(row), ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def current(lines: Iterable[Row]) -> list[Row]:
    """The rows that count: those of each task's last attempt, unless that was given up (`given_up`); of a row that was
    written twice, as its energy had been provisional, the later."""
    return _split(lines)[0]


def superseded(lines: Iterable[Row]) -> list[Row]:
    """The rows of earlier attempts, which are in no mean."""
    return _split(lines)[1]


def given_up(lines: Iterable[Row]) -> dict[tuple[str, int], Row]:
    """Attempts (task and number) that came to an end and are repeated all the same, with the line that says so."""
    return {
        (line["task"], line["attempt"]): line
        for line in lines
        if line.get("kind") == "task" and line["status"] == SUPERSEDED
    }


def _split(lines: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    lines = list(lines)
    away = given_up(lines)
    found = {(line["task"], line["attempt"], line["phase"]): line for line in lines if line.get("kind") == "row"}
    last: dict[str, int] = {}
    for task, attempt, _ in found:
        last[task] = max(last.get(task, 0), attempt)
    kept: list[Row] = []
    others: list[Row] = []
    for (task, attempt, _), row in found.items():
        (kept if attempt == last[task] and (task, attempt) not in away else others).append(row)
    return kept, others

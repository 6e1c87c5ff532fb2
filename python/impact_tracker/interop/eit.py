"""experiment-impact-tracker's logs: reading them, and writing a data.json that its tools read."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..factors import Factor
from .run import InteropError, Run

if TYPE_CHECKING:
    from ..record import Record


def read_logs(path: str | Path) -> list[Run]:
    """Every experiment below a place; its findings (mended ends, missing parts) come with it as notes."""
    from ..old_logs import PUE, find_old_logs, read_old_log

    runs = []
    for folder in find_old_logs(Path(path)):
        try:
            log = read_old_log(folder)
        except (OSError, ValueError) as fault:
            raise InteropError(f"{folder}: {fault}") from fault
        intensity = None
        if log.grams_per_pue is not None and log.kwh:
            value = log.grams_per_pue / log.kwh
            intensity = Factor(
                value,
                "g/kWh",
                value,
                value,
                "experiment-impact-tracker: its own intensity of the region",
                name="carbon intensity of electricity",
                year=2019,
            )
        runs.append(
            Run(
                name=folder.parent.name or "experiment",
                tool="experiment-impact-tracker",
                duration_s=log.hours * 3600.0,
                energy_kwh=log.kwh,
                cpu_kwh=log.kwh_cpu,
                gpu_kwh=log.kwh_gpu,
                pue=PUE,
                intensity=intensity,
                stated_carbon_g=None if log.grams_per_pue is None else log.grams_per_pue * PUE,
                origin=str(folder),
                notes=log.findings,
                quality="measured" if log.kwh is not None else "missing",
            )
        )
    if not runs:
        raise InteropError(f"{path}: no log of experiment-impact-tracker (impacttracker/data.json)")
    return runs


def samples_of(record: Record) -> list[dict[str, object]]:
    """One sample for each second-or-so of a record, with the fields that its tools integrate."""
    opened = record.started_at
    begin = opened.timestamp() if opened else 0.0
    cpu = [c for c in record.channels if c.get("in_total") and not str(c.get("device", "")).startswith("gpu")]
    gpu = [c for c in record.channels if c.get("in_total") and str(c.get("device", "")).startswith("gpu")]
    columns = [(_series(record, cpu), "rapl"), (_series(record, gpu), "nvidia")]
    times = sorted({t for series, _ in columns for t in series})
    samples = []
    for at in times:
        sample: dict[str, object] = {"timestamp": begin + at}
        for series, kind in columns:
            if at in series:
                names = {"rapl": "rapl_power_draw_absolute", "nvidia": "nvidia_draw_absolute"}
                sample[names[kind]] = series[at]
                sample[f"{kind}_estimated_attributable_power_draw"] = series[at]
        samples.append(sample)
    return samples


def to_data_json(samples: Iterable[dict[str, object]]) -> str:
    """JSON Lines as that tool writes them: one sample a line."""
    return "".join(json.dumps(sample, allow_nan=False) + "\n" for sample in samples)


def _series(record: Record, channels: Sequence[dict[str, object]]) -> dict[float, float]:
    """Summed power by time; a time at which one channel is missing has no sum."""
    total: dict[float, float] = {}
    for index, channel in enumerate(channels):
        times, watts = record.series(str(channel["id"]))
        known = {round(t, 6): w for t, w in zip(times, watts) if math.isfinite(w)}
        total = known if index == 0 else {t: total[t] + w for t, w in known.items() if t in total}
    return total

"""CodeCarbon's emissions.csv, both ways. Its emissions are kilograms (of the energy with PUE), energies kWh."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path

from ..factors import Factor
from .run import InteropError, Run

COLUMNS = (
    "timestamp", "project_name", "run_id", "experiment_id", "duration", "emissions", "emissions_rate", "cpu_power",
    "gpu_power", "ram_power", "cpu_energy", "gpu_energy", "ram_energy", "energy_consumed", "water_consumed",
    "country_name", "country_iso_code", "region", "cloud_provider", "cloud_region", "os", "python_version",
    "codecarbon_version", "cpu_count", "cpu_model", "gpu_count", "gpu_model", "longitude", "latitude", "ram_total_size",
    "tracking_mode", "cpu_utilization_percent", "gpu_utilization_percent", "ram_utilization_percent", "ram_used_gb",
    "on_cloud", "pue", "wue",
)  # fmt: skip


def to_csv(runs: Iterable[Run]) -> str:
    """All columns, one row a run. What is not known is an empty cell, never 0.

    Energies have the PUE in them, as theirs; so have powers, that energy stays power × time.
    """
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for run in runs:
        writer.writerow({name: "" if value is None else value for name, value in _row(run).items()})
    return out.getvalue()


def _row(run: Run) -> dict[str, object]:
    from ..factors import FactorError, zone_code

    grams = run.carbon.value
    kilograms = None if grams is None else grams / 1000.0
    seconds = run.duration_s
    try:
        code = zone_code(run.zone) if run.zone else None
    except FactorError:
        code = run.zone

    def with_pue(kwh: float | None) -> float | None:
        return None if kwh is None else kwh * run.pue

    def watts(kwh: float | None) -> float | None:
        return None if kwh is None or not seconds else kwh * run.pue * 3.6e6 / seconds

    ended = run.ended_at
    return {
        "timestamp": ended.replace(tzinfo=None).isoformat(timespec="seconds") if ended else None,
        "project_name": run.name,
        "run_id": run.run_id,
        "experiment_id": run.extra.get("experiment_id"),
        "duration": seconds,
        "emissions": kilograms,
        "emissions_rate": None if kilograms is None or not seconds else kilograms / seconds,
        "cpu_power": watts(run.cpu_kwh),
        "gpu_power": watts(run.gpu_kwh),
        "ram_power": watts(run.ram_kwh),
        "cpu_energy": with_pue(run.cpu_kwh),
        "gpu_energy": with_pue(run.gpu_kwh),
        "ram_energy": with_pue(run.ram_kwh),
        "energy_consumed": with_pue(run.energy_kwh),
        "water_consumed": run.stated_water_l,
        "country_name": run.zone_name,
        "country_iso_code": code,
        "region": run.location,
        "cloud_provider": run.cloud_provider,
        "cloud_region": run.cloud_region,
        "os": run.os,
        "python_version": run.python,
        "codecarbon_version": f"{run.tool} {run.tool_version}".strip(),
        "cpu_count": run.cpu_count,
        "cpu_model": run.cpu_model,
        "gpu_count": run.gpu_count,
        "gpu_model": run.gpu_model,
        "longitude": None,
        "latitude": None,
        "ram_total_size": run.ram_gb,
        "tracking_mode": "machine",
        "cpu_utilization_percent": _percent(run.cpu_utilisation),
        "gpu_utilization_percent": _percent(run.gpu_utilisation),
        "ram_utilization_percent": None,
        "ram_used_gb": None,
        "on_cloud": "Y" if run.cloud_provider else "N",
        "pue": run.pue,
        "wue": run.wue,
    }


def _percent(share: float | None) -> float | None:
    return None if share is None else 100.0 * share


def read_csv(path: str | Path) -> list[Run]:
    """Every row of an emissions.csv, of any version (columns by name). InteropError with file and line.

    Its energies have its PUE in them and are divided by it here; an absent power is not 0 W; the intensity is reckoned
    back from its own emissions and energy, so that nothing is weighed twice.
    """
    source = Path(path)
    try:
        text = source.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise InteropError(f"{source}: cannot be read: {fault}") from fault
    reader = csv.DictReader(io.StringIO(text, newline=""))
    missing = {"duration", "emissions", "energy_consumed"} - set(reader.fieldnames or ())
    if missing:
        raise InteropError(f"{source}:1: no CodeCarbon file: it lacks the columns {', '.join(sorted(missing))}")
    return [_read_row(row, f"{source}:{reader.line_num}") for row in reader]


class _Row:
    """One line of the file: its cells as numbers, `None` for an empty one."""

    def __init__(self, cells: dict[str, str], where: str) -> None:
        self.cells, self.where = cells, where

    def text(self, name: str) -> str | None:
        return self.cells.get(name) or None

    def number(self, name: str) -> float | None:
        cell = (self.cells.get(name) or "").strip()
        if not cell or cell.casefold() in ("nan", "none"):
            return None
        try:
            value = float(cell)
        except ValueError:
            raise InteropError(f"{self.where}: {name} is no number: {cell!r}") from None
        if not math.isfinite(value):
            raise InteropError(f"{self.where}: {name} must be finite, not {cell}")
        if value < 0:
            raise InteropError(f"{self.where}: {name} must not be negative, not {cell}")
        return value

    def over(self, name: str, divisor: float) -> float | None:
        value = self.number(name)
        return None if value is None else value / divisor

    def whole(self, name: str) -> int | None:
        value = self.number(name)
        return None if value is None else int(value)


def _read_row(cells: dict[str, str], where: str) -> Run:
    row = _Row(cells, where)
    # fmt: off
    pue = row.number("pue") or 1.0
    version = row.text("codecarbon_version") or ""
    ours = version.startswith("impact-tracker")
    return Run(
        name=row.text("project_name") or "codecarbon", tool="impact-tracker" if ours else "codecarbon",
        tool_version=version.partition(" ")[2] if ours else version,
        started_at=_started(row.text("timestamp"), row.number("duration")), duration_s=row.number("duration"),
        energy_kwh=row.over("energy_consumed", pue), cpu_kwh=row.over("cpu_energy", pue),
        gpu_kwh=row.over("gpu_energy", pue), ram_kwh=row.over("ram_energy", pue), pue=pue, wue=row.number("wue"),
        intensity=_intensity(row), stated_carbon_g=row.over("emissions", 1e-3),
        stated_water_l=row.number("water_consumed"),
        zone=row.text("country_iso_code"), zone_name=row.text("country_name"), location=row.text("region"),
        quality="modelled" if row.text("tracking_mode") == "constant" else "estimated",
        cpu_model=row.text("cpu_model"), cpu_count=row.whole("cpu_count"), gpu_model=row.text("gpu_model"),
        gpu_count=row.whole("gpu_count"), ram_gb=row.number("ram_total_size"),
        cpu_utilisation=row.over("cpu_utilization_percent", 100.0), os=row.text("os"),
        python=row.text("python_version"),
        gpu_utilisation=row.over("gpu_utilization_percent", 100.0),
        cloud_provider=row.text("cloud_provider"),
        cloud_region=row.text("cloud_region"), run_id=row.text("run_id"), origin=where, extra={"stated": dict(cells)},
        notes=("a CodeCarbon file does not say which of its energies were measured and which modelled",),
    )
    # fmt: on


def _intensity(row: _Row) -> Factor | None:
    kwh, kilograms = row.number("energy_consumed"), row.number("emissions")
    if not kwh or kilograms is None:
        return None
    value = kilograms * 1000.0 / kwh
    name = f"carbon intensity of electricity, {row.text('country_name') or 'unknown'}"
    note = "its own source and year are not in the file"
    return Factor(value, "g/kWh", value, value, "CodeCarbon: its emissions over its energy", name=name, note=note)


def _started(stamp: str | None, seconds: float | None) -> datetime | None:
    # The stamp is the end, local time without a zone: taken as UTC, which may be off by hours.
    try:
        ended = datetime.fromisoformat(stamp or "")
    except ValueError:
        return None
    at = ended if ended.tzinfo else ended.replace(tzinfo=timezone.utc)
    return datetime.fromtimestamp(at.timestamp() - (seconds or 0.0), tz=timezone.utc)

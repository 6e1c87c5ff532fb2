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
    """All columns, one row a run. What is not known is an empty cell, never 0. Energies have the PUE in them, as
    theirs."""
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
        return None if kwh is None or not seconds else kwh * 3.6e6 / seconds

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


def _read_row(row: dict[str, str], where: str) -> Run:
    def number(name: str) -> float | None:
        cell = (row.get(name) or "").strip()
        if not cell or cell.casefold() in ("nan", "none"):
            return None
        try:
            value = float(cell)
        except ValueError:
            raise InteropError(f"{where}: {name} is no number: {cell!r}") from None
        if not math.isfinite(value):
            raise InteropError(f"{where}: {name} must be finite, not {cell}")
        if value < 0 and name not in ("longitude", "latitude"):
            raise InteropError(f"{where}: {name} must not be negative, not {cell}")
        return value

    def whole(name: str) -> int | None:
        value = number(name)
        return None if value is None else int(value)

    def share(name: str) -> float | None:
        value = number(name)
        return None if value is None else value / 100.0

    pue = number("pue") or 1.0
    kwh, kilograms = number("energy_consumed"), number("emissions")
    intensity = None
    if kwh and kilograms is not None:
        value = kilograms * 1000.0 / kwh
        intensity = Factor(
            value,
            "g/kWh",
            value,
            value,
            "CodeCarbon: its emissions over its energy",
            quality="modelled",
            name=f"carbon intensity of electricity, {row.get('country_name') or 'unknown'}",
            note="its own source and year are not in the file",
        )

    def without_pue(name: str) -> float | None:
        value = number(name)
        return None if value is None else value / pue

    return Run(
        name=row.get("project_name") or "codecarbon",
        tool="codecarbon",
        tool_version=row.get("codecarbon_version") or "",
        started_at=_started(row.get("timestamp"), number("duration")),
        duration_s=number("duration"),
        energy_kwh=without_pue("energy_consumed"),
        cpu_kwh=without_pue("cpu_energy"),
        gpu_kwh=without_pue("gpu_energy"),
        ram_kwh=without_pue("ram_energy"),
        pue=pue,
        wue=number("wue"),
        intensity=intensity,
        stated_carbon_g=None if kilograms is None else 1000.0 * kilograms,
        stated_water_l=number("water_consumed"),
        zone=row.get("country_iso_code") or None,
        zone_name=row.get("country_name") or None,
        location=row.get("region") or None,
        quality="modelled" if row.get("tracking_mode") == "constant" else "estimated",
        cpu_model=row.get("cpu_model") or None,
        cpu_count=whole("cpu_count"),
        gpu_model=row.get("gpu_model") or None,
        gpu_count=whole("gpu_count"),
        ram_gb=number("ram_total_size"),
        cpu_utilisation=share("cpu_utilization_percent"),
        gpu_utilisation=share("gpu_utilization_percent"),
        os=row.get("os") or None,
        python=row.get("python_version") or None,
        cloud_provider=row.get("cloud_provider") or None,
        cloud_region=row.get("cloud_region") or None,
        run_id=row.get("run_id") or None,
        origin=where,
        notes=("CodeCarbon does not say which of its energies were measured and which modelled",),
    )


def _started(stamp: str | None, seconds: float | None) -> datetime | None:
    # The stamp is the end, local time without a zone: taken as UTC, which may be off by hours.
    try:
        ended = datetime.fromisoformat(stamp or "")
    except ValueError:
        return None
    at = ended if ended.tzinfo else ended.replace(tzinfo=timezone.utc)
    return datetime.fromtimestamp(at.timestamp() - (seconds or 0.0), tz=timezone.utc)

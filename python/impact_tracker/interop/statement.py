"""What a report states, as plain numbers: the form in which any report, ours or another's, is linted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .run import InteropError, Run

_EMISSIONS = re.compile(
    r"^(?P<indent>\s*)(?:co2_eq_emissions|emissions):\s*[\"']?(?P<number>[\d.]+(?:[eE][+-]?\d+)?)[\"']?\s*(?:#.*)?$",
    re.M,
)


@dataclass(frozen=True)
class Statement:
    """Every field as it was stated, `None` where it was not. Energies in kWh: `it_kwh` of the computers,
    `site_kwh` with the site's overhead, `reported_kwh` the one that stands beside the power; powers in W; water
    in L; carbon in g."""

    where: str
    it_kwh: float | None = None
    site_kwh: float | None = None
    reported_kwh: float | None = None
    power_w: float | None = None
    duration_s: float | None = None
    pue: float | None = None
    wue: float | None = None
    grid_water: float | None = None
    water_l: float | None = None
    carbon_g: float | None = None
    carbon_unit: str | None = None
    intensity: float | None = None
    intensity_year: int | None = None
    intensity_source: str | None = None
    intensity_method: str | None = None
    run_year: int | None = None
    zone: str | None = None
    tree_months: float | None = None
    embodied_gpu_kg: float | None = None
    embodied_has_range: bool = False
    gpu_model: str | None = None
    primary_energy_mj: float | None = None
    ram_w: float | None = None
    ram_gb: float | None = None
    units: float | None = None
    carbon_each_g: float | None = None
    tolerance: float = 0.02  # what rounding in print explains


def of_run(run: Run) -> Statement:
    """A run's statement; of an imported one what its file says, before anything was mended."""
    stated = run.extra.get("stated")
    if isinstance(stated, dict):
        return _of_codecarbon(run, stated)
    grid = run.intensity
    ram = None if run.ram_kwh is None or not run.duration_s else run.ram_kwh * 3.6e6 / run.duration_s
    return Statement(
        where=run.origin or run.name,
        it_kwh=run.energy_kwh,
        reported_kwh=run.energy_kwh,
        site_kwh=None if run.energy_kwh is None else run.energy_kwh * run.pue,
        power_w=run.power_w,
        duration_s=run.duration_s,
        pue=run.pue,
        wue=run.wue,
        water_l=run.stated_water_l,
        carbon_g=run.carbon.value if run.stated_carbon_g is None else run.stated_carbon_g,
        intensity=None if grid is None else grid.value,
        intensity_year=None if grid is None else grid.year,
        intensity_source=None if grid is None else grid.source,
        intensity_method=None if grid is None else grid.method,
        run_year=run.started_at.year if run.started_at else None,
        zone=run.zone,
        ram_w=ram,
        ram_gb=run.ram_gb,
        gpu_model=run.gpu_model,
    )


def _of_codecarbon(run: Run, stated: dict[str, str]) -> Statement:
    def number(name: str) -> float | None:
        try:
            return float(stated.get(name) or "nan") if stated.get(name) else None
        except ValueError:
            return None

    powers = [number(f"{part}_power") for part in ("cpu", "gpu", "ram")]
    known = [power for power in powers if power is not None]
    grid = run.intensity
    return Statement(
        where=run.origin,
        site_kwh=number("energy_consumed"),
        reported_kwh=number("energy_consumed"),
        it_kwh=run.energy_kwh,
        power_w=sum(known) if known else None,
        duration_s=run.duration_s,
        pue=run.pue,
        wue=run.wue,
        water_l=run.stated_water_l,
        carbon_g=run.stated_carbon_g,
        intensity=None if grid is None else grid.value,
        intensity_source=None if grid is None else grid.source,
        intensity_method=None if grid is None else grid.method,
        run_year=run.started_at.year if run.started_at else None,
        zone=run.zone,
        ram_w=number("ram_power"),
        ram_gb=run.ram_gb,
        gpu_model=run.gpu_model,
    )


def of_model_card(path: str | Path, energy_kwh: float | None = None, zone: str | None = None) -> Statement:
    """A Hugging Face card's `co2_eq_emissions` (grams); `energy_kwh` and `zone` from elsewhere make it
    checkable."""
    place = Path(path)
    try:
        found = _EMISSIONS.search(place.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as fault:
        raise InteropError(f"{place}: cannot be read: {fault}") from fault
    if found is None:
        raise InteropError(f"{place}: it has no co2_eq_emissions, where a model card states its carbon")
    return Statement(where=str(place), carbon_g=float(found["number"]), carbon_unit="g", site_kwh=energy_kwh, zone=zone)

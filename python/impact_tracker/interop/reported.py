"""The numbers that a report states: the form in which any report, ours or another's, is checked."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from .statement import InteropError, Statement, text_of

_EMISSIONS = re.compile(
    r"^[ \t]*(?:co2_eq_emissions|emissions):\s*[\"']?(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[\"']?"
    r"\s*(?:#.*)?$",
    re.M,
)


@dataclass(frozen=True)
class ReportedNumbers:
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
    cards: int | None = None
    primary_energy_mj: float | None = None
    ram_w: float | None = None
    ram_gb: float | None = None
    units: float | None = None
    carbon_each_g: float | None = None
    tolerance: float = 0.02  # what rounding in print explains

    def sentence(self) -> str:
        """Every number that was found stated."""
        numbers = [
            f"{name} {value:.6g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in vars(self).items()
            if value not in (None, False, "") and name not in ("where", "tolerance")
        ]
        return f"{self.where}: {', '.join(numbers) or 'nothing that can be checked'}"


def of_statement(run: Statement) -> ReportedNumbers:
    """The numbers of a run; of an imported one those of its file, before anything was mended."""
    grid, stated, site_kwh = run.site.intensity, run.stated, run.stated.site_energy.kwh
    memory_j = run.parts.memory.best_j
    if stated.powers_w is None:
        power_w = run.power_w
        ram_w = None if memory_j is None or not run.duration_s else memory_j / run.duration_s
    else:
        power_w, ram_w = sum(stated.powers_w.values()) if stated.powers_w else None, stated.powers_w.get("ram")
    return ReportedNumbers(
        where=run.origin or run.name,
        it_kwh=run.energy.kwh,
        reported_kwh=run.energy.kwh if site_kwh is None else site_kwh,
        site_kwh=run.site_energy.kwh if site_kwh is None else site_kwh,
        power_w=power_w,
        duration_s=run.duration_s,
        pue=run.site.pue,
        wue=run.site.wue,
        water_l=stated.water_l,
        carbon_g=run.carbon.value if stated.carbon_g is None else stated.carbon_g,
        intensity=None if grid is None else grid.value,
        intensity_year=None if grid is None else grid.year,
        intensity_source=None if grid is None else grid.source,
        intensity_method=None if grid is None else grid.method,
        run_year=run.started_at.year if run.started_at else None,
        zone=run.site.zone,
        ram_w=ram_w,
        ram_gb=run.memory_gb,
        gpu_model=run.hardware.gpu,
        cards=len(run.hardware.gpus),
    )


def states_emissions(place: Path) -> bool:
    """Whether a file has `co2_eq_emissions`, as a model card has them."""
    return _EMISSIONS.search(text_of(place)) is not None


def of_model_card(path: str | Path, energy_kwh: float | None = None, zone: str | None = None) -> ReportedNumbers:
    """A Hugging Face card's `co2_eq_emissions` (grams); `energy_kwh` and `zone` from elsewhere make it
    checkable."""
    place = Path(path)
    emissions = _EMISSIONS.search(text_of(place))
    if emissions is None:
        raise InteropError(f"{place}: it has no co2_eq_emissions, where a model card states its carbon")
    if math.isinf(float(emissions["number"])):
        raise InteropError(f"{place}: its co2_eq_emissions are no finite number: write them in grams")
    return ReportedNumbers(
        where=str(place), carbon_g=float(emissions["number"]), carbon_unit="g", site_kwh=energy_kwh, zone=zone
    )

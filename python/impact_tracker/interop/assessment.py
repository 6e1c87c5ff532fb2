"""The whole footprint of a stated run, with the estimate beside it and what stands apart from it."""

from __future__ import annotations

from dataclasses import dataclass

from ..estimators import Comparison
from ..factors import Factor, FactorError, marginal_intensity, residual_intensity
from ..footprint import (
    Allocation,
    Extent,
    Footprint,
    Impact,
    Machine,
    Units,
    against_boundaries,
    assess,
    marginal_carbon,
    market_carbon,
    person_years,
    zone_factor,
)
from ..hostinfo import Hardware
from .matched import matched
from .statement import Site, Statement


@dataclass(frozen=True)
class Assumptions:
    """What is assumed of a run beside what it states.

    `machine` and `allocation`: whose making is shared, and how; `wue`: in place of the site's own; `idle_w`: power of
    the idle machine; `extent`: computers alike, what a cluster draws beyond the work, other runs of the project;
    `hardware`: for the estimate, in place of the run's own. `curve_file`, `live_service`: where the
    intensity over time comes from. `marginal`, `market`: whether carbon by such intensities is asked for.
    """

    machine: Machine | None = None
    allocation: Allocation | None = None
    wue: float | None = None
    idle_w: float | None = None
    hardware: Hardware | None = None
    curve_file: str | None = None
    live_service: str | None = None
    marginal: bool = False
    market: bool = False
    extent: Extent | None = None


@dataclass(frozen=True)
class Assessment:
    """`footprint` of a run; `estimate` beside it; `matched`: carbon by an intensity over time or why there is none;
    `apart`: marginal and market-based carbon, which are in no total."""

    run: Statement
    footprint: Footprint
    estimate: Comparison
    matched: Impact | str | None
    apart: tuple[Impact, ...]
    wue: float | None

    def against_boundaries(self) -> list[Impact]:
        """The footprint as the planetary boundaries count it: what does not compare is missing, with the reason."""
        site = self.run.site
        return against_boundaries(self.footprint.matrix, self.run.energy, site.overhead, site.zone)

    def as_dict(self, units: Units) -> dict[str, object]:
        """For JSON, unrounded."""
        run, water = self.run, zone_factor("water", self.run.site.zone)
        document = {
            "name": run.name,
            "origin": run.origin,
            **self.footprint.as_dict(),
            "energy_kwh": run.energy.kwh,
            "pue": run.site.pue,
            "pue_is_stated": run.site.pue_is_stated,
            "zone": run.site.zone,
            "wue_l_per_kwh": self.wue,
            "grid_water_l_per_kwh": None if water is None else water.value,
            "estimate": self.estimate.as_dict(),
            "person_years": {impact.indicator: _persons(impact) for impact in self.against_boundaries()},
        }
        if self.matched is not None:
            by_time = self.matched
            document["matched"] = {"reason": by_time} if isinstance(by_time, str) else by_time.as_dict()
        if units.amounts:
            document["per"] = units.as_dict(self.footprint)
        return {**document, **{impact.indicator: impact.as_dict() for impact in self.apart}}


def _persons(impact: Impact) -> dict[str, object]:
    """For JSON: how many people's yearly share of the boundary it takes, `None` with the reason in `note`."""
    value = None if impact.value is None else person_years(impact).value
    return {"value": value, "partial": impact.partial, "note": impact.note}


def footprint_of(run: Statement, assumed: Assumptions) -> Footprint:
    """Every indicator and stage of a run. ValueError for more idle energy than energy."""
    own = None if assumed.wue is None else Factor.stated(assumed.wue, "L/kWh", "water usage effectiveness of the site")
    nodes = assumed.extent.nodes if assumed.extent is not None else 1
    return assess(
        energy=run.energy,
        duration_s=run.duration_s,
        idle_j=None if assumed.idle_w is None or run.duration_s is None else assumed.idle_w * nodes * run.duration_s,
        pue=run.site.overhead,
        zone=run.site.zone,
        grid=run.site.intensity,
        wue=own or run.site.water_use,
        machine=assumed.machine,
        allocation=assumed.allocation,
        extent=assumed.extent,
    )


def assessed(run: Statement, assumed: Assumptions) -> Assessment:
    """The run's footprint and what is asked for beside it. ValueError for what cannot be weighed."""
    return Assessment(
        run,
        footprint_of(run, assumed),
        run.beside(_of_all_nodes(assumed.hardware or run.hardware, assumed.extent)),
        matched(run, assumed.curve_file, assumed.live_service),
        _apart(run, assumed),
        run.site.wue if assumed.wue is None else assumed.wue,
    )


def _of_all_nodes(hardware: Hardware, extent: Extent | None) -> Hardware:
    """What all of the computers have together: their energy is given together too."""
    if extent is None or extent.nodes == 1:
        return hardware
    return hardware._replace(
        cores=hardware.cores and hardware.cores * extent.nodes,
        threads=hardware.threads and hardware.threads * extent.nodes,
        sockets=hardware.sockets and hardware.sockets * extent.nodes,
        memory_bytes=hardware.memory_bytes and hardware.memory_bytes * extent.nodes,
        gpus=hardware.gpus * extent.nodes,
    )


def _marginal_of(site: Site) -> Factor:
    """The user's own for the zone, else the bundled one of the cloud's region, where there is one."""
    try:
        return marginal_intensity(site.zone or "")
    except FactorError:
        if not site.cloud_provider or not site.cloud_region:
            raise
        return marginal_intensity(f"{site.cloud_provider}/{site.cloud_region}")


def _apart(run: Statement, assumed: Assumptions) -> tuple[Impact, ...]:
    impacts = []
    for wanted, intensity_of, weigh in (
        (assumed.marginal, _marginal_of, marginal_carbon),
        (assumed.market, lambda site: residual_intensity(site.zone or ""), market_carbon),
    ):
        if wanted:
            if run.site.zone is None:
                raise ValueError(f"{run.name}: --marginal and --market need to know where it ran: give --zone")
            impacts.append(weigh(run.energy, run.site.overhead, intensity=intensity_of(run.site)))
    return tuple(impacts)

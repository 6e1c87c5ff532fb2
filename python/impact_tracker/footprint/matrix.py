"""The whole footprint: indicators × stages of the life cycle. A cell nobody can fill is an X with its reason, never
0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..factors import Factor, intensity
from ..factors.cards import ANY_CARD
from ..factors.hardware_names import bare_name
from ..factors.overrides import overridden
from .allocation import Allocation, embodied, split_use
from .impact import EnergyInput, Impact, Term, sum_of
from .machine import Machine, making
from .use import carbon, depletion, primary_energy, water, zone_factor

INDICATORS = {"carbon": "g", "adp": "kg Sb", "primary_energy": "MJ", "water": "L", "human_toxicity": "CTUh"}
STAGES = ("extraction", "making", "transport", "use", "end_of_life")

_REASONS = {
    "extraction": "the sources of making count it in, and do not tell it apart",
    "transport": "no source that may be bundled gives it for this machine",
    "end_of_life": "no source that may be bundled gives it for this machine",
    "human_toxicity": "no factors of human toxicity may be bundled",
}


@dataclass(frozen=True)
class Matrix:
    """One impact a cell; those not known are `Impact.missing` with their reason."""

    cells: Mapping[tuple[str, str], Impact]

    def __getitem__(self, cell: tuple[str, str]) -> Impact:
        """The cell of (indicator, stage)."""
        return self.cells[cell]

    def total(self, indicator: str) -> Impact:
        """The sum over the stages that are known: *partial* as long as one is not."""
        return sum_of(self.cells[indicator, stage] for stage in STAGES)

    def rows(self) -> Iterator[tuple[str, str, list[Impact], Impact]]:
        """(indicator, unit, its cells in the order of the stages, its total), for tables."""
        for indicator, unit in INDICATORS.items():
            yield indicator, unit, [self.cells[indicator, stage] for stage in STAGES], self.total(indicator)

    def reasons(self) -> dict[str, str]:
        """Why cells are empty: `indicator, stage` -> reason."""
        return {f"{i}, {s}": cell.note for (i, s), cell in self.cells.items() if cell.value is None}

    def as_dict(self) -> dict[str, dict[str, object]]:
        """`{indicator: {stage: {value, low, high, unit, quality, note}}}`."""
        out: dict[str, dict[str, object]] = {}
        for (indicator, stage), cell in self.cells.items():
            out.setdefault(indicator, {})[stage] = {
                "value": cell.value,
                "low": cell.low,
                "high": cell.high,
                "unit": cell.unit,
                "quality": cell.quality,
                "partial": cell.partial,
                "note": cell.note,
            }
        return out


@dataclass(frozen=True)
class Footprint:
    """A whole footprint: the matrix, carbon of use split, carbon of making by part, and the figures it came from."""

    matrix: Matrix
    use: Mapping[str, Impact]
    making: Mapping[str, Impact]
    hours: float | None

    @property
    def carbon(self) -> Impact:
        """Carbon over the whole life cycle that is known."""
        return self.matrix.total("carbon")

    def totals(self) -> list[Impact]:
        """The total of each indicator over the stages."""
        return [self.matrix.total(indicator) for indicator in INDICATORS]

    def as_dict(self) -> dict[str, object]:
        """For JSON; every factor once under `sources`."""
        impacts = [cell for cell in self.matrix.cells.values() if cell.value is not None]
        sources = list(dict.fromkeys(factor.cite() for cell in impacts for factor in cell.factors))
        return {
            "matrix": self.matrix.as_dict(),
            "carbon_g": self.carbon.value,
            "carbon_g_low": self.carbon.low,
            "carbon_g_high": self.carbon.high,
            "use_carbon_g": {name: impact.value for name, impact in self.use.items()},
            "making_carbon_g": {name: impact.value for name, impact in self.making.items()},
            "hours": self.hours,
            "sources": sources,
        }


def assess(
    *,
    energy: EnergyInput,
    duration_s: float | None = None,
    idle_j: float | None = None,
    pue: float | Factor = 1.0,
    zone: str | None = None,
    grid: Factor | None = None,
    wue: Factor | None = None,
    machine: Machine | None = None,
    allocation: Allocation | None = None,
) -> Footprint:
    """Every indicator and stage of one use of a machine.

    `energy` without the site's overhead; `grid`: the intensity in g/kWh, else the
    zone's (the world's average without one). `machine` and `duration_s` for its making; without them the making is
    an X that says so. What nobody published for the zone is an X too.
    """
    electricity = grid or intensity(zone)
    cells: dict[tuple[str, str], Impact] = {}
    for indicator, unit in INDICATORS.items():
        for stage in STAGES:
            reason = _REASONS.get(indicator) or _REASONS.get(stage, "not known")
            cells[indicator, stage] = Impact.missing(indicator, unit, reason)
    cells["carbon", "use"] = carbon(energy, pue, intensity=electricity)
    cells["water", "use"] = water(energy, pue, wue=wue, grid=zone_factor("water", zone))
    for indicator, weigh in (("adp", depletion), ("primary_energy", primary_energy)):
        factor = zone_factor(indicator, zone)
        if factor is None:
            cells[indicator, "use"] = Impact.missing(indicator, INDICATORS[indicator], f"not published for {zone}")
        else:
            cells[indicator, "use"] = weigh(energy, pue, factor=factor)
    hours = None if duration_s is None else duration_s / 3600.0
    parts = _making(cells, machine, hours, allocation)
    return Footprint(Matrix(cells), split_use(energy, idle_j, pue, electricity), parts, hours)


def _making(
    cells: dict[tuple[str, str], Impact], machine: Machine | None, hours: float | None, allocation: Allocation | None
) -> dict[str, Impact]:
    cells["water", "making"] = _making_water(machine, hours, allocation)
    if machine is None or hours is None:
        reason = "the machine was not described" if machine is None else "the duration is not known"
        for indicator in ("carbon", "adp", "primary_energy"):
            cells[indicator, "making"] = Impact.missing(indicator, INDICATORS[indicator], reason)
        return {}
    carbon_shares: dict[str, Impact] = {}
    for indicator in ("carbon", "adp", "primary_energy"):
        shares = {part: embodied(made, hours, allocation) for part, made in making(machine, indicator).items()}
        total = Impact.missing(indicator, INDICATORS[indicator], "")
        for share in shares.values():
            total = share if total.value is None else total + share
        cells[indicator, "making"] = total
        if indicator == "carbon":
            carbon_shares = shares
    return carbon_shares


def _making_water(machine: Machine | None, hours: float | None, allocation: Allocation | None) -> Impact:
    """Water of making, from the user's own file alone: [making_water.server] and [making_water."name of the card"],
    in L."""
    reason = "no water of making may be bundled; yours goes under [making_water.server] of the file of factors"
    if machine is None or hours is None:
        return Impact.missing("water", "L", reason)
    wanted = [("server", 1.0), *((name or ANY_CARD, float(count)) for name, count in machine.cards.items())]
    factors = [(overridden("making_water", bare_name(name)), count) for name, count in wanted]
    terms = [Term(count, ((factor, 1.0),)) for factor, count in factors if factor is not None]
    if not terms:
        return Impact.missing("water", "L", reason)
    share = embodied(Impact.of("water", "L", terms, "modelled"), hours, allocation)
    absent = [name for (name, _), (factor, _) in zip(wanted, factors) if factor is None]
    return (
        share + Impact.missing("water", "L", f"water of making {', '.join(absent)} is not known") if absent else share
    )

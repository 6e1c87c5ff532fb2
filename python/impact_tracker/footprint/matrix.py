"""The whole footprint: indicators × stages of the life cycle. A cell nobody can fill is an X with its reason, never
0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ..factors import Factor, FactorError, intensity
from ..factors.cards import ANY_CARD
from ..factors.life_cycle import SERVER, STAGES, cell_kind
from ..factors.overrides import overridden
from ..factors.zones import zone_code
from .allocation import Allocation, embodied, split_use
from .extent import Extent
from .impact import EnergyInput, Impact, energy_factor, pue_factor, sum_of
from .machine import UNITS, Machine, making
from .own_cells import MATRIX_UNITS, own_cell, stated_parts
from .use import carbon, depletion, human_toxicity, primary_energy, water, zone_factor

INDICATORS = MATRIX_UNITS

_REASONS = {
    "extraction": "the sources of making count it in, and do not tell it apart",
    "transport": "no source that may be bundled gives it for this machine",
    "end_of_life": "no source that may be bundled gives it for this machine",
}
_NOT_BUNDLED = {
    "water": "no water of making may be bundled",
    "human_toxicity": "no factors of human toxicity may be bundled",
}


_ONE_RUN = Extent()


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
    """A whole footprint: the matrix, carbon of use split, carbon of making by part, and the figures it came from.

    `hours` are those of one computer; `extent` says of how many, and what is in it beyond this run.
    """

    matrix: Matrix
    use: Mapping[str, Impact]
    making: Mapping[str, Impact]
    hours: float | None
    extent: Extent = _ONE_RUN

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
            "extent": self.extent.as_dict(),
            "sources": sources,
        }


def assess(
    *,
    energy: EnergyInput,
    duration_s: float | None = None,
    idle_j: float | None = None,
    pue: float | Factor | None = None,
    zone: str | None = None,
    grid: Factor | None = None,
    wue: Factor | None = None,
    machine: Machine | None = None,
    allocation: Allocation | None = None,
    extent: Extent | None = None,
) -> Footprint:
    """Every indicator and stage of one use of a machine.

    `energy` without the site's overhead; `grid`: the intensity in g/kWh, else the
    zone's (the world's average without one). `machine` and `duration_s` for its making; without them the making is
    an X that says so. What nobody published for the zone is an X too, unless the user's file has it. `extent`: more
    than one computer and one run. ValueError for a dynamic ratio beside a PUE: it holds the site's overhead.
    """
    scope = extent or _ONE_RUN
    ratio = scope.dynamic_ratio
    if ratio is not None:
        if pue_factor(pue).value > 1.0:
            raise ValueError(
                "a dynamic ratio holds the site's overhead already: give it with a PUE of 1, or the PUE alone"
            )
        pue = Factor.stated(1.0, "1", "PUE", "the dynamic ratio holds the site's overhead")
    electricity = grid or intensity(zone)
    hours = None if duration_s is None else duration_s / 3600.0
    cells = {("carbon", "use"): carbon(energy, pue, intensity=electricity)}
    cells["water", "use"] = water(energy, pue, wue=wue, grid=zone_factor("water", zone))
    for indicator, weigh in (("adp", depletion), ("primary_energy", primary_energy)):
        factor = zone_factor(indicator, zone)
        if factor is None:
            cells[indicator, "use"] = Impact.missing(indicator, INDICATORS[indicator], f"not published for {zone}")
        else:
            cells[indicator, "use"] = weigh(energy, pue, factor=factor)
    cells["human_toxicity", "use"] = _toxicity(energy, pue, zone)
    split = split_use(energy, idle_j, pue, electricity)
    if ratio is not None:
        split = {name: part for name, part in split.items() if name != "infrastructure"}
        split["cluster"] = _beyond_the_work(energy, ratio, electricity)
        cells = {cell: impact * ratio for cell, impact in cells.items()}
    parts = _once(cells, machine, hours, allocation)
    for cell, impact in cells.items():
        total = impact * float(scope.nodes) if cell[1] != "use" else impact
        cells[cell] = total if scope.development is None else total * scope.development
    groups = (split, {part: share * float(scope.nodes) for part, share in parts.items()})
    use, made = (_developed(group, scope) for group in groups)
    in_order = {(i, s): cells[i, s] for i in INDICATORS for s in STAGES}
    return Footprint(Matrix(in_order), use, made, hours, scope)


def _developed(parts: Mapping[str, Impact], scope: Extent) -> dict[str, Impact]:
    if scope.development is None:
        return dict(parts)
    return {name: part * scope.development for name, part in parts.items()}


def _beyond_the_work(energy: EnergyInput, ratio: Factor, electricity: Factor) -> Impact:
    """Carbon of what the cluster draws beyond the work: idle computers, cooling, network."""
    if energy_factor(energy) is None:
        return Impact.missing("carbon", "g", "energy was not measured")
    more = replace(ratio, value=ratio.value - 1.0, low=ratio.low - 1.0, high=ratio.high - 1.0, name=f"{ratio.name} - 1")
    return carbon(energy, 1.0, intensity=electricity) * more


def _toxicity(energy: EnergyInput, pue: float | Factor | None, zone: str | None) -> Impact:
    """Human toxicity of electricity, from the user's own file alone."""
    factor = overridden("human_toxicity", "WORLD" if zone is None else zone_code(zone))
    if factor is None:
        reason = f"{_NOT_BUNDLED['human_toxicity']}; yours goes under [human_toxicity.{zone or 'WORLD'}] in CTUh/kWh"
        return Impact.missing("human_toxicity", "CTUh", reason)
    return human_toxicity(energy, pue, factor=factor)


def _once(
    cells: dict[tuple[str, str], Impact], machine: Machine | None, hours: float | None, allocation: Allocation | None
) -> dict[str, Impact]:
    """The stages that a machine goes through once, into the cells; carbon of its making by part."""
    carbon_shares: dict[str, Impact] = {}
    for indicator, unit in INDICATORS.items():
        for stage, reason in _REASONS.items():
            remedy = f"{reason}; yours goes under [{stage}.{indicator}] of the file of factors"
            own = own_cell(stage, indicator, machine, hours, allocation)
            cells[indicator, stage] = own or Impact.missing(indicator, unit, remedy)
        if machine is None or hours is None:
            reason = "the machine was not described" if machine is None else "the duration is not known"
            cells[indicator, "making"] = Impact.missing(indicator, unit, _making_reason(indicator) or reason)
            continue
        if indicator not in UNITS:
            own = own_cell("making", indicator, machine, hours, allocation)
            cells[indicator, "making"] = own or Impact.missing(indicator, unit, _making_reason(indicator))
            continue
        shares = {part: embodied(made, hours, allocation) for part, made in _made(machine, indicator).items()}
        known = [share for share in shares.values() if share.value is not None]
        cells[indicator, "making"] = sum_of([*known, *(s for s in shares.values() if s.value is None)])
        if indicator == "carbon":
            carbon_shares = shares
    return carbon_shares


def _making_reason(indicator: str) -> str:
    if indicator in UNITS:
        return ""
    kind = cell_kind("making", indicator)
    return f"{_NOT_BUNDLED[indicator]}; yours goes under [{kind}.{SERVER}] of the file of factors"


def _made(machine: Machine, indicator: str) -> dict[str, Impact]:
    """Making of one machine by part: the file's where it states it, else the component models'.

    What the file states of extraction stands in a cell of its own: the models' making counts it in, so that it is
    taken out of theirs. FactorError where it is more than all of the making.
    """
    own, absent = stated_parts("making", indicator, machine)
    left = [name for name, count in machine.cards.items() for _ in range(round(count)) if (name or ANY_CARD) in absent]
    rest = replace(machine, gpus=len(left), gpu_names=tuple(left) if machine.gpu_names else ())
    parts = making(rest, indicator)
    if SERVER in own:
        parts = {part: made for part, made in parts.items() if part == "gpu"}
    parts.update(own)
    extraction, _ = stated_parts("extraction", indicator, machine)
    for name, stated in extraction.items():
        if name in own:
            continue
        counted_in = [made for part, made in parts.items() if (part == "gpu") != (name == SERVER) and part not in own]
        total = sum(made.value or 0.0 for made in counted_in)
        if (stated.value or 0.0) > total:
            raise FactorError(
                f"extraction of {name} is {stated.value:g} {stated.unit}, more than all of its making ({total:g}),"
                f" which counts it in: state its making too, under [{cell_kind('making', indicator)}]"
            )
        parts[f"extraction of {name}, counted apart"] = stated * -1.0
    return parts

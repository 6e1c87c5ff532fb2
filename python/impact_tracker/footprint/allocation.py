"""The share of a machine's making that a use bears, and the split of what using it draws."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..factors import Factor, FactorError
from ..values import joules_of, kwh_of, worst_quality
from .impact import EnergyInput, Impact, Term, energy_factor, pue_factor

HOURS_A_YEAR = 8760.0

LIFETIME = Factor(
    4.0,
    "year",
    3.0,
    6.0,
    "lifetimes in use: 3 (component), 4 (servers, clouds), 6 years (BLOOM, research clusters)",
    licence="cited value",
    name="lifetime of the machine",
)
UTILISATION = Factor(
    0.85,
    "1",
    0.4,
    1.0,
    "BLOOM 85 %, Stable Diffusion 40 to 80 %, most inventories 100 %",
    licence="cited value",
    name="share of its life that the machine is used",
)


@dataclass(frozen=True)
class Allocation:
    """`share = hours / (lifetime × 8760 × utilisation) × reserved / total`: lifetime in years, utilisation above 0
    to 1."""

    lifetime_years: Factor = LIFETIME
    utilisation: Factor = UTILISATION
    reserved: float = 1.0
    total: float = 1.0

    def __post_init__(self) -> None:
        if self.lifetime_years.unit != "year" or self.lifetime_years.low <= 0:
            raise FactorError(
                f"a lifetime is above 0 years, not {self.lifetime_years.low:g} {self.lifetime_years.unit}"
            )
        if not self.utilisation.low > 0 or self.utilisation.high > 1:
            span = f"{self.utilisation.low:g} to {self.utilisation.high:g}"
            raise FactorError(f"a utilisation lies above 0 and up to 1 (all the time), not at {span}")
        if not 0 <= self.reserved <= self.total or not self.total > 0:
            raise FactorError(f"what is reserved ({self.reserved:g}) lies between 0 and the whole ({self.total:g})")

    @classmethod
    def fixed(
        cls, lifetime_years: float, utilisation: float = 1.0, reserved: float = 1.0, total: float = 1.0
    ) -> Allocation:
        """With a stated lifetime and utilisation, without a range."""
        years = Factor.stated(lifetime_years, "year", "lifetime of the machine")
        return cls(
            years, Factor.stated(utilisation, "1", "share of its life that the machine is used"), reserved, total
        )

    @classmethod
    def stated(cls, lifetime_years: float | None = None, utilisation: float | None = None) -> Allocation:
        """With what is stated; what is not keeps its range."""
        fixed = cls.fixed(
            4.0 if lifetime_years is None else lifetime_years, 1.0 if utilisation is None else utilisation
        )
        return cls(
            LIFETIME if lifetime_years is None else fixed.lifetime_years,
            UTILISATION if utilisation is None else fixed.utilisation,
        )


def embodied(made: Impact, hours: float, allocation: Allocation | None = None) -> Impact:
    """The part of `made` (a machine's or a part's making) that `hours` of use bear. ValueError for negative
    hours."""
    if not 0 <= hours < float("inf"):
        raise ValueError(f"hours must be 0 or more, not {hours!r}")
    chosen = allocation or Allocation()
    k = hours / HOURS_A_YEAR * chosen.reserved / chosen.total
    powers = ((chosen.lifetime_years, -1.0), (chosen.utilisation, -1.0))
    terms = tuple(Term(term.coefficient * k, (*term.powers, *powers)) for term in made.terms)
    if not terms:
        return made
    return Impact(made.indicator, made.unit, terms, made.quality, made.note, made.partial)


def split_use(
    energy: EnergyInput, idle_j: float | None, pue: float | Factor | None, intensity: Factor
) -> dict[str, Impact]:
    """Carbon of use apart: `dynamic` (the work), `idle` (what the machine would draw anyway), `infrastructure`
    (PUE − 1).

    `idle_j`: idle power × duration, `None` where it is not known: then dynamic holds both and idle is missing.
    ValueError for more idle energy than energy.
    """
    used, overhead = energy_factor(energy), pue_factor(pue)
    if used is None:
        reason = "energy was not measured"
        return {part: Impact.missing("carbon", "g", reason) for part in ("dynamic", "idle", "infrastructure")}
    grid = (intensity, 1.0)

    def part(kwh: Factor, scale: float = 1.0) -> Impact:
        return Impact.of("carbon", "g", [Term(scale, ((kwh, 1), grid))])

    extra = replace(
        overhead,
        value=overhead.value - 1.0,
        low=overhead.low - 1.0,
        high=overhead.high - 1.0,
        name=f"{overhead.name or 'PUE'} - 1",
    )
    infrastructure = Impact.of("carbon", "g", [Term(1.0, ((used, 1), (extra, 1), grid))])
    if idle_j is None:
        idle = Impact.missing("carbon", "g", "the machine's idle power is not known: dynamic holds it")
        return {"dynamic": part(used), "idle": idle, "infrastructure": infrastructure}
    whole_j = joules_of(used.value)
    if not 0 <= idle_j <= whole_j * (1 + 1e-9):
        raise ValueError(f"idle energy ({idle_j:g} J) lies between 0 and the whole ({whole_j:g} J)")
    resting = Factor.stated(kwh_of(idle_j), "kWh", "energy of the idle machine", "idle power × duration")
    resting = replace(resting, quality=worst_quality([resting.quality, used.quality]))
    share = 1.0 - resting.value / used.value if used.value else 0.0
    return {"dynamic": part(used, share), "idle": part(resting), "infrastructure": infrastructure}

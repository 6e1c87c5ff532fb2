"""The same impact in familiar units, and as shares of what the planet allows a person."""

from __future__ import annotations

from dataclasses import dataclass

from ..digits import within
from ..factors import Factor, constant
from .impact import Impact

POPULATION = 6_916_183_482  # of the world in the year that the boundaries are for (Sala et al. 2020)

# indicator -> name of its boundary, and units of the impact in one unit of the boundary
_BOUNDARIES = {
    "carbon": ("climate kg CO2e", 1000.0),
    "fossil_energy": ("fossil MJ", 1.0),
    "adp": ("minerals kg Sb", 1.0),
    "water_deprived": ("water m3", 1.0),
}
# What looks like a boundary's quantity and is not: why, and what is.
_NOT_COMPARABLE = {
    "water": "the boundary counts m3 world equivalent deprived, which takes the scarcity (AWARE) of the place:"
    " see water_deprived",
    "primary_energy": "the boundary counts fossil and nuclear energy alone: see fossil_energy",
}

FLIGHTS = ("flight Paris-London", "flight Paris-Dublin", "flight New York-San Francisco", "flight New York-Melbourne")


@dataclass(frozen=True)
class Equivalent:
    """`value` of `unit`, and the factor that it rests on; `low`, `high`: by the range of the impact."""

    name: str
    value: float
    unit: str
    factor: Factor
    low: float
    high: float

    @classmethod
    def of(cls, name: str, impact: Impact, each: float, unit: str, factor: Factor) -> Equivalent:
        """The impact over what `each` of the unit has. ValueError for an impact that is not known."""
        if impact.value is None or impact.low is None or impact.high is None:
            raise ValueError(f"{impact.indicator} is not known: {impact.note}")
        return cls(name, impact.value / each, unit, factor, impact.low / each, impact.high / each)

    @property
    def amount(self) -> str:
        """The value with no digit finer than its range."""
        return within(self.value, self.low, self.high)


def tree_months(carbon: Impact, tree: str = "tree year") -> Equivalent:
    """Months that a mature tree takes to take up this carbon: `g / (g a year) × 12`, never rounded in between."""
    year = constant("equivalent", tree)
    return Equivalent.of("tree-months", carbon, year.value / 12.0, "month", year)


def kilometres(carbon: Impact, vehicle: str = "car km EU") -> Equivalent:
    """Kilometres of a vehicle: `car km EU`, `car km US`, `train km`, `flight km`."""
    factor = constant("equivalent", vehicle)
    return Equivalent.of(vehicle.replace(" km", ""), carbon, factor.value, "km", factor)


def flights(carbon: Impact, flight: str | None = None) -> Equivalent:
    """Flights of one passenger: the named one, or the longest of which it is at least half, else Paris-London."""
    grams = carbon.carbon_g or 0.0
    name = flight or next((n for n in reversed(FLIGHTS) if grams >= 0.5 * constant("equivalent", n).value), FLIGHTS[0])
    factor = constant("equivalent", name)
    return Equivalent.of(name, carbon, factor.value, "flight", factor)


def household_weeks(carbon: Impact) -> Equivalent:
    """Weeks of an average US household's energy."""
    factor = constant("equivalent", "US household week")
    return Equivalent.of("US household", carbon, factor.value, "week", factor)


def core_hours(carbon: Impact, factor: str = "core gricad") -> Equivalent:
    """Hours of one core of a computing centre, everything included (staff, building, making)."""
    hour = constant("hour_factor", factor)
    return Equivalent.of("core-hours", carbon, hour.value, "h", hour)


def boundary_a_person(indicator: str) -> float:
    """What the planet allows a person in a year, in the impact's unit; ValueError for an indicator without a
    boundary."""
    if indicator in _NOT_COMPARABLE:
        raise ValueError(f"{indicator} does not compare with a planetary boundary: {_NOT_COMPARABLE[indicator]}")
    if indicator not in _BOUNDARIES:
        raise ValueError(f"no planetary boundary is known for {indicator!r}; known for {', '.join(_BOUNDARIES)}")
    name, unit = _BOUNDARIES[indicator]
    return constant("boundary", name).value * unit / POPULATION


def person_years(impact: Impact) -> Equivalent:
    """Person-equivalents: how many people's yearly share of a planetary boundary it takes (Sala et al. 2020)."""
    share = boundary_a_person(impact.indicator)
    factor = constant("boundary", _BOUNDARIES[impact.indicator][0])
    return Equivalent.of("person-equivalents", impact, share, "person year", factor)


def all_of(carbon: Impact) -> list[Equivalent]:
    """The equivalents that a report shows; none for an unknown carbon."""
    if carbon.value is None:
        return []
    return [
        tree_months(carbon),
        kilometres(carbon),
        kilometres(carbon, "train km"),
        flights(carbon),
        household_weeks(carbon),
        core_hours(carbon),
        person_years(carbon),
    ]

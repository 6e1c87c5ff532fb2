"""What a grid, a site or a part can be: the one place where a number that somebody typed or reported is doubted."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..values import joules_of, kwh_of

# The electricity of every grid lies between these (g CO2e/kWh, yearly mean, life cycle).
LOWEST_GRID, HIGHEST_GRID = 5.0, 1400.0
HIGHEST_PUE = 3.0  # surveys' averages lie near 1.6, and hardly a site is above 2.5
HIGHEST_WUE = 10.0  # L/kWh; evaporation of all the heat takes about 1.6
MACHINE_W, CARD_W = 20_000.0, 1_500.0  # above what any one machine draws, and any card
LOWEST_CARD_W = 2.0
LOWEST_CORE_W, HIGHEST_CORE_W = 0.1, 75.0  # above it is a whole chip's power
LARGEST_DIE_CM2, LARGEST_CARD_GB = 20.0, 600.0  # a card has no more in all its dies
LONGEST_RUN_H = 5 * 365 * 24.0  # no computer works longer on one run
MOST_CORES, MOST_CARDS = 2e7, 3e5  # the largest computers have no more
MOST_GB, MOST_GB_A_CORE = 1e6, 1000.0  # one computer has no more, and none beside one core
LONGEST_LIFE_Y = 20.0
_CLOSE = 0.03


@dataclass(frozen=True)
class Slip:
    """A unit that was taken for another: the right number is `factor` × the one that stands there."""

    factor: float
    words: str


# What is wrong with a carbon or with the energy beside it, told by the intensity that both imply.
OF_CARBON = (
    Slip(1000.0, "kilograms where grams are meant"),
    Slip(453.59237, "pounds where grams are meant"),
    Slip(1e6, "tonnes where grams are meant"),
    Slip(0.001, "milligrams where grams are meant"),
)
OF_ENERGY = (
    Slip(1000.0, "Wh where kWh are meant"),
    Slip(3.6, "MJ where kWh are meant"),
    Slip(joules_of(1e-3), "kJ where kWh are meant"),
    Slip(joules_of(1.0), "joules where kWh are meant"),
    Slip(0.001, "MWh where kWh are meant"),
)
OF_INTENSITY = (
    Slip(1000.0, "kg/kWh (or t/MWh) where g/kWh are meant"),
    Slip(453.59237, "lb/kWh where g/kWh are meant"),
    Slip(0.45359237, "lb/MWh where g/kWh are meant"),
    Slip(0.001, "g/MWh where g/kWh are meant"),
    Slip(3.6, "g/MJ where g/kWh are meant"),
)


@dataclass(frozen=True)
class Doubt:
    """Why a number is doubted, and what to do; `level`: "error" for what cannot be, "warning" for what may be."""

    level: str
    what: str
    remedy: str

    def __str__(self) -> str:
        """`0.05 g/kWh is below every grid's. It looks like …`."""
        return f"{self.what}. {self.remedy}"


def slips(value: float, low: float, high: float, candidates: Sequence[Slip], near: float | None = None) -> list[Slip]:
    """The slips that would bring a value between low and high, likeliest first: with `near`, what it should be about,
    those alone that come within a factor of two of it, the nearest first."""
    inside = [slip for slip in candidates if low <= value * slip.factor <= high]
    if near is None or not near > 0 or not value > 0:
        return inside

    def distance(slip: Slip) -> float:
        return abs(math.log(value * slip.factor / near))

    return sorted((slip for slip in inside if distance(slip) < math.log(2.0)), key=distance) or inside


def slip_of(stated: float, right: float, candidates: Sequence[Slip]) -> Slip | None:
    """The slip that turns what is stated into what is right, to a few per cent."""
    for slip in candidates:
        if stated > 0 and math.isclose(stated * slip.factor, right, rel_tol=_CLOSE):
            return slip
    return None


def of_intensity(grams: float, near: float | None = None) -> Doubt | None:
    """An intensity in g/kWh that no grid has; `near`: the mean of its zone."""
    if LOWEST_GRID <= grams <= HIGHEST_GRID:
        return None
    side = "below" if grams < LOWEST_GRID else "above"
    likely = slips(grams, LOWEST_GRID, HIGHEST_GRID, OF_INTENSITY, near)
    what = f"{grams:g} g/kWh is {side} every grid's ({LOWEST_GRID:g} to {HIGHEST_GRID:g})"
    if not likely:
        return Doubt("warning", what, "Check the number and its unit")
    meant = " or ".join(f"{slip.words}: {grams * slip.factor:.4g} g/kWh" for slip in likely[:2])
    return Doubt("warning", what, f"It looks like {meant}")


def of_pue(ratio: float) -> Doubt | None:
    """A PUE that no site has."""
    if ratio <= HIGHEST_PUE:
        return None
    looks = f"It looks like per cent: {1 + ratio / 100:g}" if ratio <= 100 else "It is total energy over the computers'"
    looks = f"It looks like per cent of the computers' energy: {ratio / 100:g}" if 100 < ratio <= 300 else looks
    return Doubt("warning", f"a PUE of {ratio:g} is above every site's (averages lie near 1.6)", looks)


def of_wue(litres: float) -> Doubt | None:
    """A water usage effectiveness in L/kWh that no site has."""
    if litres <= HIGHEST_WUE:
        return None
    remedy = f"It looks like L/MWh: {litres / 1000:g} L/kWh" if litres / 1000 <= HIGHEST_WUE else "Check its unit"
    return Doubt("warning", f"{litres:g} L/kWh is more than evaporating all the heat takes (about 1.6)", remedy)


def of_card_power(watts: float) -> Doubt | None:
    """A power of one card."""
    if watts > CARD_W:
        return Doubt("warning", f"{watts:g} W is more than any card draws", "Give the watts of one card, not of all")
    if 0 < watts < LOWEST_CARD_W:
        return Doubt("warning", f"{watts:g} W is less than any card draws", f"It looks like kW: {watts * 1000:g} W")
    return None


def of_core_power(watts: float) -> Doubt | None:
    """A power of one core."""
    if watts > HIGHEST_CORE_W:
        return Doubt("warning", f"{watts:g} W is a whole processor's power", "Divide it by its cores")
    if 0 < watts < LOWEST_CORE_W:
        return Doubt("warning", f"{watts:g} W is less than any core draws", f"It looks like kW: {watts * 1000:g} W")
    return None


def of_die(area_cm2: float) -> Doubt | None:
    """The area of a card's dies."""
    if area_cm2 <= LARGEST_DIE_CM2:
        return None
    return Doubt("warning", f"{area_cm2:g} cm2 is more than any card has", f"It looks like mm2: {area_cm2 / 100:g} cm2")


def of_card_memory(gigabytes: float) -> Doubt | None:
    """The memory of one card."""
    if gigabytes <= LARGEST_CARD_GB:
        return None
    return Doubt("warning", f"{gigabytes:g} GB is more than any card has", f"It looks like MB: {gigabytes / 1024:g} GB")


def of_machine_power(watts: float) -> Doubt | None:
    """A power of one machine."""
    if watts <= MACHINE_W:
        return None
    return Doubt("warning", f"{watts:g} W is more than one machine draws", "Check W and kW, and how many they are")


def of_hours(hours: float) -> Doubt | None:
    """A duration of one run."""
    if hours <= LONGEST_RUN_H:
        return None
    remedy = f"Give the hours of the clock, not of all cores. It looks like seconds: {hours / 3600:.4g} h"
    return Doubt("warning", f"{hours:g} h are {hours / 8760:.3g} years for one run", remedy)


def of_cores(cores: float) -> Doubt | None:
    """How many cores one run uses."""
    if cores <= MOST_CORES:
        return None
    return Doubt("warning", f"{cores:g} cores are more than any computer has", "Give cores, and their hours apart")


def of_cards(cards: float) -> Doubt | None:
    """How many cards one run uses."""
    if cards <= MOST_CARDS:
        return None
    return Doubt("warning", f"{cards:g} cards are more than any computer has", "Give cards, and their hours apart")


def of_memory(gigabytes: float) -> Doubt | None:
    """The memory of one computer, or of what a run was given."""
    if gigabytes <= MOST_GB:
        return None
    return Doubt("warning", f"{gigabytes:g} GB are more than any computer has", _megabytes(gigabytes))


def _megabytes(gigabytes: float) -> str:
    return f"It looks like MB: {gigabytes / 1024:.4g} GB"


def of_memory_a_core(typed: Mapping[str, object]) -> Doubt | None:
    """The memory that a run was given beside the cores that it uses."""
    gigabytes, cores = typed.get("memory_gb"), typed.get("cores")
    if not isinstance(gigabytes, (int, float)) or not isinstance(cores, (int, float)) or not cores > 0:
        return None
    if gigabytes > MOST_GB or gigabytes / cores <= MOST_GB_A_CORE:
        return None
    what = f"{gigabytes:g} GB for {cores:g} core{'s' if cores != 1 else ''} are more than any computer has"
    return Doubt("warning", what, _megabytes(gigabytes))


def of_life(years: float) -> Doubt | None:
    """How long a computer is used."""
    if years <= LONGEST_LIFE_Y:
        return None
    return Doubt("warning", f"{years:g} years are longer than computers are used", f"In months: {years / 12:.3g} years")


_MASS_G = {"mg": 1e-3, "g": 1.0, "kg": 1e3, "t": 1e6, "lb": 453.59237, "lbs": 453.59237}
_ENERGY_KWH = {
    "wh": 1e-3, "kwh": 1.0, "mwh": 1e3, "gwh": 1e6, "j": kwh_of(1.0), "kj": kwh_of(1e3), "mj": kwh_of(1e6),
    "gj": kwh_of(1e9),
}  # fmt: skip
_CO2 = r"\s*(?:of\s+)?(?:CO\s*(?:2|₂)\s*(?:[-_]\s*)?(?:(?:e|eq|equivalents?)\.?\s*|\.\s*)?)?"
INTENSITY_UNIT = re.compile(rf"(mg|kgs?|g|t|lbs?){_CO2}(?:/|per)\s*([kMG]?(?:Wh|J))\b", re.IGNORECASE)


def grams_per_kwh(number: float, unit: str) -> float | None:
    """An intensity in g/kWh from a number and its unit as people write it (`kg CO2e/kWh`, `lb/MWh`); `None` where the
    unit is none of an intensity."""
    spelled = INTENSITY_UNIT.search(unit)
    if spelled is None:
        return None
    mass = spelled[1].casefold()
    return number * _MASS_G[mass.rstrip("s") if mass != "lbs" else mass] / _ENERGY_KWH[spelled[2].casefold()]


# What may be typed, by the names that options, settings and fields of files have.
RULES: Mapping[str, Callable[[float], Doubt | None]] = {
    "intensity": of_intensity,
    "intensity_g_per_kwh": of_intensity,
    "to_intensity": of_intensity,
    "pue": of_pue,
    "to_pue": of_pue,
    "wue": of_wue,
    "gpu_w": of_card_power,
    "core_w": of_core_power,
    "gpu_die_cm2": of_die,
    "to_gpu_die_cm2": of_die,
    "gpu_memory_gb": of_card_memory,
    "to_gpu_memory_gb": of_card_memory,
    "idle_w": of_machine_power,
    "hours": of_hours,
    "cores": of_cores,
    "gpus": of_cards,
    "memory_gb": of_memory,
    "ram_gb": of_memory,
    "to_ram_gb": of_memory,
    "lifetime_years": of_life,
}


def doubts_of(typed: Mapping[str, object]) -> list[tuple[str, Doubt]]:
    """What is doubted of numbers by the names of `RULES`; other names, and values that are no numbers, are passed
    over."""
    doubts = []
    for name, value in typed.items():
        rule = RULES.get(name)
        if rule is None or isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            continue
        doubt = rule(float(value))
        if doubt is not None:
            doubts.append((name, doubt))
    of_both = of_memory_a_core(typed)
    return [*doubts, ("memory_gb", of_both)] if of_both else doubts

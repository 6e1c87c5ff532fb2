"""Numbers with units as people write them in reports and papers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

from ..factors.plausible import INTENSITY_UNIT, grams_per_kwh

NUMBER = r"(?<![\w.,])(\d[\d.,]*(?:e[+-]?\d+)?)"  # 1,287.5 and 4.16e-06
MASSES = {
    **dict.fromkeys(("g", "gram", "grams"), 1.0), **dict.fromkeys(("kg", "kilogram", "kilograms"), 1e3), "mg": 1e-3,
    **dict.fromkeys(("t", "tonne", "tonnes", "ton", "tons", "metric tons", "metric tonnes"), 1e6),
    **dict.fromkeys(("lb", "lbs", "pounds"), 453.59237),
}  # fmt: skip
_THOUSANDS = re.compile(r",(?=\d{3}(?:\D|$))")


def words_of_units(units: Mapping[str, float]) -> str:
    """The units as alternatives of a pattern, the longest first."""
    return "|".join(sorted(units, key=len, reverse=True))


def quantity(text: str, units: Mapping[str, float]) -> float | None:
    """The first number with one of the units, in any case, in the unit that they are scaled to."""
    stated = re.search(rf"{NUMBER}\s*({words_of_units(units)})\b", text, re.IGNORECASE)
    number = math.nan if stated is None else number_of(stated[1])
    return None if stated is None or math.isnan(number) else number * units[stated[2].casefold()]


def intensities(text: str) -> Iterator[tuple[str, float]]:
    """Every number with the unit of an intensity, as written and in g/kWh: `0.0217 kg/kWh` is 21.7."""
    for stated in re.finditer(rf"{NUMBER}\s*({INTENSITY_UNIT.pattern})", text, re.IGNORECASE):
        grams = grams_per_kwh(number_of(stated[1]), stated[2])
        if grams is not None and not math.isnan(grams):
            yield stated[1], grams


def number_of(written: str) -> float:
    """`1,287.5` has thousands, `12,5` a decimal comma, and what ends a sentence has neither; NaN for what is none."""
    try:
        return float(_THOUSANDS.sub("", written.rstrip(".,")).replace(",", "."))
    except ValueError:
        return math.nan


def rounding_of(written: str) -> float:
    """Half a unit of the last printed digit over the number: 2 may be 1.5 to 2.5."""
    mantissa = _THOUSANDS.sub("", written.rstrip(".,")).partition("e")[0].replace(",", ".")
    value = number_of(mantissa)
    return 0.5 * 10.0 ** -len(mantissa.partition(".")[2]) / value if value > 0 else 0.0

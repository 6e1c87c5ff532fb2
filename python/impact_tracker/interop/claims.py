"""What the sentences of a paper claim: an energy, its carbon, its intensity, as far as one belongs to the other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ..factors.plausible import INTENSITY_UNIT, grams_per_kwh
from .plain_text import sentences_of
from .reported import ReportedNumbers

_NUMBER = r"(?<![\w.,])(\d[\d.,]*(?:e[+-]?\d+)?)"
_CO2 = r"(?:of\s+)?(?:CO\s*(?:2|₂)|carbon\s+dioxide|carbon|greenhouse)[-_\s]?(?:eq(?:uivalents?)?|e)?\b"
_NO_RATE = r"(?![\s\-]*(?:CO\s*(?:2|₂)\S*\s*)?(?:/|per\b|an?\b|each\b|for\s+each\b))"
_MASSES = {
    "mg": 1e-3, "g": 1.0, "gram": 1.0, "grams": 1.0, "kg": 1e3, "kilogram": 1e3, "kilograms": 1e3, "kilos": 1e3,
    "t": 1e6, "tonne": 1e6, "tonnes": 1e6, "ton": 1e6, "tons": 1e6, "metric tons": 1e6, "metric tonnes": 1e6,
    "lb": 453.59237, "lbs": 453.59237, "pounds": 453.59237,
}  # fmt: skip
_ENERGIES = {"Wh": 1e-3, "kWh": 1.0, "KWh": 1.0, "kwh": 1.0, "MWh": 1e3, "GWh": 1e6, "TWh": 1e9}
_CARBON = re.compile(
    rf"{_NUMBER}\s*({'|'.join(sorted(_MASSES, key=len, reverse=True))})\b\s*{_CO2}{_NO_RATE}", re.IGNORECASE
)
_ENERGY = re.compile(rf"{_NUMBER}\s*({'|'.join(sorted(_ENERGIES, key=len, reverse=True))})\b{_NO_RATE}")
_INTENSITY = re.compile(rf"{_NUMBER}\s*({INTENSITY_UNIT.pattern})", re.IGNORECASE)
_PUE = re.compile(r"\b(?:PUE|power usage effectiveness)\b[^.;,()\d]{0,30}(\d+(?:\.\d+)?)", re.IGNORECASE)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b(?![.,]?\d)")
_WITHOUT_OVERHEAD = re.compile(r"\bapart\b|\bwithout\b[^.;]*\boverhead|\bexclud\w+[^.;]*\bPUE|\bbefore\b[^.;]*\bPUE")
_SPREAD = re.compile(r"\s*(?:±|\+/-)\s*[\d.,]+(?:e[+-]?\d+)?\s*[kMG]?(?:Wh|g|t)?\b")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\d])|;\s+")


class _Stated(NamedTuple):
    """Numbers of one kind in a text, in one unit; `rounding`: by how much printing may have changed them."""

    values: tuple[float, ...]
    rounding: float = 0.0

    @property
    def only(self) -> float | None:
        """The number, where there is but one: which of several belongs to what is not guessed."""
        return self.values[0] if len(self.values) == 1 else None


def claims_in(place: Path) -> list[ReportedNumbers]:
    """Every claim of a paper that can be checked, with its line or cell."""
    return [claim for where, text in sentences_of(place) for claim in _claims(where, _SPREAD.sub("", text))]


def _claims(where: str, paragraph: str) -> Iterator[ReportedNumbers]:
    """The paragraph's claim where it makes one; else those of its sentences."""
    whole_paragraph = _claim(where, paragraph)
    if whole_paragraph is not None:
        yield whole_paragraph
        return
    for sentence in _SENTENCE_END.split(paragraph):
        claim = _claim(where, sentence)
        if claim is not None:
            yield claim


def _claim(where: str, text: str) -> ReportedNumbers | None:
    carbon, energy = _stated(_CARBON, text, _MASSES, ignore_case=True), _stated(_ENERGY, text, _ENERGIES)
    intensity, pues = _intensities(text), {float(number) for number in _PUE.findall(text)}
    kinds = (carbon, energy, intensity)
    if not any(kind.values for kind in kinds) or any(len(kind.values) > 1 for kind in kinds) or len(pues) > 1:
        return None
    pue, kwh, grid = next(iter(pues), None), energy.only, intensity.only
    is_bare = _WITHOUT_OVERHEAD.search(text) is not None
    if kwh is not None and pue is not None and carbon.only is not None and grid:
        # Where the text does not say whether the overhead is in the energy, the reading that fits is taken.
        is_bare = is_bare or abs(carbon.only / (kwh * pue * grid) - 1.0) < abs(carbon.only / (kwh * grid) - 1.0)
    year = _YEAR.search(text)
    return ReportedNumbers(
        where,
        it_kwh=kwh if is_bare else None,
        site_kwh=None if kwh is None else kwh * (pue or 1.0) if is_bare else kwh,
        pue=pue,
        carbon_g=carbon.only,
        intensity=grid,
        intensity_year=int(year.group()) if year else None,
        tolerance=0.02 + carbon.rounding + energy.rounding + intensity.rounding,
    )


def _stated(pattern: re.Pattern[str], text: str, units: Mapping[str, float], ignore_case: bool = False) -> _Stated:
    read = [
        (number, _value(number) * units[unit.casefold() if ignore_case else unit])
        for number, unit in pattern.findall(text)
    ]
    return _of(read)


def _intensities(text: str) -> _Stated:
    read = [(match[1], grams_per_kwh(_value(match[1]), match[2])) for match in _INTENSITY.finditer(text)]
    return _of([(number, value) for number, value in read if value is not None])


def _of(read: list[tuple[str, float]]) -> _Stated:
    values = tuple(dict.fromkeys(value for _, value in read))
    return _Stated(values, max((_rounding(number) for number, _ in read), default=0.0))


def _value(number: str) -> float:
    """`1,287.5` has thousands; `12,5` and what ends a sentence have none."""
    text = number.rstrip(".,")
    try:
        return float(re.sub(r",(?=\d{3}(?:\D|$))", "", text).replace(",", "."))
    except ValueError:
        return float("nan")


def _rounding(number: str) -> float:
    """Half a unit of the last printed digit over the number: 2 may be 1.5 to 2.5."""
    mantissa = re.sub(r",(?=\d{3}(?:\D|$))", "", number.rstrip(".,")).partition("e")[0].replace(",", ".")
    value = _value(mantissa)
    return 0.5 * 10.0 ** -len(mantissa.partition(".")[2]) / value if value else 0.0

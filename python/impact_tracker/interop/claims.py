"""What the sentences of a paper claim: an energy, its carbon, its intensity, as far as one belongs to the other."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from .plain_text import sentences_of
from .quantities import MASSES, NUMBER, intensities, number_of, rounding_of, words_of_units
from .reported import ReportedNumbers

_CO2 = r"(?:of\s+)?(?:CO\s*(?:2|₂)|carbon\s+dioxide|carbon|greenhouse)(?:[-_\s]?(?:eq(?:uivalents?)?|e))?\b(?!-)"
_NO_RATE = r"(?![\s\-]*(?:CO\s*(?:2|₂)\S*\s*)?(?:/|per\b|an?\b|each\b|for\s+each\b))"
_ENERGIES = {"Wh": 1e-3, "kWh": 1.0, "KWh": 1.0, "kwh": 1.0, "MWh": 1e3, "GWh": 1e6, "TWh": 1e9}  # mWh is none of them
_CARBON = re.compile(rf"{NUMBER}\s*({words_of_units(MASSES)})(?:\b\s*|(?=CO)){_CO2}{_NO_RATE}", re.IGNORECASE)
_ENERGY = re.compile(rf"{NUMBER}\s*({words_of_units(_ENERGIES)})\b{_NO_RATE}")
_PUE = re.compile(r"\b(?:PUE|power usage effectiveness)\b[^.;,()\d]{0,30}(\d+(?:\.\d+)?)", re.IGNORECASE)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b(?![.,]?\d)")
_WITHOUT_OVERHEAD = re.compile(
    r"\bapart\b|\bwithout\b(?:(?!\bwithout\b)[^.;])*\boverhead"
    r"|\b(?:exclud\w+|before)\b(?:(?!\b(?:exclud|before\b))[^.;])*\bPUE"
)
# Behind a number what it may be off by, and two ends of a range: neither is what is claimed.
_UNIT = r"[kMG]?(?:Wh|g|t)"
_RANGES = (
    rf"(?<![\d.,])[.,]*\d[\d.,]*(?:\s*{_UNIT})?\s*(?:--?|–|—|\bto\b)\s*\d[\d.,]*\s*(?={_UNIT}\b)",
    rf"\bbetween\s+\d[\d.,]*(?:\s*{_UNIT})?\s+and\s+\d[\d.,]*\s*(?={_UNIT}\b)",
    rf"\s*(?:±|\+/-)\s*[\d.,]+(?:e[+-]?\d+)?\s*(?:{_UNIT})?\b",
)
_SPREAD = re.compile("|".join(_RANGES))
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\d])|;\s+")


class _Stated(NamedTuple):
    """Numbers of one kind in a text, in one unit; `rounding`: by how much printing may have changed them."""

    values: tuple[float, ...]
    rounding: float

    @property
    def only(self) -> float | None:
        """The number, where there is but one: which of several belongs to what is not guessed."""
        return self.values[0] if len(self.values) == 1 else None


def claims_in(place: Path) -> list[ReportedNumbers]:
    """Every claim of a paper that can be checked, with its line or cell."""
    paragraphs = ((where, _SPREAD.sub("", text)) for where, text in sentences_of(place))
    return [claim for where, text in paragraphs for claim in _claims(where, text)]


def _claims(where: str, paragraph: str) -> list[ReportedNumbers]:
    """The paragraph's claim where it makes one; else those of its sentences."""
    claim = _claim(where, paragraph)
    claims = [_claim(where, sentence) for sentence in _SENTENCE_END.split(paragraph)] if claim is None else [claim]
    return [each for each in claims if each is not None]


def _claim(where: str, text: str) -> ReportedNumbers | None:
    carbon = _stated((number, number_of(number) * MASSES[unit.casefold()]) for number, unit in _CARBON.findall(text))
    energy = _stated((number, number_of(number) * _ENERGIES[unit]) for number, unit in _ENERGY.findall(text))
    intensity, pues = _stated(intensities(text)), {float(number) for number in _PUE.findall(text)}
    kinds = (carbon, energy, intensity)
    if not any(kind.values for kind in kinds) or any(len(kind.values) > 1 for kind in kinds) or len(pues) > 1:
        return None
    pue, kwh, grid = next(iter(pues), None), energy.only, intensity.only
    is_bare = _WITHOUT_OVERHEAD.search(text) is not None
    if kwh and pue and grid and carbon.only is not None:
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


def _stated(numbers: Iterable[tuple[str, float]]) -> _Stated:
    """Of numbers as written and in one unit."""
    listed = [(written, value) for written, value in numbers if value == value]
    roundings = (rounding_of(written) for written, _ in listed)
    return _Stated(tuple(dict.fromkeys(value for _, value in listed)), max(roundings, default=0.0))

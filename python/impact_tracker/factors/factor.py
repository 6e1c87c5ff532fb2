"""A factor: one number with its unit, its range and where it comes from."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from ..digits import as_given, span
from ..values import worst_quality

_LARGEST = 1e50  # products of what is less are numbers
SPREADS = ("triangular", "uniform", "normal", "lognormal")


class FactorError(ValueError):
    """A factor that cannot be used: out of range, of a wrong unit, not in the tables."""


class UnknownZoneError(FactorError):
    """A zone that no table holds; `near` are the names that look like it."""

    def __init__(self, message: str, near: list[str] | None = None) -> None:
        super().__init__(message)
        self.near: list[str] = near or []


def near_matches(word: str, known: Iterable[str], count: int = 4) -> list[str]:
    """The known words that look most like `word`, whatever their case, best first."""
    spelled: dict[str, str] = {}
    for name in known:
        spelled.setdefault(name.casefold(), name)
    return [spelled[n] for n in difflib.get_close_matches(word.casefold(), list(spelled), n=count, cutoff=0.55)]


def did_you_mean(near: list[str]) -> str:
    """The sentence an error ends with; empty where nothing looks alike."""
    return f" Did you mean {' or '.join(near)}?" if near else ""


@dataclass(frozen=True)
class Factor:
    """A value that turns one quantity into another, as it was published.

    `value`, `low` and `high` are in `unit`; low and high bound what the value may be (95 % where the source
    gives one). `year` is the year the value describes, `method` how it was made (life cycle or direct, production
    or consumption, average or marginal, location- or market-based). `note` says what was not exactly as asked for.
    `spread` is the shape of the range for Monte Carlo: "triangular" and "uniform" take low and high as bounds,
    "normal" and "lognormal" as a 95 % interval. `study`: coefficients of one study are wrong together, and drawn so.
    FactorError for a value that is negative, not finite, or outside its own range.
    """

    value: float
    unit: str
    low: float
    high: float
    source: str
    url: str = ""
    year: int | None = None
    licence: str = ""
    method: str = ""
    quality: str = "modelled"
    name: str = ""
    note: str = ""
    spread: str = "triangular"
    study: str = ""

    def __post_init__(self) -> None:
        what = self.name or self.source or "factor"
        for label in ("value", "low", "high"):
            number = getattr(self, label)
            is_number = isinstance(number, (int, float)) and not isinstance(number, bool)
            if not is_number or not abs(number) <= sys.float_info.max:
                raise FactorError(f"{what}: {label} must be a finite number, not {number!r:.40}")
            if number < 0:
                raise FactorError(f"{what}: {label} must not be negative ({number:g} {self.unit})")
            if number > _LARGEST:
                unit = "" if self.unit == "1" else f" {self.unit}"
                raise FactorError(f"{what}: {label} must be {_LARGEST:g}{unit} at the most, not {number:g}")
        if not self.low <= self.value <= self.high:
            raise FactorError(
                f"{what}: {self.value:g} {self.unit} lies outside its range {self.low:g} to {self.high:g}"
            )
        worst_quality([self.quality])
        if self.spread not in SPREADS:
            raise FactorError(f"{what}: unknown spread {self.spread!r}; one of {', '.join(SPREADS)}")

    @classmethod
    def stated(cls, value: float, unit: str, name: str, source: str = "stated by the user") -> Factor:
        """A number that someone gave without a range: its range is itself."""
        return cls(value, unit, value, value, source, name=name)

    @property
    def number(self) -> str:
        """Its value as it was published; a computed one has no digit finer than its range."""
        return as_given(self.value, self.low, self.high)

    def cite(self) -> str:
        """One line for a report: name, value, range, unit, year, method, source, licence."""
        ends = f" ({span(self.value, self.low, self.high, '–')})" if self.high > self.low else ""
        unit = "" if self.unit == "1" else f" {self.unit}"
        parts = [f"{self.name or 'factor'}: {self.number}{ends}{unit}"]
        parts += [
            str(part) for part in (self.year, self.method, self.source, self.url, self.licence, self.note) if part
        ]
        return ", ".join(parts)

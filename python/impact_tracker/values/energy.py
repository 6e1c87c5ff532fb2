"""Energy: joules with what is known of their error, and the algebra of such values.

The compiled core has the same type under the same rules (core/energy.hpp); a property test compares the two. Joules are
the only unit inside the package; kilowatt-hours appear where text or another tool's file is written or read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from .quality import Quality, worst_quality
from .range import Range

JOULES_PER_KWH = 3.6e6

_Carbon = TypeVar("_Carbon", covariant=True)


class WeighsEnergy(Protocol[_Carbon]):
    """What turns an energy's range and quality into carbon: `impact_tracker.weighing.Weighing` does."""

    def carbon(self, energy: Range | None, quality: str) -> _Carbon:
        """Carbon of an energy (joules), `None` for one that was not measured."""
        ...


def kwh_of(joules: float) -> float:
    """Joules as kilowatt-hours."""
    return joules / JOULES_PER_KWH


def joules_of(kwh: float) -> float:
    """Kilowatt-hours as joules."""
    return kwh * JOULES_PER_KWH


@dataclass(frozen=True)
class Energy:
    """An energy in joules, or the statement that none was measured (`best_j` is `None`, the quality "missing").

    `half_j`: 95 % half-width of the error that differs from reading to reading (tick, edges, gaps, sampling).
    `bias_j`: 95 % half-width of the systematic error of sensors and models, which repeating does not shrink.
    `modelled_j`: the part of `best_j` that models gave. Each of the three is `None` where it is not known.
    `quality`: that of the worst part. `partial`: a component of the machine, or a part of the time, is not in the sum.

    ValueError for a value that is not finite, a negative half-width, and for a value without a quality or a quality
    without a value.
    """

    best_j: float | None
    half_j: float | None = None
    bias_j: float | None = None
    modelled_j: float | None = None
    quality: Quality = "measured"
    partial: bool = False

    def __post_init__(self) -> None:
        worst_quality([self.quality])
        for name in ("best_j", "half_j", "bias_j", "modelled_j"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise ValueError(f"an energy's {name} is a finite number or None, not {value!r}")
            if value is not None and value < 0 and name in ("half_j", "bias_j"):
                raise ValueError(f"an energy's {name} is a half-width and never negative, not {value!r}")
        if (self.best_j is None) != (self.quality == "missing"):
            raise ValueError(f"an energy of {self.best_j!r} J cannot have the quality {self.quality!r}")

    @classmethod
    def missing(cls, *, partial: bool = False) -> Energy:
        """The energy of something that was not measured. It is never 0."""
        return cls(None, quality="missing", partial=partial)

    @classmethod
    def from_range(
        cls,
        low_j: float | None,
        best_j: float | None,
        high_j: float | None,
        *,
        bias_j: float | None = None,
        modelled_j: float | None = None,
        quality: str = "measured",
        partial: bool = False,
    ) -> Energy:
        """From an interval's two ends, as files hold it; the half-width is half of their distance."""
        if best_j is None:
            return cls.missing(partial=partial)
        half = None if low_j is None or high_j is None else max((high_j - low_j) / 2.0, 0.0)
        return cls(best_j, half, bias_j, modelled_j, worst_quality([quality]), partial)

    @property
    def is_missing(self) -> bool:
        """Whether nothing was measured."""
        return self.best_j is None

    @property
    def kwh(self) -> float | None:
        """The same in kilowatt-hours."""
        return None if self.best_j is None else kwh_of(self.best_j)

    @property
    def low_j(self) -> float | None:
        """Lower end of the 95 % interval, the bias apart."""
        return None if self.best_j is None or self.half_j is None else self.best_j - self.half_j

    @property
    def high_j(self) -> float | None:
        """Upper end of the 95 % interval, the bias apart."""
        return None if self.best_j is None or self.half_j is None else self.best_j + self.half_j

    @property
    def error_j(self) -> float | None:
        """95 % half-width with the bias in it (root of the sum of squares); `None` where neither part is known."""
        known = [half for half in (self.half_j, self.bias_j) if half is not None]
        return math.hypot(*known) if known and self.best_j is not None else None

    @property
    def relative_error(self) -> float | None:
        """`error_j` over the energy; `None` for an energy of 0."""
        return self.error_j / abs(self.best_j) if self.error_j is not None and self.best_j else None

    @property
    def range_j(self) -> Range | None:
        """What the energy may have been: best ± `error_j`, cut at 0; `None` where nothing was measured."""
        if self.best_j is None:
            return None
        best, error = max(self.best_j, 0.0), self.error_j or 0.0
        return Range(max(best - error, 0.0), best, best + error)

    def carbon(self, weighing: WeighsEnergy[_Carbon]) -> _Carbon:
        """The carbon of this energy under a weighing, with the energy's range and quality in it."""
        return weighing.carbon(self.range_j, self.quality)

    def scaled(self, factor: float) -> Energy:
        """A part or a multiple; all errors scale with it. ValueError for a negative or infinite factor."""
        if not (math.isfinite(factor) and factor >= 0):
            raise ValueError(f"an energy is scaled by a finite number of 0 or more, not {factor!r}")

        def part(value: float | None) -> float | None:
            return None if value is None else value * factor

        return replace(
            self,
            best_j=part(self.best_j),
            half_j=part(self.half_j),
            bias_j=part(self.bias_j),
            modelled_j=part(self.modelled_j),
        )

    def __add__(self, other: Energy) -> Energy:
        """The sum of two energies under the rules of `total`."""
        if not isinstance(other, Energy):
            return NotImplemented
        return total([self, other])

    def minus(self, other: Energy, *, same_sensors: bool) -> Energy:
        """What this energy has beyond `other`; missing where either is.

        Half-widths are independent (root of the sum of squares). A bias that both share because the same sensors gave
        them cancels as far as they are equal (`same_sensors`); biases of different sensors are independent.
        """
        if self.best_j is None or other.best_j is None:
            return Energy.missing(partial=self.partial or other.partial)
        if self.bias_j is None or other.bias_j is None:
            bias = None
        else:
            bias = abs(self.bias_j - other.bias_j) if same_sensors else math.hypot(self.bias_j, other.bias_j)
        half = None if self.half_j is None or other.half_j is None else math.hypot(self.half_j, other.half_j)
        modelled = None if self.modelled_j is None or other.modelled_j is None else self.modelled_j - other.modelled_j
        return Energy(
            self.best_j - other.best_j,
            half,
            bias,
            modelled,
            worst_quality([self.quality, other.quality]),
            self.partial or other.partial,
        )


def total(energies: Iterable[Energy]) -> Energy:
    """The sum of energies of different parts of a machine, of several machines, or of times that do not overlap.

    Half-widths are independent and add up as the root of their squares; biases are shared (a sensor that reads 1 % too
    much does so everywhere) and add up as they are. A half-width, bias or modelled part that one summand does not know
    is not known of the sum. A missing summand is left out, and the sum is `partial`; where all are missing, or there is
    none, the sum is missing too.
    """
    parts = list(energies)
    known = [(part.best_j, part) for part in parts if part.best_j is not None]
    partial = len(known) < len(parts) or any(part.partial for part in parts)
    if not known:
        return Energy.missing(partial=partial)
    halves = [part.half_j for _, part in known]
    return Energy(
        math.fsum(best for best, _ in known),
        None if None in halves else math.hypot(*(half for half in halves if half is not None)),
        sum_if_known(part.bias_j for _, part in known),
        sum_if_known(part.modelled_j for _, part in known),
        worst_quality(part.quality for _, part in known),
        partial,
    )


def total_if_known(energies: Iterable[Energy]) -> Energy:
    """As `total`, but missing as soon as one summand is: for a figure that means nothing without all of its parts."""
    parts = list(energies)
    summed = total(parts)
    return Energy.missing(partial=True) if any(part.is_missing for part in parts) else summed


def sum_if_known(values: Iterable[float | None]) -> float | None:
    """The sum of some values; `None` where one of them is not known, and of no values."""
    listed = list(values)
    known = [value for value in listed if value is not None]
    return math.fsum(known) if known and len(known) == len(listed) else None

"""The roof of an energy roofline: the least that a multiply-add takes where bytes or arithmetic are the limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...values import joules_of
from ...values.statistics import Mean, scaled
from .analysis import Point


class Roof(NamedTuple):
    """The best that any test of a phase reached on this machine: the least joules for a billion multiply-adds (forward)
    and for a gigabyte moved, below which no test of it lies, and the highest rates of both. `means`: the tests' means
    that they are, in this order, with their intervals."""

    j_per_gmac: float
    j_per_gb: float
    gmac_per_s: float
    gb_per_s: float
    means: tuple[Mean, ...] = ()

    def at(self, intensity: float) -> float:
        """Joules for a billion multiply-adds, with so many for one byte: by whichever is the limit."""
        return max(self.j_per_gmac, self.j_per_gb / intensity)

    @property
    def ridge(self) -> float:
        """Multiply-adds for one byte from which arithmetic is the limit."""
        return self.j_per_gb / self.j_per_gmac


def roof_of(points: Sequence[Point]) -> Roof | None:
    """Of the tests of one phase; `None` for fewer than two of which everything is known."""
    costs, rates = [], []
    for point in points:
        energy, kwh, seconds = point.j_per_image, point.kwh, point.seconds
        if not point.gmac or not point.intensity or energy is None or kwh is None or seconds is None:
            continue
        if min(energy.value, kwh.value, seconds.value) > 0:
            cost, inputs = scaled(energy, 1 / point.gmac), joules_of(kwh.value) / energy.value
            # A rate's relative interval is that of the seconds that it is made of.
            rate = scaled(seconds, point.gmac * inputs / seconds.value**2)
            costs.append((cost, scaled(cost, point.intensity)))
            rates.append((rate, scaled(rate, 1 / point.intensity)))
    if len(costs) < 2:
        return None
    least = [min(means, key=_value) for means in zip(*costs)]
    most = [max(means, key=_value) for means in zip(*rates)]
    j_per_gmac, j_per_gb, gmac_per_s, gb_per_s = map(_value, (*least, *most))
    return Roof(j_per_gmac, j_per_gb, gmac_per_s, gb_per_s, (*least, *most))


def _value(mean: Mean) -> float:
    return mean.value

"""The roof of an energy roofline: the least that a multiply-add takes where bytes or arithmetic are the limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...values import joules_of
from .analysis import Point


class Roof(NamedTuple):
    """The best that any test of a phase reached on this machine: the least joules for a billion multiply-adds (forward)
    and for a gigabyte moved, below which no test of it lies, and the highest rates of both."""

    j_per_gmac: float
    j_per_gb: float
    gmac_per_s: float
    gb_per_s: float

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
            cost, inputs = energy.value / point.gmac, joules_of(kwh.value) / energy.value
            rate = point.gmac * inputs / seconds.value
            costs.append((cost, cost * point.intensity))
            rates.append((rate, rate / point.intensity))
    if len(costs) < 2:
        return None
    least = (min(values) for values in zip(*costs))
    most = (max(values) for values in zip(*rates))
    return Roof(*least, *most)

"""The roof of an energy roofline: the least that a multiply-add takes where bytes or arithmetic are the limit. It is
measured by work that does nothing else (`MeasuredRoof`); without that it is the best that the tests themselves reached.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ... import digits
from ...values import joules_of, worst_quality
from ...values.statistics import Mean, mean_of, scaled
from ..row.roof_run import ARITHMETIC, MEMORY, RoofRun
from .analysis import Point
from .cells import with_interval

TRAINING_PASSES = 3.0  # multiply-adds and bytes of a training pass for each of its forward pass


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

    def times(self, factor: float) -> Roof:
        """The roof of work that takes so many times the multiply-adds and bytes that are counted."""
        return Roof(self.j_per_gmac * factor, self.j_per_gb * factor, self.gmac_per_s, self.gb_per_s)

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


class Ceiling(NamedTuple):
    """The most of one kind: of `unit` (GB, GMAC) the `rate` in a second and the `joules` for one, means over repeats
    with their intervals; `name` and `what` say of which work; `bias`: the joules' own relative error (95 %), which
    repeating does not shrink."""

    kind: str
    name: str
    what: str
    unit: str
    rate: Mean
    joules: Mean | None
    quality: str
    bias: float | None = None

    @property
    def text(self) -> str:
        """`triad 18.2 ± 0.3 GB/s, 4.12 ± 0.08 J/GB`."""
        joules = "energy not measured" if self.joules is None else f"{with_interval(self.joules)} J/{self.unit}"
        error = "" if self.bias is None else f" ± {digits.percent(self.bias)}"
        model = "" if self.joules is None or self.quality == "measured" else f" ({self.quality}{error})"
        return f"{self.name} {with_interval(self.rate)} {self.unit}/s, {joules}{model}"

    def to_dict(self) -> dict[str, object]:
        """The same as what JSON holds."""
        joules = None if self.joules is None else self.joules.to_dict()
        return {**self._asdict(), "rate": self.rate.to_dict(), "joules": joules}


class MeasuredRoof(NamedTuple):
    """The most that the machine does, by measuring: `ceilings` of every kind, and of memory and of arithmetic that one
    which went fastest. `None` where it could not be measured."""

    device: str
    precision: str
    threads: int | None
    ceilings: tuple[Ceiling, ...]
    memory: Ceiling | None
    arithmetic: Ceiling | None

    @property
    def roof(self) -> Roof | None:
        """As it is drawn; `None` where an energy or a part is not known."""
        memory, arithmetic = self.memory, self.arithmetic
        if memory is None or arithmetic is None or memory.joules is None or arithmetic.joules is None:
            return None
        return Roof(arithmetic.joules.value, memory.joules.value, arithmetic.rate.value, memory.rate.value)

    @property
    def text(self) -> str:
        """In a sentence, with its circumstances."""
        known = [ceiling.text for ceiling in (self.memory, self.arithmetic) if ceiling is not None]
        threads = "" if self.threads is None or self.device != "cpu" else f", {self.threads} threads"
        repeats = max((ceiling.rate.runs for ceiling in self.ceilings), default=0)
        runs = "one run: no interval" if repeats == 1 else f"± 95 % over {repeats} repeats"
        return f"{'; '.join(known)} ({self.device}, {self.precision}{threads}; {runs})"

    def to_dict(self) -> dict[str, object]:
        """The same as what JSON holds."""
        return {
            **self._asdict(),
            "ceilings": [ceiling.to_dict() for ceiling in self.ceilings],
            "memory": None if self.memory is None else self.memory.kind,
            "arithmetic": None if self.arithmetic is None else self.arithmetic.kind,
        }


NAMES = {"triad": "triad", "copy": "copy", "matmul": "matrix products", "convolution": "convolutions"}


def measured_roof(runs: Sequence[RoofRun]) -> MeasuredRoof | None:
    """What the runs of a campaign's latest session that measured it say; `None` without any."""
    if not runs:
        return None
    latest = max(run.session or 0 for run in runs)
    own = [run for run in runs if (run.session or 0) == latest]
    by_kind = {kind: _ceiling([run for run in own if run.work == kind]) for kind in (*MEMORY, *ARITHMETIC)}
    known = {kind: ceiling for kind, ceiling in by_kind.items() if ceiling is not None}
    if not known:
        return None
    first = own[0]
    return MeasuredRoof(
        first.device or "cpu",
        first.precision or "fp32",
        first.threads,
        tuple(known.values()),
        _fastest([known[kind] for kind in MEMORY if kind in known]),
        _fastest([known[kind] for kind in ARITHMETIC if kind in known]),
    )


def _fastest(ceilings: Sequence[Ceiling]) -> Ceiling | None:
    return max(ceilings, key=lambda ceiling: ceiling.rate.value, default=None)


def _ceiling(runs: Sequence[RoofRun]) -> Ceiling | None:
    rate = mean_of([rate for run in runs if (rate := run.giga_per_s) is not None])
    if rate is None:
        return None
    energies = [run.j_per_giga for run in runs]
    joules = mean_of([value for value in energies if value is not None]) if None not in energies else None
    biases = [run.bias_j / run.energy_j for run in runs if run.bias_j is not None and run.energy_j]
    bias = math.fsum(biases) / len(biases) if biases else None
    kind, quality = runs[0].work, worst_quality(run.quality or "missing" for run in runs)
    unit = "GB" if kind in MEMORY else "GMAC"
    return Ceiling(kind, NAMES.get(kind, kind), runs[0].what or "", unit, rate, joules, quality, bias)

"""Power curves whose energy is known in closed form: the Python twin of ``curve.hpp``, definition by definition.

Times are integer nanoseconds since the curve's start. ``Curve.parse`` reads the same text as the C++ side:
``constant:100``, ``square:20:180:50ms``, ``sine:100:80:30ms[:phase]``, ``steps:50@0s:120@2s``, joined by ``+``.
Powers are in W, energies in J.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Protocol

_UNITS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


class Term(Protocol):
    def power_w(self, t_ns: int) -> float: ...

    def energy_j(self, t0_ns: int, t1_ns: int) -> float: ...


@dataclass(frozen=True)
class Square:
    """``low_w`` in the first half of each period, ``high_w`` in the second."""

    low_w: float
    high_w: float
    period_ns: int
    phase_ns: int = 0

    def __post_init__(self) -> None:
        _require(self.low_w >= 0 and self.high_w >= 0, "square: power below 0 W")
        _require(self.period_ns >= 2 and self.period_ns % 2 == 0, "square: the period must be an even number of ns")

    def power_w(self, t_ns: int) -> float:
        return self.low_w if (t_ns + self.phase_ns) % self.period_ns < self.period_ns // 2 else self.high_w

    def energy_j(self, t0_ns: int, t1_ns: int) -> float:
        high_ns = self._high_ns(t1_ns) - self._high_ns(t0_ns)
        return self.high_w * (high_ns * 1e-9) + self.low_w * ((t1_ns - t0_ns - high_ns) * 1e-9)

    def _high_ns(self, t_ns: int) -> int:
        half = self.period_ns // 2
        period, within = divmod(t_ns + self.phase_ns, self.period_ns)
        return period * half + max(0, within - half)


@dataclass(frozen=True)
class Sine:
    """``mean_w + amplitude_w * sin(2 pi (t + phase) / period)``."""

    mean_w: float
    amplitude_w: float
    period_ns: int
    phase_ns: int = 0

    def __post_init__(self) -> None:
        _require(0 <= self.amplitude_w <= self.mean_w, "sine: the amplitude must lie in 0..mean")
        _require(self.period_ns >= 1, "sine: the period must be positive")

    def power_w(self, t_ns: int) -> float:
        return self.mean_w + self.amplitude_w * math.sin(self._angle(t_ns))

    def energy_j(self, t0_ns: int, t1_ns: int) -> float:
        a, b = self._angle(t0_ns), self._angle(t1_ns)
        swing = 2 * self.amplitude_w / (2 * math.pi / self.period_ns * 1e9)
        # cos a - cos b as a product: no cancellation for short spans.
        return self.mean_w * ((t1_ns - t0_ns) * 1e-9) + swing * math.sin((a + b) / 2) * math.sin((b - a) / 2)

    def _angle(self, t_ns: int) -> float:
        return 2 * math.pi / self.period_ns * ((t_ns + self.phase_ns) % self.period_ns)


@dataclass(frozen=True)
class Steps:
    """Each power holds from its time to the next; the first one also before its time."""

    points: tuple[tuple[int, float], ...]

    def __post_init__(self) -> None:
        _require(len(self.points) > 0, "steps: at least one point is needed")
        _require(all(watts >= 0 for _, watts in self.points), "steps: power below 0 W")
        times = [t_ns for t_ns, _ in self.points]
        _require(all(a < b for a, b in zip(times, times[1:])), "steps: times must rise")

    def power_w(self, t_ns: int) -> float:
        return next((watts for at_ns, watts in reversed(self.points) if at_ns <= t_ns), self.points[0][1])

    def energy_j(self, t0_ns: int, t1_ns: int) -> float:
        if t1_ns < t0_ns:
            return -self.energy_j(t1_ns, t0_ns)
        total = 0.0
        for i, (at_ns, watts) in enumerate(self.points):
            begin = t0_ns if i == 0 else max(t0_ns, at_ns)
            end = t1_ns if i + 1 == len(self.points) else min(t1_ns, self.points[i + 1][0])
            if end > begin:
                total += watts * ((end - begin) * 1e-9)
        return total


@dataclass(frozen=True)
class Curve:
    """A sum of terms. The text it was read from is kept: it is what a fake prints as its truth."""

    terms: tuple[Term, ...]
    text: str

    @classmethod
    def parse(cls, text: str) -> Curve:
        """Raises ``ValueError`` with the part that cannot be read."""
        return cls(tuple(_parse_term(part) for part in text.split("+")), text)

    def power_w(self, t_ns: int) -> float:
        return sum(term.power_w(t_ns) for term in self.terms)

    def energy_j(self, t0_ns: int, t1_ns: int) -> float:
        """Exact integral of the power over [t0_ns, t1_ns]."""
        return sum(term.energy_j(t0_ns, t1_ns) for term in self.terms)

    def mean_w(self, t0_ns: int, t1_ns: int) -> float:
        return self.power_w(t0_ns) if t1_ns == t0_ns else self.energy_j(t0_ns, t1_ns) / ((t1_ns - t0_ns) * 1e-9)

    def __str__(self) -> str:
        return self.text


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(f"curve: {what}")


def _duration_ns(text: str) -> int:
    match = re.fullmatch(r"(-?[0-9.]+)(ns|us|ms|s)", text)
    if match is None:
        raise ValueError(f"curve: a time is a number and ns, us, ms or s: {text!r}")
    return round(float(match[1]) * _UNITS[match[2]])


def _parse_term(text: str) -> Term:
    kind, *args = text.split(":")
    if kind == "constant" and len(args) == 1:
        return Steps(((0, float(args[0])),))
    if kind in ("square", "sine") and len(args) in (3, 4):
        make: type[Square] | type[Sine] = Square if kind == "square" else Sine
        return make(float(args[0]), float(args[1]), _duration_ns(args[2]), *map(_duration_ns, args[3:]))
    if kind == "steps" and args and all("@" in arg for arg in args):
        pairs = (arg.split("@") for arg in args)
        return Steps(tuple((_duration_ns(at), float(watts)) for watts, at in pairs))
    raise ValueError(f"curve: cannot read {text!r}")

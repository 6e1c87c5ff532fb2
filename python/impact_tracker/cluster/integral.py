"""The integral of a power series over any times: the one place where samples become joules.

    E(a, b) = Σ over [a, b) of P(t) dt, P linear between two samples ("trapezoid") or held from the earlier one ("hold")

A gap longer than three periods is not covered: nothing is taken from it. A counter's difference is exact over its own
two readings and spread evenly between them; across a gap it is kept apart, for nobody knows when it was used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Times = NDArray[np.int64]

MODES = ("trapezoid", "hold")
PERIODS_OF_A_GAP = 3.0
SOME_STEPS = 8192
NS = 1e9


@dataclass(frozen=True, eq=False)
class Integral:
    """Running sums over a series: `energy_j[k]`, `covered_s[k]` and `across_j[k]` (counters across gaps) from the first
    sample to sample k; `start_w[k]` is the power after it, and until sample k + 1 where it is not linear to the next.
    `ends`: the first and the last reading. `roughness_w2s`: mean square of step × period over seconds, for what
    sampling misses.
    """

    times_ns: Times
    energy_j: Numbers
    covered_s: Numbers
    across_j: Numbers | None
    start_w: Numbers
    is_linear: bool
    is_covered: NDArray[np.bool_]
    total_j: float
    across_total_j: float
    period_s: float
    ends: tuple[float, float]
    roughness_w2s: float = 0.0
    doubled: int = 0
    refused: int = 0

    def at(self, times_ns: Times) -> tuple[Numbers, Numbers, Numbers]:
        """Energy, covered seconds and energy across gaps, each from the first sample to these times."""
        import numpy as np

        last = len(self.times_ns) - 1
        clipped = np.clip(times_ns, self.times_ns[0], self.times_ns[last])
        index = np.minimum(np.searchsorted(self.times_ns, clipped, side="right") - 1, max(last - 1, 0))
        inside_s = (clipped - self.times_ns[index]) / NS
        covered = self.is_covered[index]
        energy = self.start_w[index] * inside_s
        if self.is_linear and last > 0:
            step_s = (self.times_ns[index + 1] - self.times_ns[index]) / NS
            energy += 0.5 * (self.start_w[index + 1] - self.start_w[index]) / step_s * inside_s * inside_s
        # At a sample itself the running sum is the value; a gap counts as a step at its end.
        energy = self.energy_j[index] + np.where(covered, energy, 0.0)
        seconds = self.covered_s[index] + np.where(covered, inside_s, 0.0)
        ends = clipped >= self.times_ns[last]
        energy[ends], seconds[ends] = self.energy_j[last], self.covered_s[last]
        if self.across_j is None:
            return energy, seconds, np.zeros(len(clipped))
        return energy, seconds, np.where(ends, self.across_j[last], self.across_j[index])

    def jump_w(self, times_ns: Times) -> Numbers:
        """How much the power differs around these times: highest less lowest of the four samples next to each."""
        import numpy as np

        index = np.searchsorted(self.times_ns, times_ns, side="right") - 1
        near = np.stack([self.start_w[np.clip(index + step, 0, len(self.start_w) - 1)] for step in (-1, 0, 1, 2)])
        return np.asarray(near.max(axis=0) - near.min(axis=0))


def integral_of(
    times_ns: Times,
    values: Numbers,
    *,
    kind: str = "power",
    mode: str = "trapezoid",
    period_s: float | None = None,
    highest_w: float = math.inf,
) -> Integral | None:
    """The running sums; `None` where fewer than two readings are left.

    Readings may come in any order and twice (the last counts). Values that are no power (NaN, negative, above
    `highest_w`) are refused and leave a hole. `period_s`: the meter's; the median step without it.
    """
    import numpy as np

    if mode not in MODES:
        raise ValueError(f"an integral is a {' or '.join(MODES)}, not {mode!r}")
    times_ns, values, doubled = _in_order(times_ns, values)
    most = highest_w if kind == "power" else math.inf
    refused = 0
    # A NaN makes both comparisons false.
    if len(values) and not (values.min() >= 0.0 and values.max() <= min(most, 1e300)):
        good = np.isfinite(values) & (values >= 0.0) & (values <= most)
        refused = len(values) - int(np.count_nonzero(good))
        times_ns, values = times_ns[good], values[good]
    if len(times_ns) < 2:
        return None
    steps_s = np.diff(times_ns) * 1e-9
    period = _period(steps_s) if period_s is None else period_s
    # A millionth more: a period of 1/3 s is not written exactly.
    covered = steps_s <= period * PERIODS_OF_A_GAP * (1.0 + 1e-6)
    if kind == "energy":
        start, energies, across, covered = _of_counter(values, steps_s, covered, highest_w)
        is_linear, all_covered = False, bool(covered.all())
    else:
        across, start, all_covered = None, values, bool(covered.all())
        is_linear = mode == "trapezoid"
        if is_linear:
            energies = values[:-1] + values[1:]
            energies *= 0.5
            energies *= steps_s
        else:
            energies = steps_s * values[:-1]
        if not all_covered:
            energies[~covered] = 0.0
    return Integral(
        times_ns,
        _running(energies),
        _running(steps_s if all_covered else np.where(covered, steps_s, 0.0)),
        None if across is None else _running(across),
        start,
        is_linear,
        covered,
        float(np.sum(energies)),
        0.0 if across is None else float(np.sum(across)),
        period,
        (float(values[0]), float(values[-1])),
        _roughness(start, steps_s, covered, kind),
        doubled,
        refused,
    )


def _period(steps_s: Numbers) -> float:
    """The median step, of some thousand steps where there are many. Three digits: two parts of a series with a little
    jitter shall agree on what a gap is."""
    import numpy as np

    return float(f"{np.median(steps_s[:: max(1, len(steps_s) // SOME_STEPS)]):.3g}")


def _roughness(powers: Numbers, steps_s: Numbers, covered: NDArray[np.bool_], kind: str) -> float:
    """Variance of the energy for each covered second: steps between samples that nobody saw, and the meter's noise; of
    some of the steps where there are many."""
    import numpy as np

    if kind == "energy":
        return 0.0
    every = max(1, len(steps_s) // (8 * SOME_STEPS))
    seconds = np.where(covered[::every], steps_s[::every], 0.0)
    moved = (powers[1::every] - powers[:-1:every]) * seconds
    total_s = float(seconds.sum())
    return float(np.dot(moved, moved)) / total_s if total_s > 0.0 else 0.0


def _in_order(times_ns: Times, values: Numbers) -> tuple[Times, Numbers, int]:
    """Sorted by time, and of readings of the same time the last; how many were left out."""
    import numpy as np

    if len(times_ns) < 2 or bool(np.all(times_ns[1:] > times_ns[:-1])):
        return times_ns, values, 0
    order = np.argsort(times_ns, kind="stable")
    times_ns, values = times_ns[order], values[order]
    last = np.append(times_ns[1:] != times_ns[:-1], True)
    return times_ns[last], values[last], int(len(last) - np.count_nonzero(last))


def _of_counter(
    values: Numbers, steps_s: Numbers, covered: NDArray[np.bool_], highest_w: float
) -> tuple[Numbers, Numbers, Numbers, NDArray[np.bool_]]:
    """Mean power between readings. A step back (the counter began anew) or an impossible one is a gap of no energy."""
    import numpy as np

    grown = np.diff(values)
    possible = (grown >= 0.0) & (grown <= highest_w * steps_s)
    covered = covered & possible
    energies = np.where(covered, grown, 0.0)
    across = np.where(possible & ~covered, grown, 0.0)
    power = np.where(covered, grown / steps_s, 0.0)
    return np.append(power, power[-1]), energies, across, covered


def _running(parts: Numbers) -> Numbers:
    """Sums from 0 on: one more than the parts."""
    import numpy as np

    sums = np.empty(len(parts) + 1)
    sums[0] = 0.0
    np.cumsum(parts, out=sums[1:])
    return sums

"""The meters of a generated site: the true power of each node, and what its meter makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .jobs import PHASES, Drawn

if TYPE_CHECKING:
    import numpy as np

    from ..integral import Numbers, Times

_AFTER_S, _BEFORE_S, _LONG_S = 600.0, 300.0, 3600.0


@dataclass(frozen=True, eq=False)
class TruePower:
    """A node's power in W: `power_w[k]` from `times_s[k]` to the next."""

    times_s: Numbers
    power_w: Numbers

    def at(self, times_s: Numbers) -> Numbers:
        """The power at some times."""
        import numpy as np

        return np.asarray(self.power_w[np.clip(np.searchsorted(self.times_s, times_s, side="right") - 1, 0, None)])

    def energy_j(self, begin_s: float, end_s: float) -> float:
        """The true energy between two times."""
        import numpy as np

        edges = np.clip(np.append(self.times_s, end_s), begin_s, end_s)
        return float(np.dot(self.power_w, np.diff(edges)))


def node_power(site: Drawn, node: int, part: str = "node") -> TruePower:
    """The true power of a node, or of its cards ("gpu": the share of work that its jobs' cards have)."""
    import numpy as np

    spec = site.spec
    rows = np.flatnonzero(site.row_node == node)
    begin = site.begin_s[site.row_job[rows]]
    length = site.end_s[site.row_job[rows]] - begin
    levels = site.level[rows]
    if part == "gpu":
        levels = levels * _gpu_share(site, rows)[:, None]
    steps = np.diff(levels, axis=1, prepend=0.0, append=0.0)
    times = begin[:, None] + length[:, None] * np.arange(PHASES + 1) / PHASES
    order = np.argsort(times, axis=None, kind="stable")
    moments = np.concatenate(([spec.start_s], times.ravel()[order]))
    idle = 0.25 * site.idle_w[node] if part == "gpu" else site.idle_w[node]
    work = np.concatenate(([0.0], np.cumsum(steps.ravel()[order])))
    off = _off_times(site, node, np.sort(begin), np.sort(begin + length))
    if not len(off):
        return TruePower(moments, np.maximum(work, 0.0) + idle)
    standby = 0.0 if part == "gpu" else site.standby_w[node]
    all_times = np.concatenate((moments, off[:, 0], off[:, 1]))
    drops = np.concatenate(
        (np.diff(work + idle, prepend=0.0), np.full(len(off), standby - idle), np.full(len(off), idle - standby))
    )
    order = np.argsort(all_times, kind="stable")
    return TruePower(all_times[order], np.maximum(np.cumsum(drops[order]), 0.0))


def _gpu_share(site: Drawn, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Numbers:
    import numpy as np

    from .jobs import CORE_W, GPU_W

    cores, gpus = site.row_cores[rows] * CORE_W * site.use[site.row_job[rows]], site.row_gpus[rows] * GPU_W * 0.67
    return np.asarray(gpus / np.maximum(cores + gpus, 1e-9))


def _off_times(site: Drawn, node: int, begins: Numbers, ends: Numbers) -> Numbers:
    """When the node is switched off: long times without a job, at some nodes."""
    import numpy as np

    draw = np.random.default_rng([site.spec.seed, 7, node])
    if draw.random() >= site.spec.switched_off:
        return np.zeros((0, 2))
    free_from = np.concatenate(([site.spec.start_s], np.maximum.accumulate(ends)))
    free_to = np.concatenate((begins, [site.spec.end_s]))
    long = free_to - free_from > _LONG_S
    return np.stack([free_from[long] + _AFTER_S, free_to[long] - _BEFORE_S], axis=1)


def clock_offset_s(site: Drawn, node: int) -> float:
    """By how much the meter's clock is ahead of the scheduler's."""
    import numpy as np

    draw = np.random.default_rng([site.spec.seed, 8, node])
    return float(draw.choice([-1.0, 1.0]) * draw.uniform(20.0, 90.0)) if draw.random() < site.spec.offset_nodes else 0.0


def readings_of(site: Drawn, node: int, part: str = "node") -> tuple[Times, Numbers]:
    """What the meter says: on its own clock, with its scale, noise, whole watts, holes, and now and then nonsense."""
    import numpy as np

    spec = site.spec
    draw = np.random.default_rng([spec.seed, 9, node, part == "gpu"])
    count = int(spec.days * 86_400.0 / spec.period_s)
    times = spec.start_s + (np.arange(count) + draw.uniform(-0.02, 0.02, count)) * spec.period_s
    keep = draw.random(count) > 0.0005
    for begin in draw.uniform(spec.start_s, spec.end_s, draw.poisson(spec.holes * spec.days / 7.0)):
        keep &= (times < begin) | (times >= begin + draw.lognormal(np.log(600.0), 1.0))
    times = times[keep]
    power = node_power(site, node, part).at(times)
    gain = np.random.default_rng([spec.seed, 10, node]).normal(1.0, spec.gain_error)
    values = np.round(power * gain * (1.0 + spec.noise * draw.standard_normal(len(times))))
    odd = np.flatnonzero(draw.random(len(times)) < spec.nonsense)
    values[odd] = draw.choice([-5.0, 2.0**64, 18446744073709551614.0, 1e9, np.nan], len(odd))
    offset = clock_offset_s(site, node)
    return np.round((times + offset) * 1e9).astype(np.int64), values

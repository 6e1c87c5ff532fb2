"""GreenAlgorithms4HPC's arithmetic, job by job, from what a scheduler recorded (written anew from its description).

E_cpu    = CPU time used × TDP_core                     (0 used: the cores' whole wall-clock time)
E_gpu    = wall-clock × gpus × TDP_gpu                  (fully used)
E_memory = wall-clock × memory requested × 0.3725 W/GB
E        = (E_cpu + E_gpu + E_memory) × PUE
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from ..factors import Factor, ram_power
from ..footprint import Term, carbon_of, pue_factor
from .estimate import Estimate, EstimateError, number, watts, with_overhead
from .green_algorithms import unknown_pue
from .simple import grid_of

_SIZES = {"K": 1024.0**-2, "M": 1.0 / 1024.0, "G": 1.0, "T": 1024.0}
_MEMORY = re.compile(r"^([\d.]+)([KMGT]?)B?([nc]?)$", re.IGNORECASE)
# A job that ends, waits or is held has not failed; squeue writes two letters.
_NOT_FAILED = ("COMPLET", "RUNNING", "PENDING", "CONFIGURING", "SUSPENDED", "STOPPED", "RESIZING", "SIGNALING", "STAGE")
_NOT_FAILED_CODES = frozenset({"CD", "CG", "R", "PD", "CF", "S", "ST", "RS", "SI", "SO"})


@dataclass(frozen=True)
class Job:
    """What a scheduler knows of a job. Times in hours, memory in GB; `max_rss_gb` `None` where it was not
    sampled."""

    job_id: str
    wallclock_h: float
    cores: int
    cpu_time_h: float
    memory_requested_gb: float
    gpus: int = 0
    max_rss_gb: float | None = None
    state: str = "COMPLETED"

    @property
    def failed(self) -> bool:
        """Whether its energy was spent for nothing, as far as the scheduler knows."""
        return not self.state.upper().startswith(_NOT_FAILED) and self.state.upper() not in _NOT_FAILED_CODES


def memory_gb(text: str, nodes: int = 1, cores: int = 1) -> float | None:
    """`4Gc` (for each core), `64Gn` (for each node), `1500M`: GB of the whole job; `None` for anything else."""
    size = _MEMORY.match(text.strip())
    if not size:
        return None
    try:
        amount = float(size.group(1)) * _SIZES[(size.group(2) or "M").upper()]
    except ValueError:
        return None
    return amount * {"n": nodes, "c": cores}.get(size.group(3).casefold(), 1)


def clock_hours(text: str) -> float | None:
    """`1-02:03:04`, `02:03:04.5`, `03:04`: hours; `None` for anything else."""
    clock = re.match(r"^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)$", text.strip())
    if not clock:
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in clock.groups())
    return days * 24.0 + hours + minutes / 60.0 + seconds / 3600.0


def ga4hpc(
    job: Job,
    *,
    tdp_core_w: float | Factor,
    tdp_gpu_w: float | Factor | None = None,
    pue: float | Factor | None = None,
    granularity_gb: float = 6.0,
    zone: str | None = None,
    intensity_g_per_kwh: float | Factor | None = None,
) -> Estimate:
    """The job's estimate. `more` has `wasted_kwh`: memory asked for beyond what it needed, and all of a failed job.

    `pue`: `None` for the method's own 1.67, *estimated*. `granularity_gb`: the step in which the centre hands out
    memory. EstimateError for a job with cards whose power is not given.
    """
    overhead = unknown_pue(1.67, "GreenAlgorithms4HPC's default") if pue is None else pue_factor(pue)
    notes = []
    if job.gpus and tdp_gpu_w is None:
        raise EstimateError(f"the job has {job.gpus} cards: give the watts of one (tdp_gpu_w)")
    busy = number(job.cpu_time_h, "cpu_time_h")
    if busy == 0.0:
        busy = job.wallclock_h * job.cores
        notes.append("no CPU time was recorded: all cores counted as fully used")
    wall = number(job.wallclock_h, "wallclock_h")
    ram = ram_power()
    parts = {
        "cores": Term(busy / 1000.0, ((watts(tdp_core_w, "power of a core"), 1),)),
        "memory": Term(wall * number(job.memory_requested_gb, "memory_requested_gb") / 1000.0, ((ram, 1),)),
    }
    if job.gpus and tdp_gpu_w is not None:
        parts["gpu"] = Term(wall * job.gpus / 1000.0, ((watts(tdp_gpu_w, "power of a card"), 1),))
    used, split = with_overhead(parts, overhead)
    more = {"wasted_kwh": sum(split.values()) if job.failed else 0.0}
    if job.max_rss_gb is None:
        notes.append("the memory really used was not recorded")
    elif not job.failed:
        steps = math.ceil(number(job.max_rss_gb, "max_rss_gb") / number(granularity_gb, "granularity_gb", 1e-9))
        spare = max(0.0, job.memory_requested_gb - max(1, steps) * granularity_gb)
        more["wasted_kwh"] = wall * spare * ram.value / 1000.0 * overhead.value
    carbon = carbon_of(used, grid_of(zone, intensity_g_per_kwh))
    return Estimate("ga4hpc", "", used, carbon, split, notes=tuple(notes), more=more)

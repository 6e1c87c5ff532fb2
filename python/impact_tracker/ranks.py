"""Which rank of a parallel run this process is, from the variables that launchers set: these names and no others."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import NamedTuple

# fmt: off
# Launcher, and its names of: rank, local rank, size, local size, node. What was started last wins: torchrun inside
# mpirun inside srun. Slurm's own come last, as mpirun and torchrun run below one task of it per node.
_LAUNCHERS = (
    ("torchrun", "RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_RANK"),
    ("horovod", "HOROVOD_RANK", "HOROVOD_LOCAL_RANK", "HOROVOD_SIZE", "HOROVOD_LOCAL_SIZE", "HOROVOD_CROSS_RANK"),
    ("openmpi", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_SIZE",
     "OMPI_COMM_WORLD_LOCAL_SIZE", "OMPI_COMM_WORLD_NODE_RANK"),
    ("mvapich", "MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_LOCAL_RANK", "MV2_COMM_WORLD_SIZE",
     "MV2_COMM_WORLD_LOCAL_SIZE", ""),
    ("pals", "PALS_RANKID", "PALS_LOCAL_RANKID", "PMI_SIZE", "PALS_LOCAL_SIZE", "PALS_NODEID"),
    ("flux", "FLUX_TASK_RANK", "FLUX_TASK_LOCAL_ID", "FLUX_JOB_SIZE", "", ""),
    ("hydra", "PMI_RANK", "MPI_LOCALRANKID", "PMI_SIZE", "MPI_LOCALNRANKS", ""),
    ("slurm", "SLURM_PROCID", "SLURM_LOCALID", "SLURM_STEP_NUM_TASKS", "", "SLURM_NODEID"),
    ("slurm", "SLURM_PROCID", "SLURM_LOCALID", "SLURM_NTASKS", "", "SLURM_NODEID"),
)
_JOBS = (
    ("slurm", "SLURM_JOB_ID"), ("oar", "OAR_JOB_ID"), ("oar", "OAR_JOBID"), ("pbs", "PBS_JOBID"), ("lsf", "LSB_JOBID"),
    ("flux", "FLUX_JOB_ID"), ("cobalt", "COBALT_JOBID"),
)
_STEPS = ("SLURM_STEP_ID", "SLURM_STEPID")
_FIRST_SPECIAL_STEP = 0xFFFFFFF0  # Slurm's batch, extern and interactive steps: their one process is no rank
# What tells two runs of one user on one machine apart.
_RUNS = (
    *_STEPS, "PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid", "PMI_JOBID", "HYDRA_JOBID", "TORCHELASTIC_RUN_ID",
    "MASTER_ADDR", "MASTER_PORT",
)
VARIABLES = (
    *dict.fromkeys(name for row in _LAUNCHERS for name in row[1:] if name),
    *(name for _, name in _JOBS),
    *_RUNS,
    "SLURM_STEP_TASKS_PER_NODE",
    "SLURM_TASKS_PER_NODE",
)
# fmt: on


class Rank(NamedTuple):
    """A process's place in a parallel run; `None` for what its launcher does not say. `job`: "slurm:4711"."""

    launcher: str | None = None
    rank: int | None = None
    local_rank: int | None = None
    world_size: int | None = None
    local_world_size: int | None = None
    node: int | None = None
    job: str | None = None
    step: str | None = None

    @property
    def is_one_of_several(self) -> bool:
        """Whether the run has other processes than this one."""
        return (self.world_size or 1) > 1

    @classmethod
    def of_info(cls, info: object) -> Rank:
        """What `as_info` wrote; what is nothing of the kind is left out."""
        known = info if isinstance(info, Mapping) else {}
        texts = ("launcher", "job", "step")
        sensible = {
            name: value
            for name in cls._fields
            for value in (known.get(name),)
            if (isinstance(value, str) if name in texts else type(value) is int)
        }
        return cls()._replace(**sensible)

    def as_info(self) -> dict[str, str | int]:
        """For the record's header: what is known."""
        return {name: value for name, value in self._asdict().items() if value is not None}


def _count(text: str | None) -> int | None:
    """A number of 0 or more, None for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def _step_of(environment: Mapping[str, str]) -> str | None:
    """The Slurm step whose task this is; None outside of any, and in the batch script itself."""
    for name in _STEPS:
        text = environment.get(name, "")
        if text and text.isascii() and text.isdigit() and int(text) < _FIRST_SPECIAL_STEP:
            return text
    return None


def _tasks_on(node: int | None, text: str) -> int | None:
    """The tasks on a node, by its number: "8(x2),4" stands for 8, 8 and 4."""
    if node is None:
        return None
    for part in text.split(","):
        count, _, times = part.partition("(x")
        tasks, nodes = _count(count), _count(times.rstrip(")")) if times else 1
        if tasks is None or nodes is None:
            return None
        if node < nodes:
            return tasks
        node -= nodes
    return None


def _launched(environment: Mapping[str, str]) -> Rank:
    for launcher, *names in _LAUNCHERS:
        rank, local_rank, size, local_size, node = (_count(environment.get(name)) for name in names)
        sensible = size is not None and size > 0 and (rank is not None or local_rank is not None)
        if not sensible or (rank is not None and size is not None and rank >= size):
            continue
        step = _step_of(environment)
        if launcher == "hydra" and local_rank is None and step is not None:
            continue  # Slurm speaks PMI too, and knows the place on the node
        if launcher == "slurm":
            if step is None:
                continue
            tasks = environment.get("SLURM_STEP_TASKS_PER_NODE") or environment.get("SLURM_TASKS_PER_NODE") or ""
            local_size = _tasks_on(node, tasks)
        if launcher == "openmpi":
            node = None  # its "node rank" counts the processes of a node
        return Rank(launcher, rank, local_rank, size, local_size, node)
    return Rank()


def _from_torch() -> Rank:
    """Of a program that made its process group itself; torch is asked only where the program has imported it."""
    distributed = sys.modules.get("torch.distributed")
    try:
        if distributed is not None and distributed.is_available() and distributed.is_initialized():
            return Rank("torch.distributed", int(distributed.get_rank()), None, int(distributed.get_world_size()))
    except Exception:  # a group that is just being taken down
        pass
    return Rank()


def read_rank(environment: Mapping[str, str] | None = None) -> Rank:
    """This process's rank, from its environment (or the one given)."""
    variables = os.environ if environment is None else environment
    rank = _launched(variables)
    if rank.launcher is None and environment is None:
        rank = _from_torch()
    job = next((f"{kind}:{variables[name]}" for kind, name in _JOBS if variables.get(name)), None)
    return rank._replace(job=job, step=_step_of(variables))


def _parent_of_pool() -> int | None:
    """The process that made this one by multiprocessing, which says nothing in the environment."""
    package = sys.modules.get("multiprocessing")
    parent = package.parent_process() if package is not None and hasattr(package, "parent_process") else None
    return None if parent is None else parent.pid


def run_key() -> str:
    """The same in the processes of one parallel run on this machine, who share slow sources; "" where it is alone.

    Two runs have different keys: neither may rely on a value that stands in the other's records. Where processes of one
    run differ in it, each reads for itself.
    """
    rank = read_rank()
    parent = _parent_of_pool()
    if not rank.is_one_of_several:
        return "" if parent is None else f"parent={parent}"
    named = [f"{name}={os.environ[name]}" for name in _RUNS if os.environ.get(name)]
    if not named:
        named = [f"parent={os.getppid() if parent is None else parent}"]  # as a rule the launcher's daemon on this node
    return ";".join([str(rank.job), str(rank.world_size), *named])

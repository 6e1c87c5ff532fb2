"""The same campaign as a job array on a cluster: one task an array element, each with a record and rows of its own.

The campaign's folder must lie on a file system that the nodes share. Needs submitit (extra cluster) and Slurm.
"""

from __future__ import annotations

import platform
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..row.storage import Storage
from .campaign import Campaign
from .slurm_queue import JobEnding, queued

POLL_S = 5.0
LARGEST_ARRAY = 1000  # Slurm's default of MaxArraySize is 1001
SIGNAL_S = 30  # before a job's limit it is told, closes its worker and says so
Job = Any


@dataclass(frozen=True)
class ClusterOptions:
    """`cluster`: slurm, or local for a try without one; `parallel`: elements that run at the same time at most;
    `exclusive`: whole nodes, without which other jobs' energy is in the rows; `minutes`: limit of one task."""

    cluster: str = "slurm"
    partition: str | None = None
    account: str | None = None
    minutes: int = 60
    parallel: int = 16
    exclusive: bool = True
    cpus: int | None = None
    gpus: int | None = None

    def __post_init__(self) -> None:
        for name in ("minutes", "parallel", "cpus", "gpus"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} is 1 or more, not {value}")


def require(options: ClusterOptions) -> None:
    """Before anything is written: ImportError that names the extra, FileNotFoundError where this is no cluster."""
    _submitit()
    missing = [name for name in ("sbatch", "squeue", "srun") if shutil.which(name) is None]
    if options.cluster == "slurm" and missing:
        raise FileNotFoundError(
            f"--slurm needs Slurm's commands, {', '.join(missing)} cannot be found: run it where jobs are submitted"
        )


def _submitit() -> Any:
    try:
        import submitit
    except ImportError:
        raise ImportError("--slurm needs submitit: pip install 'impact-tracker[cluster]'") from None
    return submitit


def run_task(folder: str, task: str, quiet: bool = True) -> bool:
    """One element of the array: runs on a node, in a process of its own. True where the task came to a good end."""
    storage = Storage(folder, part=task)
    campaign = Campaign(storage, storage.settings())
    try:
        campaign.check(only=(task,))  # device, memory, data set: of this node
    except (OSError, ValueError) as error:
        campaign.refuse(task, f"on {platform.node()}: {error}")
        return False
    campaign.run(quiet=quiet, only=(task,))
    return task not in storage.outcome().failed


def executor_of(storage: Storage, options: ClusterOptions) -> Any:
    """submitit's executor with these options."""
    slurm = options.cluster == "slurm"
    # Replacing the shell, Python is the process that Slurm signals. Started by srun it would have one processor.
    python = {"slurm_python": f"exec {shlex.quote(sys.executable)}"} if slurm else {}
    executor = _submitit().AutoExecutor(folder=storage.folder / "jobs" / "%j", cluster=options.cluster, **python)
    given = {
        "slurm_partition": options.partition,
        "slurm_account": options.account,
        "cpus_per_task": options.cpus,
        "gpus_per_node": options.gpus,
        "slurm_exclusive": True if options.exclusive else None,
    }
    # A whole node's memory too: without this a job gets the cluster's default, often a part of it.
    more = {"signal": f"B:USR2@{SIGNAL_S}", **({"mem": "0"} if options.exclusive else {})}
    executor.update_parameters(
        name=f"bench-{storage.folder.name}",
        timeout_min=options.minutes,
        slurm_array_parallelism=options.parallel,
        slurm_use_srun=False,
        slurm_additional_parameters=more,
        **{name: value for name, value in given.items() if value is not None},
    )
    return executor


def submit(campaign: Campaign, options: ClusterOptions) -> list[tuple[str, Job]]:
    """Submits every task that is not finished, as one array (as several, if very many): (task, job) of each."""
    tasks = [task.id for task in campaign.left()]
    folder = str(campaign.storage.folder)
    submitted: list[tuple[str, Job]] = []
    for first in range(0, len(tasks), LARGEST_ARRAY):
        part = tasks[first : first + LARGEST_ARRAY]
        jobs = executor_of(campaign.storage, options).map_array(run_task, [folder] * len(part), part)
        submitted += zip(part, jobs)
    return submitted


def arrays_of(jobs: Sequence[tuple[str, Job]]) -> list[str]:
    """What scancel takes to end all of them."""
    return sorted({str(job.job_id).partition("_")[0] for _, job in jobs})


def queue_of(options: ClusterOptions) -> Callable[[list[str]], set[str] | None]:
    """Asks for the elements of arrays that have not ended; of what is no cluster nothing is known."""
    return queued if options.cluster == "slurm" else lambda arrays: None


def wait(
    jobs: Sequence[tuple[str, Job]],
    say: Callable[[str], None],
    *,
    in_queue: Callable[[list[str]], set[str] | None],
    sleep: Callable[[float], None] = time.sleep,
    poll_s: float = POLL_S,
) -> dict[str, str]:
    """Until every job has ended; tasks whose job itself came to a bad end, with the reason. `in_queue`: `queue_of`."""
    failed: dict[str, str] = {}
    waiting = {task: JobEnding(job) for task, job in jobs}
    while waiting:
        left = in_queue(arrays_of(jobs))
        for task, ending in list(waiting.items()):
            if ending.has_come(left):
                del waiting[task]
                reason = ending.reason()
                if reason is not None:
                    failed[task] = reason
                say(f"{task}: {'failed: ' + failed[task] if task in failed else 'done'} ({len(waiting)} left)")
        if waiting:
            sleep(poll_s)
    return failed

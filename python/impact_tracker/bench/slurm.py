"""The same campaign as a job array on a cluster: one task an array element, each with a record and rows of its own.

The campaign's folder must lie on a file system that the nodes share. Needs submitit (extra cluster).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .campaign import Campaign
from .storage import Storage

POLL_S = 5.0


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


def run_task(folder: str, task: str, quiet: bool = True) -> bool:
    """One element of the array: runs on a node, in a process of its own. True where the task came to a good end."""
    settings = Storage(folder).settings()
    campaign = Campaign(Storage(folder, part=task), settings)
    campaign.run(quiet=quiet, only=(task,))
    return task not in campaign.storage.outcome().failed


def executor_of(storage: Storage, options: ClusterOptions) -> Any:
    """submitit's executor with these options. ImportError names the extra."""
    try:
        import submitit
    except ImportError:
        raise ImportError("--slurm needs submitit: pip install 'impact-tracker[cluster]'") from None
    executor = submitit.AutoExecutor(folder=storage.folder / "jobs" / "%j", cluster=options.cluster)
    given = {
        "slurm_partition": options.partition,
        "slurm_account": options.account,
        "cpus_per_task": options.cpus,
        "gpus_per_node": options.gpus,
    }
    executor.update_parameters(
        name=f"bench-{storage.folder.name}",
        timeout_min=options.minutes,
        slurm_array_parallelism=options.parallel,
        **({"slurm_exclusive": True} if options.exclusive else {}),
        **{name: value for name, value in given.items() if value is not None},
    )
    return executor


def submit(campaign: Campaign, options: ClusterOptions) -> list[tuple[str, Any]]:
    """Submits every task that is not finished as one array: (task, job) of each."""
    tasks = [task.id for task in campaign.left()]
    if not tasks:
        return []
    folder = str(campaign.storage.folder)
    jobs = executor_of(campaign.storage, options).map_array(run_task, [folder] * len(tasks), tasks)
    return list(zip(tasks, jobs))


def wait(jobs: Sequence[tuple[str, Any]], say: Callable[[str], None], *, poll_s: float = POLL_S) -> dict[str, str]:
    """Until every job has ended; tasks whose job itself came to a bad end, with the reason."""
    failed: dict[str, str] = {}
    waiting = dict(jobs)
    while waiting:
        for task, job in list(waiting.items()):
            if job.done():
                del waiting[task]
                error = job.exception()
                if error is not None:
                    failed[task] = str(error).strip().splitlines()[-1] if str(error).strip() else repr(error)
                say(f"{task}: {'failed: ' + failed[task] if task in failed else 'done'} ({len(waiting)} left)")
        if waiting:
            time.sleep(poll_s)
    return failed

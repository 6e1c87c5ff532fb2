"""`impact-tracker bench --slurm`: its options, the submission, the waiting."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...bench import Campaign
    from ...bench.row.storage import Outcome
    from ...bench.run.slurm import ClusterOptions


def add_cluster(parser: argparse.ArgumentParser) -> None:
    """Where and how jobs run. No option has a default here: what was not given is ClusterOptions' own."""
    where = parser.add_argument_group("on a cluster")
    where.add_argument(
        "--slurm", action="store_true", help="as a job array; the folder must lie where the nodes see it"
    )
    where.add_argument("--cluster", choices=("slurm", "local"), default="slurm", help=argparse.SUPPRESS)
    where.add_argument("--partition", metavar="NAME", help="of the jobs; the cluster's default without it")
    where.add_argument("--account", metavar="NAME", help="that the jobs are charged to")
    where.add_argument("--minutes", type=int, metavar="N", help="limit of one task (60)")
    where.add_argument("--parallel", type=int, metavar="N", help="tasks at the same time (16)")
    where.add_argument("--cpus", type=int, metavar="N", help="processors of a task")
    where.add_argument("--gpus", type=int, metavar="N", help="GPUs of a task")
    where.add_argument("--shared", action="store_true", help="not whole nodes: other jobs' energy is in the rows")


def cluster_options(args: argparse.Namespace) -> ClusterOptions | None:
    """ClusterOptions, or None without --slurm. ImportError, FileNotFoundError, ValueError: what is missing or wrong."""
    if not args.slurm:
        return None
    from ...bench.run.slurm import ClusterOptions, require

    names = ("partition", "account", "minutes", "parallel", "cpus", "gpus")
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    options = ClusterOptions(cluster=args.cluster, exclusive=not args.shared, **given)
    require(options)
    return options


def run_on_cluster(campaign: Campaign, options: ClusterOptions, *, quiet: bool) -> Outcome:
    """Submits what is left and waits for it. Interrupted, the jobs go on, and it says what ends them."""
    from ...bench.run.slurm import arrays_of, queue_of, submit, wait

    def say(text: str) -> None:
        if not quiet:
            print(text, file=sys.stderr)

    jobs = submit(campaign, options)
    gather = f"impact-tracker bench report {campaign.storage.folder}"
    say(f"{len(jobs)} tasks submitted; gather them at any time: {gather}")
    try:
        failed = wait(jobs, say, in_queue=queue_of(options))
    except BaseException:
        ids = " ".join(arrays_of(jobs))
        print(f"\nnot waiting any more; the jobs go on (scancel {ids} ends them). Gather: {gather}", file=sys.stderr)
        raise
    for task, reason in failed.items():
        print(f"{task}: its job failed: {reason}", file=sys.stderr)
    outcome = campaign.storage.outcome()
    return outcome._replace(failed={**failed, **outcome.failed})

"""A cluster's energy, job by job: who used what, with nothing counted twice and nothing lost.

Jobs from Slurm, OAR or a CSV and power of nodes become energies of jobs; idle, standby and uncovered time stand beside
them, and all of it adds up to what the nodes used.
"""

from __future__ import annotations

import argparse

from .options import add_action, run_action

EXAMPLES = """examples:
  impact-tracker cluster simulate site/                     # a site whose truth is known, to try all of this
  impact-tracker cluster report --jobs site/jobs.csv --power site/power --nodes site/nodes.csv --by user
  sacct -a -D -P -S 2025-01-01 -E 2025-02-01 --format=ALL > january.psv
  impact-tracker cluster import --store power/ --power bmc.csv --unit W
  impact-tracker cluster import --store power/ --prometheus http://mon:9090 --query node_power_watts --from 2025-01-01
  impact-tracker cluster report --jobs january.psv --power power/ --from 2025-01-01 --to 2025-02-01 --by user,month \\
      --zone FR --pue 1.3 --figures figures/
  impact-tracker cluster closure --jobs january.psv --power power/"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One parser an action."""
    from . import cluster_closure, cluster_import, cluster_report, cluster_simulate

    parser.epilog = EXAMPLES
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, title="actions")
    for name, module in (
        ("report", cluster_report),
        ("closure", cluster_closure),
        ("import", cluster_import),
        ("simulate", cluster_simulate),
    ):
        add_action(actions, name, module, (module.__doc__ or "").partition("\n")[0])


def run(args: argparse.Namespace) -> int:
    """The action's exit code."""
    return run_action(args)

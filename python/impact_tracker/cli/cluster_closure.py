"""The balance: jobs + idle + standby + uncovered = nodes, for the site and for each node."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict

from .cluster_input import accounts_from, add_accounting, add_jobs, add_power, power_of
from .options import add_json, print_json

EXAMPLES = """examples:
  impact-tracker cluster closure --jobs jobs.psv --power power/
  impact-tracker cluster closure --jobs jobs.psv --power power/ --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Input and output."""
    add_jobs(parser)
    add_power(parser)
    add_accounting(parser)
    add_json(parser, "everything, unrounded, for programs")


def run(args: argparse.Namespace) -> int:
    """0 where it closes to 1e-9, 1 where it does not, or where nothing is known."""
    from ..cluster.closing import node_balances, site_balance
    from ..cluster.reports.pages import closure_page
    from ..cluster.reports.site import told
    from ..report.page import show

    with power_of(args) as store:
        accounts = accounts_from(args, store)
    site, nodes = site_balance(accounts), node_balances(accounts)
    if args.json:
        document = {
            "site": site.as_dict(),
            "nodes": [asdict(node) for node in nodes],
            "findings": [asdict(finding) for finding in accounts.findings],
            "rejected_rows": accounts.table.all_rejected,
        }
        print_json(document)
    else:
        show(closure_page(site, nodes, told(accounts.findings)))
    if not site.is_known:
        print("there is no usable power of any node: there is nothing that could close", file=sys.stderr)
        return 1
    if not site.is_closed:
        print(f"the balance does not close: {site.error:.3g} of the nodes' energy is missing", file=sys.stderr)
    return 0 if site.is_closed else 1

"""A cluster's energy, job by job: who used what, with nothing counted twice and nothing lost.

Jobs come from a scheduler, power from meters. Both are Polars frames of the columns in `.frames`; rows that cannot be
used are kept aside with their reason. Polars is an extra: `pip install impact-tracker[cluster]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazy_names

if TYPE_CHECKING:
    from .accounting import account
    from .accounts import Accounts, Wanted
    from .closing import node_balances, site_balance
    from .finding import ClusterFinding, RejectedRow
    from .gate import Gate
    from .job import ClusterJob, JobStep, JobTable, NodeShare
    from .job_energies import job_energies, job_frame
    from .node import NodeRating
    from .protocol import JobReader, PowerBatch, PowerReader, PowerWindow
    from .readers.any_jobs import read_jobs
    from .results import JobEnergy, NodeBalance, SiteBalance
    from .store import PowerStore

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        ".accounting": "account",
        ".accounts": "Accounts Wanted",
        ".closing": "node_balances site_balance",
        ".finding": "ClusterFinding RejectedRow",
        ".gate": "Gate",
        ".job": "ClusterJob JobStep JobTable NodeShare",
        ".job_energies": "job_energies job_frame",
        ".node": "NodeRating",
        ".protocol": "JobReader PowerBatch PowerReader PowerWindow",
        ".readers.any_jobs": "read_jobs",
        ".results": "JobEnergy NodeBalance SiteBalance",
        ".store": "PowerStore",
    },
)

__all__ = [
    "Accounts",
    "ClusterFinding",
    "ClusterJob",
    "Gate",
    "JobEnergy",
    "JobReader",
    "JobStep",
    "JobTable",
    "NodeBalance",
    "NodeRating",
    "NodeShare",
    "PowerBatch",
    "PowerReader",
    "PowerStore",
    "PowerWindow",
    "RejectedRow",
    "SiteBalance",
    "Wanted",
    "account",
    "job_energies",
    "job_frame",
    "node_balances",
    "read_jobs",
    "site_balance",
]

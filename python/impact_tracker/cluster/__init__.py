"""A cluster's energy, job by job: who used what, with nothing counted twice and nothing lost.

Jobs come from a scheduler, power from meters. Both are Polars frames of the columns in `.frames`; rows that cannot be
used are kept aside with their reason. Polars is an extra: `pip install impact-tracker[cluster]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazy_names

if TYPE_CHECKING:
    from .finding import ClusterFinding, RejectedRow
    from .gate import Gate
    from .job import ClusterJob, JobStep, JobTable, NodeShare
    from .node import NodeRating
    from .protocol import JobReader, PowerBatch, PowerReader, PowerWindow
    from .results import JobEnergy, NodeBalance, SiteBalance

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        ".finding": "ClusterFinding RejectedRow",
        ".gate": "Gate",
        ".job": "ClusterJob JobStep JobTable NodeShare",
        ".node": "NodeRating",
        ".protocol": "JobReader PowerBatch PowerReader PowerWindow",
        ".results": "JobEnergy NodeBalance SiteBalance",
    },
)

__all__ = [
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
    "PowerWindow",
    "RejectedRow",
    "SiteBalance",
]

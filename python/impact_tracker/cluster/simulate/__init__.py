"""A site whose truth is known: jobs, nodes and meters drawn from a seed, with the faults that real sites have."""

from __future__ import annotations

from .files import write_site
from .jobs import Drawn, draw_jobs
from .meters import node_power, readings_of
from .spec import SiteSpec

__all__ = ["Drawn", "SiteSpec", "draw_jobs", "node_power", "readings_of", "write_site"]

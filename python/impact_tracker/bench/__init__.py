"""Campaigns: networks trained and run by the worker, every phase measured, repeated, with statistics.

>>> from impact_tracker.bench import Campaign, Settings
>>> Campaign.create("campaigns/a", Settings(models=("small-cnn",), repeats=5)).run()
"""

from __future__ import annotations

from .analyse.cells import Cell, summarise
from .plan.settings import Settings
from .row.storage import Outcome
from .run.campaign import Campaign

__all__ = ["Campaign", "Cell", "Outcome", "Settings", "summarise"]

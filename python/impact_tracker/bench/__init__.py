"""Campaigns: networks trained and run by the worker, every phase measured, repeated, with statistics.

>>> from impact_tracker.bench import Campaign, Settings
>>> Campaign.create("campaigns/a", Settings(models=("small-cnn",), repeats=5)).run()
"""

from __future__ import annotations

from .campaign import Campaign
from .settings import Settings
from .storage import Outcome
from .summary import Cell, summarise

__all__ = ["Campaign", "Cell", "Outcome", "Settings", "summarise"]

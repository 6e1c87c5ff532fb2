"""Campaigns: networks trained and run by the worker, every phase measured, repeated, with statistics.

>>> from impact_tracker.bench import Campaign, Settings
>>> Campaign.create("campaigns/a", Settings(models=("small-cnn",), repeats=5)).run()
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazy_names

if TYPE_CHECKING:
    from .analyse.cells import Cell, summarise
    from .plan.settings import Settings
    from .row.storage import Outcome
    from .run.campaign import Campaign

__all__ = ["Campaign", "Cell", "Outcome", "Settings", "summarise"]
# The help of the command needs no more than the settings.
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        ".analyse.cells": "Cell summarise",
        ".plan.settings": "Settings",
        ".row.storage": "Outcome",
        ".run.campaign": "Campaign",
    },
)

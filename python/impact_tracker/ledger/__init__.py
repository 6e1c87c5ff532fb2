"""The ledger of development: every run of a project with its fate, its stage and its metrics, each joule once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazy_names

if TYPE_CHECKING:
    from .jobs import JobRow, read_job_rows
    from .joins import entries_of
    from .ledger import Ledger, SyncOutcome
    from .people import Pseudonyms
    from .report import DevelopmentReport, report_of
    from .rows import Filter, LedgerRun

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        ".jobs": "JobRow read_job_rows",
        ".joins": "entries_of",
        ".ledger": "Ledger SyncOutcome",
        ".people": "Pseudonyms",
        ".report": "DevelopmentReport report_of",
        ".rows": "Filter LedgerRun",
    },
)

__all__ = [
    "DevelopmentReport",
    "Filter",
    "JobRow",
    "Ledger",
    "LedgerRun",
    "Pseudonyms",
    "SyncOutcome",
    "entries_of",
    "read_job_rows",
    "report_of",
]

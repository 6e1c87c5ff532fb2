"""The words of the ledger that settings are checked against: here, for a tracker without a ledger loads none of it."""

from __future__ import annotations

FATES = ("finished", "failed", "cancelled", "debug", "open")
STAGES = ("gathering", "storage", "processing", "analysis", "training", "deployment")


def is_url(text: str) -> bool:
    """Whether it names a database rather than a folder."""
    return text.startswith(("postgresql://", "postgres://"))

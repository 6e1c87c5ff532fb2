"""What processes of a pool are asked: pytest's own modules cannot be imported in them by name."""

from __future__ import annotations

from typing import Any

from impact_tracker.ranks import read_rank, run_key


def key_and_rank(_: int) -> Any:
    return run_key(), read_rank()

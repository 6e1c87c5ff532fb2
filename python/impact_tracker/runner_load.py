"""How much of the processors a process of ours took, to tell it from what other programs took."""

from __future__ import annotations

import os
from pathlib import Path


def cpu_seconds(pid: int | None, root: str = "/") -> float | None:
    """CPU time of a process and all of its threads since it began, s; `None` where it cannot be read."""
    if pid is None:
        return None
    try:
        fields = (Path(root) / f"proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None

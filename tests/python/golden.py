"""Golden outputs: what people see is pinned under tests/data/golden. IMPACT_GOLDEN=write writes it anew."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "data" / "golden"
WRITE = os.environ.get("IMPACT_GOLDEN") == "write"


def check(name: str, text: str) -> None:
    """Compare a text with the golden file of that name."""
    path = FOLDER / name
    if WRITE:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"no golden {path}: run with IMPACT_GOLDEN=write and look at what it writes"
    assert text == path.read_text(encoding="utf-8"), f"{path.name} differs: IMPACT_GOLDEN=write writes it anew"

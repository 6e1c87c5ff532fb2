"""The bundled tables: read once, when first asked for."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_name("data")
Table = dict[str, Any]  # each file has a shape of its own
Row = list[Any]


@cache
def table(name: str) -> Table:
    """The table `data/<name>.json`; each holds its unit, its sources and its rows (see data/SOURCES.md)."""
    loaded: Table = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    return loaded

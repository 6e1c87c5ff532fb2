"""The bundled tables: read once, when first asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from .factor import Factor

DATA = Path(__file__).with_name("data")
Table = dict[str, Any]  # each file has a shape of its own
Row = list[Any]


@cache
def table(name: str) -> Table:
    """The table `data/<name>.json`; each holds its unit, its sources and its rows (see data/SOURCES.md)."""
    loaded: Table = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def published(
    origin: Mapping[str, str],
    value: float,
    unit: str,
    name: str,
    *,
    low: float | None = None,
    high: float | None = None,
    year: int | None = None,
    method: str = "",
    quality: str = "modelled",
    note: str = "",
    spread: str = "triangular",
    study: str = "",
) -> Factor:
    """A factor as `origin`, one of a table's sources, published it; its range is itself where no bounds are given."""
    low, high = value if low is None else low, value if high is None else high
    source, url, licence = origin["source"], origin["url"], origin["licence"]
    return Factor(value, unit, low, high, source, url, year, licence, method, quality, name, note, spread, study)

"""Rows as what their lines say, for tests that name the fields of a line, and rows made of such."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from impact_tracker.bench import Settings
from impact_tracker.bench.judge.baseline import Levels
from impact_tracker.bench.judge.checks import Rules, judge, to_judge
from impact_tracker.bench.row.codec import decode, encode
from impact_tracker.bench.row.make import with_verdict
from impact_tracker.bench.row.row import Line, Row
from impact_tracker.bench.row.storage import Storage
from impact_tracker.bench.show.view import View


def flat(rows: View | Iterable[Line]) -> list[dict[str, Any]]:
    return [encode(row) for row in (rows.rows if isinstance(rows, View) else rows)]


def row_of(fields: Mapping[str, Any]) -> Row:
    """The row whose line says this; what every line says need not be named."""
    least = {"kind": "row", "task": "a.r1", "phase": "training", "attempt": 1, "status": "ok"}
    line = {**least, "test": "a", "model": "a", "title": "A", **fields}
    if "sources" in line:
        line["sources"] = [{"device": source["id"], **source} for source in line["sources"]]
    if line.get("observed"):
        line["observed"] = {"precision_shares": {}, "layout_shares": {}, **line["observed"]}
    row = decode(line)
    assert isinstance(row, Row)
    return row


def judged(
    fields: Mapping[str, Any],
    settings: Settings | None = None,
    idle: Levels | None = None,
    *,
    strict: bool = True,
    period_s: float | None = None,
) -> dict[str, Any]:
    """What the line of such a row says once it was judged, as a session does it."""
    row = row_of(fields)
    if period_s is not None:
        row = replace(row, around=replace(row.around, sample_period_s=period_s))
    if to_judge(row):
        row = with_verdict(row, judge(row, idle or {}, Rules(settings or Settings(), strict)))
    return encode(row)


def append(storage: Storage, fields: Mapping[str, Any]) -> None:
    storage.append(decode(fields))

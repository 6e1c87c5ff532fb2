"""The nodes: what a file states of them, and what jobs and their sizes show."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..file_text import bytes_of
from .frames import polars, reading, text_of
from .job import JobTable
from .node import MOST_OF_ANYTHING, NodeRating

if TYPE_CHECKING:
    import polars as pl


def read_ratings(path: str | Path) -> dict[str, NodeRating]:
    """Nodes from a CSV whose columns are attributes of `NodeRating`; `node` must be there. ValueError for a column that
    is none, a number that is none, a node that stands twice."""
    library = polars()
    with reading(path, "a CSV of nodes"):
        frame = library.read_csv(text_of(bytes_of(path)).encode(), infer_schema=False)
    known = {item.name for item in fields(NodeRating)}
    unknown = [name for name in frame.columns if name not in known]
    if unknown or "node" not in frame.columns:
        import difflib

        near = [f"{name} (near {', '.join(difflib.get_close_matches(name, known)) or 'none'})" for name in unknown]
        raise ValueError(f"{path}: a file of nodes has the columns {', '.join(sorted(known))}; not {', '.join(near)}")
    ratings: dict[str, NodeRating] = {}
    for number, row in enumerate(frame.iter_rows(named=True), 2):
        node = (row["node"] or "").strip()
        if not node or node in ratings:
            raise ValueError(
                f"{path}, line {number}: {'the node stands twice' if node else 'there is no node'}: {node}"
            )
        ratings[node] = _rating(node, row, f"{path}, line {number}")
    return ratings


def _rating(node: str, row: Mapping[str, str | None], place: str) -> NodeRating:
    numbers: dict[str, float] = {}
    for name, text in row.items():
        if name in ("node", "gpu_model") or text is None or not text.strip():
            continue
        try:
            numbers[name] = float(text)
        except ValueError:
            raise ValueError(f"{place}: {name} is no number: {text!r}") from None
        least = -MOST_OF_ANYTHING if name == "clock_offset_s" else 0.0
        if not least <= numbers[name] <= MOST_OF_ANYTHING:
            raise ValueError(f"{place}: {name} is a number from {least:.3g} to {MOST_OF_ANYTHING:.3g}, not {text}")
    return replace(NodeRating(node, gpu_model=row.get("gpu_model") or ""), **numbers)  # type: ignore[arg-type]


def ratings_of(table: JobTable, stated: Mapping[str, NodeRating], nodes: Iterable[str]) -> dict[str, NodeRating]:
    """The nodes in order of name; a size that nobody states is the most that jobs had of it at the same time."""
    names = sorted(nodes)
    missing = [name for name in names if _lacks_size(stated.get(name))]
    sizes = _most_held(table, missing) if missing else {}
    return {name: _completed(stated.get(name, NodeRating(name)), sizes.get(name, (None, None, None))) for name in names}


def _lacks_size(rating: NodeRating | None) -> bool:
    return rating is None or rating.cores is None


def _completed(rating: NodeRating, sizes: tuple[float | None, float | None, float | None]) -> NodeRating:
    cores, gpus, memory_gb = sizes
    return replace(
        rating,
        cores=cores if rating.cores is None else rating.cores,
        gpus=gpus if rating.gpus is None else rating.gpus,
        memory_gb=memory_gb if rating.memory_gb is None else rating.memory_gb,
    )


def _most_held(table: JobTable, names: list[str]) -> dict[str, tuple[float | None, float | None, float | None]]:
    """The most cores, cards and GB that jobs held at once, by node."""
    library = polars()
    col = library.col
    rows = table.shares.filter(col("node").is_in(names)).join(
        table.jobs.select("job_id", "start_ns", "end_ns"), on="job_id", how="inner"
    )
    amounts = [col(name).fill_null(0.0) for name in ("cores", "gpus", "memory_b")]
    begins = rows.select("node", *amounts, time_ns="start_ns", order=library.lit(1))
    ends = rows.filter(col("end_ns").is_not_null()).select(
        "node", *(-amount for amount in amounts), time_ns="end_ns", order=library.lit(0)
    )
    events: pl.DataFrame = library.concat([begins, ends]).sort("node", "time_ns", "order")
    held = events.with_columns(col("cores", "gpus", "memory_b").cum_sum().over("node"))
    most = held.group_by("node").agg(col("cores", "gpus", "memory_b").max())
    # Jobs may hold parts of cards; a node has whole ones.
    return {
        str(node): (cores or None, math.ceil(gpus - 1e-9) or None, memory / 2.0**30 if memory else None)
        for node, cores, gpus, memory in most.iter_rows()
    }

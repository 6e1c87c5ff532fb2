"""Power of nodes from this package's own records: what the tracker measured while a program ran there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...interop.matched import cumulative
from ...record import Record, find_records
from ..finding import RejectedRow
from ..frames import POWER, empty, polars, schema
from ..protocol import PowerBatch, PowerWindow

if TYPE_CHECKING:
    import polars as pl

    from ..integral import Numbers

GPU_DOMAINS = ("gpu", "accelerator")


@dataclass(frozen=True)
class RecordPower:
    """All records at or below a path. Each is one window: a record that is complete never changes."""

    path: Path

    @property
    def source(self) -> str:
        """The path."""
        return f"records {self.path.resolve()}"

    def windows(self, begin_ns: int, end_ns: int) -> Sequence[PowerWindow]:
        """The records, each with its size: one that has grown is read again."""
        files = sorted(find_records(self.path))
        return [PowerWindow(f"{file.name}-{file.stat().st_size}", begin_ns, end_ns, (str(file),)) for file in files]

    def read(self, window: PowerWindow) -> PowerBatch:
        """The energy of the machine, and of its cards apart, as counters since the record's begin."""
        (name,) = window.nodes
        try:
            record = Record(name)
            node = str(record.header.get("hostname") or "")
            began = record.started_at
            if not node or began is None:
                raise ValueError("it does not say on which machine or when it began")
            frames = [_counter(record, node, part, round(began.timestamp() * 1e6) * 1000) for part in ("node", "gpu")]
        except (ValueError, OSError) as error:
            return PowerBatch(empty(POWER), (RejectedRow(name, 1, str(error)),))
        joined: pl.DataFrame = polars().concat(frames)
        col = polars().col
        return PowerBatch(joined.filter((col("time_ns") >= window.begin_ns) & (col("time_ns") < window.end_ns)))


def _counter(record: Record, node: str, part: str, begin_ns: int) -> pl.DataFrame:
    """The sum of the channels that are in the machine's total, at all times of any of them."""
    import numpy as np

    series: list[tuple[Numbers, Numbers]] = []
    for channel in record.channels:
        of_gpu = any(word in str(channel.get("domain", "")).casefold() for word in GPU_DOMAINS)
        if not channel.get("in_total") or (part == "gpu" and not of_gpu):
            continue
        times, joules = cumulative(*record.series(str(channel["id"])))
        known = [(time, energy) for time, energy in zip(times, joules) if energy == energy]
        if len(known) > 1:
            series.append((np.array([time for time, _ in known]), np.array([energy for _, energy in known])))
    if not series:
        return empty(POWER)
    # Between the latest begin and the earliest end all channels are known.
    first, last = max(times[0] for times, _ in series), min(times[-1] for times, _ in series)
    moments = np.unique(np.concatenate([times for times, _ in series]))
    moments = moments[(moments >= first) & (moments <= last)]
    total = np.sum([np.interp(moments, times, joules) for times, joules in series], axis=0)
    columns = {
        "node": [node] * len(moments),
        "part": [part] * len(moments),
        "kind": ["energy"] * len(moments),
        "time_ns": begin_ns + np.round(moments * 1e9).astype(np.int64),
        "value": total,
    }
    frame: pl.DataFrame = polars().DataFrame(columns, schema=schema(POWER))
    return frame

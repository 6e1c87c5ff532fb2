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
        """The energy of the machine, and of its cards apart, as counters since the record's begin; the cards' use."""
        (name,) = window.nodes
        try:
            record = Record(name)
            node = str(record.header.get("hostname") or "")
            began = record.started_at
            if not node or began is None:
                raise ValueError("it does not say on which machine or when it began")
            began_ns = round(began.timestamp() * 1e6) * 1000
            frames = [_counter(record, node, part, began_ns) for part in ("node", "gpu")]
            frames.append(_use_of_cards(record, node, began_ns))
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
    moments = _common_times(series)
    total = np.sum([np.interp(moments, times, joules) for times, joules in series], axis=0)
    return _readings(node, part, "energy", begin_ns, moments, total)


def _use_of_cards(record: Record, node: str, begin_ns: int) -> pl.DataFrame:
    """The mean utilisation of the machine's cards."""
    import numpy as np

    series: list[tuple[Numbers, Numbers]] = []
    for channel in record.channels:
        name = str(channel["id"])
        of_gpu = any(word in f"{channel.get('device', '')} {name}".casefold() for word in GPU_DOMAINS)
        if of_gpu and name.endswith("/utilisation"):
            times, values = (np.asarray(column) for column in record.series(name))
            known = np.isfinite(values)
            if np.count_nonzero(known) > 1:
                series.append((times[known], values[known]))
    if not series:
        return empty(POWER)
    moments = _common_times(series)
    mean = np.mean([np.interp(moments, times, values) for times, values in series], axis=0)
    return _readings(node, "gpu_use", "share", begin_ns, moments, mean)


def _common_times(series: Sequence[tuple[Numbers, Numbers]]) -> Numbers:
    """The times of any of them at which all of them are known."""
    import numpy as np

    first, last = max(times[0] for times, _ in series), min(times[-1] for times, _ in series)
    moments = np.unique(np.concatenate([times for times, _ in series]))
    return np.asarray(moments[(moments >= first) & (moments <= last)])


def _readings(node: str, part: str, kind: str, begin_ns: int, moments: Numbers, values: Numbers) -> pl.DataFrame:
    import numpy as np

    columns = {
        "node": [node] * len(moments),
        "part": [part] * len(moments),
        "kind": [kind] * len(moments),
        "time_ns": begin_ns + np.round(moments * 1e9).astype(np.int64),
        "value": values,
    }
    frame: pl.DataFrame = polars().DataFrame(columns, schema=schema(POWER))
    return frame

"""Power over time for a page: every sample of a short run, of a long one the lowest, highest and mean of short times.

A long run's buckets are as short as the page's size allows; the script builds the coarser levels over them, so that a
page of any run shows what a window holds without looking at every sample.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..report.runs import ReadRecord
from ..result import ChannelFields
from .packing import ArrayPlace, Block

if TYPE_CHECKING:
    from numpy import ndarray

MOST_SAMPLES = 60_000  # of a page's channels together, kept as they are
MOST_BUCKETS = 430_000  # of a page's channels together: 3.5 MB of text at most
MOST_CHANNELS = 32  # of a run
_MISSING = 65_535


@dataclass(frozen=True)
class Gap:
    """A time without a reading of a channel, in seconds after the run's begin."""

    begin_s: float
    end_s: float


@dataclass(frozen=True)
class ChannelPower:
    """One channel's power: `lowest_w`, `highest_w`, `mean_w` over the run, `None` where it was never read.

    `is_apart`: it sees the whole machine, or what another channel sees too, and is in no sum. `bucket_s`: what the page
    keeps of it is of times so long; 0 for every sample. `fields`: what the page's script reads.
    """

    label: str
    quality: str
    is_apart: bool
    samples: int
    lowest_w: float | None
    highest_w: float | None
    mean_w: float | None
    gaps: tuple[Gap, ...]
    bucket_s: float
    fields: dict[str, object] = field(repr=False)


@dataclass(frozen=True)
class RunPower:
    """Of all channels of a run that give power. `unread`: why something is not shown, in words."""

    channels: tuple[ChannelPower, ...]
    unread: tuple[str, ...]

    @property
    def bucket_s(self) -> float:
        """The longest time that one value stands for; 0 where every sample is kept."""
        return max((channel.bucket_s for channel in self.channels), default=0.0)


def power_of(run: ReadRecord, block: Block, share: float) -> RunPower:
    """Reads the samples of a run into a block. `share`: of the page's room that this run may take, 0 to 1."""
    chosen = _chosen(run.record.channels)
    if not chosen:
        return RunPower((), ("the record holds no channel of energy or power",))
    unread = []
    if len(chosen) > MOST_CHANNELS:
        unread.append(f"{len(chosen) - MOST_CHANNELS} of {len(chosen)} channels are not drawn: the first are shown")
        chosen = chosen[:MOST_CHANNELS]
    channels = []
    labels = _labels(chosen)
    for channel, label in zip(chosen, labels):
        try:
            times, watts = run.record.series(str(channel["id"]))
        except (OSError, ValueError) as error:  # the file was there when the results were read
            unread.append(f"{label}: its samples could not be read: {error}")
            continue
        power = _Samples(channel, label, times, watts, run)
        try:
            channels.append(power.kept(block, share / len(chosen)))
        except ImportError:
            unread.append(f"{label}: {len(times)} samples need numpy: pip install 'impact-tracker[report]'")
    return RunPower(tuple(channels), tuple(unread))


def _chosen(channels: Sequence[ChannelFields]) -> list[ChannelFields]:
    """Channels of energy and power: those of the sum first, then the meters apart from it."""
    energies = [channel for channel in channels if "energy_j" in channel]
    inside = [channel for channel in energies if channel["in_total"]]
    return inside + [channel for channel in energies if channel["role"] == "apart"]


def _labels(channels: Sequence[ChannelFields]) -> list[str]:
    """The device, with its domain where that tells two apart."""
    devices = [channel["device"] for channel in channels]
    return [
        channel["device"] if devices.count(channel["device"]) == 1 else f"{channel['device']} {channel['domain']}"
        for channel in channels
    ]


class _Samples:
    """A channel's samples. Each holds from the one before it to its own time."""

    def __init__(
        self, channel: ChannelFields, label: str, times: memoryview, watts: memoryview, run: ReadRecord
    ) -> None:
        self.channel, self.label = channel, label
        offset = (run.result.start_ns - int(run.record.header.get("start_ns", run.result.start_ns))) / 1e9
        self.times, self.watts, self.offset_s = times, watts, offset
        self.duration_s = run.result.duration_s

    def kept(self, block: Block, share: float) -> ChannelPower:
        """The samples, or buckets of them where they are too many. ImportError where those need numpy."""
        if len(self.times) <= share * MOST_SAMPLES:
            return self._whole(block)
        return self._bucketed(block, max(64, math.floor(share * MOST_BUCKETS)))

    def _whole(self, block: Block) -> ChannelPower:
        ends, values = array("d"), array("f")
        gaps: list[Gap] = []
        joules = seconds = 0.0
        known: list[float] = []
        before: float | None = None
        for time, value in zip(self.times, self.watts):
            end = time - self.offset_s
            if before is not None and end > before:
                if math.isnan(value):
                    _add_gap(gaps, before, end)
                else:
                    joules += value * (end - before)
                    seconds += end - before
            if not math.isnan(value):
                known.append(value)
            ends.append(end)
            values.append(value)
            before = end
        begin = float(ends[0]) if len(ends) else 0.0
        fields: dict[str, object] = {
            "kind": "steps",
            "begin": begin,
            "times": block.add("f8", ends),
            "values": block.add("f4", values),
        }
        mean = joules / seconds if seconds > 0 else (known[0] if known else None)
        return self._told(fields, (min(known), max(known)) if known else None, mean, gaps, 0.0)

    def _bucketed(self, block: Block, most: int) -> ChannelPower:
        import numpy as np

        ends, watts = np.asarray(self.times) - self.offset_s, np.asarray(self.watts)
        begin = float(ends[0])
        span = max(float(ends[-1]) - begin, 1e-9)
        width = span / most
        typical = float(np.median(np.diff(ends))) if len(ends) > 1 else span
        if typical > 0:  # whole samples in a bucket: their number is the same in each
            width = typical * max(1, math.ceil(width / typical - 1e-9))
        edges = begin + width * np.arange(math.ceil(span / width - 1e-9) + 1)
        low, high, mean = _buckets(ends, watts, edges)
        known = ~np.isnan(watts)
        extremes = (float(watts[known].min()), float(watts[known].max())) if known.any() else None
        lowest, highest = extremes or (0.0, 0.0)
        fields: dict[str, object] = {
            "kind": "buckets",
            "begin": begin,
            "width": width,
            "lowest": lowest,
            "highest": highest,
            "low": _coded(block, low, lowest, highest),
            "high": _coded(block, high, lowest, highest),
            "mean": _coded(block, mean, lowest, highest),
        }
        spans = np.diff(ends)
        inside = known[1:]
        seconds = float(spans[inside].sum())
        average = float((watts[1:][inside] * spans[inside]).sum()) / seconds if seconds > 0 else None
        gaps: list[Gap] = []
        for index in np.flatnonzero(~inside):
            _add_gap(gaps, float(ends[index]), float(ends[index + 1]))
        return self._told(fields, extremes, average, gaps, width)

    def _told(
        self,
        fields: dict[str, object],
        extremes: tuple[float, float] | None,
        mean_w: float | None,
        gaps: list[Gap],
        bucket_s: float,
    ) -> ChannelPower:
        quality = self.channel["quality"]
        is_apart = not self.channel["in_total"]
        fields.update(label=self.label, quality=quality, apart=is_apart, modelled=quality in ("modelled", "estimated"))
        lowest, highest = extremes or (None, None)
        samples = len(self.times)
        return ChannelPower(
            self.label, quality, is_apart, samples, lowest, highest, mean_w, tuple(gaps), bucket_s, fields
        )


def _add_gap(gaps: list[Gap], begin: float, end: float) -> None:
    """Gaps that touch are one."""
    if gaps and begin <= gaps[-1].end_s:
        gaps[-1] = Gap(gaps[-1].begin_s, end)
    else:
        gaps.append(Gap(begin, end))


def _buckets(ends: ndarray, watts: ndarray, edges: ndarray) -> tuple[ndarray, ndarray, ndarray]:
    """Lowest, highest and mean power between the edges; NaN where nothing was measured."""
    import numpy as np

    # A sample holds from the one before it to its own time; the first one has none before it and is a moment.
    spans = np.diff(ends, prepend=ends[0])
    known = ~np.isnan(watts)
    joules = np.cumsum(np.where(known, watts, 0.0) * spans)
    seconds = np.cumsum(np.where(known, spans, 0.0))
    energy = np.diff(np.interp(edges, ends, joules))
    covered = np.diff(np.interp(edges, ends, seconds))
    some = covered > 1e-9 * np.diff(edges)
    mean = np.full(len(edges) - 1, np.nan)
    np.divide(energy, covered, out=mean, where=some)
    # The samples that reach into a bucket: those that end in it, and the next one where it begins in it too. An edge is
    # as wide as the clock is unsteady; each sample ends in one bucket, so that none is lost.
    slack = 0.01 * float(min(edges[1] - edges[0], np.median(spans)))
    first = np.searchsorted(ends, edges[:-1] + slack, side="right")
    first[0] = np.searchsorted(ends, edges[0], side="right")  # no bucket before it takes what ends at its edge
    last = np.searchsorted(ends, edges[1:] + slack, side="right")
    count = len(ends)
    begins = ends - spans
    last += (last < count) & (begins[np.minimum(last, count - 1)] < edges[1:] - slack)
    padded = np.append(watts, np.nan)
    pairs = np.column_stack((first, last)).ravel()
    low = np.fmin.reduceat(padded, pairs)[::2]
    high = np.fmax.reduceat(padded, pairs)[::2]
    low[~some], high[~some] = np.nan, np.nan
    return np.fmin(low, mean), np.fmax(high, mean), mean


def _coded(block: Block, values: ndarray, lowest: float, highest: float) -> ArrayPlace:
    """Watts as whole numbers between the channel's lowest and highest: 1/65534 of that span, finer than any sensor."""
    import numpy as np

    step = (highest - lowest) / (_MISSING - 1) or 1.0
    known = ~np.isnan(values)
    codes = np.full(len(values), _MISSING, dtype="<u2")
    codes[known] = np.clip(np.rint((values[known] - lowest) / step), 0, _MISSING - 1)
    return block.add("u2", codes)

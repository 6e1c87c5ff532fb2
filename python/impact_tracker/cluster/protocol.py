"""What a reader of jobs or of power has to be.

A reader of power is asked for one window after another. Whoever asks keeps each window's answer in a file before the
next question, so a connection that breaks loses one window, and the next call goes on there. For that `windows` gives
the same windows with the same keys each time it is asked the same, and `read` has no memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .finding import ClusterFinding, RejectedRow
from .job import JobTable

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class PowerWindow:
    """A question: readings in [begin_ns, end_ns) of these nodes (empty: all). `key` is a file name that differs from
    that of every other window of the same reader."""

    key: str
    begin_ns: int
    end_ns: int
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class PowerBatch:
    """An answer: readings in any order, with the columns of `frames.POWER`, and what could not be read."""

    samples: pl.DataFrame
    rejected: tuple[RejectedRow, ...] = ()
    findings: tuple[ClusterFinding, ...] = ()


class PowerReader(Protocol):
    """Power of nodes from one place. An OSError means that the same window may be asked again; a ValueError that the
    answer is none, with the remedy."""

    @property
    def source(self) -> str:
        """Where it reads, for reports: an address without credentials, or a path."""
        ...

    def windows(self, begin_ns: int, end_ns: int) -> Sequence[PowerWindow]:
        """The questions that together cover [begin_ns, end_ns), each small enough for one answer."""
        ...

    def read(self, window: PowerWindow) -> PowerBatch:
        """The answer to one of them."""
        ...


class JobReader(Protocol):
    """Jobs of a scheduler from one place."""

    @property
    def source(self) -> str:
        """Where it reads, for reports."""
        ...

    def read(self, begin_ns: int | None, end_ns: int | None) -> JobTable:
        """All jobs that ran in a part of [begin_ns, end_ns); `None`: without a bound."""
        ...

"""What a run's health says: how the measuring itself went."""

from __future__ import annotations

from typing import TypedDict


class _ReadingHealth(TypedDict):
    read_failures: int
    resets: int
    ambiguous_wraps: int
    gap_s: float


class ChannelHealth(_ReadingHealth, total=False):
    """Of a channel that something happened to. `standstills`: how often its counter stood still, where it did."""

    standstills: int


class ShareHealth(TypedDict):
    """How use was told apart: by control group or by process; `blind` to children that nobody waits for."""

    by_group: bool
    unwaited_part: float
    blind: bool


class Health(TypedDict, total=False):
    """Empty in a forked child; `error` alone where the core could not be asked. `findings`: sensors that contradict
    each other. What the sampler and the disk did is known while a tracker lives, and not from its record."""

    readings: int
    read_failures: int
    wraps: int
    resets: int
    ambiguous_wraps: int
    gaps_s: float
    channels: dict[str, ChannelHealth]
    findings: list[str]
    share: ShareHealth
    samples: int
    missed_ticks: int
    sampler_cpu_s: float
    bytes_written: int
    dropped: int
    write_errors: list[str]
    error: str

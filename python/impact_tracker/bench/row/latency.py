"""How long single inputs waited."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PassQuantile:
    """The time that a share of passes took at most, with its 95 % interval by order statistics."""

    share: float
    ms: float
    low_ms: float
    high_ms: float


@dataclass(frozen=True)
class Latency:
    """How long single inputs waited for their answer: of `passes`, the first left out; of the quantiles those that so
    many passes tell."""

    passes: int
    quantiles: tuple[PassQuantile, ...]

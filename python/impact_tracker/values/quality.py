"""Quality: how far a number can be trusted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

Quality = Literal["measured", "modelled", "estimated", "stale", "missing"]

# From best to worst, as in core/quality.hpp: a sensor's own value; computed from load and a model of the hardware; a
# choice between several values or a default; a sensor's earlier value that was not renewed; no value at all.
QUALITIES: tuple[Quality, ...] = ("measured", "modelled", "estimated", "stale", "missing")


def quality_of(word: str) -> Quality:
    """The word as a quality. ValueError for a word that is none of them."""
    if word not in QUALITIES:
        raise ValueError(f"unknown quality {word!r}; one of {', '.join(QUALITIES)}")
    return word


def worst_quality(qualities: Iterable[str]) -> Quality:
    """The quality of a sum is that of its worst part; "measured" for no part at all. ValueError for an unknown word."""
    ranks = [QUALITIES.index(quality_of(word)) for word in qualities]
    return QUALITIES[max(ranks, default=0)]

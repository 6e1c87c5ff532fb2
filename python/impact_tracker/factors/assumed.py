"""Ranges where a source states none: our own assumption, which the factor's note says.

A number without a range says that it is known exactly, which only a definition is. Where a source states a range on one
side of its best value alone, the other side is assumed likewise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .factor import Factor

# kind -> factor up and down from the best value
SPREADS: Mapping[str, float] = {
    "pue": 1.08,  # a site's own from year to year, and between publications of one site
    "wue": 1.5,  # of a site between a cool and a hot year
    "water": 1.6,
    "primary_energy": 1.25,
    "adp": 2.0,
    "fuel_lifecycle": 1.5,
    "fuel_direct": 1.25,  # between plants of one fuel
    "gpu_embodied": 1.5,  # as between makers' sheets and models of one product
    "server_embodied": 1.5,
    "equivalent": 1.2,
    "hour_factor": 1.3,
    "gpu_tdp": 1.1,  # what a full card draws over its limit: boards differ by a few per cent, and work does not fill it
    "cpu_tdp": 1.15,  # processors exceed it for a while and stay below it for most work
    "ram_power": 2.0,
}
# Exact by definition: boundaries are the numbers that a share is counted in.
DEFINITIONS = frozenset({"boundary"})
EXACT_NAMES = frozenset({"own computer"})  # a computer without a site around it has no overhead
_FLOORS = {"pue": 1.0, "primary_energy": 3.6}


def with_range(factor: Factor, kind: str, name: str = "") -> Factor:
    """The factor with a range on both sides of its best value. A definition and a value of 0 stay as they are."""
    spread = SPREADS.get(kind)
    if spread is None or factor.value == 0 or kind in DEFINITIONS or name in EXACT_NAMES:
        return factor
    low, high, floor = factor.low, factor.high, _FLOORS.get(kind, 0.0)
    if not low < factor.value:
        low = min(max(factor.value / spread, floor), factor.value)
    if not high > factor.value:
        high = factor.value * spread
    if (low, high) == (factor.low, factor.high):
        return factor
    sides = "range" if factor.low == factor.high else "one side of its range"
    note = f"{sides}: our assumption, a factor of {spread:g}"
    return replace(factor, low=low, high=high, note="; ".join(filter(None, [factor.note, note])))

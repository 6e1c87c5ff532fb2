"""Devices, links and models to start a scenario from, each with its range and its source."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from ...factors import Factor
from ...typed import built
from ...values import JOULES_PER_KWH

BITS_PER_GB = 8e9
YEAR_S = 31_557_600.0


@dataclass(frozen=True)
class DevicePreset:
    """A device that trains: what it reaches, its power, its hardware. Each is low, best, high."""

    flop_per_s: tuple[float, ...]
    power_w: tuple[float, ...]
    making_kg: tuple[float, ...]
    life_years: tuple[float, ...]
    use_share: tuple[float, ...]
    source: str


@dataclass(frozen=True)
class LinkPreset:
    """A way for data: energy for a gigabyte, low, best, high."""

    kwh_per_gb: tuple[float, ...]
    source: str


@dataclass(frozen=True)
class ModelPreset:
    """A network: its parameters, and the work of one sample forwards and backwards (low, best, high)."""

    parameters: int
    sample_flop: tuple[float, ...]
    what: str
    source: str


@dataclass(frozen=True)
class Presets:
    """All of them by name."""

    devices: dict[str, DevicePreset]
    links: dict[str, LinkPreset]
    models: dict[str, ModelPreset]


@lru_cache(maxsize=1)
def presets() -> Presets:
    """The presets that the package holds."""
    text = files(__package__).joinpath("presets.json").read_text(encoding="utf-8")
    return built(Presets, json.loads(text))


def estimated(numbers: Sequence[float], unit: str, name: str, source: str) -> Factor:
    """A factor of low, best and high that rests on an estimate."""
    low, best, high = numbers
    return Factor(best, unit, low, high, source, name=name, quality="estimated")


def quotient(above: Sequence[Factor], below: Sequence[Factor], unit: str, name: str) -> Factor:
    """Products of factors over one another. The range holds their extremes: it is as wide as it can be, for they are
    not known to move together."""
    value, low, high = 1.0, 1.0, 1.0
    for factor in above:
        value, low, high = value * factor.value, low * factor.low, high * factor.high
    for factor in below:
        value, low, high = value / factor.value, low / factor.high, high / factor.low
    sources = list(dict.fromkeys(factor.source for factor in (*above, *below)))
    worst = "estimated" if any(factor.quality == "estimated" for factor in (*above, *below)) else "modelled"
    return Factor(value, unit, low, high, "; ".join(sources), name=name, quality=worst)


def scaled(factor: Factor, by: float, unit: str, name: str) -> Factor:
    """A factor times a definition, in another unit."""
    return quotient([factor, Factor.stated(by, "1", "definition", factor.source)], [], unit, name)


def bit_per_j(kwh_per_gb: Factor, name: str) -> Factor:
    """Bits that a joule carries, of the energy for a gigabyte."""
    bits = Factor.stated(BITS_PER_GB / JOULES_PER_KWH, "bit/J", "definition", kwh_per_gb.source)
    return quotient([bits], [kwh_per_gb], "bit/J", name)

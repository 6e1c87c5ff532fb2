"""What impact-tracker says of the names that others have: value and range, `None` where it knows none."""

from __future__ import annotations

from typing import NamedTuple

from impact_tracker.factors import FactorError, by_zone, card, cloud_region, intensity
from impact_tracker.factors.hardware import find_cpu
from impact_tracker.factors.instances import find_instance
from impact_tracker.factors.zones import zone_code
from impact_tracker.footprint import Impact, Machine, making, making_total

OTHERS_CODES = {"WOR": "WORLD", "EEE": "EU"}  # what they call the world and Europe


class Value(NamedTuple):
    """A value in the other's unit with its range; `quality` as ours says it, `note` what our name left open."""

    best: float
    low: float
    high: float
    quality: str = ""
    note: str = ""


def value_of(kind: str, name: str, indicator: str, cores: float | None = None) -> Value | None:
    """Of a card, processor, instance, zone or region; `cores`: what a machine with this processor says of itself."""
    finders = {"cards": _card, "instances": _instance, "zones": _zone, "regions": _region}
    try:
        return _processor(name, indicator, cores) if kind == "processors" else finders[kind](name, indicator)
    except (FactorError, ValueError):
        return None


def _card(name: str, indicator: str) -> Value | None:
    known = card(name)
    made = making(
        Machine(cpus=0, gpus=1, gpu_model=known.name if not known.note else name, psus=0, chassis="none"), indicator
    )["gpu"]
    return _made(made)


def _processor(name: str, indicator: str, told: float | None) -> Value | None:
    chip = find_cpu(name)
    if indicator == "power_w":
        tdp = chip.tdp if chip else None
        return tdp and Value(tdp.value, tdp.low, tdp.high, tdp.quality, tdp.note)
    cores = (chip.cores if chip and chip.exact else None) or (round(told) if told else None)
    if not cores:
        return None
    return _made(making(Machine(cpus=1, cpu_cores=cores, psus=0, chassis="none"), indicator)["cpu"])


def _instance(name: str, indicator: str) -> Value | None:
    known = find_instance(name)
    if known is None:
        return None
    made = _made(making_total(Machine.of_instance(known), indicator))
    return made and made._replace(quality=known.share.quality)


def _zone(code: str, indicator: str) -> Value | None:
    zone = zone_code(OTHERS_CODES.get(code, code))
    factor = intensity(zone) if indicator == "carbon" else by_zone(indicator, zone)
    return Value(factor.value, factor.low, factor.high, factor.quality, factor.note)


def _region(name: str, indicator: str) -> Value | None:
    provider, _, region = name.partition("/")
    factor = cloud_region(provider, region).intensity
    return Value(factor.value, factor.low, factor.high, factor.quality, factor.note)


def _made(made: Impact) -> Value | None:
    if made.value is None or made.low is None or made.high is None:
        return None
    scale = 1000 if made.indicator == "carbon" else 1
    return Value(made.value / scale, made.low / scale, made.high / scale, made.quality, made.note)

"""The estimate beside the measurement: what a calculator would have said of the same run on the same machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from ..factors import Factor, UnknownFactorError, gpu_tdp
from ..factors.assumed import with_range
from ..factors.cards import ANY_CARD
from ..factors.hardware import find_cpu, physical_cores
from ..footprint import pue_factor
from ..hostinfo import Hardware
from ..result import Result
from ..values import Energy
from .estimate import Comparison
from .green_algorithms import ANY_CORE, green_algorithms, per_core

VERSION = "3.0"


class Use(NamedTuple):
    """How busy a machine's processors and cards were: shares from 0 to 1, `None` where that is not known."""

    cpu: float | None = None
    gpu: float | None = None


def use_of(result: Result, threads: int | None) -> Use:
    """How busy a run kept its machine; the tracker counts processors that are busy at once, of `threads`."""
    usage = result.utilisation
    busy, cards = usage.get("cpu"), [s for name, s in usage.items() if name.startswith("gpu") and s is not None]
    return Use(
        None if busy is None or not threads else _share(busy / threads),
        _share(sum(cards) / len(cards)) if cards else None,
    )


def _share(value: float) -> float:
    """Within 0 and 1: ticks of the system's clock let a busy machine seem a little busier than it can be."""
    return min(1.0, max(0.0, value))


def beside(
    energy: Energy,
    duration_s: float | None,
    hardware: Hardware,
    use: Use | None = None,
    *,
    pue: float | Factor | None = None,
    intensity: Factor | None = None,
    version: str = VERSION,
) -> Comparison:
    """Green Algorithms for a run, with the ratio of both energies; or the reason why there is no estimate.

    `energy` is that of the computers; both sides of the comparison have the site's overhead in them. Processors and
    cards whose use is not known count as full, as the calculator has it. A processor or card without a known thermal
    design power gets the calculator's own default; everything taken for granted stands in the estimate's notes.
    """
    if duration_s is None:
        return Comparison(None, reason="no estimate beside it: the duration is not known")
    cores, notes = physical_cores(hardware)
    if cores is None and not hardware.gpus:
        return Comparison(None, reason="no estimate beside it: how many cores and cards it ran on is not known")
    cpu_usage, gpu_usage = use or Use()
    cpu_usage = cpu_usage if hardware.threads else None
    for known, what in ((cpu_usage if cores else 1.0, "processors"), (gpu_usage if hardware.gpus else 1.0, "cards")):
        if known is None:
            notes.append(f"how busy the {what} were is not known: they count as full")
    if hardware.memory_bytes is None:
        notes.append("the machine's memory is not known and not in it")
    try:
        overhead = pue_factor(pue)
        estimate = green_algorithms(
            hours=duration_s / 3600.0,
            cores=cores or 0.0,
            tdp_per_core_w=_core_power(hardware, cores, notes) if cores else None,
            cpu_usage=1.0 if cpu_usage is None else cpu_usage,
            gpus=len(hardware.gpus),
            tdp_gpu_w=_card_power(hardware.gpus, notes),
            gpu_usage=1.0 if gpu_usage is None else gpu_usage,
            memory_gb=(hardware.memory_bytes or 0) / 1e9,
            pue=overhead,
            intensity_g_per_kwh=intensity,
            version=version,
        )
    except ValueError as fault:  # a faulty factor or input, or a PUE below 1
        return Comparison(None, reason=f"no estimate beside it: {fault}")
    if energy.partial:
        notes.append("what was measured is partial: the ratio does not compare the same parts")
    return Comparison(estimate, energy.scaled(overhead.value), tuple(notes))


def _core_power(hardware: Hardware, cores: int, notes: list[str]) -> Factor:
    """W a core as the calculator has it; its default for a processor that no table holds, which the notes then say."""
    chip = find_cpu(hardware.cpu, hardware.cpu_id)
    if chip is None:
        named = hardware.cpu or "the processor, which has no name here"
        notes.append(
            f"no thermal design power is known for {named}: the calculator's default of {ANY_CORE.value:g} W a core"
        )
        return ANY_CORE
    own = chip.cores or (cores // hardware.sockets if hardware.sockets else None)
    if not own:
        notes.append(
            f"how many cores {chip.name} has is not known: the calculator's default of {ANY_CORE.value:g} W a core"
        )
        return ANY_CORE
    if not chip.exact:
        notes.append(f"{chip.name}: {chip.tdp.note}")
    watts = per_core(chip.tdp.value, own)
    core = replace(
        chip.tdp,
        value=watts,
        low=watts if chip.exact else min(watts, chip.tdp.low / own),
        high=watts if chip.exact else max(watts, chip.tdp.high / own),
        name=f"power of a core, {chip.name} ({chip.tdp.value:g} W / {own})",
    )
    return with_range(core, "cpu_tdp") if chip.exact else core


def _card_power(cards: Sequence[str], notes: list[str]) -> Factor | None:
    """W a card: of several kinds the mean; the calculator's default for one that no table holds."""
    powers: list[Factor] = []
    if not all(cards):
        notes.append("a card has no name here: the calculator's default of 200 W")
    for name in cards:
        try:
            powers.append(gpu_tdp(name or ANY_CARD))
        except UnknownFactorError:
            notes.append(f"no thermal design power is known for {name}: the calculator's default of 200 W")
            powers.append(gpu_tdp(ANY_CARD))
    if len(set(powers)) < 2:
        return powers[0] if powers else None
    low, best, high = (sum(getattr(card, end) for card in powers) / len(powers) for end in ("low", "value", "high"))
    names = ", ".join(dict.fromkeys(card.name for card in powers))
    return replace(powers[0], value=best, low=low, high=high, name=f"mean power of a card ({names})")

"""The estimate beside the measurement: what a calculator would have said of the same run on the same machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..factors import Factor, UnknownFactorError, gpu_tdp
from ..factors.hardware import find_cpu
from ..hostinfo import Hardware, hardware_of
from ..result import Result
from .estimate import Comparison
from .green_algorithms import ANY_CORE, green_algorithms, per_core

VERSION = "3.0"


def beside_result(result: Result, header: Mapping[str, Any]) -> Comparison | str:
    """Green Algorithms for a record's run, from the machine its header names, its duration and how busy it was."""
    usage = result.utilisation
    cards = [share for name, share in usage.items() if name.startswith("gpu") and share is not None]
    return beside(
        energy_kwh=result.kwh,
        duration_s=result.duration_s,
        hardware=hardware_of(header),
        busy_cpus=usage.get("cpu"),
        gpu_usage=sum(cards) / len(cards) if cards else None,
        pue=result.weighing.pue,
        intensity=result.weighing.intensity,
        quality=result.quality,
        partial=result.partial,
    )


def beside(
    *,
    energy_kwh: float | None,
    duration_s: float | None,
    hardware: Hardware,
    busy_cpus: float | None = None,
    gpu_usage: float | None = None,
    pue: float = 1.0,
    intensity: Factor | None = None,
    quality: str = "measured",
    partial: bool = False,
    version: str = VERSION,
) -> Comparison | str:
    """Green Algorithms for a run, with the ratio of both energies; or the reason why there is no estimate.

    Both sides have the site's overhead in them. `busy_cpus`: how many of the system's processors were busy at once;
    without it they count as full, as the calculator has it. A processor or card without a known thermal design power
    gets the calculator's own default; everything taken for granted stands in the estimate's notes.
    """
    if duration_s is None:
        return "no estimate beside it: the duration is not known"
    cores, notes = physical_cores(hardware)
    if cores is None and not hardware.gpus:
        return "no estimate beside it: how many cores and cards it ran on is not known"
    used = min(1.0, busy_cpus / hardware.threads) if busy_cpus is not None and hardware.threads else None
    for known, what in ((used if cores else 1.0, "processors"), (gpu_usage if hardware.gpus else 1.0, "cards")):
        if known is None:
            notes.append(f"how busy the {what} were is not known: they count as full")
    if hardware.memory_bytes is None:
        notes.append("the machine's memory is not known and not in it")
    try:
        found = green_algorithms(
            hours=duration_s / 3600.0,
            cores=cores or 0.0,
            tdp_per_core_w=_core_power(hardware, cores, notes) if cores else None,
            cpu_usage=1.0 if used is None else used,
            gpus=len(hardware.gpus),
            tdp_gpu_w=_card_power(hardware.gpus, notes),
            gpu_usage=1.0 if gpu_usage is None else min(1.0, max(0.0, gpu_usage)),
            memory_gb=(hardware.memory_bytes or 0) / 1e9,
            pue=pue,
            intensity_g_per_kwh=intensity,
            version=version,
        )
    except ValueError as fault:  # of a factor, of an input, of a PUE below 1
        return f"no estimate beside it: {fault}"
    if partial:
        notes.append("what was measured is partial: the ratio does not compare the same parts")
    return Comparison(found, None if energy_kwh is None else energy_kwh * pue, quality, tuple(notes))


def physical_cores(hardware: Hardware) -> tuple[int | None, list[str]]:
    """Physical cores, and what was taken for granted: where only threads or sockets are known, with the cores that a
    table says the chip has, else the threads."""
    if hardware.cores is not None:
        return hardware.cores, []
    chip = _chip_cores(hardware.cpu)
    if hardware.threads is None:
        return (hardware.sockets * chip, []) if hardware.sockets and chip else (None, [])
    if chip and hardware.threads % (2 * chip) == 0:
        return hardware.threads // 2, [f"{hardware.threads} threads were taken for {hardware.threads // 2} cores"]
    return hardware.threads, []


def _chip_cores(name: str | None) -> int | None:
    chip = find_cpu(name) if name else None
    return None if chip is None else chip.cores


def _core_power(hardware: Hardware, cores: int, notes: list[str]) -> Factor:
    """W a core as the calculator has it; its default for a processor that no table holds, which the notes then say."""
    chip = find_cpu(hardware.cpu) if hardware.cpu else None
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
    watts = per_core(chip.tdp.value, own)
    return replace(
        chip.tdp,
        value=watts,
        low=watts,
        high=watts,
        name=f"power of a core, {chip.name} ({chip.tdp.value:g} W / {own})",
    )


def _card_power(cards: Sequence[str], notes: list[str]) -> Factor | None:
    """W a card: of several kinds the mean; the calculator's default for one that no table holds."""
    found: list[Factor] = []
    if not all(cards):
        notes.append("a card has no name here: the calculator's default of 200 W")
    for name in cards:
        try:
            found.append(gpu_tdp(name or "Any"))
        except UnknownFactorError:
            notes.append(f"no thermal design power is known for {name}: the calculator's default of 200 W")
            found.append(gpu_tdp("Any"))
    if len(set(found)) < 2:
        return found[0] if found else None
    low, best, high = (sum(getattr(card, end) for card in found) / len(found) for end in ("low", "value", "high"))
    names = ", ".join(dict.fromkeys(card.name for card in found))
    return replace(found[0], value=best, low=low, high=high, name=f"mean power of a card ({names})")

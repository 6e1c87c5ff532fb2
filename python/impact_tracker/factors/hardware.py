"""Power of processors and memory where it is not measured."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from .constants import UnknownFactorError, constant
from .factor import Factor, did_you_mean, near_matches
from .hardware_names import bare_name
from .overrides import active_overrides, overridden
from .tables import published, table

if TYPE_CHECKING:
    from ..hostinfo import Hardware

__all__ = ["Processor", "bare_name", "cpu", "find_cpu", "physical_cores", "ram_power"]

_LAPTOP = re.compile(r"\d(?:u|y|h|hs|hx|hk|g[147])$")  # letters that close the name of a laptop's processor
ANY_CPU_W_PER_CORE = 12.0  # Green Algorithms' value for a processor without a name


@dataclass(frozen=True)
class Processor:
    """A processor: thermal design power of the whole chip in W, and its cores (`None`: not known).

    `exact` is false where the generation alone is known: power and cores are then those of the part in the middle,
    and the range holds all parts of the generation.
    """

    name: str
    tdp: Factor
    cores: int | None
    exact: bool = True

    @property
    def tdp_per_core_w(self) -> float | None:
        """Watts a core, `None` where the number of cores is not known."""
        return self.tdp.value / self.cores if self.cores else None


@cache
def _known() -> dict[str, Processor]:
    """Bare name -> processor. The tables with cores win, the makers' own first."""
    cpus = table("cpus")
    origin = table("cpu_tdp")["sources"]["codecarbon"]
    rows = [
        (name, watts, cpus["cores"].get(name) or next(iter(cores), None), origin)
        for name, watts, *cores in table("cpu_tdp")["rows"]
    ]
    rows += [(*row, cpus["sources"]["ga-3.0"]) for row in cpus["green_algorithms"]]
    rows += [(*row, cpus["sources"]["vendor"]) for row in cpus["rows"]]
    watts_of: dict[str, list[float]] = {}
    for name, watts, _, _ in rows:
        watts_of.setdefault(bare_name(name), []).append(watts)
    return {bare_name(name): _processor(*row, watts_of[bare_name(name)]) for row in rows for name in [row[0]]}


def _processor(name: str, watts: float, cores: int | None, origin: Mapping[str, str], stated: list[float]) -> Processor:
    """A row of a table. Its power has a range where the tables differ, where the maker of a laptop sets it, and of
    Apple, which publishes none."""
    low, high, note, quality = min(stated), max(stated), "", "modelled"
    bare = bare_name(name)
    if low < high:
        note = "the tables differ"
    if _LAPTOP.search(bare):
        low, high, note = min(low, 0.6 * watts), max(high, 1.7 * watts), "a laptop's maker sets it"
    elif name.startswith("Apple "):
        low, high, note, quality = 0.5 * watts, 2.0 * watts, "Apple publishes none", "estimated"
    tdp = published(origin, watts, "W", f"thermal design power, {name}", low=low, high=high, note=note, quality=quality)
    return Processor(name, tdp, cores)


@cache
def _generations() -> dict[str, Processor]:
    """Bare name or id of a processor that does not tell its model -> its generation."""
    generations: dict[str, Processor] = {}
    for name, pattern, spelled in table("cpus")["generations"]:
        chips = [chip for bare, chip in _known().items() if chip.cores and re.search(pattern, bare)]
        middle, *_ = sorted(chips, key=lambda chip: chip.tdp_per_core_w or 0.0)[len(chips) // 2 :]
        cores, per_core = middle.cores or 1, [chip.tdp_per_core_w or 0.0 for chip in chips]
        note = f"its model is not told: the middle of {len(chips)} parts, and their range for each core"
        low, high = min(per_core) * cores, max(per_core) * cores
        tdp = replace(middle.tdp, low=min(low, middle.tdp.value), high=max(high, middle.tdp.value), note=note)
        tdp = replace(tdp, quality="estimated", name=f"thermal design power, {name}")
        generations.update(dict.fromkeys(spelled, Processor(name, tdp, cores, exact=False)))
    return generations


@cache
def _unpublished() -> dict[str, Processor]:
    """Bare name -> a processor of a cloud or a maker that publishes its cores and not its power: the power of a core is
    the middle of like parts, with their range."""
    parts: dict[str, Processor] = {}
    for name, cores, pattern, spelled in table("cpus")["unpublished"]:
        like = [chip for bare, chip in _known().items() if chip.cores and re.search(pattern, bare)]
        per_core = sorted(chip.tdp_per_core_w or 0.0 for chip in like)
        best = per_core[len(per_core) // 2] * cores
        note = f"nobody published it: {cores} cores of {len(like)} like parts"
        low, high = per_core[0] * cores, per_core[-1] * cores
        tdp = replace(like[0].tdp, value=best, low=low, high=high, quality="estimated", note=note)
        named = replace(tdp, name=f"thermal design power, {name}")
        parts.update(dict.fromkeys(spelled, Processor(name, named, cores)))
    return parts


def _by_series(bare: str) -> Processor | None:
    """A processor that no table names, by what its maker's letters and numbers say of its power."""
    for what, pattern, low, best, high in table("cpus")["series"]:
        if re.fullmatch(pattern, bare):
            note = f"its model is in no table: {what}, by its letters"
            origin = table("cpus")["sources"]["vendor"]
            tdp = published(
                origin, best, "W", f"thermal design power, {bare}", low=low, high=high, quality="estimated", note=note
            )
            return Processor(bare, tdp, None)
    return None


def cpu(name: str) -> Processor:
    """A processor by its name as the system, the maker or a person writes it; UnknownFactorError with near names."""
    chip = find_cpu(name)
    if chip is None:
        near = near_matches(bare_name(name), (chip.name for chip in _known().values()))
        remedy = f' A value of your own goes under [cpu_tdp."{name}"] of the file of factors'
        raise UnknownFactorError(f"no thermal design power is known for {name!r}.{did_you_mean(near)}{remedy}")
    return chip


def find_cpu(name: str | None, cpu_id: str | None = None) -> Processor | None:
    """As `cpu`, `None` for an unknown one: without the search for near names, which takes its time. `cpu_id`: maker,
    family and model as the processor says them (Arm: implementer and part), for one that does not tell its name."""
    wanted = bare_name(name or "")
    own = overridden("cpu_tdp", wanted)
    overrides = active_overrides()
    if own and overrides:
        return Processor(name or "", own, overrides.cores(wanted))
    by_id = _generations().get(cpu_id or "")
    if wanted in _known():
        return _known()[wanted]
    if wanted in _unpublished():
        return _unpublished()[wanted]
    embedded = _known().get(wanted.replace("epyc embedded ", "epyc "))  # EPYC's embedded parts of one number are alike
    return by_id or _generations().get(wanted) or embedded or _by_series(wanted)


def physical_cores(hardware: Hardware) -> tuple[int | None, list[str]]:
    """Physical cores, and what was taken for granted: where only threads or sockets are known, with the cores that a
    table says the chip has, else the threads."""
    if hardware.cores is not None:
        return hardware.cores, []
    chip = find_cpu(hardware.cpu)
    cores = chip.cores if chip is not None and chip.exact else None
    if hardware.threads is None:
        return (hardware.sockets * cores, []) if hardware.sockets and cores else (None, [])
    if cores and hardware.threads % (2 * cores) == 0:
        return hardware.threads // 2, [f"{hardware.threads} threads were taken for {hardware.threads // 2} cores"]
    return hardware.threads, []


def ram_power() -> Factor:
    """W per GB of memory, always on: Green Algorithms' factor, for requested memory."""
    return constant("ram_power", "per GB")

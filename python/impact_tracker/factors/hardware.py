"""Power of processors, accelerators and memory where it is not measured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from .constants import UnknownFactorError, constant, names
from .factor import Factor, did_you_mean, near_matches
from .hardware_names import bare_name
from .overrides import active_overrides, overridden
from .tables import published, table

if TYPE_CHECKING:
    from ..hostinfo import Hardware

__all__ = ["ANY_CARD", "Processor", "bare_name", "cpu", "find_cpu", "gpu_tdp", "physical_cores", "ram_power"]

ANY_CARD = "Any"  # the name under which the tables hold a card without a name
ANY_CPU_W_PER_CORE = 12.0  # Green Algorithms' value for a processor without a name


@dataclass(frozen=True)
class Processor:
    """A processor: thermal design power of the whole chip in W, and its cores (`None`: not known)."""

    name: str
    tdp: Factor
    cores: int | None

    @property
    def tdp_per_core_w(self) -> float | None:
        """Watts a core, `None` where the number of cores is not known."""
        return self.tdp.value / self.cores if self.cores else None


@cache
def _known() -> dict[str, tuple[str, float, int | None, str]]:
    """Bare name -> name, watts, cores, table. The smaller table has cores and wins."""
    chips: dict[str, tuple[str, float, int | None, str]] = {}
    for name, watts in table("cpu_tdp")["rows"]:
        chips[bare_name(name)] = (name, watts, None, "cpu_tdp")
    for name, watts, cores in table("cpus")["rows"]:
        chips[bare_name(name)] = (name, watts, cores, "cpus")
    return chips


def cpu(name: str) -> Processor:
    """A processor by its name as the system, the maker or a person writes it; UnknownFactorError with near names."""
    chip = find_cpu(name)
    if chip is None:
        near = near_matches(bare_name(name), (entry[0] for entry in _known().values()))
        remedy = f' A value of your own goes under [cpu_tdp."{name}"] of the file of factors'
        raise UnknownFactorError(f"no thermal design power is known for {name!r}.{did_you_mean(near)}{remedy}")
    return chip


def find_cpu(name: str) -> Processor | None:
    """As `cpu`, `None` for an unknown one: without the search for near names, which takes its time."""
    wanted = bare_name(name)
    own = overridden("cpu_tdp", wanted)
    overrides = active_overrides()
    if own and overrides:
        return Processor(name, own, overrides.cores(wanted))
    if wanted not in _known():
        return None
    known, watts, cores, which = _known()[wanted]
    origin = next(iter(table(which)["sources"].values()))
    tdp = published(origin, watts, "W", f"thermal design power, {known}")
    return Processor(known, tdp, cores)


def physical_cores(hardware: Hardware) -> tuple[int | None, list[str]]:
    """Physical cores, and what was taken for granted: where only threads or sockets are known, with the cores that a
    table says the chip has, else the threads."""
    if hardware.cores is not None:
        return hardware.cores, []
    chip = find_cpu(hardware.cpu) if hardware.cpu else None
    cores = None if chip is None else chip.cores
    if hardware.threads is None:
        return (hardware.sockets * cores, []) if hardware.sockets and cores else (None, [])
    if cores and hardware.threads % (2 * cores) == 0:
        return hardware.threads // 2, [f"{hardware.threads} threads were taken for {hardware.threads // 2} cores"]
    return hardware.threads, []


def gpu_tdp(name: str) -> Factor:
    """Thermal design power of an accelerator in W by its name; UnknownFactorError with near names."""
    wanted = bare_name(name)
    own = overridden("gpu_tdp", wanted)
    if own:
        return own
    spelled = {_card(known): known for known in names("gpu_tdp")}
    return constant("gpu_tdp", spelled.get(_card(name), name))


def _card(name: str) -> str:
    """`NVIDIA A100-SXM4-80GB` as drivers say it and `A100 SXM4 80GB` are one card."""
    return bare_name(name.replace("-", " "))


def ram_power() -> Factor:
    """W per GB of memory, always on: Green Algorithms' factor, for requested memory."""
    return constant("ram_power", "per GB")

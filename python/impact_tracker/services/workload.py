"""A run that nobody recorded, described in a file of the user's: how long, on how many of which computers, where.

    name = "BLOOM, 176 billion parameters"

    [run]
    hours = 2837.683                  # 118 d 5 h 41 min
    nodes = 48                        # computers alike (1)
    dynamic_ratio = 1.834862          # all that the cluster draws over what the work draws; holds the site's overhead
    development = 2.685               # all runs of the project over this one
    source = "Luccioni et al. 2023"
    energy_kwh = [300e3, 433e3, 450e3]  # of all nodes, in place of [power]; quality = "measured" where it was

    [power]                           # thermal design power × usage, of one computer
    cpu = "AMD EPYC 7543"
    cpu_usage = 0.0
    gpu = "NVIDIA A100 SXM4 80GB"
    gpu_usage = 1.0

    [machine]                         # one computer; cores of each processor
    cpus = 2
    cpu_cores = 32
    ram_gb = 518
    ram_gb_per_cm2 = 0.625
    ssd_gb = 1000
    gpus = 8
    gpu_die_cm2 = 8.26                # instead of gpu = "name"
    gpu_memory_gb = 80

    [site]
    zone = "FR"
    intensity_g_per_kwh = 51.28
    pue = 1.2                         # not beside a dynamic_ratio

    [allocation]
    lifetime_years = 6
    utilisation = 0.85

Numbers may be `[low, best, high]` where they are no counts. JSON holds the same tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..factors import Factor, card, cpu, gpu_tdp, intensity, ram_power, zone_code
from ..factors.examples import file_or_example
from ..factors.user_file import UserFile
from ..footprint import Allocation, Extent, Machine
from ..footprint.allocation import LIFETIME, UTILISATION
from ..hostinfo import Hardware
from ..interop.statement import Site, Statement
from ..values import Energy, joules_of, worst_quality

MACHINE_FIELDS = (
    *("cpus", "cpu_cores", "ram_gb", "ram_gb_per_cm2", "ssd_gb", "hdds", "psus", "chassis"),
    *("gpus", "gpu", "gpu_die_cm2", "gpu_memory_gb"),
)
_FIELDS = {
    "run": ("hours", "nodes", "dynamic_ratio", "development", "source", "energy_kwh", "quality"),
    "power": ("cpu", "cpu_usage", "gpu", "gpu_usage"),
    "machine": MACHINE_FIELDS,
    "site": ("zone", "intensity_g_per_kwh", "pue", "wue_l_per_kwh"),
    "allocation": ("lifetime_years", "utilisation"),
}


@dataclass(frozen=True)
class Workload:
    """A described run: what it states, on which machine, whose making is shared how, and what stands beyond it."""

    run: Statement
    machine: Machine | None
    allocation: Allocation
    extent: Extent


def read_workload(path: str | Path) -> Workload:
    """The run that a file describes; a name of a bundled example ("bloom") is its file. FactorError with file and
    line for what is wrong in it, UnknownFactorError for a card or a processor that no table holds."""
    file = UserFile(file_or_example(path, "workloads"), "file of a workload")
    file.check_names([], ("name", *_FIELDS))
    for table, known in _FIELDS.items():
        if table in file.tables:
            file.check_names([table], known)
    if "hours" not in file.tables.get("run", {}):
        raise file.fault(["run"], "it lacks hours = … under [run]: how long the run took")
    fields = Fields(file)
    source = fields.text("run", "source") or f"stated in {file.path.name}"
    extent = Extent.stated(
        fields.count("run", "nodes", 1),
        fields.span("run", "dynamic_ratio", 1.0),
        fields.span("run", "development", 1.0),
        source,
    )
    machine = machine_of(fields, source)
    energy = _energy(fields, machine, extent.nodes)
    hours = fields.span("run", "hours", 0.0)
    assert hours is not None
    run = Statement(
        fields.text_above("name") or file.path.stem,
        "a description",
        duration_s=hours[1] * 3600.0,
        energy=energy,
        site=_site(fields, extent, source),
        hardware=_hardware(fields, machine),
        origin=str(file.path),
    )
    return Workload(run, machine, _allocation(fields, source), extent)


class Fields:
    """The file's fields with their checks; `above`: the words that lead to the tables."""

    def __init__(self, file: UserFile, *above: str) -> None:
        self.file, self._above = file, above

    def _entries(self, table: str) -> Mapping[str, object]:
        above = self.file.table(*self._above) if self._above else self.file.tables
        return self.file.table(*self._above, table) if table in above else {}

    def has(self, table: str, field: str | None = None) -> bool:
        """Whether the table, or a field of it, is there."""
        above = self.file.table(*self._above) if self._above else self.file.tables
        return table in above if field is None else field in self._entries(table)

    def span(self, table: str, field: str, lowest: float) -> tuple[float, float, float] | None:
        """Low, best, high of a field."""
        if not self.has(table, field):
            return None
        return self.file.span(self._entries(table)[field], [*self._above, table, field], lowest)

    def number(self, table: str, field: str, default: float) -> float:
        """The best value of a field."""
        span = self.span(table, field, 0.0)
        return default if span is None else span[1]

    def count(self, table: str, field: str, default: int) -> int:
        """A whole number."""
        value = self._entries(table).get(field, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e9 or value % 1:
            words = [*self._above, table, field]
            raise self.file.fault(words, f"{field} is a whole number, 0 or more, not {value!r}")
        return int(value)

    def text(self, table: str, field: str) -> str | None:
        """A text that is not empty."""
        if not self.has(table, field):
            return None
        return self.file.text(self._entries(table)[field], [*self._above, table, field])

    def text_above(self, field: str) -> str | None:
        """A text beside the tables."""
        return self.file.text(self.file.tables[field], [field]) if field in self.file.tables else None

    def factor(self, table: str, field: str, unit: str, name: str, source: str) -> Factor | None:
        """A field with its range and its source."""
        span = self.span(table, field, 0.0)
        return None if span is None else Factor(span[1], unit, span[0], span[2], source, name=name)


def machine_of(fields: Fields, source: str) -> Machine | None:
    """The machine that the table [machine] describes; `None` without one. UnknownFactorError for an unknown card."""
    if not fields.has("machine"):
        return None
    default = Machine()
    machine = Machine(
        cpus=fields.count("machine", "cpus", default.cpus),
        cpu_cores=fields.count("machine", "cpu_cores", default.cpu_cores),
        hdds=fields.count("machine", "hdds", default.hdds),
        psus=fields.count("machine", "psus", default.psus),
        gpus=fields.count("machine", "gpus", default.gpus),
        ram_gb=fields.number("machine", "ram_gb", 0.0),
        ssd_gb=fields.number("machine", "ssd_gb", 0.0),
        ssds=1 if fields.number("machine", "ssd_gb", 0.0) else 0,
        chassis=fields.text("machine", "chassis") or "rack",
        gpu_model=fields.text("machine", "gpu"),
        gpu_die_cm2=fields.number("machine", "gpu_die_cm2", 0.0) or None,
        gpu_memory_gb=fields.number("machine", "gpu_memory_gb", 0.0) or None,
    )
    if machine.gpu_model and machine.gpu_die_cm2 is None and machine.gpu_memory_gb is None:
        card(machine.gpu_model)  # an unknown name is an error here, where it was written
    density = fields.factor("machine", "ram_gb_per_cm2", "GB/cm2", "density of memory", source)
    return machine if density is None else replace(machine, ram_density=density)


def _energy(fields: Fields, machine: Machine | None, nodes: int) -> Energy:
    """Energy of all nodes: as stated, or thermal design power × usage × hours; missing without either."""
    stated = fields.span("run", "energy_kwh", 0.0)
    if stated is not None:
        if fields.has("power"):
            raise fields.file.fault(["power"], "give either energy_kwh under [run] or [power], not both")
        quality = worst_quality([fields.text("run", "quality") or "estimated"])
        return _energy_of(stated, quality)
    if not fields.has("power"):
        return Energy.missing()
    if machine is None:
        raise fields.file.fault(["power"], "[power] needs [machine]: how many processors and cards, and its memory")
    hours = fields.span("run", "hours", 0.0)
    assert hours is not None
    parts: list[tuple[Factor, Sequence[float]]] = [(ram_power(), (machine.ram_gb,) * 3)]
    for name, power_of, count in (("cpu", _tdp_of_cpu, machine.cpus), ("gpu", gpu_tdp, machine.gpus)):
        model = fields.text("power", name) or (machine.gpu_model if name == "gpu" else None)
        usage = fields.span("power", f"{name}_usage", 0.0) or (1.0, 1.0, 1.0)
        if usage[2] > 1.0:
            raise fields.file.fault(
                ["power", f"{name}_usage"], f"{name}_usage lies between 0 and 1, not at {usage[2]:g}"
            )
        if count and usage[2] > 0.0:
            if model is None:
                raise fields.file.fault(["power"], f'[power] needs {name} = "name" for the power of {count} of them')
            parts.append((power_of(model), [count * share for share in usage]))
    ends = [
        sum(bound * amounts[at] for (watts, amounts) in parts for bound in [(watts.low, watts.value, watts.high)[at]])
        for at in range(3)
    ]
    low, best, high = (nodes * watts * length / 1000.0 for watts, length in zip(ends, hours))
    return _energy_of((low, best, high), "modelled")


def _tdp_of_cpu(name: str) -> Factor:
    return cpu(name).tdp


def _energy_of(kwh: tuple[float, float, float], quality: str) -> Energy:
    low, best, high = map(joules_of, kwh)
    half = min(best, max(best - low, high - best))
    return Energy(
        best, half or None, modelled_j=best if quality == "modelled" else None, quality=worst_quality([quality])
    )


def _site(fields: Fields, extent: Extent, source: str) -> Site:
    zone = fields.text("site", "zone")
    grid = fields.factor("site", "intensity_g_per_kwh", "g/kWh", "carbon intensity of electricity", source)
    site = Site(
        zone=zone, wue=fields.span("site", "wue_l_per_kwh", 0.0) and fields.number("site", "wue_l_per_kwh", 0.0)
    )
    if zone is not None:
        zone_code(zone)  # an unknown name is an error here
        site = replace(site, zone_name=zone)
    site = replace(site, intensity=grid or (intensity(zone) if zone is not None else None))
    pue = fields.span("site", "pue", 1.0)
    if pue is not None and extent.dynamic_ratio is not None and pue[1] > 1.0:
        raise fields.file.fault(["site", "pue"], "a dynamic_ratio holds the site's overhead: give one of the two")
    if extent.dynamic_ratio is not None:
        return replace(site, pue=1.0, pue_source="the dynamic ratio holds the site's overhead")
    return site if pue is None else replace(site, pue=pue[1], pue_source=source)


def _hardware(fields: Fields, machine: Machine | None) -> Hardware:
    if machine is None:
        return Hardware()
    name = fields.text("power", "gpu") or machine.gpu_model or ""
    return Hardware(
        cpu=fields.text("power", "cpu"),
        cores=machine.cpus * machine.cpu_cores,
        memory_bytes=round(machine.ram_gb * 1e9) or None,
        gpus=(name,) * machine.gpus,
        sockets=machine.cpus,
    )


def _allocation(fields: Fields, source: str) -> Allocation:
    years = fields.factor("allocation", "lifetime_years", "year", LIFETIME.name, source)
    used = fields.factor("allocation", "utilisation", "1", UTILISATION.name, source)
    return Allocation(years or LIFETIME, used or UTILISATION)

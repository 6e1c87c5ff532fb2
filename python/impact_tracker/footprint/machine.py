"""What making a machine costs: component by component, low–best–high, from published component models and makers'
sheets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..factors import Factor, FactorError, UnknownFactorError, constant
from ..factors.hardware import ANY_CARD, physical_cores
from ..factors.tables import published, table
from .impact import Impact, Term, sum_of

if TYPE_CHECKING:
    from ..hostinfo import Hardware

# indicator -> unit of the impact, and how many of it are in the model's kg, MJ, kg Sb
UNITS = {"carbon": ("g", 1000.0), "primary_energy": ("MJ", 1.0), "adp": ("kg Sb", 1.0)}

PSU_KG = 2.99
DIE_CM2_A_CORE, DIE_CM2_BASE = 0.2858, 0.49157  # area of a processor's die where only its cores are known
GPU_DIE_CM2, GPU_MEMORY_GB = 5.83, 23.0  # of a card that is not described
SSD_GB_PER_CM2 = 48.5

# The component model states no error of its coefficients. Makers' sheets and models of one product differ by more than
# this factor.
MODEL_SPREAD = 1.5

RAM_DENSITY = Factor(
    1.22,
    "GB/cm2",
    0.625,
    2.375,
    "UBA 2021 (0.625) and processes of 2021 to 2024 (2.375); best: their geometric mean",
    licence="cited value",
    name="density of memory",
)


@dataclass(frozen=True)
class Machine:
    """A machine's parts; `cpu_cores` of each processor, memory and disks of the whole machine.

    `cpu_die_cm2` is reckoned from the cores where it is not given. `gpu_model`: carbon from the makers' sheets and
    published studies where they hold the card, else the component model with `gpu_die_cm2` and `gpu_memory_gb`.
    """

    cpus: int = 1
    cpu_cores: int = 1
    ram_gb: float = 0.0
    ram_modules: int = 1
    ssd_gb: float = 0.0
    ssds: int = 0
    hdds: int = 0
    psus: int = 2
    chassis: str = "rack"
    gpus: int = 0
    gpu_model: str | None = None
    gpu_die_cm2: float = GPU_DIE_CM2
    gpu_memory_gb: float = GPU_MEMORY_GB
    cpu_die_cm2: float | None = None
    ram_density: Factor = RAM_DENSITY

    def __post_init__(self) -> None:
        for name in [
            "cpus",
            "cpu_cores",
            "ram_gb",
            "ssd_gb",
            "ssds",
            "hdds",
            "psus",
            "gpus",
            "gpu_die_cm2",
            "gpu_memory_gb",
        ]:
            if not 0 <= getattr(self, name) < float("inf"):
                raise FactorError(f"a machine's {name} must be 0 or more, not {getattr(self, name)!r}")
        if self.chassis not in ("rack", "blade", "none"):
            raise FactorError(f"a chassis is rack, blade or none, not {self.chassis!r}")

    @classmethod
    def of_hardware(cls, hardware: Hardware, ssd_gb: float = 0.0) -> Machine:
        """A rack server with the parts that a record names; disks are never in a record. ValueError without
        processors."""
        cores, _ = physical_cores(hardware)
        if cores is None:
            raise ValueError("the record does not name its processors: describe the machine with --cpus, --cpu-cores …")
        sockets = hardware.sockets or 1
        return cls(
            cpus=sockets,
            cpu_cores=max(1, round(cores / sockets)),
            ram_gb=(hardware.memory_bytes or 0) / 1e9,
            ssds=1 if ssd_gb else 0,
            ssd_gb=ssd_gb,
            gpus=len(hardware.gpus),
            gpu_model=hardware.gpus[0] or None if hardware.gpus else None,
        )

    @property
    def die_cm2(self) -> float:
        """Area of one processor's die."""
        return DIE_CM2_BASE + DIE_CM2_A_CORE * self.cpu_cores if self.cpu_die_cm2 is None else self.cpu_die_cm2


def making(machine: Machine, indicator: str = "carbon", cards: str = "published") -> dict[str, Impact]:
    """Cradle to gate of every part: `{"cpu": …, "ram": …, "ssd": …, "gpu": …, "other": …}`; parts that are absent
    left out.

    `cards`: "published" takes a card's carbon from makers and studies, "components" from the component model.
    An indicator that a part's source lacks is missing there with its reason.
    """
    if indicator not in UNITS:
        raise FactorError(f"making is known for {', '.join(UNITS)}, not for {indicator!r}")
    parts: dict[str, Impact] = {}
    if machine.cpus:
        parts["cpu"] = _pieces("cpu", indicator, machine.cpus, machine.die_cm2)
    if machine.ram_gb:
        parts["ram"] = _memory(indicator, machine.ram_gb, machine.ram_modules, machine.ram_density, "memory")
    if machine.ssds:
        parts["ssd"] = _pieces("ssd", indicator, machine.ssds, machine.ssd_gb / machine.ssds / SSD_GB_PER_CM2)
    if machine.hdds:
        parts["hdd"] = _pieces("hdd", indicator, machine.hdds)
    if machine.gpus:
        parts["gpu"] = _cards(machine, indicator, cards)
    other = _pieces("motherboard", indicator, 1) + _pieces("assembly", indicator, 1)
    if machine.psus:
        other = other + _pieces("psu", indicator, machine.psus, PSU_KG)
    if machine.chassis != "none":
        other = other + _pieces(machine.chassis, indicator, 1)
    parts["other"] = other
    return parts


def making_total(machine: Machine, indicator: str = "carbon", cards: str = "published") -> Impact:
    """The whole machine's cradle to gate."""
    return sum_of(making(machine, indicator, cards).values())


def _coefficients(component: str, indicator: str) -> tuple[float, float] | None:
    per, base = table("components")["rows"][component][indicator] or (None, None)
    return None if per is None or base is None else (per, base)


def _coefficient(component: str, indicator: str, value: float, per: str) -> Factor:
    origin = table("components")["sources"]["uba-2021"]
    unit, _ = UNITS[indicator]
    unit = "kg" if unit == "g" else unit
    note = f"range: our assumption, a factor of {MODEL_SPREAD:g}"
    return published(
        origin,
        value,
        f"{unit}/{per}",
        f"making of {component}, for each {per}",
        low=value / MODEL_SPREAD,
        high=value * MODEL_SPREAD,
        year=2021,
        method="cradle to gate",
        note=note,
        spread="lognormal",
    )


def _pieces(component: str, indicator: str, count: float, size: float = 1.0) -> Impact:
    unit, scale = UNITS[indicator]
    coefficients = _coefficients(component, indicator)
    if coefficients is None:
        return Impact.missing(indicator, unit, f"no {indicator} of making a {component} is published")
    per, base = coefficients
    quantity = table("components")["rows"][component]["quantity"]
    terms = []
    if per:
        terms.append(Term(scale * count * size, ((_coefficient(component, indicator, per, quantity), 1),)))
    if base:
        terms.append(Term(scale * count, ((_coefficient(component, indicator, base, "piece"), 1),)))
    return Impact.of(indicator, unit, terms, "modelled")


def _memory(indicator: str, gigabytes: float, modules: float, density: Factor, what: str) -> Impact:
    unit, scale = UNITS[indicator]
    per, base = _coefficients("ram", indicator) or (0.0, 0.0)
    terms = [
        Term(scale * gigabytes, ((_coefficient("ram", indicator, per, "cm2 of die"), 1), (density, -1))),
        Term(scale * modules, ((_coefficient("ram", indicator, base, "piece"), 1),)),
    ]
    return Impact.of(indicator, unit, terms, "modelled", "" if what == "memory" else what)


def _cards(machine: Machine, indicator: str, cards: str) -> Impact:
    if indicator == "carbon" and cards == "published":
        try:
            sheet = constant("gpu_embodied", machine.gpu_model or ANY_CARD)
            return Impact.of("carbon", "g", [Term(1000.0 * machine.gpus, ((sheet, 1),))], "modelled")
        except UnknownFactorError:
            pass  # no maker or study published this card, so its components are counted
    chip = _pieces("gpu", indicator, machine.gpus, machine.gpu_die_cm2)
    memory = _memory(indicator, machine.gpu_memory_gb * machine.gpus, machine.gpus, machine.ram_density, "")
    return chip + memory

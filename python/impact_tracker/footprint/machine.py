"""What making a machine costs: component by component, low–best–high, from published component models and makers'
sheets."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..factors import Factor, FactorError, constant, names
from ..factors.cards import ANY_CARD, Card, any_card, find_card, split_cards
from ..factors.hardware import find_cpu, physical_cores
from ..factors.hardware_names import bare_name
from ..factors.instances import Instance, instance_of_firmware, words_of_cloud
from ..factors.overrides import overridden
from ..factors.tables import published, table
from .impact import Impact, Term, sum_of

if TYPE_CHECKING:
    from ..hostinfo import Hardware

# indicator -> unit of the impact, and how many of it are in the model's kg, MJ, kg Sb
UNITS = {"carbon": ("g", 1000.0), "primary_energy": ("MJ", 1.0), "adp": ("kg Sb", 1.0)}

PSU_KG = 2.99
DIE_CM2_A_CORE, DIE_CM2_BASE = 0.2858, 0.49157  # area of a processor's die where only its cores are known
DIE_SPREAD = (0.35, 3.0)  # of 207 processors whose area boaviztapi 2.5.0 has, nine in ten lie within
GPU_DIE_CM2, GPU_MEMORY_GB = 5.83, 23.0  # of a card that is described in part
SSD_GB_PER_CM2 = 48.5
HOST_SOCKETS, HOST_CORES, MOST_HOST_CORES = 2, 32, 192  # of a cloud's host; cores of each socket
HOST_MODULE_GB = 32.0
HOST_SSD_GB = 1900.0

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

    `cpu_die_cm2` is reckoned from the cores where it is not given. `gpu_model` names each of the `gpus` cards,
    `gpu_names` one card each where they differ. `gpu_die_cm2` and `gpu_memory_gb` describe a card that no table holds.
    `share`: of the processors, the board, the supplies and the case, what a virtual machine has reserved of its host.
    """

    cpus: int = 1
    cpu_cores: int = 1
    ram_gb: float = 0.0
    ram_modules: float = 1
    ssd_gb: float = 0.0
    ssds: float = 0
    hdds: int = 0
    psus: int = 2
    chassis: str = "rack"
    gpus: int = 0
    gpu_model: str | None = None
    gpu_names: tuple[str, ...] = ()
    gpu_die_cm2: float | None = None
    gpu_memory_gb: float | None = None
    cpu_die_cm2: float | None = None
    ram_density: Factor = RAM_DENSITY
    share: Factor | None = None

    def __post_init__(self) -> None:
        for name in [
            "cpus", "cpu_cores", "ram_gb", "ssd_gb", "ssds", "hdds", "psus", "gpus", "gpu_die_cm2", "gpu_memory_gb",
        ]:  # fmt: skip
            if not 0 <= (getattr(self, name) or 0.0) <= 1e9:
                raise FactorError(f"a machine's {name} must be from 0 to 1e9, not {getattr(self, name)!r}")
        if self.chassis not in ("rack", "blade", "none"):
            raise FactorError(f"a chassis is rack, blade or none, not {self.chassis!r}")

    @classmethod
    def of_hardware(cls, hardware: Hardware, ssd_gb: float = 0.0) -> Machine:
        """A rack server with the parts that a record names; disks are never in a record. Of a virtual machine or a
        container its share of a host, its own memory and cards. ValueError without processors."""
        known = instance_of_firmware(hardware.cloud, hardware.product or "")
        if known is not None:
            return cls.of_instance(known, ssd_gb)
        cores, _ = physical_cores(hardware)
        if cores is None:
            raise ValueError("the record does not name its processors: describe the machine with --cpus, --cpu-cores …")
        sockets = hardware.sockets or 1
        cards = tuple(name for listed in hardware.gpus for name in split_cards(listed) or ("",))
        memory_gb, share, per_socket = (hardware.memory_bytes or 0) / 1e9, None, max(1, round(cores / sockets))
        threads = hardware.threads or cores
        reserved = min(threads, hardware.reserved_cpus or threads)
        if hardware.virtual:
            chip = find_cpu(hardware.cpu, hardware.cpu_id)
            sockets, per_socket = HOST_SOCKETS, (chip.cores if chip else None) or HOST_CORES
            share = _host_share(reserved, per_socket)
            if hardware.cloud is not None:
                of_cloud = words_of_cloud(hardware.cloud, threads, hardware.memory_bytes)
                share = replace(share, note=f"{share.note}; {of_cloud}")
        elif reserved < threads:
            share = _container_share(reserved, threads)
        if hardware.reserved_memory_bytes is not None:
            memory_gb = min(memory_gb or float("inf"), hardware.reserved_memory_bytes / 1e9)
        elif share is not None and not hardware.virtual:
            memory_gb *= share.value  # no limit is said: as much of the memory as of the processors
        return cls(
            cpus=sockets,
            cpu_cores=per_socket,
            ram_gb=memory_gb,
            ram_modules=1 if share is None else memory_gb / HOST_MODULE_GB,
            share=share,
            ssds=1 if ssd_gb else 0,
            ssd_gb=ssd_gb,
            gpus=len(cards),
            gpu_names=cards,
        )

    @classmethod
    def of_instance(cls, known: Instance, ssd_gb: float = 0.0) -> Machine:
        """What a cloud's instance holds: its share of a host's processors, board, supplies and case, its own memory,
        cards and local disks (`ssd_gb`: others in their place)."""
        chip = find_cpu(known.cpu)
        host_cores = max(1, round(known.host_vcpus / known.threads_per_core))
        per_chip = chip.cores if chip is not None and chip.exact else None
        sockets = known.host_sockets or (max(1, round(host_cores / per_chip)) if per_chip else HOST_SOCKETS)
        cards: tuple[str, ...] = ()
        if known.cards is None or (known.cards and not known.card):
            cards = ("",) * max(1, round(known.cards or 1))
        elif known.card and known.cards < 1:
            cards = (f"{known.cards:g} of {known.card}",)
        elif known.card:
            cards = (known.card,) * round(known.cards)
        share, disks = known.share, known.disks
        if known.has_unknown_disks and not ssd_gb:
            share = replace(share, note=f"{share.note}; its local disks are not known and not in it (--ssd-gb)")
        local_gb = disks.pieces * disks.gb if disks and not disks.spin else 0.0
        pieces = min(disks.pieces, local_gb / HOST_SSD_GB) if disks else 0.0  # a small one is a slice of the host's
        return cls(
            cpus=sockets,
            cpu_cores=max(1, round(host_cores / sockets)),
            ram_gb=known.memory_gb,
            ram_modules=known.memory_gb / HOST_MODULE_GB,
            share=share,
            ssds=1 if ssd_gb else pieces,
            ssd_gb=ssd_gb or local_gb,
            hdds=disks.pieces if disks and disks.spin else 0,
            gpus=len(cards),
            gpu_names=cards,
        )

    @property
    def die_cm2(self) -> float:
        """Area of one processor's die."""
        return DIE_CM2_BASE + DIE_CM2_A_CORE * self.cpu_cores if self.cpu_die_cm2 is None else self.cpu_die_cm2

    @property
    def cards(self) -> dict[str, int]:
        """How many cards of each name it has; an empty name for cards without one."""
        return Counter(self.gpu_names) if self.gpu_names else {self.gpu_model or "": self.gpus} if self.gpus else {}


def making(machine: Machine, indicator: str = "carbon", cards: str = "components") -> dict[str, Impact]:
    """Cradle to gate of every part: `{"cpu": …, "ram": …, "ssd": …, "gpu": …, "other": …}`; parts that are absent
    left out.

    `cards`: "components" takes every card from one component model, so that cards compare; "published" takes the carbon
    of the few that a maker or a study published from there. The user's own value wins in both.
    An indicator that a part's source lacks is missing there with its reason.
    """
    if indicator not in UNITS:
        raise FactorError(f"making is known for {', '.join(UNITS)}, not for {indicator!r}")
    parts: dict[str, Impact] = {}
    if machine.cpus:
        parts["cpu"] = _processors(machine, indicator)
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
    if machine.share is not None:
        parts.update({part: parts[part] * machine.share for part in ("cpu", "other") if part in parts})
    return parts


def _host_share(virtual_cpus: float, cores: int) -> Factor:
    """What `virtual_cpus` threads are of a host with two sockets of so many cores and two threads each; from the
    largest host to one socket without a second thread."""
    best, low, high = (
        min(1.0, virtual_cpus / threads)
        for threads in (2 * HOST_SOCKETS * cores, 2 * HOST_SOCKETS * max(cores, MOST_HOST_CORES), cores)
    )
    note = f"{virtual_cpus:g} of {2 * HOST_SOCKETS * cores} threads; the host is not known"
    return Factor(best, "1", low, high, "our assumption", quality="estimated", name="share of the host", note=note)


def _container_share(reserved: float, threads: int) -> Factor:
    """What a container has reserved of its host's threads; others may use them when it does not, so up to that."""
    note = f"the container's limit: {reserved:g} of {threads} threads"
    share = min(1.0, reserved / threads)
    return Factor(share, "1", share, share, "limits of the control group", name="share of the host", note=note)


def making_total(machine: Machine, indicator: str = "carbon", cards: str = "components") -> Impact:
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
        study="component model of UBA 2021",
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


def _processors(machine: Machine, indicator: str) -> Impact:
    """A die that is reckoned from its cores has a range: dies of as many cores differ so much."""
    best = machine.die_cm2
    if machine.cpu_die_cm2 is not None:
        return _pieces("cpu", indicator, machine.cpus, best)
    low, high = (best * end for end in DIE_SPREAD)
    note, name = f"reckoned from {machine.cpu_cores} cores", "area of a processor's die"
    die = Factor(best, "cm2", low, high, "UBA 2021, by cores", quality="estimated", name=name, note=note)
    unit, scale = UNITS[indicator]
    per, base = _coefficients("cpu", indicator) or (0.0, 0.0)
    pieces = scale * machine.cpus
    terms = [
        Term(pieces, ((_coefficient("cpu", indicator, per, "cm2 of die"), 1), (die, 1))),
        Term(pieces, ((_coefficient("cpu", indicator, base, "piece"), 1),)),
    ]
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
    if machine.gpu_die_cm2 is not None or machine.gpu_memory_gb is not None:
        die = GPU_DIE_CM2 if machine.gpu_die_cm2 is None else machine.gpu_die_cm2
        memory = GPU_MEMORY_GB if machine.gpu_memory_gb is None else machine.gpu_memory_gb
        chip = _pieces("gpu", indicator, machine.gpus, die)
        return chip + _memory(indicator, memory * machine.gpus, machine.gpus, machine.ram_density, "")
    return sum_of(_card(name, count, indicator, cards) for name, count in machine.cards.items())


def _card(name: str, count: float, indicator: str, cards: str) -> Impact:
    """Making `count` cards of one name: the range over all cards for a name that no table holds, and the note says
    so."""
    card = find_card(name)
    if card is None:
        card = replace(any_card(), note=f"no card is known as {name!r}: range over all cards" if name else "")
    unit, scale = UNITS[indicator]
    pieces = scale * count * card.share
    modelled = _component_terms(card, indicator, pieces)
    if indicator != "carbon":
        return Impact.of(indicator, unit, modelled, "modelled", card.note)
    own, sheet = _own(name, card), _sheet(name, card, sum(term.value() for term in modelled) / pieces)
    chosen = own or (sheet if cards == "published" else None)
    measured = name and sheet and not chosen and "component model" not in sheet.source
    beside = f"{sheet.source}: {sheet.value:g} kg" if measured and sheet else ""
    terms = modelled if chosen is None else [Term(pieces, ((chosen, 1),))]
    return Impact.of(indicator, unit, terms, "modelled", "; ".join(filter(None, [card.note, beside])))


def _own(name: str, card: Card) -> Factor | None:
    """Kilograms that the user states for this card."""
    return overridden("gpu_embodied", bare_name(name)) or overridden("gpu_embodied", bare_name(card.name))


def _sheet(name: str, card: Card, by_components_kg: float) -> Factor | None:
    """Kilograms of a maker or study for this card, their range widened to what its components say; `None`: no one
    published it."""
    if not name:
        return constant("gpu_embodied", ANY_CARD)
    for known in names("gpu_embodied"):
        same = find_card(known)
        if same is not None and same.name == card.name:
            sheet = constant("gpu_embodied", known)
            return replace(sheet, high=max(sheet.high, by_components_kg))
    return None


def _component_terms(card: Card, indicator: str, count: float) -> list[Term]:
    """A card as dies, memory and the rest. Of a kind of memory that is not known, HBM with GDDR as the lower bound."""
    rows = table("components")["rows"]["card"]
    lowest, highest = rows["range"][indicator]
    unit = UNITS[indicator][0].replace("g", "kg", 1) if indicator == "carbon" else UNITS[indicator][0]

    def coefficient(quantity: str, least: str | None = None) -> Factor:
        value = rows[quantity][indicator]
        low = rows[least or quantity][indicator] * lowest
        what, origin = f"making of a card, for each {quantity}", table("components")["sources"]["boavizta"]
        study = "component model of cards"
        return published(
            origin, value, f"{unit}/{quantity}", what, low=low, high=value * highest, year=2023, study=study
        )

    memory = coefficient(f"GB of {card.memory_kind or 'HBM'}", None if card.memory_kind else "GB of GDDR")
    terms = [Term(count, ((memory, 1), (card.memory, 1))), Term(count, ((coefficient("piece"), 1),))]
    die = card.die or any_card().die
    return terms if die is None else [Term(count, ((coefficient("cm2 of die"), 1), (die, 1))), *terms]

"""Estimators of one line: MLCO2, Strubell et al., accelerators by the day, clouds between idle and
full."""

from __future__ import annotations

from ..factors import Factor, constant, gpu_tdp, intensity
from ..footprint import Term, carbon_of, pue_factor
from .estimate import Estimate, EstimateError, energy, number, watts, with_overhead

LB_TO_G = 453.59237
STRUBELL_LB_PER_KWH = 0.954
STRUBELL_PUE = 1.58

# Watts of a virtual core idle and fully used, after Cloud Carbon Footprint (Apache-2.0).
_VCPU_W = {"aws": (0.74, 3.5), "gcp": (0.71, 4.26), "azure": (0.78, 3.76)}
_CARD_W = {"A100": (46.0, 407.0), "V100": (35.0, 306.0), "T4": (8.0, 71.0)}
_CCF = "Cloud Carbon Footprint coefficients"


def grid_of(zone: str | None, given: float | Factor | None) -> Factor:
    """The intensity as given, else the zone's (the world's average without one)."""
    if isinstance(given, Factor):
        return given
    if given is not None:
        return Factor.stated(number(given, "intensity_g_per_kwh"), "g/kWh", "carbon intensity of electricity")
    return intensity(zone)


def mlco2(
    *,
    hours: float,
    gpu_model: str | None = None,
    tdp_gpu_w: float | None = None,
    gpus: float = 1.0,
    zone: str | None = None,
    intensity_g_per_kwh: float | Factor | None = None,
) -> Estimate:
    """MLCO2 impact (Lacoste et al. 2019): `kWh = round(TDP × hours / 1000, 2)`; no PUE, no processor, no memory.

    `hours` are those of each card. The rounding to 0.01 kWh is the method's own.
    """
    if (gpu_model is None) == (tdp_gpu_w is None):
        raise EstimateError("give either the card by its name (gpu_model) or its watts (tdp_gpu_w)")
    card = gpu_tdp(gpu_model) if gpu_model is not None else watts(tdp_gpu_w or 0.0, "power of a card")
    kwh = round(card.value * number(hours, "hours") * number(gpus, "gpus") / 1000.0, 2)
    rounded = Factor.stated(kwh, "kWh", f"{card.value:g} W × {hours:g} h × {gpus:g}, rounded to 0.01", card.source)
    used = energy([Term(1.0, ((rounded, 1),))])
    notes = ("the method counts neither the site's overhead nor processor and memory",)
    return Estimate(
        "mlco2", "2019", used, carbon_of(used, grid_of(zone, intensity_g_per_kwh)), {"gpu": kwh}, notes=notes
    )


def strubell(
    *, hours: float, cpu_w: float = 0.0, memory_w: float = 0.0, gpu_w: float = 0.0, gpus: float = 1.0
) -> Estimate:
    """Strubell et al. 2019: `kWh = 1.58 × hours × (p_cpu + p_memory + g × p_gpu) / 1000`; 0.954 lb CO2e a kWh
    (USA)."""
    pue = Factor.stated(STRUBELL_PUE, "1", "PUE", "Strubell et al. 2019 after Ascierto 2018")
    k = number(hours, "hours") / 1000.0
    parts = {
        "cores": Term(k, ((watts(cpu_w, "power of the processors"), 1),)),
        "memory": Term(k, ((watts(memory_w, "power of the memory"), 1),)),
        "gpu": Term(k * number(gpus, "gpus"), ((watts(gpu_w, "power of a card"), 1),)),
    }
    used, split = with_overhead(parts, pue)
    grams = STRUBELL_LB_PER_KWH * LB_TO_G
    grid = Factor(
        grams,
        "g/kWh",
        grams,
        grams,
        "US EPA 2018, 0.954 lb/kWh, as used by Strubell et al. 2019",
        year=2018,
        name="carbon intensity of electricity, USA",
    )
    carbon = carbon_of(used, grid)
    pounds = (carbon.value or 0.0) / LB_TO_G
    return Estimate("strubell", "2019", used, carbon, split, more={"carbon_lb": pounds})


def accelerator_days(
    *,
    chips: float,
    days: float,
    chip_w: float,
    pue: float,
    zone: str | None = None,
    intensity_g_per_kwh: float | Factor | None = None,
) -> Estimate:
    """Patterson et al. 2021: `kWh = chips × days × 24 × W × PUE / 1000`; W is what a chip with its share of host
    draws."""
    overhead = pue_factor(pue)
    hours = number(chips, "chips") * number(days, "days") * 24.0 / 1000.0
    used, split = with_overhead({"gpu": Term(hours, ((watts(chip_w, "power of a chip with its host"), 1),))}, overhead)
    return Estimate("accelerator-days", "2021", used, carbon_of(used, grid_of(zone, intensity_g_per_kwh)), split)


def cloud(
    *,
    provider: str,
    hours: float,
    vcpus: float,
    utilisation: tuple[float, float, float] = (0.1, 0.5, 1.0),
    memory_gb: float = 0.0,
    ssd_tb: float = 0.0,
    hdd_tb: float = 0.0,
    network_gb: float = 0.0,
    card: str | None = None,
    cards: float = 0.0,
    replication: float = 1.0,
    pue: float | None = None,
    zone: str | None = None,
    intensity_g_per_kwh: float | Factor | None = None,
) -> Estimate:
    """Cloud Carbon Footprint: a virtual core draws `min + utilisation × (max − min)` W; low, best, high utilisation.

    Storage 1.2 (SSD) and 0.65 (disk) W a TB, memory 0.392 W a GB, network 0.001 kWh a GB.
    """
    name = provider.casefold()
    if name not in _VCPU_W:
        raise EstimateError(f"unknown cloud {provider!r}; known are {', '.join(_VCPU_W)}")
    for share in utilisation:
        number(share, "utilisation", 0.0, 1.0)
    site = pue_factor(pue) if pue is not None else constant("pue", name)
    k = number(hours, "hours") * number(replication, "replication", 1.0) / 1000.0
    parts = {"cores": Term(k * number(vcpus, "vcpus"), ((_between(_VCPU_W[name], utilisation, "a virtual core"), 1),))}
    if cards:
        if card not in _CARD_W:
            raise EstimateError(f"unknown card {card!r}; known are {', '.join(_CARD_W)}")
        parts["gpu"] = Term(k * number(cards, "cards"), ((_between(_CARD_W[card], utilisation, f"a {card}"), 1),))
    ram = Factor.stated(0.392, "W", "power of a GB of memory", _CCF)
    parts["memory"] = Term(k * number(memory_gb, "memory_gb"), ((ram, 1),))
    disks = 1.2 * number(ssd_tb, "ssd_tb") + 0.65 * number(hdd_tb, "hdd_tb")
    parts["storage"] = Term(k, ((Factor.stated(disks, "W", "power of the storage", _CCF), 1),))
    parts["network"] = Term(
        number(network_gb, "network_gb"), ((Factor.stated(0.001, "kWh", "network, a GB", _CCF), 1),)
    )
    terms = [
        t if n == "network" else Term(t.coefficient, (*t.powers, (site, 1))) for n, t in parts.items() if t.value() > 0
    ]
    if not terms:
        raise EstimateError("an estimate needs vcpus, cards, memory, storage or network")
    used = energy(terms)
    split = {n: t.value() for n, t in parts.items()}
    split["overhead"] = sum(v for n, v in split.items() if n != "network") * (site.value - 1.0)
    return Estimate("cloud", "min-max", used, carbon_of(used, grid_of(zone, intensity_g_per_kwh)), split)


def _between(ends: tuple[float, float], utilisation: tuple[float, float, float], what: str) -> Factor:
    low, best, high = (ends[0] + share * (ends[1] - ends[0]) for share in utilisation)
    note = f"{ends[0]:g} W idle, {ends[1]:g} W full, used {utilisation[1]:.0%}"
    return Factor(best, "W", low, high, _CCF, licence="Apache-2.0", name=f"power of {what}", note=note)

"""Estimators of one line: MLCO2, Strubell et al., accelerators by the day, clouds between idle and
full."""

from __future__ import annotations

from ..factors import Factor, constant, gpu_tdp, intensity
from ..factors.assumed import with_range
from ..factors.cards import find_card
from ..factors.ranges import range_of
from ..footprint import Term, carbon_of, pue_factor
from .estimate import Estimate, EstimateError, energy, number, watts, with_overhead

LB_TO_G = 453.59237
_SOME = 1e-12  # what is asked for must be more than nothing
STRUBELL_LB_PER_KWH = 0.954
STRUBELL_PUE = 1.58

# Watts of a virtual core and of a card, idle and fully used, after Cloud Carbon Footprint (Apache-2.0): the mean over a
# provider's processors, which span half of it (EPYC of the 2nd generation) to twice (Ivy Bridge).
_VCPU_W = {"aws": (0.74, 3.5), "gcp": (0.71, 4.26), "azure": (0.78, 3.76)}
_VCPU_SPREAD = (0.5, 2.0)
_CARD_W = {
    "A100": (46.0, 407.0), "A10G": (18.0, 153.0), "K520": (26.0, 229.0), "K80": (35.0, 306.0), "M60": (35.0, 306.0),
    "P100": (36.0, 306.0), "P4": (9.0, 76.5), "Radeon Pro V520": (26.0, 229.0), "T4": (8.0, 71.0),
    "V100": (35.0, 306.0),
}  # fmt: skip
_CARD_SPREAD = (1 / 1.2, 1.2)
# Its own PUE of each provider, not those of the table: the method is quoted whole.
_CCF_PUE = {"aws": 1.135, "gcp": 1.1, "azure": 1.185}
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
    card_hours = number(hours, "hours", _SOME) * number(gpus, "gpus", _SOME)
    low, kwh, high = (round(end * card_hours / 1000.0, 2) for end in (card.low, card.value, card.high))
    name = f"{card.value:g} W × {hours:g} h × {gpus:g}, rounded to 0.01"
    half = 0.005  # what the method's rounding may have left out or put in
    rounded = Factor(
        kwh, "kWh", max(low - half, 0.0), high + half, card.source, card.url, card.year, card.licence, name=name
    )
    used = energy([Term(1.0, ((rounded, 1),))])
    notes = ("the method counts neither the site's overhead nor processor and memory",)
    return Estimate(
        "mlco2", "2019", used, carbon_of(used, grid_of(zone, intensity_g_per_kwh)), {"gpu": kwh}, notes=notes
    )


def strubell(
    *,
    hours: float,
    cpu_w: float | Factor | None = None,
    memory_w: float | None = None,
    gpu_w: float | Factor | None = None,
    gpus: float = 1.0,
) -> Estimate:
    """Strubell et al. 2019: `kWh = 1.58 × hours × (p_cpu + p_memory + g × p_gpu) / 1000`; 0.954 lb CO2e a kWh (USA).

    What is `None` is not in it, and the notes say so; EstimateError where all are.
    """
    pue = with_range(Factor.stated(STRUBELL_PUE, "1", "PUE", "Strubell et al. 2019 after Ascierto 2018"), "pue")
    k = number(hours, "hours", _SOME) / 1000.0
    powers = {
        "cores": (cpu_w, k, "power of the processors"),
        "memory": (memory_w, k, "power of the memory"),
        "gpu": (gpu_w, k * number(gpus, "gpus", _SOME), "power of a card"),
    }
    parts = {part: Term(c, ((watts(w, what), 1),)) for part, (w, c, what) in powers.items() if w is not None}
    if not parts:
        raise EstimateError("an estimate needs the power of processors, memory or cards")
    absent = [what for part, (_, _, what) in powers.items() if part not in parts]
    notes = tuple(f"the {what} was not given and is not in it" for what in absent)
    used, split = with_overhead(parts, pue)
    grams = STRUBELL_LB_PER_KWH * LB_TO_G
    low, high = range_of("USA", grams)
    grid = Factor(
        grams,
        "g/kWh",
        low,
        high,
        "US EPA 2018, 0.954 lb/kWh, as used by Strubell et al. 2019",
        year=2018,
        name="carbon intensity of electricity, USA",
    )
    carbon = carbon_of(used, grid)
    pounds = (carbon.value or 0.0) / LB_TO_G
    return Estimate("strubell", "2019", used, carbon, split, notes=notes, more={"carbon_lb": pounds})


def accelerator_days(
    *,
    chips: float,
    days: float,
    chip_w: float | Factor,
    pue: float | Factor | None = None,
    zone: str | None = None,
    intensity_g_per_kwh: float | Factor | None = None,
) -> Estimate:
    """Patterson et al. 2021: `kWh = chips × days × 24 × W × PUE / 1000`; W is what a chip with its share of host
    draws. Of a card that a table names it is the card's alone, and the notes say so."""
    overhead = pue_factor(pue)
    hours = number(chips, "chips", _SOME) * number(days, "days", _SOME) * 24.0 / 1000.0
    notes = [] if pue is not None else ["nobody stated the site's PUE: 1, estimated, and the range holds its overhead"]
    if isinstance(chip_w, Factor):
        notes.append(
            f"the power is that of a card at its limit, {chip_w.value:g} W: its share of the host is not in it"
        )
    used, split = with_overhead({"gpu": Term(hours, ((watts(chip_w, "power of a chip with its host"), 1),))}, overhead)
    carbon = carbon_of(used, grid_of(zone, intensity_g_per_kwh))
    return Estimate("accelerator-days", "2021", used, carbon, split, notes=tuple(notes))


def cloud(
    *,
    provider: str,
    hours: float,
    vcpus: float,
    utilisation: tuple[float, float, float] = (0.1, 0.5, 1.0),
    card_utilisation: tuple[float, float, float] | None = None,
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

    The PUE is the method's own of the provider. `card_utilisation`: of the cards, else that of the cores. Storage 1.2
    (SSD) and 0.65 (disk) W a TB, memory 0.392 W a GB, network 0.001 kWh a GB.
    """
    name = provider.casefold()
    if name not in _VCPU_W:
        raise EstimateError(f"unknown cloud {provider!r}; known are {', '.join(_VCPU_W)}")
    used_cards = card_utilisation or utilisation
    for share in (*utilisation, *used_cards):
        number(share, "utilisation", 0.0, 1.0)
    site = _ccf_pue(name) if pue is None else pue_factor(pue)
    k = number(hours, "hours", _SOME) * number(replication, "replication", 1.0) / 1000.0
    parts = {
        "cores": Term(
            k * number(vcpus, "vcpus"), ((_between(_VCPU_W[name], utilisation, _VCPU_SPREAD, "a virtual core"), 1),)
        )
    }
    if number(cards, "cards"):
        ends, known = _ccf_card(card)
        parts["gpu"] = Term(k * cards, ((_between(ends, used_cards, _CARD_SPREAD, f"a {known}"), 1),))
    ram = with_range(Factor.stated(0.392, "W", "power of a GB of memory", _CCF), "ram_power")
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


def _ccf_pue(provider: str) -> Factor:
    value = _CCF_PUE[provider]
    known = constant("pue", provider)
    low, high = min(value, known.low), max(value, known.high)
    name = f"power usage effectiveness, {provider}"
    return Factor(value, "1", low, high, _CCF, licence="Apache-2.0", name=name, quality="estimated")


def _ccf_card(name: str | None) -> tuple[tuple[float, float], str]:
    """Watts of a card that the method has, idle and full, by any name that the resolver of cards knows."""
    if name in _CARD_W:
        return _CARD_W[name], name
    wanted = find_card(name or "")
    for known, ends in _CARD_W.items():
        card = find_card(known)
        if wanted is not None and card is not None and (card.name == wanted.name or known in wanted.name.split()):
            return ends, known
    raise EstimateError(f"the method has no card {name!r}; it has {', '.join(_CARD_W)}")


def _between(
    ends: tuple[float, float], utilisation: tuple[float, float, float], spread: tuple[float, float], what: str
) -> Factor:
    low, best, high = (ends[0] + share * (ends[1] - ends[0]) for share in utilisation)
    if low == high:  # the usage is stated: what is left is how far a provider's processors differ
        low, high = low * spread[0], high * spread[1]
    note = f"{ends[0]:g} W idle, {ends[1]:g} W full, used {utilisation[1]:.0%}"
    return Factor(best, "W", low, high, _CCF, licence="Apache-2.0", name=f"power of {what}", note=note)

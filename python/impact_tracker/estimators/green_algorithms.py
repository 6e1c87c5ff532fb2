"""Green Algorithms (Lannelongue, Grealey, Inouye 2021, doi 10.1002/advs.202100707), by version of its calculator.

    P_W   = cores × TDP_per_core × usage_cpu + gpus × TDP_gpu × usage_gpu + memory_GB × 0.3725
    kWh   = hours × P_W × PUE × PSF / 1000
    gCO2e = kWh × intensity

PSF, the pragmatic scaling factor, is how often the run was repeated. Usage is 1 by default; memory has none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..factors import Factor, FactorError, UnknownFactorError, constant, cpu, gpu_tdp, intensity, ram_power, zone_code
from ..factors.assumed import with_range
from ..factors.cards import ANY_CARD
from ..factors.hardware import ANY_CPU_W_PER_CORE
from ..factors.ranges import range_of
from ..footprint import Term, carbon_of, pue_factor
from .calculator_tables import HOW, CalculatorTables, CloudSite, calculator_tables
from .estimate import Estimate, EstimateError, number, watts, with_overhead

_SOURCE = "Green Algorithms {}, doi 10.1002/advs.202100707"


@dataclass(frozen=True)
class Profile:
    """What differs between the versions: the site of unknown PUE, intensities of zones in g/kWh, the tree, the
    clouds."""

    version: str
    pue_unknown: float
    intensity: dict[str, float]
    tree: str = "tree year"
    vehicle: str = "car km EU"
    clouds: tuple[tuple[str, float], ...] = (("gcp", 1.11), ("aws", 1.2), ("azure", 1.125))


_FIRST = {"WORLD": 475.0, "USA": 475.9, "FRA": 47.0, "GBR": 277.3, "DEU": 469.0, "NOR": 11.0, "POL": 846.0}
_SECOND = {"WORLD": 475.0, "USA": 453.22, "FRA": 38.95, "GBR": 253.19, "DEU": 378.62, "NOR": 11.18, "POL": 791.07}
_THIRD = {
    "WORLD": 475.0,
    "USA": 423.94,
    "FRA": 51.28,
    "GBR": 231.12,
    "DEU": 338.66,
    "NOR": 7.62,
    "POL": 759.62,
    "AUT": 111.18,
    "SWE": 5.67,
    "CHE": 11.52,
    "AUS": 840.0,
}
_CLOUDS_3 = (("gcp", 1.12), ("aws", 1.2), ("azure", 1.12), ("ovhcloud", 1.09), ("oracle", 1.2))

PROFILES = {
    "1.0": Profile("1.0", 1.67, _FIRST, "tree year 1.0", "car km US"),
    "1.1": Profile("1.1", 1.67, _SECOND),
    "2.0": Profile("2.0", 1.67, _SECOND),
    "2.1": Profile("2.1", 1.67, _SECOND),
    "2.2": Profile("2.2", 1.67, _THIRD),
    "3.0": Profile("3.0", 1.56, _THIRD, clouds=_CLOUDS_3),
}


# Power of a core where the processor has no name, or none that a table holds.
ANY_CORE = Factor(
    ANY_CPU_W_PER_CORE, "W", 2.0, 20.0, "Green Algorithms' default", quality="estimated", name="power of a core"
)


def profile(version: str) -> Profile:
    """The profile of a version, `v` or not; EstimateError names those there are."""
    wanted = version.lstrip("vV")
    if wanted not in PROFILES:
        raise EstimateError(f"Green Algorithms has no version {version!r} here; there are {', '.join(PROFILES)}")
    return PROFILES[wanted]


def per_core(tdp_w: float, cores: int) -> float:
    """W a core as the calculator's table stores it: rounded half up to one decimal (45 W / 4 is 11.3 there)."""
    return int(tdp_w / cores * 10 + 0.5) / 10


def core_power(model: str) -> Factor:
    """Power of a core of a named processor in W; UnknownFactorError where its number of cores is in no table."""
    chip = cpu(model)
    if chip.cores is None:
        raise UnknownFactorError(
            f"how many cores {chip.name} has is not in the table: give the watts of a core (tdp_per_core_w)"
            f" (its {chip.tdp.value:g} W over its cores)"
        )
    value = per_core(chip.tdp.value, chip.cores)
    name = f"power of a core, {chip.name} ({chip.tdp.value:g} W / {chip.cores})"
    low, high = chip.tdp.low / chip.cores, chip.tdp.high / chip.cores
    core = replace(chip.tdp, value=value, low=min(low, value), high=max(high, value), name=name)
    # The design power of a chip is what its maker defines; what a core draws is not.
    return core if not chip.exact else with_range(replace(core, low=value, high=value), "cpu_tdp")


def green_algorithms(
    *,
    hours: float,
    cores: float = 0,
    cpu_model: str | None = None,
    tdp_per_core_w: float | Factor | None = None,
    cpu_usage: float = 1.0,
    gpus: float = 0,
    gpu_model: str | None = None,
    tdp_gpu_w: float | Factor | None = None,
    gpu_usage: float = 1.0,
    memory_gb: float | None = None,
    platform: str = "local server",
    pue: float | Factor | None = None,
    scaling: float = 1.0,
    zone: str | None = None,
    intensity_g_per_kwh: float | Factor | None = None,
    version: str = "3.0",
    tables: str | None = None,
) -> Estimate:
    """The estimate of one run. `platform`: "personal computer" (PUE 1), "local server", a cloud (`aws`, `gcp`…) or,
    with the calculator's tables, its region (`gcp/us-west1`).

    `pue` wins over the platform's. Without a processor's name its 12 W a core stand in, without a card's 200 W, and
    the notes say so, as they say what was not given and is not in it. `tables`: the calculator's own data, by which all
    its locations, processors, cards and regions are that version's. Without them the intensity is as given, else the
    version's own where the package has it for the zone, else the bundled table's, which the notes say.
    EstimateError for impossible inputs; UnknownFactorError, UnknownZoneError with near names.
    """
    chosen = profile(version)
    own = calculator_tables(chosen.version, tables)
    provider, _, region_name = platform.partition("/")
    region = _region(own, provider, region_name) if region_name else None
    notes: list[str] = []
    number(hours, "hours")
    number(scaling, "the scaling factor (how often the run was repeated)", 1.0)
    overhead = _pue(chosen, own, provider, region, pue)
    k = hours * scaling / 1000.0
    parts: dict[str, Term] = {}
    if number(cores, "cores") > 0:
        core = _core_power(own, cpu_model, tdp_per_core_w, notes)
        parts["cores"] = Term(k * cores * number(cpu_usage, "cpu_usage", 0.0, 1.0), ((core, 1),))
    if number(gpus, "gpus") > 0:
        card = _card_power(own, gpu_model, tdp_gpu_w, notes)
        parts["gpu"] = Term(k * gpus * number(gpu_usage, "gpu_usage", 0.0, 1.0), ((card, 1),))
    if memory_gb is None:
        notes.append("the memory was not given and is not in it")
    elif number(memory_gb, "memory_gb") > 0:
        parts["memory"] = Term(k * memory_gb, ((ram_power(), 1),))
    if not parts:
        raise EstimateError("an estimate needs cores, gpus or memory_gb")
    used, split = with_overhead(parts, overhead)
    grid = _intensity(chosen, own, region.location if region and zone is None else zone, intensity_g_per_kwh, notes)
    return Estimate(
        "green-algorithms",
        chosen.version,
        used,
        carbon_of(used, grid),
        split,
        chosen.tree,
        chosen.vehicle,
        tuple(notes),
    )


def training_total(
    one_run_kwh: float, development: float = 0.0, retraining: float = 0.0, retrainings: float = 0.0
) -> float:
    """Version 3's view of AI, training: `E × (1 + R&D factor + retraining factor × number of retrainings)`."""
    for value, what in [(development, "development"), (retraining, "retraining"), (retrainings, "retrainings")]:
        number(value, what)
    return number(one_run_kwh, "one_run_kwh") * (1.0 + development + retraining * retrainings)


def inference_total(input_kwh: float, every: str, months: float, each: float = 1.0) -> float:
    """Version 3's view of AI, continuous inference: energy of one input period scaled to `months` (a year is 12).

    `every`: day, week, month or year; `each`: of how many such periods the input is. The calculator counts 30 days
    and 4 weeks a month.
    """
    periods = {"day": 30.0, "week": 4.0, "month": 1.0, "year": 1.0 / 12.0}
    if every not in periods:
        raise EstimateError(f"every must be one of {', '.join(periods)}, not {every!r}")
    return number(input_kwh, "input_kwh") * periods[every] / number(each, "each", 1e-9) * number(months, "months")


def _region(own: CalculatorTables | None, provider: str, name: str) -> CloudSite:
    if own is None:
        raise EstimateError(f"the regions of {provider} are in the calculator's tables alone; {HOW}")
    return own.region(provider, name)


def _pue(
    chosen: Profile, own: CalculatorTables | None, platform: str, region: CloudSite | None, pue: float | Factor | None
) -> Factor:
    if pue is not None:
        return pue_factor(pue)
    name = platform.casefold().replace("_", " ")
    source = _SOURCE.format(chosen.version)
    if region is not None and region.pue is not None:
        return with_range(Factor.stated(region.pue, "1", f"PUE of the region of {platform}", source), "pue")
    if name == "personal computer":
        return Factor.stated(1.0, "1", "PUE of a personal computer", source)
    if name == "local server":
        return unknown_pue(chosen.pue_unknown, source)
    clouds = {**dict(chosen.clouds), **(own.pues if own else {})}
    if name not in clouds:
        known = ", ".join(["personal computer", "local server", *clouds])
        raise EstimateError(f"unknown platform {platform!r}; known are {known}")
    return with_range(Factor.stated(clouds[name], "1", f"PUE of {platform}", source), "pue")


def _country_of(location: str) -> str:
    """The code by which the tables know a location; itself where they do not."""
    try:
        return zone_code(location)
    except FactorError:
        return location


def unknown_pue(value: float, source: str) -> Factor:
    """A method's own PUE where the site is not known, from the best sites to those above the average."""
    average = constant("pue", "average")
    high = value * max(average.high / average.value, 1.0)
    low = min(average.low, value)
    return Factor(value, "1", low, high, source, name="PUE, not known", quality="estimated")


def _core_power(
    own: CalculatorTables | None, model: str | None, stated_w: float | Factor | None, notes: list[str]
) -> Factor:
    if stated_w is not None:
        return stated_w if isinstance(stated_w, Factor) else watts(stated_w, "power of a core")
    if model is None:
        notes.append(f"no processor was named: {ANY_CPU_W_PER_CORE:g} W a core, the method's default")
        return ANY_CORE
    if own is not None:
        return _of_table(own, own.core_w(model), f"power of a core, {model}", "cpu_tdp")
    return core_power(model)


def _of_table(own: CalculatorTables, value_w: float, name: str, kind: str) -> Factor:
    return with_range(Factor.stated(value_w, "W", name, _SOURCE.format(own.version)), kind)


def _card_power(
    own: CalculatorTables | None, model: str | None, stated_w: float | Factor | None, notes: list[str]
) -> Factor:
    if stated_w is not None:
        return stated_w if isinstance(stated_w, Factor) else watts(stated_w, "power of a card")
    if model is None:
        notes.append("no card was named: 200 W, the method's default")
        return replace(gpu_tdp(ANY_CARD), quality="estimated")
    if own is not None:
        return _of_table(own, own.card_w(model), f"power of a card, {model}", "gpu_tdp")
    return gpu_tdp(model)


def _intensity(
    chosen: Profile, own: CalculatorTables | None, zone: str | None, given: float | Factor | None, notes: list[str]
) -> Factor:
    if isinstance(given, Factor):
        return given
    if given is not None:
        return Factor.stated(number(given, "intensity_g_per_kwh"), "g/kWh", "carbon intensity of electricity")
    known = chosen.intensity if own is None else own.intensities
    code = "WORLD" if zone is None else zone_code(zone) if own is None else own.place(zone)
    if code in known:
        value = known[code]
        note = "" if zone is not None else "no zone was given: the method's world average"
        notes.extend([note] if note else [])
        low, high = range_of(code if own is None else _country_of(code), value, finer="-" in code)
        return Factor(
            value,
            "g/kWh",
            low,
            high,
            _SOURCE.format(chosen.version),
            licence="CC-BY-4.0",
            quality="estimated" if note else "modelled",
            name=f"carbon intensity of electricity, {code}",
            note=note,
            spread="lognormal",
        )
    notes.append(
        f"the intensity of {code} is the bundled table's, not that of version {chosen.version}, of which the package"
        f" has {len(known)} locations; {HOW}"
    )
    return intensity(zone)

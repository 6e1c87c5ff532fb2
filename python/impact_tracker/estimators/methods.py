"""Every method by its name: which options it uses and what it needs. The one table, from which the command line, its
help and its errors follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from ..factors import Factor, gpu_tdp
from ..factors.factor import did_you_mean, near_matches
from ..factors.hours import hours_of, read_hours
from ..factors.plausible import doubts_of
from .estimate import Estimate, EstimateError
from .green_algorithms import core_power, green_algorithms
from .hours import hour_factor
from .instance import instance
from .jobs import Job, ga4hpc
from .simple import accelerator_days, cloud, grid_of, mlco2, strubell

# What is asked for -> how the command line spells it.
FLAGS = {
    "method_version": "--method-version",
    "hours": "--hours",
    "cores": "--cores",
    "cpu": "--cpu",
    "core_w": "--tdp-per-core",
    "cpu_usage": "--cpu-usage",
    "gpus": "--gpus",
    "gpu": "--gpu",
    "gpu_w": "--tdp-gpu",
    "gpu_usage": "--gpu-usage",
    "memory_gb": "--memory-gb",
    "memory_w": "--memory-w",
    "platform": "--platform",
    "pue": "--pue",
    "scaling": "--scaling",
    "zone": "--zone",
    "intensity": "--intensity",
    "cpu_hours": "--cpu-hours",
    "max_memory_gb": "--max-memory-gb",
    "granularity_gb": "--granularity-gb",
    "state": "--state",
    "hour_factor": "--hour-factor",
    "hours_file": "--hours-file",
    "ssd_tb": "--ssd-tb",
    "hdd_tb": "--hdd-tb",
    "network_gb": "--network-gb",
    "replication": "--replication",
    "tables": "--tables",
    "instance": "--instance",
}


@dataclass(frozen=True)
class Inputs:
    """What is known of a run, `None` for what nobody said. Powers in W, usages from 0 to 1, `intensity` in g/kWh.

    `cores` are virtual cores in a cloud. `hour_factor`: names of factors of an hour; `hours_file`: a cluster's own.
    `tables`: the folder of Green Algorithms' own data. `instance`: a cloud's type, as in aws:p4d.24xlarge.
    """

    hours: float
    method_version: str | None = None
    cores: float | None = None
    cpu: str | None = None
    core_w: float | None = None
    cpu_usage: float | None = None
    gpus: float | None = None
    gpu: str | None = None
    gpu_w: float | None = None
    gpu_usage: float | None = None
    memory_gb: float | None = None
    memory_w: float | None = None
    platform: str | None = None
    pue: float | None = None
    scaling: float | None = None
    zone: str | None = None
    intensity: float | Factor | None = None
    cpu_hours: float | None = None
    max_memory_gb: float | None = None
    granularity_gb: float | None = None
    state: str | None = None
    hour_factor: tuple[str, ...] | None = None
    hours_file: str | None = None
    ssd_tb: float | None = None
    hdd_tb: float | None = None
    network_gb: float | None = None
    replication: float | None = None
    tables: str | None = None
    instance: str | None = None

    @property
    def given(self) -> list[str]:
        """The names of what somebody said."""
        return [field.name for field in fields(self) if getattr(self, field.name) is not None]


@dataclass(frozen=True)
class Method:
    """A method: what it is, the options that it uses, and groups of options of each of which it needs one."""

    what: str
    uses: frozenset[str]
    estimate: Callable[[Inputs], Estimate]
    needs: tuple[tuple[str, ...], ...] = ()


def _green_algorithms(inputs: Inputs) -> Estimate:
    return green_algorithms(
        hours=inputs.hours,
        cores=_or(inputs.cores, 0.0),
        cpu_model=inputs.cpu,
        tdp_per_core_w=inputs.core_w,
        cpu_usage=_or(inputs.cpu_usage, 1.0),
        gpus=_cards(inputs),
        gpu_model=inputs.gpu,
        tdp_gpu_w=inputs.gpu_w,
        gpu_usage=_or(inputs.gpu_usage, 1.0),
        memory_gb=inputs.memory_gb,
        platform=inputs.platform or "local server",
        pue=inputs.pue,
        scaling=_or(inputs.scaling, 1.0),
        zone=inputs.zone,
        intensity_g_per_kwh=inputs.intensity,
        version=inputs.method_version or "3.0",
        tables=inputs.tables,
    )


def _ga4hpc(inputs: Inputs) -> Estimate:
    job = Job(
        "",
        inputs.hours,
        round(_or(inputs.cores, 0.0)),
        _or(inputs.cpu_hours, 0.0),
        _or(inputs.memory_gb, 0.0),
        round(_cards(inputs)),
        inputs.max_memory_gb,
        inputs.state or "COMPLETED",
    )
    return ga4hpc(
        job,
        tdp_core_w=_core_w(inputs),
        tdp_gpu_w=_card_w(inputs) if _cards(inputs) else None,
        pue=inputs.pue,
        granularity_gb=_or(inputs.granularity_gb, 6.0),
        zone=inputs.zone,
        intensity_g_per_kwh=inputs.intensity,
    )


def _mlco2(inputs: Inputs) -> Estimate:
    return mlco2(
        hours=inputs.hours,
        gpu_model=inputs.gpu,
        tdp_gpu_w=inputs.gpu_w,
        gpus=_or(inputs.gpus, 1.0),
        zone=inputs.zone,
        intensity_g_per_kwh=inputs.intensity,
    )


def _strubell(inputs: Inputs) -> Estimate:
    cores, powered = _or(inputs.cores, 0.0), _cards(inputs)
    return strubell(
        hours=inputs.hours,
        cpu_w=_times(_core_w(inputs), cores) if cores else None,
        memory_w=inputs.memory_w,
        gpu_w=_card_w(inputs) if powered else None,
        gpus=powered or 1.0,
    )


def _hour_factor(inputs: Inputs) -> Estimate:
    """Hours of cores and of cards, each by its own factor; another grid where one is given."""
    own = read_hours(inputs.hours_file).factors if inputs.hours_file else {}
    wanted = inputs.hour_factor or ()
    named = {rate.unit: rate for rate in (own.get(name) or hours_of(name) for name in wanted)}
    if len(named) < len(wanted):
        raise EstimateError("give one --hour-factor for cores and one for cards at most")
    if "core" in named and inputs.gpus and not inputs.cores:
        raise EstimateError(
            f"{named['core'].name!r} is of an hour of a core: give --cores too, or a card's factor alone"
        )
    asked = inputs.zone is not None or inputs.intensity is not None
    return hour_factor(
        hours=inputs.hours,
        units=inputs.cores or (None if "card" not in named else 0.0),
        factor=named.get("core"),
        cards=inputs.gpus or (1.0 if "card" in named and not inputs.cores else 0.0),
        card_factor=named.get("card"),
        own=own,
        grid=grid_of(inputs.zone, inputs.intensity) if asked else None,
    )


def _accelerator_days(inputs: Inputs) -> Estimate:
    return accelerator_days(
        chips=_or(inputs.gpus, 1.0),
        days=inputs.hours / 24.0,
        chip_w=gpu_tdp(inputs.gpu) if inputs.gpu_w is None and inputs.gpu else _or(inputs.gpu_w, 0.0),
        pue=inputs.pue,
        zone=inputs.zone,
        intensity_g_per_kwh=inputs.intensity,
    )


def _around(usage: float | None) -> tuple[float, float, float]:
    """From idle to full where nobody said how busy it was."""
    return (0.0, 0.5, 1.0) if usage is None else (usage, usage, usage)


def _instance(inputs: Inputs) -> Estimate:
    return instance(
        name=inputs.instance or "",
        hours=inputs.hours,
        utilisation=_around(inputs.cpu_usage),
        card_utilisation=_around(inputs.gpu_usage),
        pue=inputs.pue,
        scaling=_or(inputs.scaling, 1.0),
        zone=inputs.zone,
        intensity_g_per_kwh=inputs.intensity,
    )


def _cloud(inputs: Inputs) -> Estimate:
    return cloud(
        provider=inputs.platform or "",
        hours=inputs.hours,
        vcpus=_or(inputs.cores, 0.0),
        utilisation=_around(inputs.cpu_usage),
        card_utilisation=_around(inputs.gpu_usage),
        memory_gb=_or(inputs.memory_gb, 0.0),
        ssd_tb=_or(inputs.ssd_tb, 0.0),
        hdd_tb=_or(inputs.hdd_tb, 0.0),
        network_gb=_or(inputs.network_gb, 0.0),
        card=inputs.gpu,
        cards=_cards(inputs),
        replication=_or(inputs.replication, 1.0),
        pue=inputs.pue,
        zone=inputs.zone,
        intensity_g_per_kwh=inputs.intensity,
    )


def _uses(words: str) -> frozenset[str]:
    return frozenset(["hours", *words.split()])


_GRID = "zone intensity"
_CARD = "gpus gpu gpu_w"
METHODS: dict[str, Method] = {
    "green-algorithms": Method(
        "Lannelongue et al. 2021, by version of its calculator",
        _uses(
            f"method_version cores cpu core_w cpu_usage {_CARD} gpu_usage memory_gb platform pue scaling tables {_GRID}"
        ),
        _green_algorithms,
        (("cores", "gpus", "gpu", "gpu_w", "memory_gb"),),
    ),
    "ga4hpc": Method(
        "GreenAlgorithms4HPC: a job of a scheduler",
        _uses(f"cores cpu core_w {_CARD} memory_gb pue cpu_hours max_memory_gb granularity_gb state {_GRID}"),
        _ga4hpc,
        (("cores",), ("cpu", "core_w")),
    ),
    "mlco2": Method("Lacoste et al. 2019: cards alone", _uses(f"{_CARD} {_GRID}"), _mlco2, (("gpu", "gpu_w"),)),
    "strubell": Method(
        "Strubell et al. 2019: PUE 1.58, USA",
        _uses(f"cores cpu core_w memory_w {_CARD}"),
        _strubell,
        (("cores", "gpus", "gpu", "gpu_w", "memory_w"),),
    ),
    "hour-factor": Method(
        "a centre's own factor for an hour",
        _uses(f"cores gpus hour_factor hours_file {_GRID}"),
        _hour_factor,
        (("cores", "gpus", "hour_factor"),),
    ),
    "accelerator-days": Method(
        "Patterson et al. 2021: chips with their share of the host",
        _uses(f"{_CARD} pue {_GRID}"),
        _accelerator_days,
        (("gpu", "gpu_w"),),
    ),
    "cloud": Method(
        "Cloud Carbon Footprint: virtual cores between idle and full",
        _uses(
            f"platform cores cpu_usage gpus gpu gpu_usage memory_gb ssd_tb hdd_tb network_gb replication pue {_GRID}"
        ),
        _cloud,
        (("platform",), ("cores", "gpus", "gpu", "memory_gb", "ssd_tb", "hdd_tb", "network_gb")),
    ),
    "instance": Method(
        "a cloud's instance by its type: its share of a host, use and making",
        _uses(f"instance cpu_usage gpu_usage scaling pue {_GRID}"),
        _instance,
        (("instance",),),
    ),
}


def estimate_by(method: str, inputs: Inputs) -> Estimate:
    """The estimate by a method of the table. EstimateError for an option that the method does not use (it names those
    that do), for one that it needs and nobody gave, and for an unknown method."""
    if method not in METHODS:
        near = did_you_mean(near_matches(method, METHODS))
        raise EstimateError(f"unknown method {method!r}; known are {', '.join(METHODS)}.{near}")
    chosen = METHODS[method]
    unused = [name for name in inputs.given if name not in chosen.uses]
    if unused:
        raise EstimateError("; ".join(_belongs(name, method) for name in unused))
    _check_parts(inputs, chosen)
    for group in chosen.needs:
        if not any(getattr(inputs, name) is not None for name in group):
            raise EstimateError(f"{method} needs {' or '.join(FLAGS[name] for name in group)}")
    made = chosen.estimate(inputs)
    if made.energy_kwh == 0:
        stated = ", ".join(FLAGS[name] for name in inputs.given if getattr(inputs, name) == 0) or "the parts"
        raise EstimateError(f"nothing that was given draws power: {stated} would make it 0 kWh")
    typed = {name: getattr(inputs, name) for name in inputs.given}
    doubted = tuple(f"{FLAGS[name]}: {doubt}" for name, doubt in doubts_of(typed))
    return replace(made, notes=(*doubted, *made.notes)) if doubted else made


def _check_parts(inputs: Inputs, method: Method) -> None:
    """EstimateError for a part whose power is given twice, and for one of which nobody said how many there are."""
    if inputs.gpu is not None and inputs.gpu_w is not None:
        raise EstimateError("give either the card by its name (--gpu) or its watts (--tdp-gpu), not both")
    if inputs.cpu is not None and inputs.core_w is not None:
        raise EstimateError(
            "give either the processor by its name (--cpu) or the watts of a core (--tdp-per-core), not both"
        )
    for count, described in (("cores", ("cpu", "core_w", "cpu_usage")), ("gpus", ("gpu_usage",))):
        named = [name for name in described if getattr(inputs, name) is not None]
        alone = count == "gpus" and (inputs.gpu is not None or inputs.gpu_w is not None)
        if named and count in method.uses and getattr(inputs, count) is None and not alone:
            raise EstimateError(f"{FLAGS[named[0]]} without {FLAGS[count]}: give how many there are")


def users_of(option: str) -> list[str]:
    """The methods that use an option."""
    return [name for name, method in METHODS.items() if option in method.uses]


def _belongs(option: str, method: str) -> str:
    return f"{method} does not use {FLAGS[option]}, which belongs to {', '.join(users_of(option))}"


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _cards(inputs: Inputs) -> float:
    """How many cards: one where one is described and nobody says how many."""
    described = inputs.gpu is not None or inputs.gpu_w is not None
    return _or(inputs.gpus, 1.0 if described else 0.0)


def _core_w(inputs: Inputs) -> float | Factor:
    if inputs.core_w is not None:
        return inputs.core_w
    if inputs.cpu is None:
        raise EstimateError(f"{inputs.cores:g} cores without their power: give --cpu or --tdp-per-core")
    return core_power(inputs.cpu)


def _times(power_w: float | Factor, count: float) -> float | Factor:
    """The power of so many alike."""
    if not isinstance(power_w, Factor):
        return power_w * count
    low, best, high = (end * count for end in (power_w.low, power_w.value, power_w.high))
    return replace(power_w, value=best, low=low, high=high, name=f"{count:g} × {power_w.name}")


def _card_w(inputs: Inputs) -> float | Factor:
    if inputs.gpu_w is not None:
        return inputs.gpu_w
    if inputs.gpu is None:
        raise EstimateError(f"{inputs.gpus:g} cards without their power: give --gpu or --tdp-gpu")
    return gpu_tdp(inputs.gpu)

"""Rows of phases that have just ended: from the plan, the tracker's result, and what the worker says.

Each function returns a new row. Its line has the names in the order in which they became known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, NamedTuple

from ...result import ROW_FIELDS, Result
from ...runner.messages import Loaded, PhaseResult
from ...values import Energy, sum_if_known, total_if_known, worst_quality
from ...values.quantiles import quantile_of
from ..plan.networks import title_of
from ..plan.test import ASIDE
from .codec import SCHEMA
from .latency import Latency, PassQuantile
from .origin import Origin
from .row import CounterAndGauge, Facts, Key, Measured, Row, Setup, Source, Verdict, Work

if TYPE_CHECKING:
    from ..plan.task import Task

# Names of a line, in the order in which they become known.
_BEGUN = (
    "schema task test model title phase repeat attempt session seed data host gmac_stated reference_ms reference_batch "
    "status reason region"
)
_RESULT = (
    "region_s share_j pue pue_is_stated intensity_g_per_kwh cpu_utilisation gpu_use gpu_utilisation counter_and_gauge "
    "sources notes"
)
_LOADED = (
    "unit batch input classes layout precision device threads variant batch_norm parameters trainable_parameters macs "
    "gmac torch_version blas allocator"
)
_WORK = (
    "images passes batch limit stopped loss final_loss accuracy correct finite loss_function optimizer lr dice "
    "peak_memory_bytes peak_memory_scope device devices threads layout precision observed torch_version batch_norm "
    "variant pass_s"
)
_TIMES = "duration_s worker_ns pass_ns pass_ms device_memory_bytes epochs"
# What the worker says of some of its phases alone.
_ONLY_OF = {
    **dict.fromkeys(("final_loss", "correct", "finite"), ("train", "evaluate")),
    **dict.fromkeys(("loss_function", "optimizer", "lr"), ("train",)),
    "dice": ("evaluate",),
}
LATENCY_SHARES = (0.5, 0.95, 0.99)
_ABOVE_IDLE = ("idle_w", "idle_baselines", "above_idle_j", "above_idle_low_j", "above_idle_high_j")
_OF_SETUP = frozenset(item.name for item in fields(Setup))


class Settled(NamedTuple):
    """How warming up went. `slope`: relative change of the power in a minute, by its last minute (of the speed, where
    the power cannot be read); `steady`: whether the phase to come will be near the steady state; `pass_s`: seconds of a
    pass then."""

    seconds: float
    passes: int
    pass_s: float
    slope: float
    steady: bool


def begun(task: Task, phase: str, attempt: int, session: int, host: str) -> Row:
    """A row of a phase that is about to begin. It knows its test, its place in the campaign and its region's name."""
    test = task.test
    cold = phase in test.phases and not any(step.phase in ASIDE for step in test.steps)
    facts = Facts(
        test.name,
        test.model,
        title_of(test.model, test.name),
        task.repeat,
        task.seed,
        test.data,
        test.gmac,
        test.reference_ms,
        test.reference_batch,
        test.point if test.point.values else None,
        cold if phase in test.phases else None,
    )
    row = Row(Key(task.id, phase, attempt, session), "ok", facts=facts)
    region = f"{task.id}/{phase}" + (f"#{attempt}" if attempt > 1 else "")
    origin = replace(row.origin, schema=SCHEMA, host=host, region=region)
    row = replace(row, origin=origin).with_names(*_BEGUN.split())
    known = {"swept": facts.swept, "cold": facts.cold}
    return row.with_names(*(name for name, value in known.items() if value is not None))


def idle_row(name: str, session: int) -> Row:
    """A row of the idle machine. It is called after its region."""
    row = Row(Key(f"{name}.s{session}", "idle", session, session), "ok", origin=Origin(region=name))
    return row.with_names("task", "phase", "attempt", "session", "status")


def with_energy(row: Row, measured: Measured | None) -> Row:
    """The row with what the tracker measured. `measured` is `None` where the tracker had no result."""
    if measured is None:
        return replace(row, measured=Measured()).with_names(*ROW_FIELDS, "region_s")
    busy = used_gpu(measured.gpu_use, row.setup.gpu_devices)
    return replace(row, measured=replace(measured, gpu_utilisation=busy)).with_names(*ROW_FIELDS, *_RESULT.split())


def measured_by(result: Result | None) -> Measured | None:
    """What a row keeps of a region's result. The PUE is in the carbon alone, and stands beside it with the
    intensity."""
    if result is None:
        return None
    return Measured(
        energy=result.energy,
        energy_low_j=result.energy_low_j,
        energy_high_j=result.energy_high_j,
        psys_j=result.psys_j,
        wall_j=result.wall_j,
        share_j=result.share_j,
        power_w=result.power_w,
        carbon_g=result.carbon_g,
        carbon_low_g=result.carbon_low_g,
        carbon_high_g=result.carbon_high_g,
        coverage=result.coverage,
        partial=result.partial,
        provisional=result.provisional,
        start_ns=result.start_ns,
        stop_ns=result.stop_ns,
        region_s=result.duration_s,
        pue=result.weighing.pue,
        pue_is_stated=result.weighing.pue_is_stated,
        intensity_g_per_kwh=result.weighing.intensity.value,
        cpu_utilisation=result.utilisation.get("cpu"),
        gpu_use={name: use for name, use in result.utilisation.items() if name.startswith("gpu")},
        counter_and_gauge=_pairs(result),
        sources=_sources(result),
        notes=tuple(result.notes),
    )


def _sources(result: Result) -> tuple[Source, ...]:
    return tuple(
        Source(channel.id, channel.device, channel.domain, channel.quality, _finite(channel.energy_j))
        for channel in result.measured.channels
        if channel.in_total
    )


def _pairs(result: Result) -> tuple[CounterAndGauge, ...]:
    energies: dict[tuple[str, str], dict[str, float]] = {}
    for channel in result.measured.channels:
        if channel.measures_energy and channel.quality == "measured" and channel.energy_j and channel.energy_j > 0:
            part = energies.setdefault((channel.device, channel.domain), {})
            part["counter" if channel.quantity == "energy" else "gauge"] = channel.energy_j
    return tuple(
        CounterAndGauge(device, part["counter"], part["gauge"])
        for (device, _), part in energies.items()
        if len(part) == 2
    )


def summed(parts: Sequence[Measured]) -> Measured | None:
    """The sum of regions that do not overlap, as of all epochs of a training. It is `None` where there is no region."""
    if len(parts) < 2:
        return parts[0] if parts else None
    seconds = math.fsum(part.region_s or 0.0 for part in parts)
    energy = total_if_known(part.energy for part in parts)
    lows = [_distance(part.energy_low_j, part) for part in parts]
    highs = [_distance(part.energy_high_j, part) for part in parts]

    def mean(values: Sequence[float | None]) -> float | None:
        """The mean weighted with the regions' lengths. It is `None` as soon as one value is not known."""
        if None in values or seconds <= 0:
            return None
        weighted = ((value or 0.0) * (part.region_s or 0.0) for value, part in zip(values, parts))
        return math.fsum(weighted) / seconds

    gpus = dict.fromkeys(name for part in parts for name in part.gpu_use)
    starts, stops = [part.start_ns for part in parts], [part.stop_ns for part in parts]
    return replace(
        parts[0],
        energy=energy,
        energy_low_j=_end(energy, lows, -1),
        energy_high_j=_end(energy, highs, 1),
        psys_j=sum_if_known(part.psys_j for part in parts),
        wall_j=sum_if_known(part.wall_j for part in parts),
        share_j=sum_if_known(part.share_j for part in parts),
        power_w=energy.best_j / seconds if energy.best_j is not None and seconds > 0 else None,
        # One intensity weighs them all: its error is shared.
        carbon_g=sum_if_known(part.carbon_g for part in parts),
        carbon_low_g=sum_if_known(part.carbon_low_g for part in parts),
        carbon_high_g=sum_if_known(part.carbon_high_g for part in parts),
        coverage=mean([part.coverage for part in parts]),
        partial=any(part.partial for part in parts),
        provisional=any(part.provisional for part in parts),
        start_ns=min((start for start in starts if start is not None), default=None),
        stop_ns=max((stop for stop in stops if stop is not None), default=None),
        region_s=seconds,
        cpu_utilisation=mean([part.cpu_utilisation for part in parts]),
        gpu_use={name: mean([part.gpu_use.get(name) for part in parts]) for name in gpus},
        counter_and_gauge=_summed_pairs(parts),
        sources=_summed_sources(parts),
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )


def _distance(end_j: float | None, part: Measured) -> float | None:
    """How far an end of an energy's interval is from the energy itself."""
    return None if end_j is None or part.energy.best_j is None else end_j - part.energy.best_j


def _end(energy: Energy, distances: Sequence[float | None], sign: int) -> float | None:
    """An end of the sum's interval. Errors of edges and gaps are independent, so their squares add up."""
    known = [distance for distance in distances if distance is not None]
    if energy.best_j is None or len(known) < len(distances):
        return None
    return energy.best_j + sign * math.hypot(*known)


def _summed_sources(parts: Sequence[Measured]) -> tuple[Source, ...]:
    """Each channel once. Its energy is known if every part knows it."""
    by_id: dict[str, list[Source]] = {}
    for part in parts:
        for source in part.sources:
            by_id.setdefault(source.id, []).append(source)
    return tuple(
        replace(
            sources[-1],
            energy_j=sum_if_known(source.energy_j for source in sources) if len(sources) == len(parts) else None,
            quality=worst_quality(source.quality or "missing" for source in sources),
        )
        for sources in by_id.values()
    )


def _summed_pairs(parts: Sequence[Measured]) -> tuple[CounterAndGauge, ...]:
    """The sums of those pairs that every part has."""
    devices = {tuple(pair.device for pair in part.counter_and_gauge) for part in parts}
    if len(devices) != 1:
        return ()
    return tuple(
        CounterAndGauge(
            pairs[0].device, math.fsum(pair.counter_j for pair in pairs), math.fsum(pair.gauge_j for pair in pairs)
        )
        for pairs in zip(*(part.counter_and_gauge for part in parts))
    )


def used_gpu(gpu_use: Mapping[str, float | None], devices: Sequence[str]) -> float | None:
    """How busy the least busy GPU of the work was: a GPU that belongs to somebody else must not hide an idle one. If
    worker or sensors do not name GPUs by their UUID, the busiest GPU is taken."""
    use = {name: value for name, value in gpu_use.items() if value is not None}
    if devices and any(name.startswith("gpu:GPU-") for name in use):
        return min((use[name] for name in devices if name in use), default=None)
    return max(use.values(), default=None)


def with_loaded(row: Row, loaded: Loaded) -> Row:
    """The row with how the network was built. What the phase itself told stays as it is."""
    new = [name for name in _LOADED.split() if name not in row.origin.names]
    setup = replace(row.setup, **{name: getattr(loaded, name) for name in new})
    uuids = [gpu.uuid for gpu in loaded.gpus]
    named = tuple(f"gpu:{uuid}" for uuid in uuids) if None not in uuids else ()  # as the sources call their devices
    if row.phase in ("training", "evaluation", "scoring") and loaded.training_macs:
        setup = replace(setup, macs=loaded.training_macs, gmac=loaded.training_macs / 1e9)
    row = replace(row, setup=replace(setup, gpu_devices=named)).with_names(*new, *(["gpu_devices"] if named else []))
    busy = used_gpu(row.measured.gpu_use, named) if named else row.measured.gpu_utilisation
    return replace(row, measured=replace(row.measured, gpu_utilisation=busy))


def with_work(row: Row, done: PhaseResult) -> Row:
    """The row with what the worker reports of the phase."""
    names = [name for name in _WORK.split() if done.phase in _ONLY_OF.get(name, (done.phase,))]
    kept = done.pass_ns[1:] or done.pass_ns  # the first pass allocates: every benchmark drops it
    work = Work(
        **{name: getattr(done, name) for name in names if name not in _OF_SETUP},
        duration_s=done.duration_s,
        worker_ns=(done.begin_ns, done.end_ns),
        pass_ns=done.pass_ns,
        pass_ms=sum(kept) / len(kept) / 1e6 if kept else None,
        latency=latency_of(done),
        device_memory_bytes=done.device_memory_bytes,
        epochs=None if done.epochs is None else len(done.epochs),
    )
    setup = Setup(**{name: getattr(done, name) for name in names if name in _OF_SETUP})
    row = replace(row, work=work, setup=setup).with_names(*names, *_TIMES.split())
    return row if work.latency is None else row.with_names("latency")


def latency_of(done: PhaseResult) -> Latency | None:
    """How long one input waits for its answer, of an inference whose passes take one input each. Nothing of others: in
    a batch inputs wait for each other."""
    if done.phase != "infer" or done.batch != 1 or len(done.pass_ns) < 2:
        return None
    times = [time / 1e6 for time in done.pass_ns[1:]]
    known = (quantile_of(times, share) for share in LATENCY_SHARES)
    return Latency(len(times), tuple(PassQuantile(*quantile) for quantile in known if quantile is not None))


def with_verdict(row: Row, verdict: Verdict) -> Row:
    """The row with a new verdict instead of an earlier one. The times of single passes are dropped: only judging needs
    them."""
    names = tuple(name for name in row.origin.names if name != "pass_ns")
    row = replace(row, verdict=verdict, work=replace(row.work, pass_ns=()), origin=replace(row.origin, names=names))
    idle = _ABOVE_IDLE if verdict.idle_w is not None else ()
    samples = ("sample_period_s", "samples") if verdict.samples is not None else ()
    passes = ("drift", "pass_cv") if verdict.drift is not None else ()
    return row.with_names(*idle, *samples, *passes, "checks", "invalid", "warnings")


def with_settled(row: Row, settled: Settled) -> Row:
    """The row with how the warming up before it went."""
    around = replace(row.around, settled=settled.steady, slope=_finite(settled.slope))
    return replace(row, around=around).with_names("settled", "slope")


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None

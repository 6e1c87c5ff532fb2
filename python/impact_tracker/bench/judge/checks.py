"""Decides whether a row counts. A row that fails a fatal check is shown as invalid and is in no mean."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from ..plan.modes import mode_of
from ..plan.settings import Settings
from ..plan.test import ASIDE
from ..row.row import Check, Row, Verdict
from .baseline import Level, Levels, powers
from .samples import LEAST_SAMPLES, slope_of

STEADY_PASSES = 0.10  # change of a pass's duration over the phase, by its straight line
PASS_CV = 0.25
LEAST_PASSES = 3  # from which their times vary and drift
PARTS = 10
LONG_S = 10.0  # from which on a gauge that lags must agree with the counter
STEADY_STATE = 0.02
COUNTER_AGREES = 0.10
COVERED = 0.95
IDLE_MARGIN = 1.02
BOTH, ONE = "before and after", "one"
STEADY_POWER = 0.05  # change of the power from the first third of the phase to the last
WARMING_K = 10.0
LEAST_BUSY_CPUS = 0.3
OTHERS_CPUS = 0.5
OTHERS_SHARE = 0.02  # of all processors
OTHERS_MOST = 0.25  # of the processors' time in a phase, of any mode
LEAST_LOAD_S = 5.0  # the load is read once a second
SHORT_S = 0.5  # from which on sums of CPU time, in hundredths of a second, tell others' part
RAN_AS_ASKED = 0.9  # of the multiply-adds, in the precision and layout that were asked for
MOSTLY = 0.5
LEAST_THREADS_S = 1.0


class Rules(NamedTuple):
    """What rows are held to: the settings that they were asked for, and whether a phase that is too short or too
    unsteady for its sensors is invalid (`strict`; else it is warned of)."""

    settings: Settings
    strict: bool


def to_judge(row: Row) -> bool:
    """Whether a row is judged at all. Only phases that a test is for are, if they came to their end."""
    return row.status == "ok" and row.phase not in (*ASIDE, "idle")


def judge(row: Row, idle: Levels, rules: Rules) -> Verdict:
    """The verdict on a row, with its energy above idle. `idle`: power of the idle machine at the row's time
    (`baseline.levels_at`). The row itself stays as it is."""
    settings, strict = rules
    if row.facts.swept is not None:
        settings = settings.at(row.facts.swept)
    drift, scatter = _passes(row)
    period_s, region_s = row.around.sample_period_s, row.measured.region_s
    samples = math.floor(region_s / period_s) if period_s and region_s else None
    checks = [
        _device(row, settings),
        _device_works(row),
        _awake(row),
        _alone(row, strict),
        *_as_asked(row, settings),
        _finite(row),
        _energy_known(row),
        _all_spoke(row),
        *_above_idle(row, idle, strict),
        _crowded(row),
        _length(row, settings),
        _cold(row),
        _settled(row, strict),
        _steady(row, strict),
        _samples(row, samples, strict),
        _coverage(row),
        _window(row),
        *_steady_passes(drift, scatter, strict),
        _power_drift(row, strict),
        _warming(row),
        _counter_and_gauge(row),
    ]
    verdict = Verdict(
        checks=tuple(check for check in checks if check.ok is not None),
        invalid=tuple(check.text for check in checks if check.ok is False and check.fatal),
        warnings=tuple(check.text for check in checks if check.ok is False and not check.fatal),
        samples=samples,
        drift=drift,
        pass_cv=scatter,
    )
    return _with_above_idle(verdict, row, idle.get(""))


def _device(row: Row, settings: Settings) -> Check:
    wanted = "cuda:0" if settings.device == "cuda" else settings.device
    device = row.setup.device
    return Check("device", None if device is None else device == wanted, f"ran on {device}, {wanted} was asked for")


def _device_works(row: Row) -> Check:
    """A GPU that was asked for must hold memory and be busy: both cards idle is how benchmarks go wrong unseen."""
    device = row.setup.device or ""
    if not device.startswith("cuda"):
        return _cpu_works(row)
    use, held = row.measured.gpu_utilisation, row.work.device_memory_bytes
    if held is not None and held <= 0:
        return Check("device works", False, f"{device} held no memory: it was not used")
    busy = None if use is None else use > 0.02
    return Check("device works", busy, f"{device} was {0 if use is None else use:.0%} busy: it was not used")


def _cpu_works(row: Row) -> Check:
    use = row.measured.cpu_utilisation
    if use is None or (row.measured.region_s or 0.0) < LEAST_LOAD_S:
        return Check("device works", None, "")
    return Check("device works", use >= LEAST_BUSY_CPUS, f"{use:.1f} processors were busy: the work was not done here")


def _awake(row: Row) -> Check:
    """A suspended machine (a closed laptop) spoils a row: its counters go on or begin anew while the clock stands
    still."""
    away = row.around.suspended_s
    return Check("awake", None if away is None else away <= 0, f"the machine was suspended for {away or 0:.1f} s in it")


def _alone(row: Row, strict: bool) -> Check:
    """More processors busy than the worker kept: other programs ran, and their energy is in the machine's."""
    use, own, others = row.measured.cpu_utilisation, row.around.worker_cpus, row.around.others_cpus
    region_s = row.measured.region_s or 0.0
    if own is not None and others is not None and SHORT_S <= region_s < LEAST_LOAD_S:
        use = own + others  # by the kernel's sums, for the load is read too seldom
    elif region_s < LEAST_LOAD_S:
        use = None
    if use is None or own is None:
        return Check("alone", None, "")
    text = f"{use:.1f} processors were busy, the worker kept {own:.1f}: other programs ran beside it"
    # A large machine's daemons take more than a small one's, and less of it.
    most = max(OTHERS_CPUS, 0.1 * own, OTHERS_SHARE * (row.around.cpus or 0))
    heavy = use - own > max(OTHERS_MOST * use, most)  # no mode's row is the worker's alone then
    return Check("alone", use - own <= most, text, strict or heavy)


def _as_asked(row: Row, settings: Settings) -> list[Check]:
    setup = row.setup
    observed = setup.observed
    precisions = None if observed is None else observed.precision_shares
    checks = [_ran_in("precision", setup.precision, precisions, settings.precision)]
    if settings.layout != "auto":
        layouts = None if observed is None else observed.layout_shares
        checks.append(_ran_in("layout", setup.layout, layouts, settings.layout))
    if settings.replicas and setup.devices is not None:
        used = len(setup.devices)
        checks.append(Check("replicas", used == settings.replicas, f"ran on {used} devices"))
    if settings.threads is not None:
        beside = max(len(setup.devices or ()), 1)  # replicas share the threads alike, and each has one at least
        wanted, given = max(settings.threads // beside, 1) * beside, setup.threads
        if given != wanted:
            return [*checks, Check("threads", False, f"ran on {given} threads, {wanted} were asked for")]
    return [*checks, _threads(row)]


def _ran_in(name: str, echoed: str | None, shares: Mapping[str, float] | None, asked: str) -> Check:
    """Compares what was asked with what the worker saw in the first pass, not with what it was set to. Some operations
    exist in another precision or layout only; a row is invalid if most of its work ran so."""
    if shares is None:  # written before workers looked
        return Check(name, echoed == asked, f"ran in {echoed}, {asked} was asked for")
    if not shares:  # no convolution of images: it has no layout
        return Check(name, None, "")
    share = shares.get(asked, 0.0)
    others = sorted((other, part) for other, part in shares.items() if other != asked)
    ran = ", ".join(f"{other} ({part:.0%} of its multiply-adds)" for other, part in others)
    return Check(name, share >= RAN_AS_ASKED, f"ran in {ran}, {asked} was asked for", share < MOSTLY)


def _threads(row: Row) -> Check:
    """Compares the threads that took CPU time with the threads that were given; beside a GPU they do not count. If more
    worked, a library has threads of its own; if fewer did, the network may consist of small operations."""
    used, given = row.setup.observed.threads if row.setup.observed else None, row.setup.threads
    on_cpu = row.setup.device == "cpu" and (row.work.duration_s or 0.0) >= LEAST_THREADS_S
    if used is None or given is None or not on_cpu:
        return Check("threads", None, "")
    return Check("threads", used == given, f"threads that did its work: {used}, given: {given}", used > given)


def _crowded(row: Row) -> Check:
    """More threads than processors wait for each other."""
    given, cpus = row.setup.threads, row.around.cpus
    if given is None or cpus is None or row.setup.device != "cpu" or given <= cpus:
        return Check("crowded", None, "")
    return Check("crowded", False, f"{given} threads on {cpus} processors: they waited for each other", False)


def _finite(row: Row) -> Check:
    text = "the loss is not a number: the training went astray"
    return Check("finite", row.work.finite is not False, text, False)


def _energy_known(row: Row) -> Check:
    energy = row.energy_j
    if energy is not None and energy <= 0:  # nothing runs without: a sensor that stands still, or a phase between ticks
        return Check("energy", False, f"its sensors counted {energy:g} J: none of them moved in it")
    return Check("energy", energy is not None, "its energy was not measured", False)


def _all_spoke(row: Row) -> Check:
    """A row in which a sensor was silent has a smaller sum than the others, and must not be averaged with them."""
    silent = row.around.silent
    text = f"no reading of {', '.join(silent or ())}, which had spoken before: it is not in the sum"
    return Check("sensors", None if silent is None else not silent, text)


def _above_idle(row: Row, idle: Levels, strict: bool) -> list[Check]:
    """The device that worked must draw more than when it is idle. Only its own power is compared, if that is known: the
    power of idle cards would hide what processors draw. On a CPU another program's load may hide it too."""
    gpu = (row.setup.device or "").startswith("cuda")
    now = powers(row)
    cards = [name for name in row.setup.gpu_devices if name in idle and name in now]
    kinds = cards or (["gpu"] if gpu and "gpu" in idle else [""])
    if not gpu and "cpu" in idle and "cpu" in now:
        kinds = ["cpu"]
    if any(kind not in idle or kind not in now for kind in kinds):
        return []
    power, at = sum(now[kind] for kind in kinds), sum(idle[kind].power_w for kind in kinds)
    what = {"": "power", "cpu": "the processors' power"}.get(kinds[0], "the GPUs' power")
    text = f"{what}, {power:.1f} W, is not above that of the idle machine, {at:.1f} W: was it idle before?"
    above = Check("above idle", power > at * IDLE_MARGIN, text, gpu or strict)
    lows, highs = ([getattr(idle[kind], end) for kind in kinds] for end in ("low_w", "high_w"))
    if not above.ok or None in highs:
        return [above]
    low, high = (sum(power_w or 0.0 for power_w in ends) for ends in (lows, highs))
    text = f"{what}, {power:.1f} W, is no more than the idle machine's of before or after, {low:.1f} to {high:.1f} W"
    return [above, Check("above both idles", power > high * IDLE_MARGIN, text, False)]


def _with_above_idle(verdict: Verdict, row: Row, level: Level | None) -> Verdict:
    """The verdict with the energy above idle. Its range is what either baseline alone would give; with only one
    baseline the range is `None`."""
    energy, duration = row.energy_j, row.measured.region_s
    if level is None or energy is None or not duration:
        return verdict
    known = level.low_w is not None and level.high_w is not None
    return replace(
        verdict,
        idle_w=level.power_w,
        idle_baselines=BOTH if known else ONE,
        above_idle_j=energy - level.power_w * duration,
        above_idle_low_j=energy - level.high_w * duration if level.high_w is not None else None,
        above_idle_high_j=energy - level.low_w * duration if level.low_w is not None else None,
    )


def _length(row: Row, settings: Settings) -> Check:
    """A phase must be as long as its mode says, whatever its sensors: a few seconds show a beginning only. How long a
    training to a target takes is not for the campaign to choose."""
    least_s, took_s = mode_of(settings).phase_s, row.measured.region_s or row.work.duration_s
    if not least_s or took_s is None or row.phase not in ("training", "inference"):
        return Check("length", None, "")
    text = f"it took {took_s:.1f} s, a phase of mode {settings.mode} takes {least_s:g} s at least"
    return Check("length", took_s >= least_s, text, row.goal.target is None)


def _cold(row: Row) -> Check:
    """A slow test's one pass in mode "quick" begins cold, which is said."""
    text = "one pass without a warm-up: its first allocations are in it (--mode work)"
    return Check("cold", False if row.facts.cold else None, text, False)


def _settled(row: Row, strict: bool) -> Check:
    """Warming up must have come near the steady state, unless the phase itself tells how near it was (`_steady`)."""
    slope = row.around.slope
    by = "" if slope is None else f" by {slope:+.1%} a minute"
    text = f"when it began the power still changed{by}"
    return Check("settled", row.around.settled, text, strict and row.around.steady_off is None)


def _steady(row: Row, strict: bool) -> Check:
    """The phase's power must be that of the steady machine within 2 %. Where the noise leaves more possible it is said
    how much; where it certainly changes and the best estimate is more, the row does not count."""
    off, low, high = row.around.steady_off, row.around.steady_off_low, row.around.steady_off_high
    if off is None or low is None or high is None:
        return Check("steady", None, "")
    text = f"the steady machine's power lies {off:+.1%} ({low:+.1%} to {high:+.1%}) from the phase's"
    ok = max(abs(low), abs(high)) <= STEADY_STATE
    return Check("steady", ok, text, strict and abs(off) > STEADY_STATE and low * high > 0)


def _samples(row: Row, samples: int | None, strict: bool) -> Check:
    if samples is None:
        return Check("samples", None, "")
    period_s = row.around.sample_period_s
    text = f"{samples} readings of the slowest sensor (every {period_s:g} s), {LEAST_SAMPLES} are wanted"
    # How long a data set takes is not for the campaign to choose.
    chosen = row.facts.data in (None, "synthetic")
    return Check("samples", samples >= LEAST_SAMPLES, text, strict and chosen)


def _coverage(row: Row) -> Check:
    coverage = row.measured.coverage
    if coverage is None or row.energy_j is None:
        return Check("coverage", None, "")
    return Check("coverage", coverage >= COVERED, f"readings cover {coverage:.0%} of the phase")


def _window(row: Row) -> Check:
    """The region must be the worker's own window: both read the same clock."""
    region, worker = row.measured.region_s, row.work.duration_s
    if region is None or worker is None:
        return Check("window", None, "")
    text = f"the region took {region:.3f} s, the passes in it {worker:.3f} s"
    return Check("window", region - worker <= max(0.05, 0.01 * worker), text, False)


def _passes(row: Row) -> tuple[float | None, float | None]:
    """Drift and coefficient of variation of the passes' times, without the first one where three are left. If the times
    are gone, those of the earlier verdict are taken."""
    times = row.work.pass_ns
    if not times:
        return row.verdict.drift, row.verdict.pass_cv
    times = times[1:] if len(times) > LEAST_PASSES else times
    if len(times) < LEAST_PASSES:
        return None, None
    # Medians of ten parts: one pass that was interrupted is no drift.
    parts = min(PARTS, len(times))
    size = len(times) // parts
    medians = [float(sorted(times[i * size : (i + 1) * size])[size // 2]) for i in range(parts)]
    mean = math.fsum(times) / len(times)
    return slope_of(medians), math.sqrt(math.fsum((time - mean) ** 2 for time in times) / (len(times) - 1)) / mean


def _steady_passes(drift: float | None, scatter: float | None, strict: bool) -> list[Check]:
    """Passes that drift or scatter are a sign of throttling or of another load on the machine."""
    if drift is None or scatter is None:
        return []
    return [
        Check("drift", drift <= STEADY_PASSES, f"a pass's time drifted by {drift:.0%} over the phase", strict),
        Check("scatter", scatter <= PASS_CV, f"the passes' times scatter by {scatter:.0%}", strict),
    ]


def _power_drift(row: Row, strict: bool) -> Check:
    drift = row.around.power_drift
    if drift is None:
        return Check("power drift", None, "")
    text = f"its power changed by {drift:+.0%} from the first third of the phase to the last"
    return Check("power drift", abs(drift) <= STEADY_POWER, text, strict)


def _warming(row: Row) -> Check:
    begin, end = row.around.temperature_begin_c, row.around.temperature_end_c
    if begin is None or end is None:
        return Check("temperature", None, "")
    text = f"it warmed from {begin:.0f} to {end:.0f} degrees Celsius: it was not warm when it began"
    return Check("temperature", end - begin <= WARMING_K, text, False)


def _counter_and_gauge(row: Row) -> Check:
    """The energy counter of a device must agree with the integral of its power, if the device has both."""
    ratios = [(pair.counter_j / pair.gauge_j, pair.device) for pair in row.measured.counter_and_gauge]
    if not ratios:
        return Check("counter and gauge", None, "")
    ratio, device = max(ratios, key=lambda ratio_of: abs(math.log(ratio_of[0])))
    text = f"{device}: the counter says {ratio:.2f} times what its power adds up to"
    # A gauge that is an average over a second lags: only in a long phase must the two be the same.
    long = (row.measured.region_s or 0.0) >= LONG_S
    return Check("counter and gauge", abs(ratio - 1) <= COUNTER_AGREES, text, long)

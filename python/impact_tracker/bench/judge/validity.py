"""What makes a row count: each check with what was found; a row that fails one is shown invalid and never averaged."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..judge.samples import LEAST_S, LEAST_SAMPLES, slope_of
from ..plan.settings import Settings
from ..plan.test import ASIDE
from ..row.rows import Row
from .baseline import Levels, powers

STEADY_PASSES = 0.10  # change of a pass's duration over the phase, by its straight line
PASS_CV = 0.25
COUNTER_AGREES = 0.10
COVERED = 0.95
IDLE_MARGIN = 1.02
BOTH, ONE = "before and after", "one"
STEADY_POWER = 0.05  # change of the power from the first third of the phase to the last
WARMING_K = 10.0
LEAST_BUSY_CPUS = 0.3
OTHERS_CPUS = 0.5
OTHERS_SHARE = 0.02  # of all processors
LEAST_LOAD_S = 5.0  # the load is read once a second
RAN_AS_ASKED = 0.9  # of the multiply-adds, in the precision and layout that were asked for
MOSTLY = 0.5
LEAST_THREADS_S = 1.0


class Check(NamedTuple):
    """`ok` is None where the check does not apply. `fatal`: the row is invalid if it fails, else it is warned of."""

    name: str
    ok: bool | None
    text: str
    fatal: bool = True


def judge(row: Row, settings: Settings, period_s: float | None, idle: Levels, strict: bool) -> None:
    """Adds checks, invalid and warnings to a row, and its energy above idle. `period_s`: between readings of its
    slowest sensor; `idle`: power of the idle machine at its time (`baseline.levels_at`)."""
    if row["status"] != "ok" or row["phase"] in (*ASIDE, "idle"):
        return
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
        _settled(row, strict),
        _samples(row, period_s, strict),
        _coverage(row),
        _window(row),
        *_passes(row, strict),
        _power_drift(row, strict),
        _warming(row),
        _counter_and_gauge(row),
    ]
    row["checks"] = [check._asdict() for check in checks if check.ok is not None]
    row["invalid"] = [check.text for check in checks if check.ok is False and check.fatal]
    row["warnings"] = [check.text for check in checks if check.ok is False and not check.fatal]


def _device(row: Row, settings: Settings) -> Check:
    wanted = "cuda:0" if settings.device == "cuda" else settings.device
    found = row.get("device")
    return Check("device", None if found is None else found == wanted, f"ran on {found}, {wanted} was asked for")


def _device_works(row: Row) -> Check:
    """A GPU that was asked for must hold memory and be busy: both cards idle is how benchmarks go wrong unseen."""
    device = str(row.get("device") or "")
    if not device.startswith("cuda"):
        return _cpu_works(row)
    use = row.get("gpu_utilisation")
    held = row.get("device_memory_bytes")
    if held is not None and held <= 0:
        return Check("device works", False, f"{device} held no memory: it was not used")
    busy = None if use is None else use > 0.02
    return Check("device works", busy, f"{device} was {0 if use is None else use:.0%} busy: it was not used")


def _cpu_works(row: Row) -> Check:
    use = row.get("cpu_utilisation")
    if use is None or (row.get("region_s") or 0.0) < LEAST_LOAD_S:
        return Check("device works", None, "")
    return Check("device works", use >= LEAST_BUSY_CPUS, f"{use:.1f} processors were busy: the work was not done here")


def _awake(row: Row) -> Check:
    """Of a laptop that was closed meanwhile: counters go on or begin anew, the clock stood still."""
    away = row.get("suspended_s")
    return Check("awake", None if away is None else away <= 0, f"the machine was suspended for {away or 0:.1f} s in it")


def _alone(row: Row, strict: bool) -> Check:
    """More processors busy than the worker kept: other programs ran, and their energy is in the machine's."""
    use, own = row.get("cpu_utilisation"), row.get("worker_cpus")
    if use is None or own is None or (row.get("region_s") or 0.0) < LEAST_LOAD_S:
        return Check("alone", None, "")
    text = f"{use:.1f} processors were busy, the worker kept {own:.1f}: other programs ran beside it"
    # A large machine's daemons take more than a small one's, and less of it.
    most = max(OTHERS_CPUS, 0.1 * own, OTHERS_SHARE * (row.get("cpus") or 0))
    return Check("alone", use - own <= most, text, strict)


def _as_asked(row: Row, settings: Settings) -> list[Check]:
    found = [_ran_in(row, "precision", settings.precision)]
    if settings.layout != "auto":
        found.append(_ran_in(row, "layout", settings.layout))
    if settings.replicas and row.get("devices") is not None:
        used = len(row["devices"])
        found.append(Check("replicas", used == settings.replicas, f"ran on {used} devices"))
    if settings.threads is not None:
        beside = max(len(row.get("devices") or ()), 1)  # replicas share the threads alike, and each has one at least
        wanted, given = max(settings.threads // beside, 1) * beside, row.get("threads")
        if given != wanted:
            found.append(Check("threads", False, f"ran on {given} threads, {wanted} were asked for"))
            return found
    return [*found, _threads(row)]


def _ran_in(row: Row, what: str, asked: str) -> Check:
    """By the worker's look at the operations of the first pass, not by what it was set to. A few operations may have
    no other way than another precision or layout: invalid is a row of which most ran so."""
    observed = row.get("observed")
    if observed is None:  # written before workers looked
        return Check(what, row.get(what) == asked, f"ran in {row.get(what)}, {asked} was asked for")
    shares = {str(name): float(share) for name, share in (observed.get(f"{what}_shares") or {}).items()}
    if not shares:  # no convolution of images: it has no layout
        return Check(what, None, "")
    share, others = shares.get(asked, 0.0), {name: one for name, one in shares.items() if name != asked}
    ran = ", ".join(f"{name} ({one:.0%} of its multiply-adds)" for name, one in sorted(others.items()))
    return Check(what, share >= RAN_AS_ASKED, f"ran in {ran}, {asked} was asked for", share < MOSTLY)


def _threads(row: Row) -> Check:
    """Threads with a real part in the process's CPU time against those that it was set to; a GPU's host does not count.
    More are a library with threads of its own; fewer may be a network of small operations."""
    used = (row.get("observed") or {}).get("threads")
    given = row.get("threads")
    on_cpu = row.get("device") == "cpu" and (row.get("duration_s") or 0.0) >= LEAST_THREADS_S
    if used is None or given is None or not on_cpu:
        return Check("threads", None, "")
    return Check("threads", used == given, f"threads that did its work: {used}, given: {given}", used > given)


def _finite(row: Row) -> Check:
    return Check("finite", row.get("finite") is not False, "the loss is not a number: the training went astray", False)


def _energy_known(row: Row) -> Check:
    energy = row.get("energy_j")
    if energy is not None and energy <= 0:  # nothing runs without: a sensor that stands still, or a phase between ticks
        return Check("energy", False, f"its sensors counted {energy:g} J: none of them moved in it")
    return Check("energy", energy is not None, "its energy was not measured", False)


def _all_spoke(row: Row) -> Check:
    """A sum without a sensor that was in the others is no energy to average with theirs."""
    silent = row.get("silent")
    text = f"no reading of {', '.join(silent or ())}, which had spoken before: it is not in the sum"
    return Check("sensors", None if silent is None else not silent, text)


def _above_idle(row: Row, idle: Levels, strict: bool) -> list[Check]:
    """Of the device that was to work, as far as its power is known: idle cards would hide what processors draw. On a
    CPU another program's load may hide it too, a GPU's idle power is its own."""
    _add_above_idle(row, idle)
    gpu = str(row.get("device") or "").startswith("cuda")
    now = powers(row)
    cards = [name for name in row.get("gpu_devices") or [] if name in idle and name in now]
    kinds = cards or (["gpu"] if gpu and "gpu" in idle else [""])
    if not gpu and "cpu" in idle and "cpu" in now:
        kinds = ["cpu"]
    if any(kind not in idle or kind not in now for kind in kinds):
        return []
    power, at = sum(now[kind] for kind in kinds), sum(idle[kind].power_w for kind in kinds)
    what = {"": "power", "cpu": "the processors' power"}.get(kinds[0], "the GPUs' power")
    text = f"{what}, {power:.1f} W, is not above that of the idle machine, {at:.1f} W: was it idle before?"
    above = Check("above idle", power > at * IDLE_MARGIN, text, gpu or strict)
    ends = [(idle[kind].low_w, idle[kind].high_w) for kind in kinds]
    if not above.ok or any(high is None for _, high in ends):
        return [above]
    low, high = (sum(one or 0.0 for one in side) for side in zip(*ends))
    text = f"{what}, {power:.1f} W, is no more than the idle machine's of before or after, {low:.1f} to {high:.1f} W"
    return [above, Check("above both idles", power > high * IDLE_MARGIN, text, False)]


def _add_above_idle(row: Row, idle: Levels) -> None:
    """`above_idle_j`, with what it would be by either baseline alone as its range: None where there is one only."""
    level, energy, duration = idle.get(""), row.get("energy_j"), row.get("region_s")
    if level is None or energy is None or not duration:
        return
    known = level.low_w is not None and level.high_w is not None
    row["idle_w"], row["idle_baselines"] = level.power_w, BOTH if known else ONE
    row["above_idle_j"] = energy - level.power_w * duration
    row["above_idle_low_j"] = energy - level.high_w * duration if level.high_w is not None else None
    row["above_idle_high_j"] = energy - level.low_w * duration if level.low_w is not None else None


def _settled(row: Row, strict: bool) -> Check:
    """Whether warming up reached its end: power that changes by less than 1 %."""
    slope = row.get("slope")
    by = "" if slope is None else f" by {slope:.1%}"
    return Check("settled", row.get("settled"), f"when it began the power still changed{by}", strict)


def _samples(row: Row, period_s: float | None, strict: bool) -> Check:
    duration, period_s = row.get("region_s"), period_s or row.get("sample_period_s")
    if not period_s or not duration:
        return Check("samples", None, "")
    row["sample_period_s"] = period_s
    row["samples"] = math.floor(duration / period_s)
    text = f"{row['samples']} readings of the slowest sensor (every {period_s:g} s), {LEAST_SAMPLES} are wanted"
    # How long a data set takes is not for the campaign to choose.
    chosen = row.get("data", "synthetic") == "synthetic"
    return Check("samples", row["samples"] >= LEAST_SAMPLES, text, strict and chosen)


def _coverage(row: Row) -> Check:
    coverage = row.get("coverage")
    if coverage is None or row.get("energy_j") is None:
        return Check("coverage", None, "")
    return Check("coverage", coverage >= COVERED, f"readings cover {coverage:.0%} of the phase")


def _window(row: Row) -> Check:
    """The region must be the worker's own window: both read the same clock."""
    region, worker = row.get("region_s"), row.get("duration_s")
    if region is None or worker is None:
        return Check("window", None, "")
    text = f"the region took {region:.3f} s, the passes in it {worker:.3f} s"
    return Check("window", region - worker <= max(0.05, 0.01 * worker), text, False)


def _passes(row: Row, strict: bool) -> list[Check]:
    """Drift and scatter of the passes: throttling, another load on the machine."""
    _add_passes(row)
    if row.get("drift") is None:
        return []
    drift, scatter = row["drift"], row["pass_cv"]
    return [
        Check("drift", drift <= STEADY_PASSES, f"a pass's time drifted by {drift:.0%} over the phase", strict),
        Check("scatter", scatter <= PASS_CV, f"the passes' times scatter by {scatter:.0%}", strict),
    ]


def _power_drift(row: Row, strict: bool) -> Check:
    drift = row.get("power_drift")
    if drift is None:
        return Check("power drift", None, "")
    text = f"its power changed by {drift:+.0%} from the first third of the phase to the last"
    return Check("power drift", abs(drift) <= STEADY_POWER, text, strict)


def _warming(row: Row) -> Check:
    begin, end = row.get("temperature_begin_c"), row.get("temperature_end_c")
    if begin is None or end is None:
        return Check("temperature", None, "")
    text = f"it warmed from {begin:.0f} to {end:.0f} degrees Celsius: it was not warm when it began"
    return Check("temperature", end - begin <= WARMING_K, text, False)


def _counter_and_gauge(row: Row) -> Check:
    """An energy counter against the integral of the same device's power, where a device has both."""
    pairs: Sequence[Mapping[str, Any]] = row.get("counter_and_gauge") or []
    if not pairs:
        return Check("counter and gauge", None, "")
    worst = max(pairs, key=lambda pair: abs(math.log(pair["counter_j"] / pair["gauge_j"])))
    ratio = worst["counter_j"] / worst["gauge_j"]
    text = f"{worst['device']}: the counter says {ratio:.2f} times what its power adds up to"
    # A gauge that is an average over a second lags: only in a long phase must the two be the same.
    return Check("counter and gauge", abs(ratio - 1) <= COUNTER_AGREES, text, (row.get("region_s") or 0.0) >= LEAST_S)


def _add_passes(row: Row) -> None:
    """Drift and coefficient of variation of the passes' times, the first left out; the times are not kept."""
    times = [float(one) for one in row.pop("pass_ns", None) or []][1:]
    if len(times) < 10:
        return
    # Medians of ten parts: one pass that was interrupted is no drift.
    size = len(times) // 10
    medians = [sorted(times[i * size : (i + 1) * size])[size // 2] for i in range(10)]
    mean = math.fsum(times) / len(times)
    row["drift"] = slope_of(medians)
    row["pass_cv"] = math.sqrt(math.fsum((one - mean) ** 2 for one in times) / (len(times) - 1)) / mean

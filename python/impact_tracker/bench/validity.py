"""What makes a row count: each check with what was found; a row that fails one is shown invalid and never averaged."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .rows import Row
from .settings import Settings
from .settling import LEAST_SAMPLES, slope_of
from .suites_base import ASIDE

STEADY_PASSES = 0.10  # change of a pass's duration over the phase, by its straight line
PASS_CV = 0.25
COUNTER_AGREES = 0.10
COVERED = 0.95
IDLE_MARGIN = 1.02


class Check(NamedTuple):
    """`ok` is None where the check does not apply. `fatal`: the row is invalid if it fails, else it is warned of."""

    name: str
    ok: bool | None
    text: str
    fatal: bool = True


def judge(row: Row, settings: Settings, period_s: float | None, idle_w: Mapping[str, float], strict: bool) -> None:
    """Adds checks, invalid and warnings to a row. `period_s`: between readings of its slowest sensor; `idle_w`: power
    of the idle machine, by kind of device ("cpu", "gpu") and in all ("")."""
    if row["status"] != "ok" or row["phase"] in (*ASIDE, "idle"):
        return
    checks = [
        _device(row, settings),
        _device_works(row),
        *_as_asked(row, settings),
        _finite(row),
        _energy_known(row),
        _above_idle(row, idle_w, strict),
        _samples(row, period_s, strict),
        _coverage(row),
        _window(row),
        *_passes(row, strict),
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
        return Check("device works", None, "")
    use = row.get("gpu_utilisation")
    held = row.get("device_memory_bytes")
    if held is not None and held <= 0:
        return Check("device works", False, f"{device} held no memory: it was not used")
    busy = None if use is None else use > 0.02
    return Check("device works", busy, f"{device} was {0 if use is None else use:.0%} busy: it was not used")


def _as_asked(row: Row, settings: Settings) -> list[Check]:
    found = [Check("precision", row.get("precision") == settings.precision, f"ran in {row.get('precision')}")]
    if settings.layout != "auto":
        found.append(Check("layout", row.get("layout") == settings.layout, f"ran as {row.get('layout')}"))
    if settings.threads is not None:
        found.append(Check("threads", row.get("threads") == settings.threads, f"ran on {row.get('threads')} threads"))
    return found


def _finite(row: Row) -> Check:
    return Check("finite", row.get("finite") is not False, "the loss is not a number: the training went astray", False)


def _energy_known(row: Row) -> Check:
    return Check("energy", row.get("energy_j") is not None, "its energy was not measured", False)


def _above_idle(row: Row, idle_w: Mapping[str, float], strict: bool) -> Check:
    """Of the device that was to work; on a CPU another program's load may hide it, a GPU's idle power is its own."""
    gpu = str(row.get("device") or "").startswith("cuda")
    kind = "gpu" if gpu and "gpu" in idle_w else ""
    power, idle = powers(row).get(kind), idle_w.get(kind)
    if idle is None or power is None:
        return Check("above idle", None, "")
    what = "the GPUs' power" if kind else "power"
    text = f"{what}, {power:.1f} W, is not above that of the idle machine, {idle:.1f} W: was it idle before?"
    return Check("above idle", power > idle * IDLE_MARGIN, text, gpu or strict)


def powers(row: Row) -> dict[str, float]:
    """Mean power in W of a row's total, by kind of device (cpu, gpu, memory …), and in all under ""."""
    duration = row.get("region_s")
    if not duration:
        return {}
    found: dict[str, float] = {}
    for source in row.get("sources") or []:
        if source.get("energy_j") is not None:
            kind = str(source["device"]).split(":")[0]
            found[kind] = found.get(kind, 0.0) + source["energy_j"] / duration
    if row.get("energy_j") is not None:
        found[""] = row["energy_j"] / duration
    return found


def _samples(row: Row, period_s: float | None, strict: bool) -> Check:
    duration = row.get("region_s")
    if not period_s or not duration:
        return Check("samples", None, "")
    row["samples"] = math.floor(duration / period_s)
    text = f"{row['samples']} readings of the slowest sensor (every {period_s:g} s), {LEAST_SAMPLES} are wanted"
    return Check("samples", row["samples"] >= LEAST_SAMPLES, text, strict)


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
    """Drift and scatter of the passes, the first left out: throttling, another load on the machine."""
    times = [float(one) for one in row.pop("pass_ns", None) or []][1:]
    if len(times) < 10:
        return []
    # Medians of ten parts: one pass that was interrupted is no drift.
    size = len(times) // 10
    medians = [sorted(times[i * size : (i + 1) * size])[size // 2] for i in range(10)]
    drift = slope_of(medians)
    mean = math.fsum(times) / len(times)
    scatter = math.sqrt(math.fsum((one - mean) ** 2 for one in times) / (len(times) - 1)) / mean
    row["drift"], row["pass_cv"] = drift, scatter
    return [
        Check("drift", drift <= STEADY_PASSES, f"a pass's time drifted by {drift:.0%} over the phase", strict),
        Check("scatter", scatter <= PASS_CV, f"the passes' times scatter by {scatter:.0%}", strict),
    ]


def _counter_and_gauge(row: Row) -> Check:
    """An energy counter against the integral of the same device's power, where a device has both."""
    pairs: Sequence[Mapping[str, Any]] = row.get("counter_and_gauge") or []
    if not pairs:
        return Check("counter and gauge", None, "")
    worst = max(pairs, key=lambda pair: abs(math.log(pair["counter_j"] / pair["gauge_j"])))
    ratio = worst["counter_j"] / worst["gauge_j"]
    text = f"{worst['device']}: the counter says {ratio:.2f} times what its power adds up to"
    return Check("counter and gauge", abs(ratio - 1) <= COUNTER_AGREES, text)

"""One workload under each meter in turn: rounds in a shuffled order, so that a machine that warms up favours nobody."""

from __future__ import annotations

import csv
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from ...file_text import no_pipe
from ...values import Energy, joules_of, sum_if_known
from .meter import BARE, FoundMeter, perf_events
from .scaphandre import LONGEST_GAP, Company, energy_of, powers_in, running

_INSIDE = Path(__file__).with_name("inside.py")


@dataclass(frozen=True)
class MeterReading:
    """One run of the workload under one meter. `energy_j` is `None` where the meter gave none, and `error` says why.
    `cpu_s`: processor time of the workload and the meter together; times are of UTC and of CLOCK_MONOTONIC."""

    meter: str
    round: int
    energy_j: float | None
    duration_s: float
    cpu_s: float
    start_utc_s: float
    start_ns: int
    stop_ns: int
    error: str = ""


@dataclass(frozen=True)
class MeasuredCommand:
    """What is run: a command, and how it is called in tables."""

    words: Sequence[str]
    title: str
    folder: str = field(default_factory=os.getcwd)


class MeterError(RuntimeError):
    """The workload itself failed: no meter can say anything of it."""


def run_all(
    places: Sequence[FoundMeter],
    workload: MeasuredCommand,
    rounds: int,
    *,
    interval_s: float = 1.0,
    rest_s: float = 0.0,
    seed: int = 1,
    told: Callable[[str], None] = lambda text: None,
) -> list[MeterReading]:
    """All readings, the workload alone first in line. MeterError where the workload fails without any meter."""
    draw = random.Random(seed)
    readings: list[MeterReading] = []
    measured = [place for place in places if place.meter.how not in ("estimate", "series")]
    begin_s, total = time.monotonic(), rounds * len(measured)
    for number in range(rounds):
        order = list(measured)
        draw.shuffle(order)
        for place in order:
            left = ""
            if readings:
                seconds = (time.monotonic() - begin_s) / len(readings) * (total - len(readings))
                left = f", about {seconds:.0f} s left"
            told(f"[{len(readings) + 1}/{total}] {place.meter.title}, round {number + 1} of {rounds}{left}")
            readings.append(run_one(place, workload, number, interval_s))
            time.sleep(rest_s)
    return readings


def run_one(place: FoundMeter, workload: MeasuredCommand, number: int, interval_s: float) -> MeterReading:
    """One run. What goes wrong with a meter is in the reading's error; MeterError where the workload alone fails."""
    with tempfile.TemporaryDirectory(prefix="impact-tracker-meter-") as folder:
        answer = Path(folder) / "answer.json"
        words = _words(place, workload, interval_s, folder, answer)
        environment = dict(os.environ)
        if place.meter.how == "inside" and place.command != sys.executable:
            environment.pop("PYTHONPATH", None)  # a path to our packages is no business of another's environment
        beside: AbstractContextManager[Company] = nullcontext(Company())
        if place.meter.name == "scaphandre":
            beside = running(place.command, interval_s, answer)
        with beside as company:
            before = os.times()
            start_utc_s, start_ns = time.time(), time.monotonic_ns()
            done = subprocess.run(
                words,
                cwd=workload.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            stop_ns = time.monotonic_ns()
            after = os.times()
        seconds = (stop_ns - start_ns) / 1e9
        used_s = after.children_user + after.children_system - before.children_user - before.children_system
        cpu_s = max(0.0, used_s) + company.cpu_of_one_s * seconds
        reading = MeterReading(place.meter.name, number, None, seconds, cpu_s, start_utc_s, start_ns, stop_ns)
        if company.error:
            return _with(reading, None, company.error)
        if done.returncode != 0:
            last = [line for line in done.stderr.splitlines() if line.strip()][-1:] or ["it says nothing of why"]
            error = f"exit code {done.returncode}: {last[0][:200]}"
            if place.meter is BARE:
                raise MeterError(f"the workload fails by itself, with {error}")
            return _with(reading, None, error)
        try:
            if place.meter.name == "scaphandre":
                start_s = reading.start_utc_s
                return _with(reading, *energy_of(powers_in(answer), start_s, start_s + seconds, interval_s))
            return _answered(place, reading, folder, answer, done.stderr)
        except (OSError, ValueError, KeyError, TypeError) as error:
            return _with(reading, None, f"its answer cannot be read: {error!r}"[:200])


def _words(place: FoundMeter, workload: MeasuredCommand, interval_s: float, folder: str, answer: Path) -> list[str]:
    words = list(workload.words)
    how, name = place.meter.how, place.meter.name
    if how == "ours":
        options = ["run", "-q", "-o", folder, "--interval", str(interval_s), "--scope", "machine"]
        return [sys.executable, "-m", "impact_tracker", *options, "--", *words]
    if how == "inside":
        asked = {
            "meter": name,
            "words": words,
            "interval_s": interval_s,
            "answer": str(answer),
            "folder": workload.folder,
        }
        return [place.command, str(_INSIDE), json.dumps(asked)]
    if name == "perf":
        return [place.command, "stat", "-a", "-x", ";", "-o", str(answer), "-e", perf_events(), "--", *words]
    if name == "energy-scope":
        return [place.command, *words]
    return words


def _answered(place: FoundMeter, reading: MeterReading, folder: str, answer: Path, told: str) -> MeterReading:
    if place.meter.how == "ours":
        from ...record import read_record

        result = read_record(folder).result
        error = "" if result.energy_j is not None else "nothing is measured here: see impact-tracker doctor"
        reading = _with(reading, result.energy_j, error)
        return _timed(reading, result.start_ns, result.stop_ns)
    if place.meter.how == "inside":
        told_of = json.loads(answer.read_text(encoding="utf-8"))
        energy_j = None if told_of["energy_j"] is None else float(told_of["energy_j"])
        error = "" if energy_j is not None else "it gave no energy"
        reading = _with(reading, energy_j, error)
        return _timed(reading, int(told_of["start_ns"]), int(told_of["stop_ns"]))
    if place.meter.name == "perf":
        return _with(reading, *_joules_of_perf(answer.read_text(encoding="utf-8")))
    if place.meter.name == "energy-scope":
        return _with(reading, None, f"it leaves its energies in its own acquisition files: {told[-120:].strip()}")
    return reading


def _joules_of_perf(text: str) -> tuple[float | None, str]:
    """The sum over the events of `perf stat -x ;`: value (with the decimal point of the language), unit, event."""
    energies = []
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    for row in csv.reader(lines, delimiter=";"):
        if len(row) > 2 and row[1] == "Joules":
            if row[0].startswith("<"):
                return None, f"perf cannot count {row[2]}: {row[0]}"
            energies.append(float(row[0].replace(",", ".")))
    return (sum(energies), "") if energies else (None, "perf offers no energies here")


def _with(reading: MeterReading, energy_j: float | None, error: str = "") -> MeterReading:
    return replace(reading, energy_j=energy_j, error=error)


def _timed(reading: MeterReading, start_ns: int, stop_ns: int) -> MeterReading:
    """The same with the times of the workload itself; what is added in front moves the start in UTC alike."""
    shift_s = (start_ns - reading.start_ns) / 1e9
    return replace(reading, start_ns=start_ns, stop_ns=stop_ns, start_utc_s=reading.start_utc_s + shift_s)


def of_series(name: str, path: str, readings: Sequence[MeterReading]) -> list[MeterReading]:
    """What a log of powers says of each run: of a meter that ran by itself all the while, as a wattmeter does.

    The file is a CSV of `time` (seconds since 1970, or ISO with its zone) and `power_w`. A run that it does not cover
    whole has no energy. ValueError for a file that is no such log.
    """
    times, powers = _series(path)
    rows = []
    for reading in readings:
        start_s = reading.start_utc_s
        stop_s = start_s + (reading.stop_ns - reading.start_ns) / 1e9
        energy_j = _integral(times, powers, start_s, stop_s)
        error = "" if energy_j is not None else "its log does not cover this run without a gap"
        rows.append(replace(reading, meter=name, energy_j=energy_j, error=error))
    return rows


def _series(path: str) -> tuple[list[float], list[float]]:
    with no_pipe(path).open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if not rows.fieldnames or not {"time", "power_w"} <= set(rows.fieldnames):
            raise ValueError(f"{path}: a log of powers has the columns time and power_w, not {rows.fieldnames}")
        times, powers = [], []
        for number, row in enumerate(rows, 2):
            try:
                times.append(_seconds(row["time"]))
                powers.append(_watts(row["power_w"]))
            except (TypeError, ValueError) as error:
                raise ValueError(f"{path}:{number}: {error}") from error
    if len(times) < 2 or any(after <= at for at, after in zip(times, times[1:])):
        raise ValueError(f"{path}: its times must increase, two at least")
    return times, powers


def _watts(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"a power is a finite number, not {text!r}")
    return number


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        when = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if when.tzinfo is None:
        raise ValueError(f"the time {text!r} has no zone: write it with Z or an offset")
    return when.timestamp()


def _integral(times: Sequence[float], powers: Sequence[float], start_s: float, stop_s: float) -> float | None:
    """Straight lines between the powers; `None` where the log begins later or ends earlier, and where it has a gap."""
    if times[0] > start_s or times[-1] < stop_s:
        return None
    steps = list(zip(times, times[1:]))
    usual_s = sorted(after - at for at, after in steps)[len(steps) // 2]
    if any(after - at > LONGEST_GAP * usual_s for at, after in steps if after > start_s and at < stop_s):
        return None
    total = 0.0
    for at, after, power, next_power in zip(times, times[1:], powers, powers[1:]):
        low, high = max(at, start_s), min(after, stop_s)
        if high > low:
            slope = (next_power - power) / (after - at)
            total += (high - low) * (power + slope * ((low + high) / 2 - at))
    return total


def of_estimators(
    names: Sequence[str], readings: Sequence[MeterReading], usage: Callable[[MeterReading], float]
) -> list[MeterReading]:
    """What the published estimators say of the runs without any meter, from this machine's parts and their times.

    `usage`: the share of the processors that a run kept busy.
    """
    from ...estimators import EstimateError, Inputs, estimate_by
    from ...estimators.beside import Use, beside
    from ...hostinfo import hardware_of, host_info

    hardware = hardware_of({"host": host_info()})
    rows = []
    for name in names:
        for reading in (row for row in readings if row.meter == BARE.name):
            kwh, error = None, ""
            if name == "green-algorithms":
                compared = beside(Energy.missing(), reading.duration_s, hardware, Use(usage(reading)), pue=1.0)
                kwh, error = (
                    (None, compared.reason) if compared.estimate is None else (compared.estimate.energy_kwh, "")
                )
            elif not hardware.gpus:
                error = "it knows cards alone, and there is none here"
            else:
                hours = reading.duration_s / 3600
                cards = Counter(hardware.gpus)
                inputs = [Inputs(hours=hours, gpus=float(cards[gpu]), gpu=gpu) for gpu in cards]
                try:
                    kwh = sum_if_known(estimate_by(name, of_kind).energy_kwh for of_kind in inputs)
                except (EstimateError, ValueError) as fault:
                    error = str(fault)
            energy_j = None if kwh is None else joules_of(kwh)
            rows.append(replace(reading, meter=name, energy_j=energy_j, error=error))
    return rows

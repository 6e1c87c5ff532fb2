"""Scaphandre beside a workload: it runs no command, so it is started before and ended after, and its powers are cut.

Each power is the mean since the one before. It writes its reports one after the other, in blocks of several kilobytes:
a report of after the workload is waited for, and of the last block of an ended one a part may be torn.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_STEPS_BEFORE = 2.0
_START_S = 0.5  # until it has found what it measures
_LONGEST_WAIT_S = 45.0
LEAST_WHOLE = 5  # of its steps within a run: the two at the run's ends hold something else as well
LONGEST_GAP = 3.0  # times the median step


@dataclass
class Company:
    """What ran beside a workload, once it has ended: its processor's seconds for one second of its life, and what went
    wrong with it."""

    cpu_of_one_s: float = 0.0
    error: str = ""


@contextmanager
def running(command: str, interval_s: float, answer: Path) -> Iterator[Company]:
    """Scaphandre while the block runs, its powers in `answer`."""
    seconds, nanoseconds = divmod(round(interval_s * 1e9), 10**9)
    words = [command, "json", "--step", str(seconds), "--step-nano", str(nanoseconds), "--timeout", "86400"]
    company, log = Company(), answer.with_suffix(".log")
    with log.open("wb") as errors:
        begin_s = time.monotonic()
        process = subprocess.Popen(
            [*words, "--file", str(answer)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
        )
        try:
            time.sleep(_START_S + _STEPS_BEFORE * interval_s)
            yield company
            _wait_for_a_power_after(process, time.time(), interval_s, answer)
        finally:
            if process.poll() is not None:
                company.error = f"exit code {process.returncode}"
            before = os.times()
            process.terminate()
            process.wait()
            after = os.times()
            used_s = after.children_user + after.children_system - before.children_user - before.children_system
            company.cpu_of_one_s = max(used_s, 0.0) / max(time.monotonic() - begin_s, 1e-3)
    if company.error:
        lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
        company.error += f": {(lines or ['it says nothing of why'])[0][:200]}"


def _wait_for_a_power_after(process: subprocess.Popen[bytes], end_s: float, interval_s: float, answer: Path) -> None:
    limit_s = time.monotonic() + _LONGEST_WAIT_S + 2 * interval_s
    while process.poll() is None and time.monotonic() < limit_s:
        if any(at >= end_s for at, _ in powers_in(answer)):
            return
        time.sleep(min(interval_s, 0.5))


def powers_in(answer: Path) -> list[tuple[float, float]]:
    """(seconds since 1970, watts of the host since the report before) of all reports that are there as a whole."""
    text = answer.read_text(encoding="utf-8", errors="replace") if answer.exists() else ""
    decoder, place, powers = json.JSONDecoder(), 0, list[tuple[float, float]]()
    while place < len(text):
        if text[place] in " \n\r\t,[]":  # an older one writes one list
            place += 1
            continue
        try:
            report, place = decoder.raw_decode(text, place)
        except ValueError:
            break
        host = report.get("host") if isinstance(report, dict) else None
        if isinstance(host, dict):
            powers.append((float(host["timestamp"]), float(host["consumption"]) * 1e-6))
    return powers


def energy_of(
    powers: Sequence[tuple[float, float]], begin_s: float, end_s: float, interval_s: float
) -> tuple[float | None, str]:
    """Joules between two times, and else why there are none."""
    if len(powers) < 2:
        return (
            None,
            "it gave fewer than two powers: an account of the processor's energy is needed, and the right to it",
        )
    steps = [(before[0], at, power) for before, (at, power) in zip(powers, powers[1:])]
    if powers[0][0] > begin_s or powers[-1][0] < end_s:
        return None, "its powers do not cover the run"
    if sum(before >= begin_s and at <= end_s for before, at, _ in steps) < LEAST_WHOLE:
        longest_s = (end_s - begin_s) / (LEAST_WHOLE + 1)
        return None, (
            f"fewer than {LEAST_WHOLE} of its powers are of this run alone: --interval {longest_s:.2g} or a longer "
            "workload gives more"
        )
    inside = [step for step in steps if step[1] > begin_s and step[0] < end_s]
    usual_s = sorted(at - before for before, at, _ in inside)[len(inside) // 2]
    if max(at - before for before, at, _ in inside) > LONGEST_GAP * max(usual_s, interval_s):
        return None, "its powers have a gap in this run"
    return sum(power * (min(at, end_s) - max(before, begin_s)) for before, at, power in inside), ""

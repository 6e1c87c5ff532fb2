"""A record weighed with an intensity that changes while it runs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from ..digits import as_given
from ..factors import Factor, IntensityCurve, read_curve
from ..footprint import Impact, carbon_over_time
from ..record import Record, read_record
from ..values import kwh_of
from .statement import Statement

_NS = 1_000_000_000
_SAME_TIME = 1.01  # ranks of one machine begin and end within less than that part of their run


def matched(run: Statement, file: str | None, service: str | None) -> Impact | str | None:
    """Carbon by an intensity over time, of a file or asked of a service, or why there is none; `None` without both."""
    if not file and not service:
        return None
    try:
        if run.tool != "impact-tracker" or Path(run.origin).suffix != ".jsonl":
            raise ValueError(
                "only a record of this tracker holds when its energy was used: leave the intensity over time out"
            )
        record = read_record(run.origin)
        if run.span is not None and run.span.length_ns > record.span.length_ns * _SAME_TIME:
            raise ValueError("it is of several records that overlap in time: give one of them")
        return carbon_matched(record, _curve(run, file, service), run.site.overhead)
    except (ValueError, OSError) as fault:
        return str(fault)


def _curve(run: Statement, file: str | None, service: str | None) -> IntensityCurve:
    zone = run.site.zone or ""
    if file:
        return read_curve(file, zone=zone)
    if run.started_at is None or run.ended_at is None:
        raise ValueError("the record does not say when it ran: no intensity of that time can be asked for")
    from ..factors.live import history

    hour = timedelta(hours=1)
    return history(service or "", zone, run.started_at - hour, run.ended_at + hour)


def carbon_matched(record: Record, curve: IntensityCurve, pue: float | Factor | None = None) -> Impact:
    """Carbon of a record, each piece of its energy at the intensity of its own time; missing where it has no clock.

    Channels are weighed one by one, on their own times, and added. Their series begins and ends at readings: what the
    result has before the first and after the last is spread evenly over these two pieces; what it has beside that (a
    gap that was bridged) is in `note`, so that nothing is lost in silence.
    """
    began = record.started_at
    if began is None:
        return Impact.missing("carbon", "g", "the record does not say when it began: its times cannot be matched")
    start_ns = round(began.timestamp() * 1e6) * 1000
    overhead = record.weighing.overhead if pue is None else pue
    total: Impact | None = None
    covered = 0.0
    for channel in record.channels:
        if not channel.get("in_total"):
            continue
        times, joules = cumulative(*record.series(str(channel["id"])))
        times, joules = _to_the_edges(times, joules, channel.get("energy_j"), record.result.duration_s)
        if len(times) < 2:
            continue
        stamps = [start_ns + round(at * _NS) for at in times]
        quality = str(channel.get("quality", "measured"))
        part = carbon_over_time(stamps, joules, curve, pue=overhead, quality=quality)
        covered += next((last for last in reversed(joules) if not math.isnan(last)), 0.0)
        total = part if total is None else total + part
    if total is None:
        return Impact.missing("carbon", "g", "no energy was measured")
    energy = record.result.energy_j
    half = record.result.uncertainty.half_width_j
    if energy and half:
        low, high = max(0.0, 1.0 - half / energy), 1.0 + half / energy
        name = "energy as measured, over its best value"
        total = total * Factor(1.0, "1", low, high, "this record's interval", name=name, spread="normal")
    if energy is not None and abs(energy - covered) > 0.01 * energy:
        left = as_given(kwh_of(energy - covered))
        note = f"{left} kWh of the record lie outside of its series of readings and are not in it"
        return Impact("carbon", "g", total.terms, total.quality, "; ".join(filter(None, [total.note, note])), True)
    return total


def _to_the_edges(
    times: list[float], joules: list[float], energy_j: object, duration_s: float
) -> tuple[list[float], list[float]]:
    """The series from 0 to the run's end, with the channel's whole energy; as it was where it has gaps."""
    if not isinstance(energy_j, (int, float)) or not math.isfinite(energy_j) or any(map(math.isnan, joules)):
        return times, joules
    inner, sums = (times, joules) if times else ([0.0], [0.0])
    lead, tail = max(0.0, inner[0]), max(0.0, duration_s - inner[-1])
    left = energy_j - sums[-1]
    if left < 0 or not lead + tail > 0:
        return times, joules
    before = left * lead / (lead + tail)
    out_times = [*([0.0] if lead else []), *inner, *([duration_s] if tail else [])]
    out_joules = [*([0.0] if lead else []), *(before + sum_j for sum_j in sums), *([energy_j] if tail else [])]
    return out_times, out_joules


def cumulative(times: Iterable[float], watts: Iterable[float]) -> tuple[list[float], list[float]]:
    """Mean powers between readings as joules since the first reading. A hole restarts the sum: NaN on both sides of it.

    `watts[i]` is the mean from `times[i-1]` to `times[i]`; the first has nothing before it.
    """
    stamps, powers = list(times), list(watts)
    out_times: list[float] = []
    joules: list[float] = []
    sum_j = 0.0
    for index, (at, power) in enumerate(zip(stamps, powers)):
        if index and not math.isnan(power):
            sum_j += power * (at - stamps[index - 1])
            out_times.append(at)
            joules.append(sum_j)
        else:
            if index:  # nothing is known of the piece that ends here: a NaN separates the sums before and after it
                out_times.append(at)
                joules.append(math.nan)
            out_times.append(at)
            joules.append(sum_j)
    return out_times, joules

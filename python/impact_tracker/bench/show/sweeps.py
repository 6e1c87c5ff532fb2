"""Tables of sweeps and of latencies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ... import digits
from ...report.page import Table
from ...values.quantiles import least_count
from ...values.statistics import mean_of
from ..analyse.cells import with_interval
from ..analyse.origin import origin_text
from ..analyse.sweeps import Sweep
from ..row.latency import PassQuantile
from ..row.make import LATENCY_SHARES
from ..row.row import Row

_FRONT = {True: "yes", False: "no", None: "not told apart"}


def sweeps_table(sweeps: Sequence[Sweep]) -> Table:
    """Every point of every sweep, the fastest first."""
    rows = [
        (
            sweep.title,
            sweep.phase,
            place.name or "–",
            str(place.joules.runs),
            with_interval(place.seconds, 1000),
            f"{with_interval(place.joules)}",
            place.quality,
            _FRONT[place.front],
            "knee" if place.knee else "",
        )
        for sweep in sweeps
        for place in sweep.places
    ]
    units = {sweep.unit for sweep in sweeps}
    unit = units.pop() if len(units) == 1 else "input"
    columns = ("network", "phase", "point", ">runs", f">ms per {unit}", f">J per {unit}", "energy", "on the front", "")
    title = (
        "Sweep: on the front no other point takes less time and less energy (± 95 %); its knee lies farthest below the "
        "line between its ends, in logarithms"
    )
    return Table(columns, rows, title)


def sweep_notes(sweeps: Sequence[Sweep]) -> list[str]:
    """What a reader of the sweeps must know, one sentence each."""
    notes = []
    places = [place for sweep in sweeps for place in sweep.places]
    if any(place.quality != "measured" for place in places):
        notes.append(
            f"sweep: {origin_text(places) or 'some energies are not measured'}: energies of a model follow time and "
            "load; a front of them says little beyond which point is fast"
        )
    if any(place.joules.half_width is None for place in places):
        notes.append("sweep: with one run a point has no interval, and nothing tells points apart beyond chance")
    if len({place.point.precision for place in places}) > 1:
        notes.append("sweep: another precision computes other numbers, whose accuracy these runs do not tell")
    return notes


def latency_table(rows: Sequence[Row]) -> Table:
    """How long one input waits for its answer, of inferences whose batch is 1. Of one run intervals are by order
    statistics of its passes, of several they are Student's over the runs."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if row.phase == "inference" and row.work.latency is not None and not row.invalid_because:
            groups.setdefault(row.test, []).append(row)
    lines = []
    for runs in groups.values():
        passes = [row.work.latency.passes for row in runs if row.work.latency is not None]
        counts = str(passes[0]) if len(set(passes)) == 1 else f"{min(passes)} to {max(passes)}"
        quantiles = [_quantile(runs, share) for share in LATENCY_SHARES]
        lines.append((runs[0].title, str(len(runs)), counts, *(_text(known) for known in quantiles)))
    names = [f"p{share * 100:g}" for share in LATENCY_SHARES]
    needs = ", ".join(f"{name} {least_count(share)}" for name, share in zip(names, LATENCY_SHARES))
    title = f"Latency of one input in ms (batch 1; 95 % intervals; –: too few passes, {needs} are needed)"
    return Table(("network", ">runs", ">passes", *(f">{name}" for name in names)), lines, title)


def _quantile(runs: Iterable[Row], share: float) -> list[PassQuantile]:
    """The quantile of each run that tells it."""
    known = (row.work.latency.quantiles for row in runs if row.work.latency is not None)
    return [quantile for quantiles in known for quantile in quantiles if quantile.share == share]


def _text(known: Sequence[PassQuantile]) -> str:
    if not known:
        return "–"
    if len(known) == 1:
        value, low, high = (digits.significant(ms, 3) for ms in (known[0].ms, known[0].low_ms, known[0].high_ms))
        return f"{value} ({low} to {high})"
    mean = mean_of([quantile.ms for quantile in known])
    return "–" if mean is None else with_interval(mean)

"""Pages and rows of runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from .. import digits
from ..result import Result
from ..result_view import carbon_line, caveats, energy_line
from . import estimates
from .page import Page, Table
from .runs import Run, Total, total

CSV_FIELDS = (
    "duration_s energy_j energy_low_j energy_high_j bias_j kwh modelled_j psys_j wall_j power_w carbon_g carbon_low_g "
    "carbon_high_g quality coverage partial provisional edges"
)


def page_of(runs: Sequence[Run], unreadable: Sequence[str] = (), *, regions: bool = False) -> Page:
    """One run in detail, or several as rows under their sum."""
    page = _page_of_one(runs[0], regions) if len(runs) == 1 else _page_of_many(runs, regions)
    return page._replace(caveats=[*page.caveats, *(f"not read: {one}" for one in unreadable)])


def _state_caveats(run: Run) -> list[str]:
    if run.record.damage:
        return [f"the record is damaged: {run.record.damage}"]
    if not run.record.complete:
        inside = f", inside of {', '.join(run.record.left_open)}" if run.record.left_open else ""
        return [f"the record ends early{inside}: the run was killed, or it still runs; counted up to its last reading"]
    return []


def _page_of_one(run: Run, regions: bool) -> Page:
    tables = [device_table(run.result)]
    if regions:
        tables.append(region_table([run]))
    details = [f"{run.when} UTC  {run.record.path}" if run.when else str(run.record.path)]
    if run.record.command:
        details.append(run.record.command)
    details += [*_host_lines(run), *estimates.lines(run)]
    headline = energy_line(run.result)
    if run.result.energy_j is not None:
        headline += f"\n{carbon_line(run.result)}"
    return Page(headline, tables, [*_state_caveats(run), *caveats(run.result)], details)


def _host_lines(run: Run) -> list[str]:
    """The machine, and how busy it was."""
    host = dict(run.record.header.get("host") or {})
    machine = [str(run.record.header.get("hostname") or ""), str(host.get("cpu") or "")]
    machine += [str(card.get("name")) for card in host.get("gpus", ())]
    busy, cpus = run.result.utilisation.get("cpu"), host.get("logical_cpus")
    use = []
    if busy is not None:
        use.append(f"CPUs busy: {busy:.2f}" + (f" of {cpus}" if cpus else ""))
    for name, share in sorted(run.result.utilisation.items()):
        if name.startswith("gpu") and share is not None:
            use.append(f"{name} busy: {digits.percent(share)}")
    memory = run.result.utilisation.get("memory_used_bytes")
    if memory is not None:
        use.append(f"memory used: {digits.quantity(memory, 'B')}")
    return [line for line in (", ".join(part for part in machine if part), ", ".join(use)) if line]


def _total_line(whole: Total) -> str:
    half = whole.half_width_j
    line = f"{whole.runs} runs: {digits.energy(whole.energy_j, half)}"
    if whole.energy_j is not None and "kWh" not in line:
        line += f" ({digits.kwh(whole.energy_j, half, spread=False)})"
    line += f" in {digits.duration(whole.duration_s)}, {whole.quality}"
    return f"{line}\n{digits.carbon(whole.carbon_g, whole.carbon_low_g, whole.carbon_high_g)}"


def _page_of_many(runs: Sequence[Run], regions: bool) -> Page:
    whole = total(runs)
    # One unit for the column: rows are there to be compared.
    in_kwh = any(run.result.kwh is not None and run.result.kwh >= 0.1 for run in runs)
    shown = digits.kwh if in_kwh else digits.energy
    rows = []
    for run in runs:
        result, half = run.result, run.result.uncertainty.half_width_j
        rows.append(
            (
                run.label,
                run.when,
                digits.duration(result.duration_s),
                shown(result.energy_j, half),
                power(result),
                digits.carbon(result.carbon_g),
                estimates.cell(run),
                result.quality,
                run.state,
            )
        )
    columns = ("run", "began (UTC)", ">length", ">energy", ">power", ">carbon", ">estimate/energy", "quality", "record")
    tables = [Table(columns, rows)]
    if regions:
        tables.append(region_table(runs))
    found = []
    if whole.missing:
        found.append(f"{whole.missing} of {whole.runs} runs measured nothing and are not in the sum")
    for run in runs:
        found += [f"{run.label}: {caveat}" for caveat in _state_caveats(run)]
    if any(run.result.partial for run in runs):
        found.append("partial: parts of a machine are missing in some sums")
    found += _overlap_caveats(runs)
    return Page(_total_line(whole), tables, found)


def _overlap_caveats(runs: Sequence[Run]) -> list[str]:
    """Runs of one machine at one time: each holds the whole machine's energy."""
    timed = sorted(
        (str(run.record.header.get("boot_id")), run.result.start_ns, run.result.stop_ns, run.label) for run in runs
    )
    for (boot, _, stop, label), (other_boot, start, _, other) in zip(timed, timed[1:]):
        if boot == other_boot and start < stop:
            return [f"{label} and {other} overlap in time on one machine: its energy is in the sum twice"]
    return []


def power(result: Result) -> str:
    """Mean power, in digits that its energy has."""
    half = result.uncertainty.half_width_j
    half_w = half / result.duration_s if half is not None and result.duration_s > 0 else None
    return digits.quantity(result.power_w, "W", half_w, spread=False)


def device_table(result: Result) -> Table:
    """Energy by channel of those that the sum holds."""
    rows = []
    for channel in result.channels:
        if not channel.get("in_total"):
            continue
        joules, whole = channel.get("energy_j"), result.energy_j
        half = _half_of(channel)
        share = digits.percent(joules / whole) if isinstance(joules, (int, float)) and whole else ""
        rows.append(
            (
                str(channel.get("device", "")),
                str(channel.get("domain", "")),
                digits.energy(joules, half),
                share,
                str(channel.get("quality", "")),
                str(channel.get("source", "")),
            )
        )
    return Table(("device", "domain", ">energy", ">share", "quality", "source"), rows)


def _half_of(channel: dict[str, Any]) -> float | None:
    parts = [channel.get(name) for name in ("half_width_j", "bias_j")]
    known = [part for part in parts if isinstance(part, (int, float))]
    return sum(part * part for part in known) ** 0.5 if known else None


def region_table(runs: Sequence[Run]) -> Table:
    """One row a region, in the order of their ends."""
    several = len(runs) > 1
    rows = []
    for run in runs:
        for region in run.record.regions:
            cells = (
                region.name,
                digits.duration(region.duration_s),
                digits.energy(region.energy_j, region.uncertainty.half_width_j),
                power(region),
                region.edges,
                region.quality,
            )
            rows.append((run.label, *cells) if several else cells)
    columns = ("region", ">length", ">energy", ">power", "edges", "quality")
    return Table(("run", *columns) if several else columns, rows, "regions")


def as_csv(runs: Sequence[Run], *, regions: bool = False) -> str:
    """One row a run, or a region: unrounded, SI units and kWh; empty where nothing was measured; tags at the end."""
    tags = sorted({name for run in runs for name in run.record.tags})
    fields = CSV_FIELDS.split()
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    head = ["path", "started_at", "complete", *(["region"] if regions else [])]
    writer.writerow(
        [
            *head,
            *fields,
            "half_width_j",
            "pue",
            "intensity_g_per_kwh",
            *_estimate(regions),
            *(f"tag.{tag}" for tag in tags),
        ]
    )
    for run in runs:
        started = run.record.started_at
        start = [str(run.record.path), started.isoformat() if started else "", str(run.record.complete).lower()]
        for result in run.record.regions if regions else [run.result]:
            values = [_cell(getattr(result, field)) for field in fields]
            weighing = [_cell(result.weighing.pue), _cell(result.weighing.intensity.value)]
            half = _cell(result.uncertainty.half_width_j)
            name = [result.name] if regions else []
            kept = [run.record.tags.get(tag, "") for tag in tags]
            beside = [] if regions else [_cell(value) for value in estimates.values(run)]
            writer.writerow([*start, *name, *values, half, *weighing, *beside, *kept])
    return stream.getvalue()


def _estimate(regions: bool) -> tuple[str, ...]:
    """Columns of the estimate: of a whole run, how busy the machine was in a region is not what it is for."""
    return () if regions else ("estimate_kwh", "estimate_ratio")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, float) else str(value)

"""Pages and rows of runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from .. import digits
from ..hostinfo import hardware_of
from ..plain_text import short_name
from ..result import CSV_FIELDS, Result
from ..result.view import carbon_line, caveats, energy_line, share_line
from . import estimates, node_tables
from .nodes import Node, nodes_of, total
from .page import Page, Table
from .runs import ReadRecord, Total

PLACE_FIELDS = ("hostname", "boot_id", "rank", "local_rank", "world_size", "job")


def page_of(
    runs: Sequence[ReadRecord],
    unreadable: Sequence[str] = (),
    *,
    regions: bool = False,
    nodes: Sequence[Node] | None = None,
) -> Page:
    """One run in detail, or several as rows below their sum. `nodes`: of these runs, where they are at hand."""
    if len(runs) == 1:
        page = _page_of_one(runs[0], regions)
    else:
        page = _page_of_many(runs, regions, nodes_of(runs) if nodes is None else nodes)
    return page._replace(caveats=[*page.caveats, *(f"not read: {fault}" for fault in unreadable)])


def state_caveats(run: ReadRecord) -> list[str]:
    """What is wrong with the record itself: damage, an early end."""
    damage = [f"the record is damaged: {run.record.damage}"] if run.record.damage else []
    if run.record.totals is None:
        inside = f", inside of {', '.join(map(short_name, run.record.left_open))}" if run.record.left_open else ""
        return [
            *damage,
            f"the record ends early{inside}: the run was killed, its disk was full, or it still runs; "
            "counted up to its last reading",
        ]
    return damage


def _page_of_one(run: ReadRecord, regions: bool) -> Page:
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
    if share_line(run.result):
        headline += f"\n{share_line(run.result)}"
    return Page(headline, tables, [*state_caveats(run), *caveats(run.result)], details)


def _host_lines(run: ReadRecord) -> list[str]:
    """The machine, and how busy it was."""
    hardware = hardware_of(run.record.header)
    machine = [run.hostname, hardware.cpu or "", *hardware.gpus]
    busy, cpus = run.result.utilisation.get("cpu"), hardware.threads
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


def _total_line(summed: Total, counted: str) -> str:
    energy = summed.energy
    line = f"{counted}: {digits.energy(energy.best_j, energy.error_j)}"
    if energy.best_j is not None and "kWh" not in line:
        line += f" ({digits.kwh(energy.best_j, energy.error_j, spread=False)})"
    line += f" in {digits.duration(summed.duration_s)}, {energy.quality}"
    low, best, high = summed.carbon_g or (None, None, None)
    return f"{line}\n{digits.carbon(best, low, high)}"


def _page_of_many(runs: Sequence[ReadRecord], regions: bool, nodes: Sequence[Node]) -> Page:
    summed = total(runs, nodes)
    united = any(node.is_united for node in nodes)
    ranked = united or any(run.record.rank.is_one_of_several for run in runs)
    # The whole column has one unit, so that its rows can be compared.
    in_kwh = any(run.result.kwh is not None and run.result.kwh >= 0.1 for run in runs)
    shown = digits.kwh if in_kwh else digits.energy
    shared = any(run.result.share_j is not None for run in runs)
    rows = []
    for run in runs:
        result, energy = run.result, run.result.energy
        place = (node_tables.rank_word(run), run.hostname) if ranked else ()
        rows.append(
            (
                run.label,
                *place,
                run.when,
                digits.duration(result.duration_s),
                shown(energy.best_j, energy.error_j),
                node_tables.power(energy, result.duration_s),
                *([shown(result.share_j)] if shared else []),
                digits.carbon(result.carbon_g),
                estimates.cell(run),
                result.quality,
                run.state,
            )
        )
    place = ("rank", "machine") if ranked else ()
    columns = ("run", *place, "began (UTC)", ">length", ">energy", ">power", *((">share",) if shared else ()))
    columns = (*columns, ">carbon", ">estimate/energy", "quality", "record")
    tables = [Table(columns, rows, "records, each of its whole machine" if united else "")]
    if united:
        tables.insert(0, node_tables.node_table(nodes, in_kwh))
    if regions:
        tables.append(node_tables.region_table(nodes) if united else region_table(runs))
    warnings = []
    if summed.missing:
        warnings.append(f"{summed.missing} of {summed.runs} runs measured nothing and are not in the sum")
    for run in runs:
        warnings += [f"{run.label}: {caveat}" for caveat in state_caveats(run)]
    if any(run.result.partial for run in runs):
        warnings.append("partial: parts of a machine are missing in some sums")
    warnings += node_tables.caveats(nodes)
    counted = node_tables.counted(nodes) if ranked else f"{summed.runs} runs"
    return Page(_total_line(summed, counted), tables, warnings, node_tables.agreement(nodes))


def device_table(result: Result) -> Table:
    """Energy by channel of those that the sum holds."""
    rows = []
    for channel in result.measured.channels:
        if channel.in_total:
            joules, machine_j = channel.energy_j, result.energy_j
            share = digits.percent(joules / machine_j) if joules is not None and machine_j else ""
            energy = digits.energy(joules, channel.energy.error_j)
            rows.append((channel.device, channel.domain, energy, share, channel.quality, channel.source))
    return Table(("device", "domain", ">energy", ">share", "quality", "source"), rows)


def region_table(runs: Sequence[ReadRecord]) -> Table:
    """One row a region, in the order of their ends."""
    several = len(runs) > 1
    shared = any(region.share_j is not None for run in runs for region in run.record.regions)
    rows = []
    for run in runs:
        for region in run.record.regions:
            energy = region.energy
            cells = (
                short_name(region.name),
                digits.duration(region.duration_s),
                digits.energy(energy.best_j, energy.error_j),
                node_tables.power(energy, region.duration_s),
                *([digits.energy(region.share_j)] if shared else []),
                region.edges,
                region.quality,
            )
            rows.append((run.label, *cells) if several else cells)
    columns = ("region", ">length", ">energy", ">power", *((">share",) if shared else ()), "edges", "quality")
    return Table(("run", *columns) if several else columns, rows, "regions")


def as_csv(runs: Sequence[ReadRecord], *, regions: bool = False, nodes: Sequence[Node] = ()) -> str:
    """One row a run, or a region: unrounded, SI units and kWh; empty where nothing was measured; tags at the end.

    `nodes`: of these runs. A machine with several records at one time has a row of its own (`row` is "machine", with
    `regions` one for each stretch that a region of that name was open in): the rows whose `counted` is true add up to
    the whole, each joule once.
    """
    tags = sorted({name for run in runs for name in run.record.tags})
    fields = CSV_FIELDS
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    head = ["path", "started_at", "complete", *(["region"] if regions else [])]
    place = ["row", "counted", "records", *PLACE_FIELDS]
    factors = ["half_width_j", "pue", "intensity_g_per_kwh", *_estimate(regions)]
    writer.writerow([*head, *fields, *factors, *place, *(f"tag.{tag}" for tag in tags)])
    inside = {id(run) for node in nodes if node.is_united for run in node.runs}

    def rows(start: list[str], results: Sequence[Result], beside: list[str], place: list[str], kept: list[str]) -> None:
        for result in results:
            values = [_cell(getattr(result, field)) for field in fields]
            weighing = [_cell(result.weighing.pue), _cell(result.weighing.intensity.value), *beside]
            half = _cell(result.uncertainty.half_width_j)
            writer.writerow([*start, *([result.name] if regions else []), *values, half, *weighing, *place, *kept])

    for node in nodes:
        if node.is_united:
            state = [min(_began(run) for run in node.runs), _cell(all(run.record.complete for run in node.runs))]
            where = ["machine", "true", str(len(node.runs)), node.hostname, node.boot_id or "", *[""] * 4]
            none = ["" for _ in _estimate(regions)]
            rows(["", *state], node.regions if regions else [node.result], none, where, [""] * len(tags))
    for run in runs:
        start = [str(run.record.path), _began(run), _cell(run.record.complete)]
        where = ["run", _cell(id(run) not in inside), "1", *_place(run)]
        kept = [run.record.tags.get(tag, "") for tag in tags]
        beside = [] if regions else [_cell(value) for value in estimates.values(run)]
        rows(start, run.record.regions if regions else [run.result], beside, where, kept)
    return stream.getvalue()


def _began(run: ReadRecord) -> str:
    started = run.record.started_at
    return started.isoformat() if started else ""


def _place(run: ReadRecord) -> list[str]:
    rank = run.record.rank
    numbers = (rank.rank, rank.local_rank, rank.world_size, rank.job)
    return [run.hostname, run.record.boot_id or "", *map(_cell, numbers)]


def _estimate(regions: bool) -> tuple[str, ...]:
    """Columns of the estimate. It is made for a whole run: nobody knows how busy the machine was in a region."""
    return () if regions else ("estimate_kwh", "estimate_ratio")


def _cell(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, float) else str(value)

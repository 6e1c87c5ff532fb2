"""The published study's Tables 1 to 3 for a campaign, intervals, ranks, what is left out, and the answers."""

from __future__ import annotations

from collections.abc import Sequence

from ... import digits
from ...report.page import Table
from ...values.statistics import Mean
from ..analyse.analysis import Answer, Point
from ..analyse.cells import Cell, scatter_text, unit_of, with_interval
from ..analyse.published import CLASSIFIERS, published
from ..analyse.ranks import RankRange, ranks_of
from ..plan.networks import NETWORKS, TOP1_SOURCE, title_of
from .files import Intervals
from .page import parts_columns, parts_of, scale_of

INVALID = "invalid"


def table1(points: Sequence[Point]) -> Table:
    """The study's networks that ran: parameters of the graphs beside what the study read off a chart, multiply-adds,
    reported accuracy and the side of the pictures that it was reported for."""
    gmac = {point.model: point.gmac for point in points}
    rows = []
    for network in NETWORKS:
        if network.name not in CLASSIFIERS or network.name not in gmac:
            continue
        read_off = published().parameters_m[network.name]
        exact = network.parameters / 1e6
        size = gmac.get(network.name)
        rows.append(
            (
                network.title,
                f"{exact:.2f}",
                f"{read_off:g}",
                f"{(read_off / exact - 1) * 100:+.0f} %",
                "" if size is None else f"{size:.3g}",
                "" if network.top1 is None else f"{network.top1:.1f}",
                "" if network.top1_size is None else f"{network.top1_size} × {network.top1_size}",
            )
        )
    columns = ("network", ">parameters, M", ">as published, M", ">off by", ">GMAC", ">top-1, %", ">at pixels")
    return Table(columns, rows, f"Table 1: networks (accuracy: {TOP1_SOURCE})")


def table23(cells: Sequence[Cell], phase: str, *, classifiers: bool = True) -> Table:
    """Table 2 (inference) or 3 (training): energy, carbon, seconds as published, and what they lack: images and joules
    for one of them. `classifiers`: the seven of the study, else every test. A test without any run that counts is
    there, as invalid."""
    chosen = [cell for cell in cells if cell.phase == phase and (not classifiers or cell.model in CLASSIFIERS)]
    energy, energy_unit = scale_of([cell.kwh for cell in chosen])
    carbon, carbon_unit = scale_of([cell.carbon_kg for cell in chosen])
    parts = parts_of(chosen)
    rows = []
    for cell in chosen:
        rows.append(
            (
                cell.title,
                _runs(cell),
                _scaled(cell.kwh, energy) if cell.runs else INVALID,
                _scaled(cell.carbon_kg, carbon),
                _scaled(cell.seconds, 1.0),
                "" if cell.images is None else f"{cell.images:g}",
                _scaled(cell.j_per_image, 1.0) if cell.runs else INVALID,
                *(_scaled(getattr(cell, name), 1.0) for name in parts),
            )
        )
    unit = unit_of(chosen)
    columns = (
        "network",
        ">runs",
        f">{energy_unit}kWh",
        f">{carbon_unit}kgCO2e",
        ">s",
        ">inputs" if unit != "image" else ">images",
        f">J per {unit}",
        *parts_columns(parts, unit),
    )
    number = f"Table {2 if phase == 'inference' else 3}: " if classifiers else ""
    return Table(columns, rows, f"{number}{phase if number else phase.capitalize()}{interval_note(chosen)}")


def interval_note(cells: Sequence[Cell]) -> str:
    """What stands behind a table's title: that ± is the 95 % interval, where runs were repeated, or that they were
    not."""
    if any(mean is not None and mean.half_width is not None for cell in cells for mean in (cell.kwh, cell.seconds)):
        return " (± 95 %)"
    return " (one run: no intervals)" if any(cell.runs for cell in cells) else ""


def _runs(cell: Cell) -> str:
    return f"{cell.runs} of {cell.runs + len(cell.left_out)}" if cell.left_out else str(cell.runs)


def _scaled(mean: Mean | None, scale: float) -> str:
    if mean is None:
        return ""
    return with_interval(mean, scale)


def intervals_table(cells: Sequence[Cell], bootstraps: Sequence[Intervals]) -> Table:
    """J per image with both intervals, where there are three runs or more; the bootstrap's from ten runs up. With the
    coefficient of variation and its own interval, which is wide where runs are few.
    `bootstraps`: of files.bootstraps, in the cells' order."""
    rows = []
    for cell, intervals in zip(cells, bootstraps):
        mean, ends = cell.j_per_image, intervals["j_per_image"]
        if (
            cell.phase in ("training", "inference")
            and mean is not None
            and mean.half_width is not None
            and mean.runs > 2
        ):
            decimals = digits.decimals_for(mean.value, mean.half_width)
            bootstrapped = "–" if ends is None else " to ".join(digits.fixed(end, decimals) for end in ends)
            rows.append((cell.title, cell.phase, str(mean.runs), with_interval(mean), bootstrapped, scatter_text(mean)))
    columns = ("network", "phase", ">runs", f">J per {unit_of(cells)}, Student's t", ">bootstrap", ">CV")
    return Table(columns, rows, "Intervals of the mean over runs (95 %; CV: coefficient of variation)")


def _range_text(ends: RankRange) -> str:
    return str(ends[0]) if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def ranks_table(points: Sequence[Point]) -> Table:
    """Networks that were both run and trained: rank by J for a multiply-add in each, 1 the dearest, with the ranks that
    it may have, and what changes beyond chance."""
    ranks = ranks_of(points)
    places = {} if ranks is None else ranks.places
    dearer: dict[str, list[str]] = {}
    for reversal in [] if ranks is None else ranks.reversals:
        dearer.setdefault(reversal.second, []).append(title_of(reversal.first))
    repeated = ranks is not None and ranks.repeated
    rows = []
    for model, (before, after) in sorted(places.items(), key=lambda place: place[1]):
        ranges = ranks.ranges[model] if ranks is not None and repeated else ()
        names = ", ".join(dearer.get(model, ["–"]))
        rows.append((title_of(model), str(before), str(after), names, *map(_range_text, ranges)))
    columns = ("network", ">rank, inference", ">rank, training", "dearer in training alone than")
    of_ranges = (">95 %, inference", ">95 %, training") if repeated else ()
    how = "95 %: the ranks that each may have, all together" if repeated else "one run: no intervals"
    title = f"Ranks by J for a multiply-add (1: the dearest; {how}); beyond chance: dearer in training alone"
    return Table((*columns, *of_ranges), rows, title)


def left_out_table(cells: Sequence[Cell]) -> Table:
    """The table lists every run that is not averaged, with its reason."""
    rows = [(task, cell.phase, reason) for cell in cells for task, reason in cell.left_out.items()]
    return Table(("run", "phase", "reason"), rows, "Invalid runs: in no mean of this report")


def answers_table(answers: Sequence[Answer], title: str) -> Table:
    """The table lists the questions, their answers and the statistics."""
    return Table(("question", "answer", "statistic"), [tuple(answer) for answer in answers], title)

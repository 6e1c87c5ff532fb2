"""Machines with several records, as tables, rows and JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from .. import digits
from ..result import Result
from .nodes import Node, disagreement, findings, job_findings, sum_of_shares
from .page import Table
from .runs import Run


class NamedRegion(NamedTuple):
    """The regions of one name on one machine: what it used while at least one rank was inside, and each rank's own.

    `half_width_j`: of the sum, stretches as independent. `by_rank`: each run's own results of that name, in its order.
    """

    name: str
    stretches: Sequence[Result]
    by_rank: Sequence[Sequence[Result]]

    @property
    def duration_s(self) -> float:
        """Time in which at least one rank was inside."""
        return math.fsum(one.duration_s for one in self.stretches)

    @property
    def energy_j(self) -> float | None:
        """`None` where a stretch was not measured."""
        return _sum(one.energy_j for one in self.stretches)

    @property
    def half_width_j(self) -> float | None:
        """95 %, biases included."""
        energies = [one for one in self.stretches if one.energy_j is not None]
        if self.energy_j is None:
            return None
        spreads = [((one.energy_high_j or 0.0) - (one.energy_low_j or 0.0)) / 2 for one in energies]
        return math.hypot(math.hypot(*spreads), math.fsum(one.bias_j or 0.0 for one in energies))


def _sum(values: Iterable[float | None]) -> float | None:
    known = list(values)
    if not known or any(value is None for value in known):
        return None
    return math.fsum(value for value in known if value is not None)


def regions_of(node: Node) -> list[NamedRegion]:
    """By name, in the order in which they first ended."""
    names = dict.fromkeys(one.name for one in node.regions)
    own = [run.record.regions for run in node.runs]
    return [
        NamedRegion(
            name,
            [one for one in node.regions if one.name == name],
            [[one for one in regions if one.name == name] for regions in own],
        )
        for name in names
    ]


def rank_word(run: Run) -> str:
    """A rank among its like, as far as it is known: "3 of 8"."""
    rank = run.record.rank
    if rank.rank is None:
        return "" if rank.local_rank is None else f"local {rank.local_rank}"
    return f"{rank.rank} of {rank.world_size}"


def counted(nodes: Sequence[Node]) -> str:
    """How many of what: "8 ranks on 1 node"; where no launcher named ranks "8 records of 1 machine"."""
    runs = [run for node in nodes for run in node.runs]
    machines = len({node.boot_id or id(node) for node in nodes})
    ranks = {(run.record.rank.job, run.record.rank.step, run.record.rank.rank) for run in runs}
    if all(run.record.rank.rank is not None for run in runs):
        words = f"{_many(len(ranks), 'rank')} on {_many(machines, 'node')}"
        return words if len(ranks) == len(runs) else f"{_many(len(runs), 'record')} of {words}"
    return f"{_many(len(runs), 'record')} of {_many(machines, 'machine')}"


def _many(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def node_table(nodes: Sequence[Node], in_kwh: bool) -> Table:
    """One row a machine and stretch of time."""
    shown = digits.kwh if in_kwh else digits.energy
    shared = any(node.share_j is not None for node in nodes)
    rows = []
    for node in nodes:
        result, half = node.result, node.result.uncertainty.half_width_j
        half_w = half / result.duration_s if half is not None and result.duration_s > 0 else None
        rows.append(
            (
                node.hostname,
                str(len(node.runs)),
                min(run.when for run in node.runs),
                digits.duration(result.duration_s),
                shown(result.energy_j, half),
                digits.quantity(result.power_w, "W", half_w, spread=False),
                *([shown(node.share_j)] if shared else []),
                digits.energy(result.wall_j) if result.wall_j is not None else "",
                result.quality,
            )
        )
    columns = (
        "machine",
        ">records",
        "began (UTC)",
        ">length",
        ">energy",
        ">power",
        *((">ranks' share",) if shared else ()),
    )
    return Table((*columns, ">meter of the whole", "quality"), rows, "machines, each joule once")


def region_table(nodes: Sequence[Node]) -> Table:
    """One row a name and machine."""
    rows = []
    for node in nodes:
        for region in regions_of(node):
            half = region.half_width_j
            watts = region.energy_j / region.duration_s if region.energy_j is not None and region.duration_s else None
            half_w = half / region.duration_s if half is not None and region.duration_s else None
            rows.append(
                (
                    node.hostname,
                    region.name,
                    str(sum(1 for own in region.by_rank if own)),
                    str(len(region.stretches)),
                    digits.duration(region.duration_s),
                    digits.energy(region.energy_j, half),
                    digits.quantity(watts, "W", half_w, spread=False),
                )
            )
    columns = ("machine", "region", ">ranks", ">stretches", ">length", ">energy", ">power")
    return Table(columns, rows, "regions, while at least one rank was inside")


def caveats(nodes: Sequence[Node]) -> list[str]:
    """Of all machines: what to know."""
    found = [finding for node in nodes for finding in findings(node)]
    for node in nodes:
        if node.is_united:
            found += [f"{node.hostname or 'a machine'}: {note}" for note in node.result.notes]
    return found + job_findings(nodes)


def agreement(nodes: Sequence[Node]) -> list[str]:
    """How well ranks of one machine agree, in words."""
    known = [node.spread for node in nodes if node.spread is not None]
    if not known:
        return []
    words = digits.significant(max(known) * 100, 2) if max(known) >= 1e-5 else "0.001"
    return [f"over the same time the ranks' own energies agree within {words} %"]


def _rank_row(run: Run, over: Result) -> dict[str, Any]:
    """A run beside its machine."""
    return {
        "path": str(run.record.path),
        **run.record.rank.as_info(),
        "complete": run.record.complete,
        "start_ns": run.result.start_ns,
        "stop_ns": run.result.stop_ns,
        "energy_j": run.result.energy_j,
        "machine_energy_j": over.energy_j,
        "disagreement": disagreement(run, over),
        "share_j": sum_of_shares([[run.result]]),
    }


def _region_dict(node: Node, region: NamedRegion) -> dict[str, Any]:
    rows = []
    for run, own in zip(node.runs, region.by_rank):
        if own:
            row = {"path": str(run.record.path), **run.record.rank.as_info(), "times": len(own)}
            row["duration_s"] = math.fsum(one.duration_s for one in own)
            row["energy_j"] = _sum(one.energy_j for one in own)
            row["share_j"] = sum_of_shares([own])
            rows.append(row)
    return {
        "name": region.name,
        "stretches": len(region.stretches),
        "duration_s": region.duration_s,
        "energy_j": region.energy_j,
        "half_width_j": region.half_width_j,
        "share_j": sum_of_shares(region.by_rank),
        "ranks": rows,
    }


def node_dict(node: Node, regions: bool = False) -> dict[str, Any]:
    """For JSON. `result`: the machine's, each joule once; `ranks`: what each record says of it."""
    found: dict[str, Any] = {
        "boot_id": node.boot_id,
        "hostname": node.hostname,
        "records": len(node.runs),
        "result": node.result.to_dict(),
        "share_j": node.share_j,
        "spread": node.spread,
        "ranks": [_rank_row(run, over) for run, over in zip(node.runs, node.over)],
        "findings": findings(node),
    }
    if regions:
        found["regions"] = [_region_dict(node, region) for region in regions_of(node)]
    return found

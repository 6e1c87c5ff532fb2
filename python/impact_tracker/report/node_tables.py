"""Machines with several records, as tables, rows and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .. import digits
from ..plain_text import short_name
from ..result import Result
from ..values import Energy
from .nodes import Node, disagreement, findings, job_findings, sum_of_shares
from .page import Table
from .runs import ReadRecord, Stretches


@dataclass(frozen=True)
class NamedRegion(Stretches):
    """The regions of one name on one machine.

    `results`: what the machine used while at least one rank was inside. `by_rank`: the results of that name of each
    run, in the order of the node's runs.
    """

    name: str
    by_rank: Sequence[Sequence[Result]]


def regions_of(node: Node) -> list[NamedRegion]:
    """By name, in the order in which they first ended."""

    def named(name: str, regions: Sequence[Result]) -> list[Result]:
        return [region for region in regions if region.name == name]

    return [
        NamedRegion(named(name, node.regions), name, [named(name, run.record.regions) for run in node.runs])
        for name in dict.fromkeys(region.name for region in node.regions)
    ]


def rank_word(run: ReadRecord) -> str:
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


def power(energy: Energy, duration_s: float) -> str:
    """Mean power, in digits that its energy has."""
    if duration_s <= 0:
        return digits.quantity(None, "W")
    in_a_second = energy.scaled(1.0 / duration_s)
    return digits.quantity(in_a_second.best_j, "W", in_a_second.error_j, spread=False)


def node_table(nodes: Sequence[Node], in_kwh: bool) -> Table:
    """One row a machine and stretch of time."""
    shown = digits.kwh if in_kwh else digits.energy
    shared = any(node.share_j is not None for node in nodes)
    rows = []
    for node in nodes:
        result, energy = node.result, node.result.energy
        rows.append(
            (
                node.hostname,
                str(len(node.runs)),
                min(run.when for run in node.runs),
                digits.duration(result.duration_s),
                shown(energy.best_j, energy.error_j),
                power(energy, result.duration_s),
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
            energy = region.energy
            rows.append(
                (
                    node.hostname,
                    short_name(region.name),
                    str(sum(1 for own in region.by_rank if own)),
                    str(len(region.results)),
                    digits.duration(region.duration_s),
                    digits.energy(energy.best_j, energy.error_j),
                    power(energy, region.duration_s),
                )
            )
    columns = ("machine", "region", ">ranks", ">stretches", ">length", ">energy", ">power")
    return Table(columns, rows, "regions, while at least one rank was inside")


def caveats(nodes: Sequence[Node]) -> list[str]:
    """Of all machines: what to know."""
    sentences = [sentence for node in nodes for sentence in findings(node)]
    for node in nodes:
        if node.is_united:
            sentences += [f"{node.hostname or 'a machine'}: {note}" for note in node.result.notes]
    return sentences + job_findings(nodes)


def agreement(nodes: Sequence[Node]) -> list[str]:
    """How well ranks of one machine agree, in words."""
    known = [node.spread for node in nodes if node.spread is not None]
    if not known:
        return []
    words = digits.significant(max(known) * 100, 2) if max(known) >= 1e-5 else "0.001"
    return [f"over the same time the ranks' own energies agree within {words} %"]


def _rank_row(run: ReadRecord, over: Result) -> dict[str, object]:
    """What one run measured, and what its machine used over the same time."""
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


def _region_dict(node: Node, region: NamedRegion) -> dict[str, object]:
    rows = []
    for run, own in zip(node.runs, region.by_rank):
        if own:
            rows.append(
                {
                    "path": str(run.record.path),
                    **run.record.rank.as_info(),
                    "times": len(own),
                    "duration_s": Stretches(own).duration_s,
                    "energy_j": Stretches(own).energy.best_j,
                    "share_j": sum_of_shares([own]),
                }
            )
    return {
        "name": region.name,
        "stretches": len(region.results),
        "duration_s": region.duration_s,
        "energy_j": region.energy.best_j,
        "half_width_j": region.energy.error_j,
        "share_j": sum_of_shares(region.by_rank, node.writers),
        "ranks": rows,
    }


def node_dict(node: Node, regions: bool = False) -> dict[str, object]:
    """For JSON. `result`: the machine's, each joule once; `ranks`: what each record says of it."""
    fields: dict[str, object] = {
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
        fields["regions"] = [_region_dict(node, region) for region in regions_of(node)]
    return fields

"""Statements of one machine over the same time as one, so that sums over statements hold each joule once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .. import digits
from ..overlap import MachineSpan, counted, groups
from ..values import sum_if_known, total
from .statement import Parts, Stated, Statement

_NOT_DECIDED = "whether on one machine is not said"
_REMEDY = "where they ran on different machines, read each file by itself and add the results"


def each_once(runs: Sequence[Statement]) -> list[Statement]:
    """The runs, those that are or may be of one machine over the same time as one, which says so in its notes."""
    apart = [run.span or MachineSpan(f"run {number}") for number, run in enumerate(runs)]
    return [_together([runs[index] for index in group], [apart[index] for index in group]) for group in groups(apart)]


def doubts(runs: Sequence[Statement]) -> list[str]:
    """What a reader of the sum must know of runs that `each_once` gave: what was not decided and what was not read."""
    return [
        note
        for run in runs
        for note in run.notes
        if _NOT_DECIDED in note or note.startswith(("not read: ", "doubtful: "))
    ]


def _together(runs: Sequence[Statement], spans: Sequence[MachineSpan]) -> Statement:
    if len(runs) == 1:
        return runs[0]
    energy, indices = counted(spans, [run.energy for run in runs])
    used = [runs[index] for index in indices]
    longest = max(used, key=lambda run: run.duration_s or 0.0)
    stated = total(run.energy for run in used)
    notes = [_sentence(spans, digits.kwh(energy.best_j), digits.kwh(total(run.energy for run in runs).best_j))]
    notes += [note for run in used for note in run.notes]
    merged = replace(longest, energy=energy, notes=tuple(dict.fromkeys(notes)), span=_hull(spans))
    if len(used) == 1:
        return merged
    kept = (energy.best_j or 0.0) / stated.best_j if stated.best_j else 1.0
    parts = [(run.parts.processors, run.parts.cards, run.parts.memory) for run in used]
    carbon_g = sum_if_known(run.stated.carbon_g for run in used)
    return replace(
        merged,
        started_at=min((run.started_at for run in used if run.started_at), default=None),
        duration_s=_hull([spans[index] for index in indices]).length_ns / 1e9,
        parts=Parts(*(total(column).scaled(kept) for column in zip(*parts))),
        stated=Stated(carbon_g=None if carbon_g is None else carbon_g * kept),
    )


def _hull(spans: Sequence[MachineSpan]) -> MachineSpan:
    if not all(span.is_timed for span in spans):
        return replace(spans[0], start_ns=None, stop_ns=None)
    start_ns, stop_ns = min(span.times[0] for span in spans), max(span.times[1] for span in spans)
    return replace(spans[0], start_ns=start_ns, stop_ns=stop_ns)


def _sentence(spans: Sequence[MachineSpan], once: str, stated: str) -> str:
    many = f"{len(spans)} runs"
    if all(span.is_certain for span in spans):
        return f"{many} of one machine overlap in time and count once: {once} of {stated}"
    why = "overlap in time" if all(span.is_timed for span in spans) else "do not all say when they ran"
    return f"{many} {why}, and {_NOT_DECIDED}: they count once, {once} of {stated}; {_REMEDY}"

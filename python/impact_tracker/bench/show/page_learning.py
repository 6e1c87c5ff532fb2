"""A campaign of suite learning for the console, and its table for papers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ... import digits
from ...report.page import Page, Table
from ..analyse.cells import Cell, with_half
from ..analyse.statistics import Mean
from ..analyse.survival import Survival
from ..analyse.targets import Reached
from .page import table_of


def learning_page(cells: Sequence[Cell], caveats: Sequence[str], found: Sequence[Reached]) -> Page:
    """What `impact-tracker bench train` shows at its end."""
    lines = [headline(one) for one in found] or ["No training came to its end"]
    return Page("\n".join(lines), [targets_table(found), table_of(cells)], [*caveats, *notes_of(found)])


def goal(one: Reached) -> str:
    """The target in words: `accuracy 0.9`."""
    if one.target is None:
        return one.metric
    return f"{one.metric} {'≤' if one.metric == 'loss' else '≥'} {one.target:g}"


def headline(one: Reached) -> str:
    """Whether it gets there, and what that takes."""
    if not one.runs:
        return f"{one.title}: no run came to its end"
    final = "unknown" if one.final is None else with_half(one.final.value, one.final.half_width)
    if one.target is None:
        cost = one.training_j.mean if one.training_j else None
        text = "energy not measured" if cost is None else f"{_joules(cost)} to train"
        return f"{one.title}: {one.metric} {final} after {_epochs(one.epochs)}, {text}"
    if not one.reached:
        runs = "its one run did not reach" if one.runs == 1 else f"none of {one.runs} runs reached"
        return f"{one.title}: {runs} {goal(one)} ({one.metric} {final} at the end)"
    reached = "" if one.reached == one.runs else f"{one.reached} of {one.runs} runs, "
    return f"{one.title} reaches {goal(one)}: {reached}{energy_text(one.training_j)} and {_epochs(one.epochs)}"


def energy_text(found: Survival | None) -> str:
    """A mean over runs that all got there, else the median of Kaplan and Meier with its interval."""
    if found is None:
        return "energy not measured"
    if found.mean is not None:
        return _joules(found.mean)
    if found.median is None:
        return "most runs did not get there"
    return f"median {digits.energy(found.median)} ({_interval(found)})"


def _joules(mean: Mean) -> str:
    return digits.energy(mean.value, mean.half_width)


def _interval(found: Survival) -> str:
    low = "0 J" if found.low is None else digits.energy(found.low)
    return f"{low} to {digits.energy(found.high)}" if found.high is not None else f"at least {low}"


def _epochs(found: Survival | None) -> str:
    count = _plain(found)
    return f"{count} epoch" if count == "1" else f"{count} epochs"


def _plain(found: Survival | None) -> str:
    """Epochs: whole numbers as such."""
    if found is None or found.median is None:
        return "–"
    if found.mean is not None and found.runs > 1 and found.mean.deviation:
        return with_half(found.mean.value, found.mean.half_width)
    return f"{found.median:g}"


def _seconds(found: Survival | None) -> str:
    if found is None or found.median is None:
        return "–"
    if found.mean is not None:
        return with_half(found.mean.value, found.mean.half_width)
    return digits.fixed(found.median, digits.decimals_for(found.median, None))


def targets_table(found: Sequence[Reached]) -> Table:
    """One row a network."""
    rows = []
    for one in found:
        reached = "–" if one.reached is None else f"{one.reached} of {one.runs}"
        whole, success = energy_text(one.whole_j), None if one.training_j is None else one.training_j.per_success
        rows.append(
            (
                one.title,
                goal(one),
                reached,
                _plain(one.epochs),
                _seconds(one.seconds),
                energy_text(one.training_j) if one.runs else "–",
                "–" if one.evaluation_j is None else _joules(one.evaluation_j),
                whole if one.runs else "–",
                "–" if one.target is None or success is None else digits.energy(success),
                "–" if one.final is None else with_half(one.final.value, one.final.half_width),
            )
        )
    columns = ("network", "target", ">reached", ">epochs", ">seconds", ">training", ">evaluations", ">both")
    return Table((*columns, ">a success", ">at the end"), rows, "To the target")


def notes_of(found: Sequence[Reached]) -> list[str]:
    """What a reader must know of censored runs."""
    notes = []
    for one in found:
        if one.reached is None or one.share is None:
            continue
        if one.reached < one.runs:
            low, high = (math.floor(one.share[0] * 100), math.ceil(one.share[1] * 100))
            notes.append(
                f"{one.title}: {one.runs - one.reached} of {one.runs} runs ended without {goal(one)} and are censored "
                f"at what they spent (share that reaches it, 95 %: {low} to {high} %)"
            )
    if any(one.reached is not None and 0 < one.reached < one.runs for one in found):
        notes.append("medians are Kaplan and Meier's with 95 % log-log intervals; a run that missed is not left out")
    if any(one.reached for one in found):
        notes.append("a success: the training energy of all runs over those that reached the target")
    if found:
        notes.append("evaluations are measured apart; preparing data and starting the worker are in none of it")
    return notes

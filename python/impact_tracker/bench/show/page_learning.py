"""A campaign of suite learning for the console, and its table for papers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ... import digits
from ...report.page import Page, Table
from ...values.statistics import Mean
from ..analyse.cells import Cell, with_half
from ..analyse.survival import Survival
from ..analyse.targets import Reached
from .page import table_of


def learning_page(cells: Sequence[Cell], caveats: Sequence[str], networks: Sequence[Reached]) -> Page:
    """What `impact-tracker bench train` shows at its end."""
    lines = [headline(network) for network in networks] or ["No training came to its end"]
    return Page("\n".join(lines), [targets_table(networks), table_of(cells)], [*caveats, *notes_of(networks)])


def goal(network: Reached) -> str:
    """The target in words: `accuracy 0.9`."""
    if network.target is None:
        return network.metric
    return f"{network.metric} {'≤' if network.metric == 'loss' else '≥'} {network.target:g}"


def headline(network: Reached) -> str:
    """Whether it gets there, and what that takes."""
    if not network.runs:
        return f"{network.title}: no run came to its end"
    final = "unknown" if network.final is None else with_half(network.final.value, network.final.half_width)
    if network.target is None:
        cost = network.training_j.mean if network.training_j else None
        text = "energy not measured" if cost is None else f"{_joules(cost)} to train"
        return f"{network.title}: {network.metric} {final} after {_epochs(network.epochs)}, {text}"
    if not network.reached:
        runs = "its one run did not reach" if network.runs == 1 else f"none of {network.runs} runs reached"
        return f"{network.title}: {runs} {goal(network)} ({network.metric} {final} at the end)"
    reached = "" if network.reached == network.runs else f"{network.reached} of {network.runs} runs, "
    spent = f"{energy_text(network.training_j)} and {_epochs(network.epochs)}"
    return f"{network.title} reaches {goal(network)}: {reached}{spent}"


def energy_text(survival: Survival | None) -> str:
    """A mean over runs that all got there, else the median of Kaplan and Meier with its interval."""
    if survival is None:
        return "energy not measured"
    if survival.mean is not None:
        return _joules(survival.mean)
    if survival.median is None:
        return "most runs did not get there"
    return f"median {digits.energy(survival.median)} ({_interval(survival)})"


def _joules(mean: Mean) -> str:
    return digits.energy(mean.value, mean.half_width)


def _interval(survival: Survival) -> str:
    low = "0 J" if survival.low is None else digits.energy(survival.low)
    return f"{low} to {digits.energy(survival.high)}" if survival.high is not None else f"at least {low}"


def _epochs(survival: Survival | None) -> str:
    count = _plain(survival)
    return f"{count} epoch" if count == "1" else f"{count} epochs"


def _plain(survival: Survival | None) -> str:
    """Epochs: whole numbers as such."""
    if survival is None or survival.median is None:
        return "–"
    if survival.mean is not None and survival.runs > 1 and survival.mean.deviation:
        return with_half(survival.mean.value, survival.mean.half_width)
    return f"{survival.median:g}"


def _seconds(survival: Survival | None) -> str:
    if survival is None or survival.median is None:
        return "–"
    if survival.mean is not None:
        return with_half(survival.mean.value, survival.mean.half_width)
    return digits.fixed(survival.median, digits.decimals_for(survival.median, None))


def targets_table(networks: Sequence[Reached]) -> Table:
    """One row a network."""
    rows = []
    for network in networks:
        reached = "–" if network.reached is None else f"{network.reached} of {network.runs}"
        whole, success = (
            energy_text(network.whole_j),
            None if network.training_j is None else network.training_j.per_success,
        )
        rows.append(
            (
                network.title,
                goal(network),
                reached,
                _plain(network.epochs),
                _seconds(network.seconds),
                energy_text(network.training_j) if network.runs else "–",
                "–" if network.evaluation_j is None else _joules(network.evaluation_j),
                whole if network.runs else "–",
                "–" if network.target is None or success is None else digits.energy(success),
                "–" if network.final is None else with_half(network.final.value, network.final.half_width),
            )
        )
    columns = ("network", "target", ">reached", ">epochs", ">seconds", ">training", ">evaluations", ">both")
    return Table((*columns, ">a success", ">at the end"), rows, "To the target")


def notes_of(networks: Sequence[Reached]) -> list[str]:
    """What a reader must know of censored runs."""
    notes = []
    for network in networks:
        if network.reached is None or network.share is None:
            continue
        if network.reached < network.runs:
            low, high = (math.floor(network.share[0] * 100), math.ceil(network.share[1] * 100))
            notes.append(
                f"{network.title}: {network.runs - network.reached} of {network.runs} runs ended without "
                f"{goal(network)} and are censored at what they spent (share that reaches it, 95 %: {low} to {high} %)"
            )
    if any(network.reached is not None and 0 < network.reached < network.runs for network in networks):
        notes.append("medians are Kaplan and Meier's with 95 % log-log intervals; a run that missed is not left out")
    if any(network.reached for network in networks):
        notes.append("a success: the training energy of all runs over those that reached the target")
    if networks:
        notes.append("evaluations are measured apart; preparing data and starting the worker are in none of it")
    return notes

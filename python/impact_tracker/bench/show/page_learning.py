"""What the console shows of a campaign of suite learning, and its table for papers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ... import digits
from ...report.page import Page, Table
from ...values.statistics import Mean
from ..analyse.cells import TWO_RUNS, Cell, energy_with_interval, with_interval
from ..analyse.origin import with_origin
from ..analyse.survival import OF_THREE, Survival
from ..analyse.targets import Reached, most_of
from .page import table_of


def learning_page(cells: Sequence[Cell], caveats: Sequence[str], targets: Sequence[Reached]) -> Page:
    """What `impact-tracker bench train` shows at its end."""
    lines = [
        with_origin(headline(target), [cell for cell in cells if (cell.test, cell.phase) == (target.test, "training")])
        for target in targets
    ] or ["No training came to its end"]
    return Page("\n".join(lines), [targets_table(targets), table_of(cells)], [*caveats, *notes_of(targets)])


def goal(target: Reached) -> str:
    """The target in words: `accuracy 0.9`."""
    if target.target is None:
        return target.metric
    return f"{target.metric} {'≤' if target.metric == 'loss' else '≥'} {target.target:g}"


def headline(target: Reached) -> str:
    """Says whether the network gets there, and what that takes."""
    if not target.runs:
        return f"{target.title}: no run came to its end"
    final = _at_end(target)
    if target.target is None and target.by_budget:
        ended = "its one run" if target.runs == 1 else f"{target.by_budget} of {target.runs} runs"
        used = target.training_j.mean if target.training_j else None
        text = "energy not measured" if used is None else f"{energy_with_interval(used)} used"
        return f"{target.title}: {final} when the budget of {target.budget} ended {ended}, {text}"
    if target.target is None:
        cost = target.training_j.mean if target.training_j else None
        text = "energy not measured" if cost is None else f"{energy_with_interval(cost)} to train"
        return f"{target.title}: {final} after {_epochs(target.epochs)}, {text}"
    if not target.reached:
        runs = "its one run did not reach" if target.runs == 1 else f"none of {target.runs} runs reached"
        return f"{target.title}: {runs} {goal(target)}{_on(target)} ({final} at the end)"
    reached = "" if target.reached == target.runs else f"{target.reached} of {target.runs} runs, "
    return (
        f"{target.title} reaches {goal(target)}{_on(target)}: {reached}{energy_text(target.training_j)} and "
        f"{_epochs(target.epochs)}" + (f"; {_at_end(target)} then" if target.score is not None else "")
    )


def _on(target: Reached) -> str:
    """What ended its trainings, where that is not what scores them."""
    return f" on the {target.evaluated_on} part" if target.score is not None else ""


def _at_end(target: Reached) -> str:
    """The metric at the end, on the part of the data that decided nothing where there is one."""
    if target.score is not None:
        return f"{target.metric} {_metric(target, target.score)} on the {target.scored_on} part"
    return f"{target.metric} {'unknown' if target.final is None else _metric(target, target.final)}"


def _metric(target: Reached, mean: Mean) -> str:
    return with_interval(mean, most=most_of(target.metric))


def energy_text(survival: Survival | None) -> str:
    """Writes the mean over runs that all got there, else the median of Kaplan and Meier with its interval."""
    if survival is None:
        return "energy not measured"
    if survival.mean is not None:
        return energy_with_interval(survival.mean)
    if survival.median is None:
        return "most runs did not get there"
    return f"median {digits.energy(survival.median)} ({_interval(survival)})"


def _interval(survival: Survival) -> str:
    low = "0 J" if survival.low is None else digits.energy(survival.low)
    return f"{low} to {digits.energy(survival.high)}" if survival.high is not None else f"at least {low}"


def _epochs(survival: Survival | None) -> str:
    count = _plain(survival)
    return f"{count} epoch" if count == "1" else f"{count} epochs"


def _plain(survival: Survival | None) -> str:
    """Writes a number of epochs, whole numbers without decimals."""
    if survival is None or survival.median is None:
        return "–"
    if survival.mean is not None:
        return with_interval(survival.mean) if survival.mean.deviation else f"{survival.median:.3g}"
    return f"{survival.median:.3g} ({_ends(survival)})"


def _seconds(survival: Survival | None) -> str:
    if survival is None or survival.median is None:
        return "–"
    if survival.mean is not None:
        return with_interval(survival.mean)
    return f"{digits.significant(survival.median, 3)} ({_ends(survival)})"


def _ends(survival: Survival) -> str:
    """The ends of a median's interval as plain numbers; 0 below what no run tells."""
    low = digits.significant(survival.low or 0.0, 3)
    return f"at least {low}" if survival.high is None else f"{low} to {digits.significant(survival.high, 3)}"


def success_text(survival: Survival | None) -> str:
    """What one success costs, with its 95 %."""
    if survival is None or survival.per_success is None:
        return "–"
    if survival.success_low is None or survival.success_high is None:
        return digits.energy(survival.per_success)
    return digits.energy_between(survival.per_success, survival.success_low, survival.success_high)


def targets_table(targets: Sequence[Reached]) -> Table:
    """The table has one row for each network."""
    rows = []
    for target in targets:
        reached = "–" if target.reached is None else f"{target.reached} of {target.runs}"
        rows.append(
            (
                target.title,
                goal(target),
                reached,
                _plain(target.epochs),
                _seconds(target.seconds),
                energy_text(target.training_j) if target.runs else "–",
                "–" if target.evaluation_j is None else energy_with_interval(target.evaluation_j),
                energy_text(target.whole_j) if target.runs else "–",
                "–" if target.target is None else success_text(target.training_j),
                "–" if target.final is None else _metric(target, target.final),
                "–" if target.score is None else _metric(target, target.score),
            )
        )
    columns = ("network", "target", ">reached", ">epochs", ">seconds", ">training", ">evaluations", ">both")
    ended = {target.evaluated_on for target in targets}
    part = ended.pop() if len(ended) == 1 else "evaluation"
    return Table((*columns, ">a success", f">at the end, {part}", ">score, test"), rows, "To the target")


def _budget_note(target: Reached) -> str:
    """What the budget did to the runs of a network."""
    if not target.by_budget:
        return f"{target.title}: no run spent its budget of {target.budget}"
    over = ""
    if target.most_over_j is not None:
        over = f", with {digits.energy(max(target.most_over_j, 0.0))} beyond it at most"
    runs = "its one run" if target.runs == 1 else f"{target.by_budget} of {target.runs} runs"
    return (
        f"{target.title}: the budget of {target.budget} ended {runs} at a batch{over}; the last epoch is a part of "
        "one, and what was learned is in checkpoints/"
    )


def _looks_notes(target: Reached) -> list[str]:
    """What it means that a network is looked at now and then alone."""
    notes = []
    first = f"{target.title}: {target.first_epoch} of {target.runs} runs were there"
    if target.first_epoch and target.evaluations is None:
        notes.append(f"{first} after one epoch: what it took is at most what is shown (--images makes epochs shorter)")
    elif target.first_epoch:
        notes.append(f"{first} at their first evaluation: what it took is at most what is shown (--evaluations)")
    if target.evaluations is None:
        return notes
    count = f"{round(target.evaluations.value, 1):g} evaluations a run, within epochs too"
    share = "" if target.evaluation_share is None else f", took {percent_text(target.evaluation_share)} of its time"
    text = f"{target.title}: {count}{share}, and are in no energy of a training"
    if target.between_epochs is not None:
        joules = "" if target.between_j is None else f" ({digits.energy(target.between_j)})"
        text += f"; those around the target are {target.between_epochs:.2g} epochs{joules} apart at most, and a run's "
        text += "energy to it is known to within that"
    return [*notes, text]


def percent_text(share: float) -> str:
    """A share, at most so large."""
    return f"at most {digits.percent(share)}"


def notes_of(targets: Sequence[Reached]) -> list[str]:
    """What a reader must know of censored runs."""
    notes = []
    for target in targets:
        if target.reached is None or target.share is None:
            continue
        if target.reached < target.runs:
            low, high = (math.floor(target.share[0] * 100), math.ceil(target.share[1] * 100))
            notes.append(
                f"{target.title}: {target.runs - target.reached} of {target.runs} runs ended without {goal(target)} "
                f"and are censored at what they spent (share that reaches it, 95 %: {low} to {high} %)"
            )
    notes += [_budget_note(target) for target in targets if target.budget is not None]
    if any(target.reached is not None and 0 < target.reached < target.runs for target in targets):
        notes.append("medians are Kaplan and Meier's with 95 % log-log intervals; a run that missed is not left out")
    if any(target.reached for target in targets):
        notes.append("a success: the training energy of all runs over those that reached the target")
    if any(target.reached for target in targets):
        notes.append("what a target takes is read off the straight line between the evaluations before and after it")
    for target in targets:
        notes += _looks_notes(target)
        if target.runs == 2:
            notes.append(f"{target.title}: {TWO_RUNS}")
        if target.runs == 3 and target.reached is not None and 0 < target.reached < 3:
            notes.append(f"{target.title}: {OF_THREE}")
    if any(target.score is not None for target in targets):
        notes.append(
            "the validation part of the data says when a training ends, the test part is evaluated once, after it, and "
            "is the score: no run was stopped by what it is scored on"
        )
    if targets:
        notes.append("evaluations are measured apart; preparing data and starting the worker are in none of it")
    return notes

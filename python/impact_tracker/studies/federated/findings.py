"""What a study says: rounds to the target, κ, the machine's account, and the sentence for a paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...digits import energy, percent, quantity
from ...values import Energy, sum_if_known, total
from ...values.statistics import Mean, mean_of
from .compare import RunComparison, compared
from .outcome import ActorUse, RunOutcome, StudyOutcome


@dataclass(frozen=True)
class Skew:
    """κ: how many times more rounds a split needs than an even one of the same seed, and why it is not known where it
    is `None`. `at_least`: one of the two numbers of rounds is censored, and κ is larger than the value."""

    value: float | None
    at_least: bool = False
    reason: str = ""


@dataclass(frozen=True)
class AccountRow:
    """One line of the account of the machine's energy."""

    whose: str
    energy: Energy
    cpu_s: float | None = None


@dataclass(frozen=True)
class Account:
    """Whose the machine's energy was while a run took place: the rows add up to `machine`.

    `counted_twice_j`: by how much the run's programs together claim more than all of the run was seen to use, which is
    0 but for the errors of the readings at the programs' ends.
    """

    rows: tuple[AccountRow, ...]
    machine: Energy
    counted_twice_j: float | None


@dataclass(frozen=True)
class Findings:
    """All that is shown of a study."""

    study: StudyOutcome
    comparisons: tuple[RunComparison, ...]
    centre: tuple[RunComparison, ...]


def findings_of(study: StudyOutcome) -> Findings:
    """The comparisons of all runs."""
    return Findings(study, tuple(map(compared, study.federated)), tuple(map(compared, study.centralised)))


def skew_of(study: StudyOutcome, run: RunOutcome) -> Skew:
    """κ of a run, from the run with an even split of the same seed."""
    if run.split is not None and run.split.kind == "iid":
        return Skew(1.0)
    even = next(
        (
            other
            for other in study.federated
            if other.split is not None and other.split.kind == "iid" and other.settings.seed == run.settings.seed
        ),
        None,
    )
    if even is None:
        return Skew(None, reason="no run with an even split: add --split iid")
    if even.reached is None:
        return Skew(None, reason="the even split did not reach the target")
    if run.reached is None:
        return Skew(len(run.tested) / even.reached, at_least=True, reason="the target was not reached")
    return Skew(run.reached / even.reached)


def account_of(run: RunOutcome) -> Account:
    """The machine's account of a run."""
    machine = run.machine
    rows = [AccountRow("clients" if run.clients else "centre", _sum(run.learners), _cpu_s(run.learners))]
    if run.clients:
        rows.append(AccountRow("server", run.leader.total, run.leader.cpu_s))
    parts = _sum([*run.clients, run.leader])
    rest = machine.study if parts.is_missing else machine.study.minus(parts, same_sensors=True)
    unknown = sum(actor.total.is_missing for actor in (*run.clients, run.leader))
    beside = f", and {unknown} of its programs, whose part is not known" if unknown else ""
    rows.append(AccountRow(f"the study itself, and its programs' first moments{beside}", _at_least_zero(rest)))
    for whose, joules in (
        ("other programs", machine.others_j),
        ("idle, nobody's", machine.idle_j),
        ("not attributed", machine.unattributed_j),
    ):
        if joules and not machine.energy.is_missing:
            rows.append(AccountRow(whose, Energy(joules, quality=machine.energy.quality)))
    twice_j = None if rest.best_j is None else max(0.0, -rest.best_j)
    return Account(tuple(rows), machine.energy, twice_j)


@dataclass(frozen=True)
class SeedSummary:
    """The runs of one split over several seeds. `rounds`: their mean, where all of them reached the target; a number
    that is censored is not averaged. `learners_j`: training (and handling, of clients) to the end of the run."""

    title: str
    runs: int
    reached: int
    rounds: Mean | None
    skew: Mean | None
    accuracy: Mean | None
    learners_j: Mean | None


def summaries_of(findings: Findings) -> list[SeedSummary]:
    """One for each split that was run with several seeds, and for the centre."""
    groups: dict[str, list[RunComparison]] = {}
    for comparison in (*findings.comparisons, *findings.centre):
        groups.setdefault(comparison.run.title, []).append(comparison)
    return [_summary(findings.study, title, group) for title, group in groups.items() if len(group) > 1]


def _summary(study: StudyOutcome, title: str, group: Sequence[RunComparison]) -> SeedSummary:
    runs = [comparison.run for comparison in group]
    skews = [skew_of(study, run) for run in runs if run.split is not None]
    energies = [comparison.row("clients" if comparison.run.clients else "centre").measured for comparison in group]
    return SeedSummary(
        title,
        len(runs),
        sum(run.reached is not None for run in runs),
        _mean([run.reached for run in runs]),
        _mean([None if skew.at_least else skew.value for skew in skews]) if skews else None,
        _mean([run.accuracy for run in runs]),
        _mean([None if energy.partial else energy.best_j for energy in energies]),
    )


def _mean(values: Sequence[float | None]) -> Mean | None:
    """The mean, where every value is known."""
    known = [value for value in values if value is not None]
    return mean_of(known) if known and len(known) == len(values) else None


def accuracy_spread(run: RunOutcome) -> tuple[float, float] | None:
    """The lowest and the highest accuracy of the last model over the clients' own test images."""
    accuracies = [row.accuracy for row in run.tested[-1].clients if row.images] if run.tested else []
    return (min(accuracies), max(accuracies)) if len(accuracies) > 1 else None


def rounds_text(run: RunOutcome) -> str:
    """`12`, or where the target was not reached `> 20`."""
    return str(run.reached) if run.reached is not None else f"> {len(run.tested)}"


def skew_text(skew: Skew) -> str:
    """`1.5`, `> 1.5`, or `not known`."""
    if skew.value is None:
        return "not known"
    return f"{'> ' if skew.at_least else ''}{skew.value:.2g}"


def sentence(findings: Findings) -> str:
    """What a paper would print of the study."""
    parts = []
    for comparison in findings.comparisons:
        parts.append(_of_run(findings.study, comparison))
    for comparison in findings.centre:
        run = comparison.run
        row = comparison.row("centre")
        parts.append(
            f"Trained in one place (seed {run.settings.seed}) the same network took {_rounds(rounds_text(run))} and "
            f"{_measured(row.measured)} of training."
        )
    return " ".join(parts)


def _of_run(study: StudyOutcome, comparison: RunComparison) -> str:
    run, settings = comparison.run, comparison.run.settings
    skew = skew_of(study, run)
    against = "" if run.split is not None and run.split.kind == "iid" else f" (κ {skew_text(skew)})"
    reached = (
        f"reached {percent(settings.target)} in round {run.reached}{against}"
        if run.reached is not None
        else f"did not reach {percent(settings.target)} in {_rounds(str(len(run.tested)))}{against}"
    )
    row = comparison.row("clients")
    text = (
        f"With FedAvg and {settings.clients} clients ({run.title}, seed {settings.seed}), {settings.network} "
        f"{reached}; its clients used {_measured(row.measured)} ({row.measured.quality}) in "
        f"{_rounds(str(len(run.rounds)))}"
    )
    down, up = run.wire_bytes("down"), run.wire_bytes("up")
    if down is not None and up is not None:
        text += f", and each sent {quantity(up, 'B')} and received {quantity(down, 'B')} a round"
    if row.simulated_j is not None and row.difference is not None:
        text += (
            f"; the simulator, fed from the records of every other round, gives {energy(row.simulated_j)} "
            f"({row.all_rounds.difference_words})"
        )
    return text + "."


def _measured(measured: Energy) -> str:
    least = "at least " if measured.partial and not measured.is_missing else ""
    return least + energy(measured.best_j, measured.error_j)


def _rounds(number: str) -> str:
    return f"{number} round" + ("" if number == "1" else "s")


def _sum(actors: Sequence[ActorUse]) -> Energy:
    return total(actor.total for actor in actors)


def _cpu_s(actors: Sequence[ActorUse]) -> float | None:
    return sum_if_known(actor.cpu_s for actor in actors)


def _at_least_zero(energy: Energy) -> Energy:
    if energy.best_j is None or energy.best_j >= 0:
        return energy
    from dataclasses import replace

    return replace(energy, best_j=0.0)

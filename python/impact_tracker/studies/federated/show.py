"""A study as a page and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from ...bench.analyse.cells import energy_with_interval, with_interval
from ...digits import duration, energy, percent, quantity
from ...report.page import Page, Table
from ...values import Energy
from ...values.statistics import Mean
from .compare import TITLES, RunComparison, TermComparison, rates_of
from .findings import (
    Findings,
    SeedSummary,
    account_of,
    accuracy_spread,
    rounds_text,
    sentence,
    skew_of,
    skew_text,
    summaries_of,
)
from .outcome import ActorUse, RunOutcome

_SAMPLES_OF_A_ROUND = 10


def page_of(findings: Findings) -> Page:
    """The sentence of a paper, then the tables."""
    tables = [_runs_table(findings), _terms_table([*findings.comparisons, *findings.centre])]
    if summaries := summaries_of(findings):
        tables.insert(1, _summaries_table(summaries))
    for comparison in findings.comparisons:
        tables.append(_clients_table(comparison))
        tables.append(_account_table(comparison.run))
    details = [
        "Simulated: the rates of every other round, in the simulator for all rounds. Unseen: the rounds in between.",
        "Forecast: the second half, from the rates of the first; a machine that others use as well changes in between.",
        "Up and down: TCP's payload of a client in a round of training. Testing sends the model once more to each.",
        "A program's part of the machine's energy is told by its processor time.",
    ]
    return Page(sentence(findings), tables, caveats_of(findings), details)


def caveats_of(findings: Findings) -> list[str]:
    """What a reader has to know beside the numbers."""
    caveats = list(findings.study.notes)
    for comparison in findings.comparisons:
        run = comparison.run
        caveats += [_of_killed(run, client) for client in run.killed()]
        caveats += [
            f"{run.name}: how much of client {client.number}'s energy was training is not known of round"
            f"{'' if len(rounds) == 1 else 's'} {', '.join(map(str, rounds))}: that is in its sum alone."
            for client in run.clients
            if not client.total.is_missing and (rounds := client.untold(run.rounds))
        ]
        if run.reached is None:
            caveats.append(
                f"{run.name}: the target was not reached in {len(run.tested)} rounds; the number is censored, not "
                "averaged."
            )
        if comparison.row("clients").measured.is_missing:
            caveats.append(f"{run.name}: no energy was measured: `impact-tracker doctor` says why and what mends it.")
        elif comparison.row("clients").difference is None:
            caveats.append(f"{run.name}: its records say too little for the simulator.")
        if short := _too_short(run):
            caveats.append(short)
        twice_j = account_of(run).counted_twice_j
        error_j = run.machine.study.half_j or 0.0
        if twice_j is not None and twice_j > 3 * error_j + 0.01 * (run.machine.study.best_j or 0.0):
            caveats.append(f"{run.name}: its programs together claim {energy(twice_j)} more than the study used.")
    if any(comparison.run.machine.energy.quality != "measured" for comparison in findings.comparisons):
        caveats.append("The energies rest on a model of the machine's parts: not all of them have a sensor here.")
    return caveats


def _too_short(run: RunOutcome) -> str:
    """What is said of rounds that are hardly longer than the time between two samples."""
    durations = sorted(row.duration_s for client in run.clients for row in client.local)
    if not durations or durations[len(durations) // 2] >= _SAMPLES_OF_A_ROUND * run.settings.interval_s:
        return ""
    each, apart = duration(durations[len(durations) // 2]), duration(run.settings.interval_s)
    return (
        f"{run.name}: a client trains for {each} in a round, and samples are {apart} apart: what its rounds used is "
        "known roughly. More images or epochs make it better known, and so does a shorter --interval."
    )


def _of_killed(run: RunOutcome, client: ActorUse) -> str:
    how = f"by signal {-client.code}" if client.code < 0 else f"with exit code {client.code}"
    last = max((row.round for row in run.trained if client.number in row.delivered), default=0)
    text = (
        f"{run.name}: client {client.number} was ended {how} after round {last}; the others went on. It had used "
        f"{energy(client.total.best_j, client.total.error_j)}, which is counted"
    )
    lost_j = client.lost.best_j
    return text + ("." if lost_j is None else f"; {energy(lost_j)} of it for work that nobody received.")


def _runs_table(findings: Findings) -> Table:
    rows = []
    for comparison in (*findings.comparisons, *findings.centre):
        run = comparison.run
        spread = accuracy_spread(run)
        batch_j = rates_of(run.learners, run.rounds).batch_j
        way = [run.wire_bytes(name) for name in ("up", "down")]
        rows.append(
            (
                run.title,
                str(run.settings.seed),
                rounds_text(run),
                "–" if run.split is None else skew_text(skew_of(findings.study, run)),
                "–" if run.accuracy is None else f"{run.accuracy:.3f}",
                "–" if spread is None else f"{spread[0]:.3f} to {spread[1]:.3f}",
                "not measured" if batch_j is None else energy(batch_j),
                "–" if run.split is None else " / ".join("not counted" if n is None else quantity(n, "B") for n in way),
                duration(run.machine.duration_s),
            )
        )
    columns = (
        "data", ">seed", ">rounds to target", ">κ", ">accuracy", ">over the clients", ">J a batch", ">up / down",
        ">time",
    )  # fmt: skip
    return Table(columns, rows, f"Runs to an accuracy of {findings.study.settings.target:g}")


def _summaries_table(summaries: Sequence[SeedSummary]) -> Table:
    def shown(mean: Mean | None, digits: str) -> str:
        if mean is None:
            return "not averaged"
        return f"{mean.value:{digits}}" if mean.half_width is None else with_interval(mean)

    rows = [
        (
            row.title,
            f"{row.reached} of {row.runs}",
            shown(row.rounds, ".1f"),
            "–" if row.skew is None and row.title == "centralised" else shown(row.skew, ".2f"),
            "not averaged" if row.accuracy is None else with_interval(row.accuracy, most=1.0),
            "not measured" if row.learners_j is None else energy_with_interval(row.learners_j),
        )
        for row in summaries
    ]
    columns = ("data", ">reached the target", ">rounds", ">κ", ">accuracy", ">energy of the learners")
    most = max((row.runs for row in summaries), default=0)
    how = f"95 % of Student's t, n = {most} at most" if most > 1 else "one seed: no intervals"
    return Table(columns, rows, f"Over the seeds: means with {how}")


def _terms_table(comparisons: Sequence[RunComparison]) -> Table:
    rows = []
    for comparison in comparisons:
        for row in comparison.rows:
            rows.append((f"{comparison.run.title}, {comparison.run.settings.seed}", *_cells(row, TITLES[row.term])))
    columns = ("data, seed", "term", ">simulated", ">measured", ">difference", ">unseen", ">forecast")
    return Table(columns, rows, "Simulated against measured")


def _cells(row: TermComparison, title: str) -> tuple[str, ...]:
    parts = (row.all_rounds, row.unseen, row.forecast)
    return (
        title,
        "–" if row.simulated_j is None else energy(row.simulated_j),
        energy(row.measured.best_j, row.measured.error_j),
        *(part.difference_words for part in parts),
    )


def _clients_table(comparison: RunComparison) -> Table:
    run = comparison.run
    simulated = {row.term: row for row in comparison.clients}
    accuracies = {row.client: row for row in run.tested[-1].clients} if run.tested else {}
    rows = []
    for client in run.clients:
        tested = accuracies.get(client.number)
        row = simulated.get(f"client {client.number}")
        rows.append(
            (
                str(client.number),
                str(client.images),
                f"{tested.accuracy:.3f}" if tested is not None and tested.images else "–",
                *(energy(_best(client, name)) for name in ("training", "handling", "evaluation")),
                energy(client.start.best_j),
                energy(client.total.best_j, client.total.error_j),
                "–" if row is None else row.all_rounds.difference_words,
                _ending(client),
            )
        )
    columns = (
        "client", ">images", ">accuracy", ">training", ">models, waiting", ">testing", ">its start", ">together",
        ">simulated", "ended",
    )  # fmt: skip
    return Table(columns, rows, f"Clients: {run.title}, seed {run.settings.seed}")


def _best(client: ActorUse, name: str) -> float | None:
    return client.part(name).best_j


def _ending(client: ActorUse) -> str:
    if client.code == 0:
        return "by itself"
    return f"signal {-client.code}" if client.code < 0 else f"exit code {client.code}"


def _account_table(run: RunOutcome) -> Table:
    account = account_of(run)
    rows = [(row.whose, energy(row.energy.best_j), _share(row.energy, account.machine)) for row in account.rows]
    rows.append(("the machine", energy(account.machine.best_j, account.machine.error_j), ""))
    return Table(("whose", ">energy", ">share"), rows, f"The machine's account: {run.title}, seed {run.settings.seed}")


def _share(part: Energy, machine: Energy) -> str:
    if part.best_j is None or not machine.best_j:
        return "–"
    return percent(part.best_j / machine.best_j)


def as_dict(findings: Findings) -> dict[str, object]:
    """The study for programs, unrounded; units in the names."""
    study = findings.study
    return {
        "folder": str(study.folder),
        "settings": asdict(study.settings),
        "sentence": sentence(findings),
        "runs": [_run_dict(findings, comparison) for comparison in (*findings.comparisons, *findings.centre)],
        "over_seeds": [_summary_dict(row) for row in summaries_of(findings)],
        "caveats": caveats_of(findings),
    }


def _summary_dict(row: SeedSummary) -> dict[str, object]:
    means = {"rounds": row.rounds, "skew": row.skew, "learners_j": row.learners_j}
    return {
        "title": row.title,
        "runs": row.runs,
        "reached": row.reached,
        **{name: None if mean is None else mean.to_dict() for name, mean in means.items()},
        "accuracy": None if row.accuracy is None else row.accuracy.to_dict(1.0),
    }


def _run_dict(findings: Findings, comparison: RunComparison) -> dict[str, object]:
    run = comparison.run
    spread = accuracy_spread(run)
    account = account_of(run)
    return {
        "name": run.name,
        "split": "centralised" if run.split is None else run.split.name,
        "seed": run.settings.seed,
        "flower": run.end.flower,
        "parameters": run.end.parameters,
        "rounds": len(run.rounds),
        "rounds_to_target": run.reached,
        "censored": run.reached is None,
        "skew": None if run.split is None else asdict(skew_of(findings.study, run)),
        "accuracy": run.accuracy,
        "accuracy_spread": spread,
        "accuracies": [
            {"round": row.round, "accuracy": row.accuracy, "clients": [asdict(client) for client in row.clients]}
            for row in run.tested
        ],
        "traffic": [
            {
                "round": line.round,
                "chosen": line.chosen,
                "delivered": line.delivered,
                "clients": [asdict(row) for row in line.traffic],
            }
            for line in run.trained
        ],
        "model_bytes": run.model_bytes(),
        "up_bytes_per_round": run.wire_bytes("up"),
        "down_bytes_per_round": run.wire_bytes("down"),
        "joules_per_batch": rates_of(run.learners, run.rounds).batch_j,
        "fed_from_rounds": comparison.fed_from,
        "terms": [_term_dict(row) for row in comparison.rows],
        "clients": [_client_dict(client) for client in run.clients],
        "clients_simulated": [_term_dict(row) for row in comparison.clients],
        "account": {
            "machine": asdict(account.machine),
            "rows": [asdict(row) for row in account.rows],
            "counted_twice_j": account.counted_twice_j,
        },
        "duration_s": run.machine.duration_s,
        "intensity_g_per_kwh": run.machine.intensity.value,
    }


def _term_dict(row: TermComparison) -> dict[str, object]:
    return {
        "term": row.term,
        **{
            name: {**asdict(held), "difference": held.difference}
            for name, held in (("all_rounds", row.all_rounds), ("unseen", row.unseen), ("forecast", row.forecast))
        },
    }


def _client_dict(client: ActorUse) -> dict[str, object]:
    return {
        "client": client.number,
        "images": client.images,
        "code": client.code,
        "complete": client.complete,
        **{f"{name}": asdict(client.part(name)) for name in ("training", "handling", "evaluation")},
        "start": asdict(client.start),
        "total": asdict(client.total),
        "lost": asdict(client.lost),
        "cpu_s": client.cpu_s,
        "rounds": [asdict(row) for row in client.local],
    }

"""The simulator fed from a run's own records, held against what the run used.

The records of every other round give the rates: joules of a batch, of a model's way in and out, of the server's round.
The simulator makes all rounds of them. The rounds in between are a test of it, in which a machine that warms up or is
used by others as well changes alike. As a forecast it is tested too: of the second half of the rounds by the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ... import _core
from ...digits import decimals_for, fixed
from ...factors import Factor
from ...values import Energy, total
from ..paradigms.scenario import Learners, TrainingScenario
from .outcome import ActorUse, RunOutcome
from .plan import LocalTraining

_NO_LIMIT = 1e30
_LOW_POWER = "federated_low_power"  # Flower sends the model to the active clients alone
TERMS = {"learners": "training", "model_uplink": "handling", "server": "energy"}
TITLES = {
    "learners": "clients: training",
    "model_uplink": "clients: models in and out, waiting",
    "clients": "clients together",
    "server": "server",
    "centre": "centre: training",
}


@dataclass(frozen=True)
class HeldAgainst:
    """An energy simulated and measured."""

    simulated_j: float | None
    measured: Energy

    @property
    def difference(self) -> float | None:
        """Simulated over measured, less 1."""
        if self.simulated_j is None or not self.measured.best_j or self.measured.best_j <= 0:
            return None
        return self.simulated_j / self.measured.best_j - 1.0

    @property
    def difference_words(self) -> str:
        """`+12 %`: with no digit finer than the measured energy's error."""
        if self.difference is None or not self.measured.best_j:
            return "–"
        error = self.measured.error_j
        percent = 100.0 * self.difference
        half = None if error is None else 100.0 * error * (1.0 + abs(self.difference)) / self.measured.best_j
        decimals = min(decimals_for(max(abs(percent), half or 1.0), half), 1)
        return f"{'+' if percent >= 0 else ''}{fixed(percent, decimals)} %"


@dataclass(frozen=True)
class TermComparison:
    """A term in all rounds, in those whose records the simulator did not see, and in the second half, foretold from the
    first."""

    term: str
    all_rounds: HeldAgainst
    unseen: HeldAgainst
    forecast: HeldAgainst

    @property
    def simulated_j(self) -> float | None:
        return self.all_rounds.simulated_j

    @property
    def measured(self) -> Energy:
        return self.all_rounds.measured

    @property
    def difference(self) -> float | None:
        return self.all_rounds.difference


@dataclass(frozen=True)
class RunComparison:
    """All terms of a run, and its clients one by one (training and handling together). `fed_from`: the rounds whose
    records gave the rates."""

    run: RunOutcome
    fed_from: tuple[int, ...]
    rows: tuple[TermComparison, ...]
    clients: tuple[TermComparison, ...] = ()

    def row(self, term: str) -> TermComparison:
        """The comparison of a term. KeyError for another word."""
        rows = {row.term: row for row in self.rows}
        return rows[term]


@dataclass(frozen=True)
class LearnerRates:
    """What a learner's records of some rounds say: J and s of a batch, J of handling a round. `None`: not measured."""

    batch_j: float | None
    batch_s: float | None
    handling_j: float | None


def compared(run: RunOutcome) -> RunComparison:
    """The comparison of a run; without energies its values are missing."""
    fed_from = tuple(run.rounds[::2])
    if run.split is None:
        rows = [_of_terms(run, "centre", ("learners",), (run.leader,), run.learners)]
        return RunComparison(run, fed_from, tuple(rows))
    rows = [
        _of_terms(run, "learners", ("learners",), run.clients, run.clients),
        _of_terms(run, "model_uplink", ("model_uplink",), run.clients, run.clients),
        _of_terms(run, "clients", ("learners", "model_uplink"), run.clients, run.clients),
        _of_terms(run, "server", ("server",), (run.leader,), run.clients),
    ]
    clients = [
        _of_terms(run, f"client {client.number}", ("learners", "model_uplink"), (client,), (client,))
        for client in run.clients
        if client.rounds
    ]
    return RunComparison(run, fed_from, tuple(rows), tuple(clients))


def _of_terms(
    run: RunOutcome, name: str, terms: Sequence[str], actors: Sequence[ActorUse], learners: Sequence[ActorUse]
) -> TermComparison:
    """Terms of the simulator together, as some learners make them, against what some programs used for that."""
    rounds = run.rounds
    middle = (len(rounds) + 1) // 2

    def held(seen: Sequence[int], over: Sequence[int]) -> HeldAgainst:
        simulated = _simulated(run, seen, over, learners) if over else {}
        energies = [actor.part(TERMS[term], over) for actor in actors for term in terms if actor.rounds]
        return HeldAgainst(sum(simulated[term] for term in terms) if simulated else None, total(energies))

    return TermComparison(
        name, held(rounds[::2], rounds), held(rounds[::2], rounds[1::2]), held(rounds[:middle], rounds[middle:])
    )


def trainings_of(actors: Sequence[ActorUse], rounds: Sequence[int]) -> list[tuple[LocalTraining, Energy]]:
    """The trainings of some rounds with their energies, where these are known: a client that was killed has batches of
    a round of which no energy is known, and they would make all others cheap."""
    return [
        (row, actor.rounds[row.round].training)
        for actor in actors
        for row in actor.local
        if row.round in rounds and row.round in actor.rounds and not actor.rounds[row.round].training.is_missing
    ]


def server_round_j(run: RunOutcome, rounds: Sequence[int]) -> float | None:
    """Joules of the server in a round: the mean of those of the rounds that are known; `None` where none is."""
    energies = [run.leader.rounds[number].energy.best_j for number in rounds if number in run.leader.rounds]
    known = [joules for joules in energies if joules is not None]
    return max(sum(known), 0.0) / len(known) if known else None


def rates_of(actors: Sequence[ActorUse], rounds: Sequence[int]) -> LearnerRates:
    """The rates of learners together, from some rounds."""
    known = trainings_of(actors, rounds)
    batches = sum(row.batches for row, _ in known)
    training = total(energy for _, energy in known)
    handling = total(actor.part("handling", rounds) for actor in actors if actor.rounds)
    seconds = sum(row.duration_s for row, _ in known)
    each = sum(len(rounds) - len(actor.untold(rounds)) for actor in actors)
    return LearnerRates(
        None if training.best_j is None or not batches else training.best_j / batches,
        seconds / batches if batches else None,
        None if handling.best_j is None or not each else max(handling.best_j, 0.0) / each,
    )


def _simulated(
    run: RunOutcome, seen: Sequence[int], rounds: Sequence[int], learners: Sequence[ActorUse]
) -> dict[str, float]:
    """The simulator's terms for some rounds, of all learners or of some; empty where nothing was measured."""
    if run.split is None:
        return _in_the_centre(run, seen, rounds)
    pooled = rates_of(run.clients, seen)
    model_bytes = run.model_bytes()
    groups, work = [], 0
    for client in learners:
        delivered = [row.round for row in run.trained if client.number in row.delivered and row.round in rounds]
        untold = client.untold(rounds)  # these and the rounds of no record have no energy to be held against
        taken = [number for number in delivered if number in client.rounds and number not in untold]
        batches = client.batches(taken)
        if not taken or not batches or model_bytes is None:
            continue
        own = rates_of([client], seen)
        batch_j = pooled.batch_j if own.batch_j is None else own.batch_j
        handling_j = pooled.handling_j if own.batch_j is None else own.handling_j
        if batch_j is None or handling_j is None or not batch_j > 0:
            return {}
        handling_j *= 1 - len(untold) / len(rounds)
        groups.append(
            group_of(
                client, len(taken) / len(rounds), batches / len(taken), batch_j, handling_j, 8.0 * model_bytes,
                run.machine.intensity,
            )
        )  # fmt: skip
        work += batches
    server_j = server_round_j(run, seen)
    if not groups or pooled.batch_j is None or server_j is None:
        return {}
    round_batches = work / len(rounds)
    share = server_j / (round_batches * pooled.batch_j)
    common = {
        "rounds_centralised": 1.0,
        "rounds_federated": float(len(rounds)),
        "batches": round_batches,
        "model_bits": 8.0 * (model_bytes or 0),
        "server_share": share,
        "centre_batch_flop": 1.0,
        "centre_flop_per_j": 1.0 / pooled.batch_j,
        "centre_flop_per_s": 1.0 / pooled.batch_s if pooled.batch_s else _NO_LIMIT,
        "centre_pue": 1.0,
    }
    scenario = TrainingScenario(
        run.name, f"{len(rounds)} rounds", {**_stated(common), "centre_intensity_g_per_kwh": run.machine.intensity},
        tuple(groups),
    )  # fmt: skip
    cost = scenario.core().costs()[_core.PARADIGMS.index(_LOW_POWER)]
    return {term: energy_j for term, energy_j, _ in cost.terms}


def group_of(
    client: ActorUse,
    active: float,
    batches: float,
    batch_j: float,
    handling_j: float,
    model_bits: float,
    intensity: Factor,
) -> Learners:
    """One client as a group of the simulator. On one machine no link carries the model: what a client spends on its
    way in and out stands in the place of the uplink, and the server's part is in the server's own term."""
    values = {
        "learners": 1.0,
        "active": active,
        "local_batches": batches,
        "batch_flop": 1.0,
        "flop_per_j": 1.0 / batch_j,
        "flop_per_s": _NO_LIMIT,
        "data_bits": 8.0 * client.data_bytes,
        "uplink_bit_per_j": min(active * model_bits / handling_j, _NO_LIMIT) if handling_j > 0 else _NO_LIMIT,
        "downlink_bit_per_j": _NO_LIMIT,
        "sidelink_bit_per_j": _NO_LIMIT,
    }
    return Learners(f"client {client.number}", {**_stated(values), "intensity_g_per_kwh": intensity})


def _stated(values: dict[str, float]) -> dict[str, Factor]:
    from ..paradigms.scenario import PARAMETERS

    return {name: Factor.stated(value, PARAMETERS[name].unit, name, "records") for name, value in values.items()}


def _in_the_centre(run: RunOutcome, seen: Sequence[int], rounds: Sequence[int]) -> dict[str, float]:
    """The term of the centre: its rounds, times its batches, times the joules of a batch."""
    batch_j = rates_of([run.leader], seen).batch_j
    return {} if batch_j is None else {"learners": batch_j * run.leader.batches(rounds)}

"""The simulator fed from a run's own records, held against what the run used.

The records of the first half of the rounds give the rates: joules of a batch, of a model's way in and out, of the
server's round. The simulator makes all rounds of them. So the rounds of the second half are a test of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ... import _core
from ...factors import Factor
from ...values import Energy, total
from ..paradigms.scenario import Learners, TrainingScenario
from .outcome import ActorUse, RunOutcome

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
class TermComparison:
    """A term simulated and measured, in all rounds and in those whose records the simulator did not see."""

    term: str
    simulated_j: float | None
    measured: Energy
    unseen_simulated_j: float | None
    unseen_measured: Energy

    @property
    def difference(self) -> float | None:
        """Simulated over measured, less 1."""
        return _difference(self.simulated_j, self.measured)

    @property
    def unseen_difference(self) -> float | None:
        """The same, of the rounds that the simulator did not see."""
        return _difference(self.unseen_simulated_j, self.unseen_measured)


@dataclass(frozen=True)
class RunComparison:
    """All terms of a run, and its clients one by one (training and handling together). `fed_from`: the last round of
    those whose records gave the rates."""

    run: RunOutcome
    fed_from: int
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
    rounds = run.rounds
    seen = rounds[: (len(rounds) + 1) // 2]
    unseen = rounds[len(seen) :]
    fed_from = seen[-1] if seen else 0
    if run.split is None:
        return RunComparison(run, fed_from, (_centre(run, seen, rounds, unseen),))
    simulated, unseen_simulated = _federated(run, seen, rounds), _federated(run, seen, unseen)
    rows = []
    for term, part in TERMS.items():
        actors = (run.leader,) if term == "server" else run.clients
        rows.append(
            TermComparison(
                term,
                simulated.get(term),
                total(actor.part(part, rounds) for actor in actors if actor.rounds),
                unseen_simulated.get(term),
                total(actor.part(part, unseen) for actor in actors if actor.rounds),
            )
        )
    rows.insert(2, _sum("clients", rows[:2]))
    clients = tuple(_client(run, client, seen, rounds, unseen) for client in run.clients if client.rounds)
    return RunComparison(run, fed_from, tuple(rows), clients)


def rates_of(actors: Sequence[ActorUse], rounds: Sequence[int]) -> LearnerRates:
    """The rates of learners together, from some rounds."""
    batches = sum(actor.batches(rounds) for actor in actors)
    training = total(actor.part("training", rounds) for actor in actors if actor.batches(rounds))
    handling = total(actor.part("handling", rounds) for actor in actors if actor.rounds)
    seconds = sum(row.duration_s for actor in actors for row in actor.local if row.round in rounds)
    each = len(rounds) * len(actors)
    return LearnerRates(
        None if training.best_j is None or not batches else training.best_j / batches,
        seconds / batches if batches else None,
        None if handling.best_j is None or not each else max(handling.best_j, 0.0) / each,
    )


def _federated(
    run: RunOutcome, seen: Sequence[int], rounds: Sequence[int], only: ActorUse | None = None
) -> dict[str, float]:
    """The simulator's terms for some rounds, of all clients or of one; empty where nothing was measured."""
    pooled = rates_of(run.clients, seen)
    model_bytes = run.model_bytes()
    groups, work = [], 0
    for client in run.clients if only is None else (only,):
        taken = [row.round for row in run.trained if client.number in row.delivered and row.round in rounds]
        batches = client.batches(taken)
        if not taken or not batches or model_bytes is None:
            continue
        own = rates_of([client], seen)
        batch_j = pooled.batch_j if own.batch_j is None else own.batch_j
        handling_j = pooled.handling_j if own.batch_j is None else own.handling_j
        if batch_j is None or handling_j is None or not batch_j > 0:
            return {}
        groups.append(
            group_of(
                client, len(taken) / len(rounds), batches / len(taken), batch_j, handling_j, 8.0 * model_bytes,
                run.machine.intensity,
            )
        )  # fmt: skip
        work += batches
    server = run.leader.part("energy", seen)
    if not groups or pooled.batch_j is None or server.best_j is None:
        return {}
    round_batches = work / len(rounds)
    share = max(server.best_j, 0.0) / len(seen) / (round_batches * pooled.batch_j)
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


def _client(
    run: RunOutcome, client: ActorUse, seen: Sequence[int], rounds: Sequence[int], unseen: Sequence[int]
) -> TermComparison:
    simulated, unseen_simulated = _federated(run, seen, rounds, client), _federated(run, seen, unseen, client)

    def summed(terms: dict[str, float]) -> float | None:
        return terms["learners"] + terms["model_uplink"] if terms else None

    def measured(over: Sequence[int]) -> Energy:
        return total([client.part("training", over), client.part("handling", over)])

    return TermComparison(
        f"client {client.number}", summed(simulated), measured(rounds), summed(unseen_simulated), measured(unseen)
    )


def _centre(run: RunOutcome, seen: Sequence[int], rounds: Sequence[int], unseen: Sequence[int]) -> TermComparison:
    """The term of the centre: its rounds, times its batches, times the joules of a batch."""
    batch_j = rates_of([run.leader], seen).batch_j

    def simulated(over: Sequence[int]) -> float | None:
        return None if batch_j is None or not over else batch_j * run.leader.batches(over)

    return TermComparison(
        "centre",
        simulated(rounds),
        run.leader.part("training", rounds),
        simulated(unseen),
        run.leader.part("training", unseen),
    )


def _sum(term: str, rows: Sequence[TermComparison]) -> TermComparison:
    def summed(values: Sequence[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return sum(known) if len(known) == len(values) else None

    return TermComparison(
        term,
        summed([row.simulated_j for row in rows]),
        total(row.measured for row in rows),
        summed([row.unseen_simulated_j for row in rows]),
        total(row.unseen_measured for row in rows),
    )


def _difference(simulated_j: float | None, measured: Energy) -> float | None:
    if simulated_j is None or not measured.best_j or measured.best_j <= 0:
        return None
    return simulated_j / measured.best_j - 1.0

"""What was measured as a scenario of the simulator, so that other machines, links and places can be asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...values import Range, total
from .compare import rates_of, server_round_j, trainings_of
from .findings import skew_of
from .outcome import ActorUse, RunOutcome, StudyOutcome

_NO_LIMIT = 1e30


@dataclass(frozen=True)
class MeasuredBatch:
    """Joules of a batch with their range, and its seconds."""

    energy: Range
    batch_s: float

    @property
    def text(self) -> str:
        return f"[{self.energy.low:.6g}, {self.energy.best:.6g}, {self.energy.high:.6g}]"


def scenario_text(study: StudyOutcome, run: RunOutcome) -> str:
    """A scenario in YAML of a federated run and of the centralised run of its seed.

    ValueError where something that it needs was not measured, or a target was not reached.
    """
    centre = next((other for other in study.centralised if other.settings.seed == run.settings.seed), None)
    if centre is None:
        raise ValueError("a scenario needs the centralised run too, and the study has none")
    for other in (run, centre):
        if other.reached is None:
            raise ValueError(f"{other.name} did not reach the target: a scenario needs the rounds until it")
    assert run.reached is not None
    kappa = skew_of(study, run).value or 1.0
    # The simulator's rounds are those of data that are spread alike, and a split is never better than that.
    rounds, kappa = (run.reached / kappa, kappa) if kappa > 1 else (float(run.reached), 1.0)
    learners, place = _batch(run.clients, run.rounds), _batch([centre.leader], centre.rounds)
    model_bytes = run.model_bytes()
    if model_bytes is None:
        raise ValueError(f"{run.name} counted no model on the wire: a scenario needs its size")
    batches = sum(client.batches(_delivered(run, client)) for client in run.clients) / _deliveries(run)
    centre_batches = centre.leader.batches(centre.rounds) / len(centre.rounds)
    grams = run.machine.intensity
    intensity = f"{{low: {grams.low:g}, best: {grams.value:g}, high: {grams.high:g}}}"
    count = len(run.clients)
    return f"""\
# Measured on one machine with Flower {run.end.flower}: {run.name}.
# Change links, devices and places to ask about others: impact-tracker study paradigms FILE
title: {run.settings.network} on Fashion-MNIST, {run.title}
target: {run.settings.target:.4g} of test accuracy
task:
  rounds_centralised: {centre.reached}
  rounds_federated: {rounds:.6g}
  skew: {kappa:.6g}
  batches: {centre_batches:.6g}
  model_bits: {8 * model_bytes}
  server_share: {_server_share(run, centre_batches * place.energy.best):.6g}
centre:
  joules_per_batch: {place.text}
  batch_s: {place.batch_s:.6g}
  pue: 1
  intensity_g_per_kwh: {intensity}
learners:
  - name: clients
    learners: {count}
    active: {run.settings.active}
    local_batches: {batches:.6g}
    joules_per_batch: {learners.text}
    batch_s: {learners.batch_s:.6g}
    data_bits: {8 * sum(client.data_bytes for client in run.clients) // count}
    intensity_g_per_kwh: {intensity}
    # up: what the processors spend on a model's way in and out; no link lies between programs of one machine
    links: {{up: {_link_bit_per_j(run, model_bytes):.6g} bit/J, down: {_NO_LIMIT:g} bit/J}}
"""


def _delivered(run: RunOutcome, client: ActorUse) -> list[int]:
    return [row.round for row in run.trained if client.number in row.delivered]


def _deliveries(run: RunOutcome) -> int:
    return sum(len(row.delivered) for row in run.trained)


def _batch(actors: Sequence[ActorUse], rounds: Sequence[int]) -> MeasuredBatch:
    known = trainings_of(actors, rounds)
    batches = sum(row.batches for row, _ in known)
    span = total(energy for _, energy in known).range_j
    seconds = rates_of(actors, rounds).batch_s
    if span is None or seconds is None or not batches or not span.best > 0:
        raise ValueError("no energy of the training was measured, so that a scenario would hold none")
    best = span.best / batches
    return MeasuredBatch(Range(max(span.low / batches, 0.01 * best), best, span.high / batches), seconds)


def _server_share(run: RunOutcome, centre_round_j: float) -> float:
    server_j = server_round_j(run, run.rounds)
    if server_j is None:
        raise ValueError(f"no energy of the server of {run.name} was measured: a scenario needs it")
    return server_j / centre_round_j


def _link_bit_per_j(run: RunOutcome, model_bytes: int) -> float:
    handling_j = total(client.part("handling", run.rounds) for client in run.clients).best_j
    if handling_j is None:
        raise ValueError(f"no energy of the models' way in and out was measured in {run.name}: a scenario needs it")
    # Rounds of which it is not known how much was handling have no part in the joules, and so none in the bits.
    told = [
        set(_delivered(run, client)) & set(client.rounds) - set(client.untold(run.rounds)) for client in run.clients
    ]
    bits = 8.0 * model_bytes * sum(map(len, told))
    return bits / handling_j if handling_j > 0 else _NO_LIMIT

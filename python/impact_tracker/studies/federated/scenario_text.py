"""What was measured as a scenario of the simulator, so that other machines, links and places can be asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...values import Range, total
from .compare import rates_of
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
    batches = sum(client.batches(run.rounds) for client in run.clients) / _deliveries(run)
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
  model_bits: {8 * (run.model_bytes() or 0)}
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
    links: {{up: {_link_bit_per_j(run):.6g} bit/J, down: {_NO_LIMIT:g} bit/J}}
"""


def _deliveries(run: RunOutcome) -> int:
    return sum(len(row.delivered) for row in run.trained)


def _batch(actors: Sequence[ActorUse], rounds: Sequence[int]) -> MeasuredBatch:
    batches = sum(actor.batches(rounds) for actor in actors)
    span = total(actor.part("training", rounds) for actor in actors).range_j
    seconds = rates_of(actors, rounds).batch_s
    if span is None or seconds is None or not batches or not span.best > 0:
        raise ValueError("no energy of the training was measured, so that a scenario would hold none")
    best = span.best / batches
    return MeasuredBatch(Range(max(span.low / batches, 0.01 * best), best, span.high / batches), seconds)


def _server_share(run: RunOutcome, centre_round_j: float) -> float:
    server_j = run.leader.part("energy", run.rounds).best_j or 0.0
    return max(server_j, 0.0) / len(run.rounds) / centre_round_j


def _link_bit_per_j(run: RunOutcome) -> float:
    handling_j = total(client.part("handling", run.rounds) for client in run.clients).best_j or 0.0
    bits = 8.0 * (run.model_bytes() or 0) * _deliveries(run)
    return bits / handling_j if handling_j > 0 else _NO_LIMIT

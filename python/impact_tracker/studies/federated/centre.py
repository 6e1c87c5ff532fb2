"""The same network and images in one place: what the federated run is compared with."""

from __future__ import annotations

import time
from pathlib import Path

from ...tracker import ImpactTracker
from .learner import Learner
from .plan import RECORD_FOLDER, ROUNDS_FILE, ActorPlan, EvaluatedRound, TrainingRound, append_line


def run_centre(plan: ActorPlan, folder: Path) -> None:
    """Rounds of training and testing until the target, or until there are no more rounds."""
    settings, lines = plan.settings, folder / ROUNDS_FILE
    tracker = ImpactTracker(folder / RECORD_FOLDER, scope="process", interval_s=settings.interval_s)
    with tracker:
        with tracker.region("start"):
            learner = Learner(plan, folder, tracker)
        for number in range(1, settings.rounds + 1):
            learner.begin_round(number)
            begin_ns = time.monotonic_ns()
            append_line(lines, learner.train(number))
            append_line(lines, TrainingRound(number, begin_ns, time.monotonic_ns()))
            tested, _ = learner.evaluate(number)
            evaluated = EvaluatedRound(number, (tested,))
            append_line(lines, evaluated)
            if (evaluated.accuracy or 0.0) >= settings.target and not settings.all_rounds:
                break
        learner.close()

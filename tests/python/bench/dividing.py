"""A learner without a process that goes on within an epoch, with a known curve: what it can is a function of the images
that it has seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from impact_tracker.runner.messages import Hello
from python.bench.stand_ins import Worker, Workers

BATCH = 64


class DividingLearner(Worker):
    hello = Hello(
        protocol=1, pid=4711, torch_version="1.13.0", devices=("cpu",), threads=2, features=("continue_epoch",)
    )

    def __init__(self, workers: DividingLearners) -> None:
        super().__init__(workers)
        self._learners = workers
        self.seen = 0
        self.within = 0  # images of the epoch that is begun

    def examples(self, *, subset: int = 60_000, **options: Any) -> int:
        return subset

    def train(self, *, subset: int = 60_000, passes: int | None = None, **options: Any) -> Any:
        begun = self.within if options.get("continue_epoch") else 0
        images = subset - begun if passes is None else min(passes * BATCH, subset - begun)
        self._learners.trained.append({"passes": passes, "images": images, **options})
        phase = super().train(epochs=1, subset=images)
        run = phase.run

        def learnt(on_event: Any) -> Any:
            done = run(on_event)
            self.seen += images
            self.within = (begun + images) % subset
            return replace(done, epochs_trained=self.seen / subset)

        phase.run = learnt
        return phase

    def evaluate(self, **options: Any) -> Any:
        phase = super().evaluate(**options)
        run = phase.run
        phase.run = lambda on_event: replace(
            run(on_event), accuracy=self._learners.curve(self.loaded["seed"], self.seen), loss=1.0
        )
        return phase


class DividingLearners(Workers):
    """`curve`: the accuracy by a run's seed and the images that it has seen."""

    def __init__(self, curve: Callable[[int, int], float]) -> None:
        super().__init__()
        self.curve = curve
        self.trained: list[dict[str, Any]] = []

    def __call__(self) -> Worker:
        self.opened += 1
        return DividingLearner(self)

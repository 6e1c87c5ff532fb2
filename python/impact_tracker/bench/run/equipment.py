"""What tasks are given to run with: where they run, what is asked of them, who listens."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ...errors import complain
from ...runner import EpochResult, PhaseProgress
from ..plan.settings import Settings
from ..plan.task import Task
from ..plan.test import Test
from ..row.row import Epoch, Row

if TYPE_CHECKING:
    from ...runner import Runner
    from ...tracker import ImpactTracker


class Listener(Protocol):
    """Sees how tasks go, and takes their rows as soon as a phase has ended."""

    def phase(self, task: Task, phase: str) -> None:
        """A phase begins."""

    def event(self, event: PhaseProgress | EpochResult) -> None:
        """The worker reports progress or an epoch."""

    def row(self, row: Row) -> None:
        """A phase has ended."""

    def epoch(self, epoch: Epoch) -> None:
        """An epoch of a training and the evaluation after it have ended."""


@dataclass(frozen=True)
class Equipment:
    """Where tasks run: what starts a worker, the tracker that measures, the clock that waits."""

    open_worker: Callable[[], Runner]
    tracker: ImpactTracker
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Plan:
    """What a session asks of its tasks beside their tests.

    `settings`: device, precision, layout, threads and replicas of every network. `claim`: the images or epochs of a
    phase whose work follows from `phase_s`, the seconds it must take: the number found first is kept. `delay_s`:
    longest random wait before a phase (a slow sensor's period, `period_s`, where that is longer). `warm_up_s`: most
    seconds of warming up; `warming`: kelvins a minute that thermometers tell of the latest minute at least. `need`:
    bytes that a test will take about, where that is known. `tell`: for what a person has to know at once; `folder`: the
    campaign's, where checkpoints are kept.
    """

    settings: Settings
    session: int = 1
    delay_s: float = 0.0
    phase_s: Callable[[], float] = lambda: 60.0
    period_s: Callable[[], float | None] = lambda: None
    warm_up_s: float = 900.0
    warming: Callable[[], float | None] = lambda: None
    claim: Callable[[str, int], int] = lambda name, images: images
    need: Callable[[Test], int | None] = lambda test: None
    tell: Callable[[str], object] = complain
    folder: Path = Path()

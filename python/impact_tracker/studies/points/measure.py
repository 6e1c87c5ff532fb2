"""Energies of the parts of a run, by the tracker of the study's session."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ...values import Energy
from .course import EnergyTaken

if TYPE_CHECKING:
    from ...footprint import Impact
    from ...tracker import ImpactTracker

_Given = TypeVar("_Given")
LEAST_S = 0.4  # what takes less is done again and again, as often as this takes
MOST_TRIALS = 200


def own_core_s() -> float:
    """Processor time of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class PointMeter:
    """Measures under one tracker. `trials`: how often the last part that was repeated was done."""

    def __init__(self, tracker: ImpactTracker) -> None:
        self._tracker = tracker
        self.trials = 1

    def part(
        self, name: str, work: Callable[[], _Given], core_s: Callable[[], float | None] = own_core_s
    ) -> tuple[_Given, EnergyTaken]:
        """Does the work once, as a region of this name."""
        region = self._tracker.region(name, edges="tick")
        before, began = core_s(), time.monotonic()
        with region:
            given = work()
        seconds, after = time.monotonic() - began, core_s()
        result = region.result
        busy = None if result is None else result.utilisation.get("cpu")
        taken = EnergyTaken(
            Energy.missing() if result is None else result.energy,
            seconds,
            None if before is None or after is None else after - before,
            None if busy is None or result is None else busy * result.duration_s,
        )
        return given, taken

    def repeated(self, name: str, work: Callable[[], _Given]) -> tuple[_Given, EnergyTaken]:
        """The same for what may be too short to be measured alone: it is then done again, often enough, and the energy
        is that of one time."""
        given, taken = self.part(name, work)
        self.trials = 1
        if taken.seconds >= LEAST_S:
            return given, taken
        times = min(MOST_TRIALS, int(LEAST_S / max(taken.seconds, 1e-5)) + 1)

        def again() -> None:
            for _ in range(times):
                work()

        _, taken = self.part(name, again)
        self.trials = times
        part = 1.0 / times
        return given, EnergyTaken(
            taken.energy.scaled(part),
            taken.seconds * part,
            None if taken.core_s is None else taken.core_s * part,
            None if taken.machine_core_s is None else taken.machine_core_s * part,
        )

    def carbon(self, energy: Energy) -> Impact:
        """Its carbon by the tracker's PUE and intensity."""
        return energy.carbon(self._tracker.weighing)

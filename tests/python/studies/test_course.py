"""What a training took is the sum of its steps, or not known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from impact_tracker.studies.points.course import EnergyTaken, run_course
from impact_tracker.values import Energy
from python.studies.test_points import POINT, Pupil


def test_a_training_of_which_a_step_was_not_measured_has_no_energy() -> None:
    """The steps that were measured would pass for all of it, and be averaged with whole trainings."""

    class Gap(Pupil):
        def advance(self, step: int) -> EnergyTaken:
            taken = super().advance(step)
            return replace(taken, energy=Energy.missing()) if len(self.steps) == 2 else taken

    course = run_course(POINT, Gap(0.1, 300, 100, 500))
    assert course.training.energy.is_missing and course.seen == 500
    assert run_course(POINT, Pupil(0.1, 300, 100, 500)).training.energy.best_j == pytest.approx(50.0)

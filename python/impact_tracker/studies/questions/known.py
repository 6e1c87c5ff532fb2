"""Every study that is answered by trainings of its own, by its name."""

from __future__ import annotations

from . import curve, data_size, ladder, machine, shallow, size, target
from .asked import StudyQuestion

QUESTIONS: dict[str, StudyQuestion] = {
    module.QUESTION.name: module.QUESTION for module in (data_size, target, curve, shallow, ladder, machine, size)
}

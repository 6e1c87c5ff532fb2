"""What a study may be asked, and what it answers: the words that all studies share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ...bench.plan.suites.learning import RECIPES
from ...report.page import Table
from ..points.data import DATA_SETS, data_set
from ..points.methods import METHODS
from ..points.network import OWN_DATA, is_learnt_from
from ..points.point import StudyPoint, StudyRun

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PRESETS = ("quick", "full")
_TEST_QUICK = {"fashion-mnist": 1000, "brain-2mm": 10_000}  # examples


@dataclass(frozen=True)
class StudyAsked:
    """What the command line gave; `None` and empty: the study's own values."""

    preset: str = "quick"
    models: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    examples: tuple[int, ...] = ()
    epochs: int | None = None
    budgets_j: tuple[float, ...] = ()
    target: float | None = None
    device: str = "cpu"
    axes: tuple[str, ...] = ()
    data_folder: str | None = None
    evaluations: int | None = None

    def __post_init__(self) -> None:
        if self.preset not in PRESETS:
            raise ValueError(f"preset is one of {', '.join(PRESETS)}, not {self.preset!r}")
        for model in self.models:
            check_model(model)
        for name in self.data:
            if name != OWN_DATA["small-gpt"]:
                data_set(name)
        asked = (self.epochs, self.evaluations)
        for number in (*self.examples, *(number for number in asked if number is not None)):
            if number < 1:
                raise ValueError(f"examples, epochs and evaluations are 1 or more, not {number}")

    @property
    def is_quick(self) -> bool:
        """Whether it shall end within minutes."""
        return self.preset == "quick"


def check_model(name: str) -> None:
    """ValueError with near names for what is neither a network that can be trained nor a method of scikit-learn."""
    from ...factors.factor import did_you_mean, near_matches

    known = {**RECIPES, **METHODS}
    if name not in known:
        hint = did_you_mean(near_matches(name, known)) or f" There are {', '.join(known)}."
        raise ValueError(f"no model has the name {name!r}.{hint}")


def is_learnable(model: str, data: str) -> bool:
    """Whether the model can learn the data set."""
    if model in METHODS:
        return data in DATA_SETS and DATA_SETS[data].task in METHODS[model].tasks
    return is_learnt_from(model, data)


def is_network(model: str) -> bool:
    """Whether it belongs to the deep side."""
    return METHODS[model].is_network if model in METHODS else True


def test_examples(asked: StudyAsked, data: str) -> int | None:
    """So many to judge with, where judging all would take long."""
    return _TEST_QUICK.get(data) if asked.is_quick else None


def learnable_points(asked: StudyAsked, models: Sequence[str], examples: Sequence[int]) -> Iterator[StudyPoint]:
    """A point for each data set, number of examples and model that can learn it; the given models and numbers where
    nobody asked for others."""
    for data in asked.data or ("fashion-mnist",):
        test = test_examples(asked, data)
        for count in asked.examples or examples:
            for model in asked.models or models:
                if is_learnable(model, data):
                    yield StudyPoint(model, data, count, test_examples=test, device=asked.device)


@dataclass(frozen=True)
class StudyAnswer:
    """An answer. `sentence`: as a paper would print it; `document`: unrounded, for programs; `draw`: the figure."""

    sentence: str
    tables: Sequence[Table] = ()
    caveats: Sequence[str] = ()
    document: dict[str, object] = field(default_factory=dict)
    draw: Callable[[Figure], None] | None = None


class StudyQuestion(NamedTuple):
    """A study. `points`: what has to be run; `answer`: what follows from the runs of those points."""

    name: str
    about: str
    points: Callable[[StudyAsked], tuple[StudyPoint, ...]]
    answer: Callable[[Sequence[StudyPoint], Sequence[StudyRun]], StudyAnswer]
    epilog: str = ""

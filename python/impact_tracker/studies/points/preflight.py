"""Everything that can be known to be wrong with points before anything runs."""

from __future__ import annotations

from collections.abc import Iterable

from ...runner import find_worker
from .data import data_set, sklearn, source_of
from .methods import METHODS
from .network import OWN_DATA, recipe_of
from .point import StudyPoint


def preflight(points: Iterable[StudyPoint], data_folder: str | None = None) -> None:
    """FileNotFoundError where a data set or the worker is not installed, ImportError without scikit-learn, ValueError
    for more examples than a set has; each says what to do."""
    points = list(points)
    if any(point.model in METHODS for point in points):
        sklearn("base")
    if any(point.model not in METHODS for point in points):
        find_worker()
    for point in points:
        if point.model not in METHODS:
            recipe_of(point.model)
        if point.model not in OWN_DATA:
            source = source_of(point.data, data_folder)
            for asked, there, what in (
                (point.examples, len(source.x), "training"),
                (point.test_examples or 1, len(source.test_x), "test"),
            ):
                if asked > there:
                    raise ValueError(
                        f"{data_set(point.data).title} has {there:,} {what} examples, {asked:,} were asked for"
                    )

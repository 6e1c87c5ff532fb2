"""Suites: which tests there are. A suite is one module with `tests(settings)` and `listing()`, and one line here."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from ..networks import Listed
from ..settings import Settings
from ..test import Step, Test, takes
from . import ai as suite_ai
from . import fashion as suite_fashion
from . import learning as suite_learning
from . import modern as suite_modern

__all__ = ["Step", "Test", "check_models", "listing", "models_of", "tests_of"]


class Suite(Protocol):
    """What the module of a suite gives."""

    @property
    def MODELS(self) -> tuple[str, ...]: ...  # noqa: N802  # a module's constant

    def tests(self, settings: Settings) -> list[Test]: ...

    def listing(self) -> list[Listed]: ...


_SUITES: dict[str, Suite] = {
    "fashion-mnist": suite_fashion,
    "ai-benchmark": suite_ai,
    "modern": suite_modern,
    "learning": suite_learning,
}


def models_of(suite: str) -> list[str]:
    """Every model that a suite can run."""
    return list(_SUITES[suite].MODELS)


def tests_of(settings: Settings) -> list[Test]:
    """The tests that the settings ask for, in the suite's order.

    ValueError for a model that the suite does not have (near matches are named), for a mode that is another suite's,
    and where nothing is left to run.
    """
    if settings.mode == "paper" and settings.suite != "ai-benchmark":
        raise ValueError("mode paper repeats the published benchmark: it belongs to --suite ai-benchmark")
    elsewhere = {model: suite for suite in reversed(_SUITES) for model in models_of(suite)}
    check_models(settings.models, models_of(settings.suite), f"suite {settings.suite}", elsewhere)
    if settings.mode == "paper":
        _check_paper(settings)
    tests: dict[str, Test] = {}
    places: dict[str, int] = {}  # of the tests in the suite: the points of one stand side by side
    for point in settings.axes.points():
        for place, test in enumerate(_SUITES[settings.suite].tests(settings.at(point))):
            own = point.only(name for name in point.values if takes(name, test.model))
            name = f"{test.name}@{own.name}" if own.name else test.name
            tests.setdefault(name, replace(test, name=name, point=own))
            places.setdefault(name, place)
    if not tests:
        raise ValueError(f"{', '.join(settings.models)}: no test of phase {settings.phase} in suite {settings.suite}")
    _check_taken(settings, tests.values())
    return sorted(tests.values(), key=lambda test: places[test.name])


def _check_paper(settings: Settings) -> None:
    """ValueError for what the published benchmark does not leave open."""
    own = Settings()
    for name in ("size", "context", "classes"):
        if name in settings.axes.values or getattr(settings, name) != getattr(own, name):
            raise ValueError(f"mode paper runs networks as published: --{name} belongs to the other modes")


def _check_taken(settings: Settings, tests: Iterable[Test]) -> None:
    """ValueError for a setting that none of the networks has a use for."""
    models = list(dict.fromkeys(test.model for test in tests))
    kinds = {
        "size": "reads images or volumes (--context is the length of a text)",
        "context": "reads text (--size is that of images)",
        "classes": "is a classifier",
    }
    for name, kind in kinds.items():
        asked = getattr(settings, name) is not None or name in settings.axes.values
        if asked and not any(takes(name, model) for model in models):
            raise ValueError(f"--{name}: none of these networks {kind}: {', '.join(models)}")


def check_models(
    asked: Iterable[str], known: Iterable[str], where: str, elsewhere: Mapping[str, str] | None = None
) -> None:
    """ValueError that names near matches for the first model that is not known, or the suite that has it
    (`elsewhere`)."""
    there = list(known)
    for model in asked:
        if model not in there:
            near = difflib.get_close_matches(model.lower().replace("_", "-"), there, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(near)}? " if near else ""
            if model in (elsewhere or {}):
                hint = f"--suite {(elsewhere or {})[model]} has it; "
            raise ValueError(f"there is no model {model!r} in {where}; {hint}there are {', '.join(there)}")


def listing() -> list[Listed]:
    """Every test of every suite, for `bench --list`."""
    return [test for suite in _SUITES.values() for test in suite.listing()]

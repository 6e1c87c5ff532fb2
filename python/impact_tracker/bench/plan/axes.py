"""A sweep: what is varied in a campaign, and its points, every value of an axis with every other's."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields

from ...typed import built

Size = tuple[int, ...]  # the sides of an input in pixels (voxels); one number for all of them


@dataclass(frozen=True)
class SweepPoint:
    """One place of a sweep: the value of every axis that is varied; `None` for the others. `size`: sides of images or
    volumes; `context`: how many tokens (steps) a text has; `classes`: how many outputs a classifier's head has."""

    batch: int | None = None
    size: tuple[int, ...] | None = None
    context: int | None = None
    classes: int | None = None
    threads: int | None = None
    precision: str | None = None
    layout: str | None = None

    @property
    def values(self) -> dict[str, int | str | Size]:
        """The axes that are varied, with their values."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @property
    def name(self) -> str:
        """As it stands in the name of a test: `batch=4,threads=2`."""
        return ",".join(f"{name}={text_of(value)}" for name, value in self.values.items())

    def only(self, axes: Iterable[str]) -> SweepPoint:
        """The point without the other axes."""
        kept = set(axes)
        return built(SweepPoint, {name: value for name, value in self.values.items() if name in kept})


NAMES = tuple(item.name for item in fields(SweepPoint))
NOT_SWEPT = SweepPoint()


@dataclass(frozen=True)
class Axes:
    """The values of every axis that a campaign varies, of two at least; an axis without values is not varied."""

    batch: tuple[int, ...] = ()
    size: tuple[tuple[int, ...], ...] = ()
    context: tuple[int, ...] = ()
    classes: tuple[int, ...] = ()
    threads: tuple[int, ...] = ()
    precision: tuple[str, ...] = ()
    layout: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, values in self.values.items():
            if len(set(values)) != len(values):
                raise ValueError(f"every value of {name} stands once in a sweep, not {listed_text(values)}")
            if len(values) < 2:
                raise ValueError(f"a sweep over {name} has two values or more; a single one is the setting {name}")

    @property
    def values(self) -> dict[str, tuple[int | str | Size, ...]]:
        """The axes that are varied, with their values."""
        return {name: tuple(values) for name, values in asdict(self).items() if values}

    def points(self) -> list[SweepPoint]:
        """Every value of an axis with every other's; one point without any value where nothing is varied."""
        axes = self.values
        return [built(SweepPoint, dict(zip(axes, values))) for values in itertools.product(*axes.values())]

    def to_dict(self) -> dict[str, list[object]]:
        """For campaign.json: the axes that are varied."""
        return {
            name: [list(value) if isinstance(value, tuple) else value for value in values]
            for name, values in self.values.items()
        }

    @classmethod
    def from_dict(cls, kept: Mapping[str, object]) -> Axes:
        """What `to_dict` wrote. ValueError for an axis that this version does not know."""
        unknown = sorted(set(kept) - set(NAMES))
        if unknown:
            raise ValueError(f"the campaign has axes that this version does not know: {', '.join(unknown)}")
        return built(cls, kept)


ONE_POINT = Axes()


def text_of(value: int | str | Size) -> str:
    """A value as people write it: `4`, `bf16`, `224x320`."""
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)


def listed_text(values: Iterable[int | str | Size]) -> str:
    """Values with commas between them."""
    return ", ".join(map(text_of, values))


def point_words(name: str) -> str:
    """The name of a point in words: `batch=4,threads=2` becomes `batch 4, threads 2`."""
    return name.replace("=", " ").replace(",", ", ")

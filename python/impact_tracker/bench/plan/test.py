"""What a test is: a network, how it is built, and the steps that one worker does with it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .axes import NOT_SWEPT, SweepPoint
from .looks import AT_ENDS, Looks
from .networks import BY_NAME

if TYPE_CHECKING:
    from ...budget import Amount, Price
    from .settings import Settings

_OF_DATA = {"epochs": "--epochs", "test_images": "--test-images", "data_folder": "--data"}
ASIDE = ("load", "warm-up", "warm-up-inference")  # measured too, but not what a test is for
Options = Mapping[str, Any]  # of one of the worker's commands, which knows their types and checks them
QUICK_PASSES, QUICK_SECONDS = 22, 1.0  # of "quick" at most
COLD_GMAC = 60.0  # a pass of more takes about half a second on two cores, beside which a first pass's own cost is small


@dataclass(frozen=True)
class Reach:
    """Training and evaluating by turns: `epochs` at most until `metric` reaches `target`, exactly so many without one.
    `train`, `evaluate`: what the worker is asked of each; `score`: of the evaluation after the last epoch, on data that
    decided nothing: what is asked in `evaluate` says when a training ends, on a part of the data of its own. `looks`:
    how often it is evaluated. `budget`:
    what the trainings of a run may use together, a `price` belongs to money."""

    epochs: int
    metric: str
    target: float | None
    train: Options
    evaluate: Options
    score: Options
    looks: Looks = AT_ENDS
    budget: Amount | None = None
    price: Price | None = None


@dataclass(frozen=True)
class Step:
    """One phase of a test. `command`: what the worker is asked (warm_up, train, evaluate, infer), with `options`; or
    settle: warm up until the power is steady; or reach, as `reach` says. `sized`: the number of images (of
    epochs, where a data set is learnt) follows from how long the phase must be."""

    phase: str
    command: str
    options: Options = field(default_factory=dict)
    sized: bool = False
    reach: Reach | None = None


@dataclass(frozen=True)
class Test:
    """`load`: how the network is built; `steps`: what is done with it, in order; `data`: fashion-mnist, brain-2mm, text
    or synthetic.

    `gmac`: of one input's forward pass, where a suite states it; `reference_ms`: the score's time of one batch of
    `reference_batch`; `point`: its place in a sweep.
    """

    __test__ = False  # not one of pytest's

    name: str
    model: str
    load: Options
    steps: tuple[Step, ...]
    data: str = "synthetic"
    gmac: float | None = None
    reference_ms: float | None = None
    reference_batch: int | None = None
    point: SweepPoint = NOT_SWEPT

    @property
    def phases(self) -> tuple[str, ...]:
        """Those that the test is for."""
        return tuple(step.phase for step in self.steps if step.phase not in ASIDE)


def is_reached(metric: str, value: float | None, target: float | None) -> bool:
    """Whether a value meets the target: a loss from above, everything else from below; a missing one never does."""
    if value is None or target is None or not math.isfinite(value):
        return False
    return value <= target if metric == "loss" else value >= target


def refuse_data(settings: Settings) -> None:
    """ValueError for a setting that a suite without a data set would pass over in silence."""
    for name, option in _OF_DATA.items():
        if getattr(settings, name) is not None:
            raise ValueError(f"{option} belongs to suites on real data: {settings.suite} runs on made-up inputs")


def size_of(model: str, own: tuple[int, ...], settings: Settings) -> tuple[int, ...]:
    """The size of an input: the test's own, or what was asked for, a context of networks that read text, sides of the
    others. ValueError for another number of sides than the network's inputs have."""
    if takes("context", model):
        return own if settings.context is None else (settings.context, *own[1:])
    if settings.size is None:
        return own
    if len(settings.size) not in (1, len(own)):
        asked = "x".join(map(str, settings.size))
        raise ValueError(f"{model} takes {len(own)} sides, or one number for all of them: not --size {asked}")
    return settings.size if len(settings.size) > 1 else settings.size * len(own)


def takes(name: str, model: str) -> bool:
    """Whether a network takes a setting: a context where it reads text, sides where it does not, classes where it is a
    classifier; everything else always."""
    task = BY_NAME[model].task
    return {"context": task == "text", "size": task != "text", "classes": task == "classification"}.get(name, True)


def gmac_at(gmac: float, own: tuple[int, ...], size: tuple[int, ...]) -> float:
    """About the multiply-adds of another size than the one that they are stated for, by the number of its places: to
    choose by how much is run, and no result. The worker counts them exactly."""
    return gmac * math.prod(size) / math.prod(own)


def is_cold(phase: str, settings: Settings, gmac: float | None) -> bool:
    """Whether mode "quick" measures one pass without a warm-up before it, because a pass is long: of `gmac` forward, of
    three times as much in a training."""
    work = (gmac or 0.0) * (3.0 if phase == "training" else 1.0)
    return settings.mode == "quick" and settings.images is None and work >= COLD_GMAC


def steps_of(phase: str, settings: Settings, learning: Options, gmac: float | None = None) -> tuple[Step, ...]:
    """Warming up, then the phase itself, on made-up inputs: for about a second in mode "quick", where a slow test's one
    pass has no warm-up (`gmac`: of one input's forward pass); else once the power is steady, for as many images as the
    phase must be long. In all of them for as many as were asked for. `learning`: how a training learns; nothing of an
    inference."""
    training = phase == "training"
    command = "train" if training else "infer"
    images: Options = {"images": settings.images} if settings.images is not None else {}
    if settings.mode == "quick":
        if is_cold(phase, settings, gmac):
            return (Step(phase, command, {"passes": 1, **learning}),)
        limits = images or {"passes": QUICK_PASSES, "seconds": QUICK_SECONDS, "min_passes": 1}
        warm = Step("warm-up", "warm_up", {"passes": 1, "training": training, **learning})
        return warm, Step(phase, command, {**limits, **learning})
    settle = Step("warm-up", "settle", {"training": training, **learning})
    return settle, Step(phase, command, {**images, **learning}, sized=not images)

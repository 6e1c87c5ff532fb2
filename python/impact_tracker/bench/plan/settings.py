"""What a campaign is asked to do: everything that its rows depend on, kept in campaign.json."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from .axes import ONE_POINT, Axes, SweepPoint

SUITES = ("fashion-mnist", "ai-benchmark", "modern", "learning")
MODES = ("quick", "work", "submission", "paper")
PHASES = ("both", "training", "inference")
METRICS = ("accuracy", "dice", "loss")
_LATER = ("budget", "price_per_kwh", "evaluations", "evaluate_every", "roof")  # they came after the first campaigns


@dataclass(frozen=True)
class Settings:
    """A campaign's settings. `None`: the suite's or the mode's own value.

    `images`: training images an epoch, and images an inference phase takes; `test_images`: of the evaluation;
    `target`: of `target_metric`, what a training of suite learning ends at, `epochs` being the most it may take;
    `budget`: what the training of each run of suite learning may use ("50 Wh", "20 gCO2e", or "1 EUR" with a
    `price_per_kwh`), evaluations not counted;
    `evaluations`: of an epoch of suite learning, its end included; or one after `evaluate_every` so many batches;
    `roof`: whether the most that the machine does is measured before the first test (`None`: where tests are compared);
    `replicas`: networks side by side that share each batch, one a GPU, 0 for all GPUs;
    `interval_s`: how often gauges are sampled; `idle_s`: length of the idle baseline before and after, 0 for none;
    `cool_down_s`: rest between tasks; `precision`, `layout`: words of the worker, which says what it takes (preflight);
    `size`, `context`, `classes`: as in `SweepPoint`, where they are not the test's own; `axes`: what is varied.
    ValueError names the setting that makes no sense.
    """

    suite: str = "fashion-mnist"
    mode: str = "quick"
    phase: str = "both"
    models: tuple[str, ...] = ()
    repeats: int = 3
    seed: int = 1
    images: int | None = None
    epochs: int | None = None
    test_images: int | None = None
    batch: int | None = None
    size: tuple[int, ...] | None = None
    context: int | None = None
    classes: int | None = None
    device: str = "cpu"
    precision: str = "fp32"
    layout: str = "auto"
    threads: int | None = None
    replicas: int | None = None
    target_metric: str | None = None
    target: float | None = None
    data_folder: str | None = None
    zone: str | None = None
    intensity_g_per_kwh: float | None = None
    pue: float | None = None
    interval_s: float | None = None
    idle_s: float | None = None
    cool_down_s: float | None = None
    axes: Axes = ONE_POINT
    budget: str | None = None
    price_per_kwh: str | None = None
    evaluations: int | None = None
    evaluate_every: int | None = None
    roof: bool | None = None

    def __post_init__(self) -> None:
        for name, known in (("suite", SUITES), ("mode", MODES), ("phase", PHASES)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} is one of {', '.join(known)}, not {getattr(self, name)!r}")
        wholes = "repeats images epochs test_images batch context classes threads evaluations evaluate_every"
        for name in wholes.split():
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} is 1 or more, not {value}")
        if self.size is not None and (not 1 <= len(self.size) <= 3 or min(self.size) < 1):
            raise ValueError(f"a size has one to three sides of 1 or more, not {'x'.join(map(str, self.size))}")
        self._check_target()
        self._check_looks()
        self._check_axes()
        self._check_budget()
        if (self.replicas or 0) < 0:
            raise ValueError(f"replicas is 0 or more, not {self.replicas}")
        if self.seed < 0:
            raise ValueError(f"seed is 0 or more, not {self.seed}")
        for name in ("idle_s", "cool_down_s"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < math.inf:
                raise ValueError(f"{name} is 0 or more, not {value}")
        if self.interval_s is not None:
            from ...setting_values import interval_limits_s

            shortest, longest = interval_limits_s()
            if not shortest <= self.interval_s <= longest:
                raise ValueError(f"interval_s lies between {shortest:g} and {longest:g} s, not at {self.interval_s:g}")

    def _check_target(self) -> None:
        metric, target = self.target_metric, self.target
        if (metric is None) != (target is None):
            raise ValueError("target and target_metric belong together")
        if metric is None or target is None:
            return
        if metric not in METRICS:
            raise ValueError(f"target_metric is one of {', '.join(METRICS)}, not {metric!r}")
        if self.suite != "learning":
            raise ValueError(f"a target belongs to suite learning (impact-tracker bench train), not to {self.suite}")
        if not 0 < target < (math.inf if metric == "loss" else 1):
            most = "" if metric == "loss" else " and below 1"
            raise ValueError(f"a target {metric} lies above 0{most}, not at {target:g}")

    def _check_looks(self) -> None:
        given = [name for name in ("evaluations", "evaluate_every") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError("evaluations and evaluate_every both say how often it is evaluated: give one of them")
        if given and self.suite != "learning":
            raise ValueError(f"{given[0]} belongs to suite learning (impact-tracker bench train), not to {self.suite}")

    def _check_axes(self) -> None:
        """An axis takes the place of the setting of its name; each of its points must make sense as a setting."""
        own = Settings.__dataclass_fields__
        for name in self.axes.values:
            if getattr(self, name) != own[name].default:
                raise ValueError(f"{name} is either one setting or an axis, not both")
        if self.axes.values:
            for point in self.axes.points():
                self.at(point)

    def at(self, point: SweepPoint) -> Settings:
        """The settings of one point of the sweep, which vary nothing."""
        kept = {item.name: getattr(self, item.name) for item in fields(self)}
        return Settings(**{**kept, **point.values, "axes": ONE_POINT})

    def _check_budget(self) -> None:
        from ...budget import read_amount, read_price

        for name, read in (("budget", read_amount), ("price_per_kwh", read_price)):
            value = getattr(self, name)
            if value is None:
                continue
            try:
                read(value)
            except ValueError as error:
                raise ValueError(f"{name} {error}") from None
        if self.budget is not None and self.suite != "learning":
            raise ValueError(f"a budget belongs to suite learning (impact-tracker bench train), not to {self.suite}")
        if self.price_per_kwh is not None and self.budget is None:
            raise ValueError("a price is of a budget in money: give a budget too")

    def to_dict(self) -> dict[str, object]:
        """For campaign.json. A version that knows no budget reads a campaign that has none."""
        without = [name for name in _LATER if getattr(self, name) is None]
        asked = {name: value for name, value in asdict(self).items() if name not in without}
        size = None if self.size is None else list(self.size)
        return {**asked, "models": list(self.models), "size": size, "axes": self.axes.to_dict()}

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Settings:
        """What `to_dict` wrote; settings of a newer version that this one does not know are an error."""
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(kept) - known)
        if unknown:
            raise ValueError(
                f"the campaign has settings that this version does not know: {', '.join(unknown)}; install a newer one"
            )
        size = kept.get("size")
        own = {
            "models": tuple(kept.get("models", ())),
            "size": None if size is None else tuple(size),
            "axes": Axes.from_dict(kept.get("axes") or {}),
        }
        return cls(**{**kept, **own})

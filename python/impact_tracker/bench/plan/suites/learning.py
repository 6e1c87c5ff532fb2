"""Networks that learn real data to a target, or for so many epochs, with an evaluation after each: images of clothes
(Fashion-MNIST), a brain (cubes of Colin27 at 2 mm with its labels), a text by bytes (the licences that Debian ships).

What ends a training is not what scores it: before the first epoch and after each one a part of the data is evaluated
that is kept for validation; the test part is evaluated once, after the last epoch.

Towards a target, and under a budget, the learning rate stays as it is: a schedule would know when the training has to
end, and the end could not be called censored. Without both it falls along a cosine over the epochs.
"""

from __future__ import annotations

from dataclasses import dataclass

from ....budget import read_amount, read_price
from ..looks import Looks
from ..networks import Listed, listed
from ..settings import Settings
from ..test import Options, Reach, Step, Test, size_of
from . import fashion as suite_fashion

EPOCHS = {"quick": 3, "work": 10, "submission": 10}
MOST_EPOCHS = 50  # towards a target, or under a budget


@dataclass(frozen=True)
class Recipe:
    """How one network learns. `metrics`: what its evaluation tells, the usual target first; `warm`: examples that
    warming up takes; `validation`: share that is kept for validation, of the training part (of the brain: of the slab
    that is evaluated, the least that holds a cube)."""

    data: str
    metrics: tuple[str, ...]
    load: Options
    learning: Options
    gmac: float
    warm: int
    unit: str = "image"
    validation: float = 0.1


def _clothes(model: str) -> Recipe:
    side = suite_fashion.SIZES[model]
    size = {"size": [side, side], "classes": suite_fashion.CLASSES}
    load = {"batch": suite_fashion.BATCH, **size, "batch_norm": "train"}
    learning = {"lr": 1e-3, "optimizer": "adam"}
    gmac = suite_fashion.GMAC[model]
    return Recipe(suite_fashion.DATA, ("accuracy", "loss"), load, learning, gmac, 1024)


RECIPES: dict[str, Recipe] = {model: _clothes(model) for model in suite_fashion.MODELS}
RECIPES["u-net-3d"] = Recipe(
    "brain-2mm",
    ("dice", "accuracy", "loss"),
    {"batch": 1, "size": [32, 32, 32], "channels": 1, "classes": 4, "batch_norm": "current"},
    {"lr": 1e-3, "optimizer": "adam", "loss": "dice"},
    30.533484544,
    4,
    unit="volume",
    validation=0.4,
)
RECIPES["small-gpt"] = Recipe(
    "text",
    ("loss", "accuracy"),
    {"batch": 16, "size": [128]},
    {"lr": 1e-3, "optimizer": "adamw"},
    0.121634816,
    64,
    unit="sequence",
)
MODELS = tuple(RECIPES)
DEFAULT_MODELS = ("small-cnn", "u-net-3d", "small-gpt")


def tests(settings: Settings) -> list[Test]:
    """One a model. ValueError for what the data or the network does not have."""
    if settings.phase == "inference":
        raise ValueError("suite learning trains: --phase inference belongs to the other suites")
    metric = settings.target_metric
    chosen = settings.models or (DEFAULT_MODELS if metric is None else _having(metric))
    for model in chosen:
        recipe = RECIPES[model]
        if metric is not None and metric not in recipe.metrics:
            known = ", ".join(f"--target-{name}" for name in recipe.metrics)
            raise ValueError(f"{model} has no {metric} to reach: its evaluation knows {known}")
        if recipe.data == suite_fashion.DATA:
            suite_fashion.check_images(settings, recipe.validation)
    return [_test(model, RECIPES[model], settings) for model in chosen]


def _having(metric: str) -> tuple[str, ...]:
    """The default network of this target."""
    return tuple(model for model in DEFAULT_MODELS if RECIPES[model].metrics[0] == metric)


def _test(model: str, recipe: Recipe, settings: Settings) -> Test:
    data: Options = {"data": recipe.data, "validation": recipe.validation}
    if settings.data_folder:
        data = {**data, "data_folder": settings.data_folder}
    warm = {"training": True, "subset": min(recipe.warm, settings.images or recipe.warm), **recipe.learning, **data}
    if settings.mode != "quick":
        first = Step("warm-up", "settle", warm)
    else:
        first = Step("warm-up", "warm_up", {"passes": 3, **warm})
    has_end = settings.target is not None or settings.budget is not None
    tested: Options = {"subset": settings.test_images} if settings.test_images else {}
    kept = suite_fashion.validation_images(recipe.validation) if recipe.data == suite_fashion.DATA else None
    stopped = {"subset": min(settings.test_images, kept)} if settings.test_images and kept else tested
    reach = Reach(
        epochs=settings.epochs or (MOST_EPOCHS if has_end else EPOCHS[settings.mode]),
        metric=settings.target_metric or recipe.metrics[0],
        target=settings.target,
        train={**recipe.learning, **data, **({"subset": settings.images} if settings.images else {})},
        evaluate={**data, **stopped, "part": "validation"},
        score={**data, **tested, "part": "test"},
        looks=Looks(settings.evaluations, settings.evaluate_every, target=settings.target is not None),
        budget=None if settings.budget is None else read_amount(settings.budget),
        price=None if settings.price_per_kwh is None else read_price(settings.price_per_kwh),
    )
    steps = (first, Step("training", "reach", reach=reach))
    if recipe.data == suite_fashion.DATA:
        load, gmac = suite_fashion.load_of(model, settings)
        return Test(model, model, load, steps, recipe.data, gmac)
    own = tuple(recipe.load["size"])
    size = size_of(model, own, settings)
    load = {**recipe.load, "batch": settings.batch or recipe.load["batch"], "size": list(size)}
    return Test(model, model, load, steps, recipe.data, recipe.gmac if size == own else None)


def listing() -> list[Listed]:
    """For `bench --list`."""
    tests = []
    for model, recipe in RECIPES.items():
        own: dict[str, object] = {"unit": recipe.unit, "data": recipe.data, "targets": list(recipe.metrics)}
        if recipe.data == suite_fashion.DATA:
            own["parameters"] = suite_fashion.parameters_of(model)
        tests.append(
            listed(
                "learning",
                model,
                model,
                ["training", "evaluation"],
                gmac=recipe.gmac,
                batch=recipe.load["batch"],
                size=recipe.load["size"],
                default=model in DEFAULT_MODELS,
                **own,
            )
        )
    return tests

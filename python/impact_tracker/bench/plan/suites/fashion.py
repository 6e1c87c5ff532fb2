"""Networks that learn Fashion-MNIST: trained, evaluated on the test part, run.

Their heads have the ten classes of the clothes. The heads of the published graphs, of 1000 or 1001 classes, are 17 % of
MobileNet-V2's work on such small images: `--classes 1001` has them, `--classes 10,1001` both.
"""

from __future__ import annotations

from ..networks import BY_NAME, Listed, listed
from ..settings import Settings
from ..test import Options, Step, Test, size_of

DATA = "fashion-mnist"
TRAIN_IMAGES, TEST_IMAGES = 60_000, 10_000
DEFAULT_MODELS = ("small-cnn", "mobilenet-v2")
# Side of the images for the networks that take small ones; channels are the network's own.
SIZES = {"small-cnn": 28, "mobilenet-v2": 32, "resnet-18": 32, "resnet-v2-50": 32, "resnet-v2-152": 32}
MODELS = tuple(SIZES)
CLASSES = 10
# Billions of multiply-adds of one image's forward pass at that size, with a head of ten classes.
GMAC = {
    "small-cnn": 0.004241152,
    "mobilenet-v2": 0.006124928,
    "resnet-18": 0.037016576,
    "resnet-v2-50": 0.07104512,
    "resnet-v2-152": 0.222564352,
}
# Values that the head weighs for each class, and the classes of the graph whose parameters `NETWORKS` counts.
_HEADS = {
    "small-cnn": (128, 10),
    "mobilenet-v2": (1280, 1001),
    "resnet-18": (512, 1000),
    "resnet-v2-50": (2048, 1001),
    "resnet-v2-152": (2048, 1001),
}
BATCH = 64
IMAGES = {"quick": 10_000}  # else all
LEARNING = {"lr": 2e-3, "lr_schedule": "cosine", "optimizer": "adam"}


def tests(settings: Settings) -> list[Test]:
    """One a model. ValueError for more images than there are."""
    check_images(settings)
    return [_test(model, settings) for model in settings.models or DEFAULT_MODELS]


def validation_images(share: float) -> int:
    """How many of the training images are kept for validation."""
    return round(share * TRAIN_IMAGES)


def check_images(settings: Settings, validation: float = 0.0) -> None:
    """ValueError for more images than Fashion-MNIST has. `validation`: share of the training images that is kept."""
    for asked, there, kind in (
        (settings.images, TRAIN_IMAGES - validation_images(validation), "training"),
        (settings.test_images, TEST_IMAGES, "test"),
    ):
        if (asked or 0) > there:
            raise ValueError(f"Fashion-MNIST has {there} {kind} images, {asked} were asked for")


def gmac_of(model: str, classes: int) -> float:
    """Billions of multiply-adds of one image at the suite's size, by a head of so many classes."""
    return GMAC[model] + _HEADS[model][0] * (classes - CLASSES) / 1e9


def parameters_of(model: str) -> int:
    """Parameters with a head of ten classes: a weight for each value and a bias, for each class."""
    values, classes = _HEADS[model]
    return BY_NAME[model].parameters - (values + 1) * (classes - CLASSES)


def load_of(model: str, settings: Settings) -> tuple[Options, float | None]:
    """How a network is built, and its multiply-adds, where it has the size that they are known for."""
    side, classes = SIZES[model], settings.classes or CLASSES
    size = size_of(model, (side, side), settings)
    load = {"batch": settings.batch or BATCH, "size": list(size), "classes": classes, "batch_norm": "train"}
    return load, gmac_of(model, classes) if size == (side, side) else None


def _test(model: str, settings: Settings) -> Test:
    images = settings.images or IMAGES.get(settings.mode, TRAIN_IMAGES)
    long = settings.mode != "quick"
    training = settings.phase != "inference"
    data = {"data": DATA}
    if settings.data_folder:
        data["data_folder"] = settings.data_folder
    if long:
        steps = [Step("warm-up", "settle", {"training": training, "subset": 4096, **data})]
    else:
        steps = [Step("warm-up", "warm_up", {"passes": 3, "training": training, "subset": 1024, **data})]
    if training:
        learning = {"epochs": settings.epochs or 1, "subset": images, **LEARNING, **data}
        steps.append(Step("training", "train", learning, sized=long and settings.epochs is settings.images is None))
        limit = {"subset": settings.test_images} if settings.test_images else {}
        steps.append(Step("evaluation", "evaluate", {**limit, **data}))
    if settings.phase != "training":
        if long and training:  # another load than training's: its own speed and its own power
            steps.append(Step("warm-up-inference", "settle", {"training": False, "subset": 4096, **data}))
        sized = long and settings.images is None
        steps.append(Step("inference", "infer", data if sized else {"images": images, **data}, sized=sized))
    load, gmac = load_of(model, settings)
    return Test(model, model, load, tuple(steps), DATA, gmac)


def listing() -> list[Listed]:
    """For `bench --list`."""
    phases = ["training", "evaluation", "inference"]
    return [
        listed(
            "fashion-mnist",
            model,
            model,
            phases,
            gmac=GMAC[model],
            parameters=parameters_of(model),
            batch=BATCH,
            size=[size, size],
            default=model in DEFAULT_MODELS,
        )
        for model, size in SIZES.items()
    ]

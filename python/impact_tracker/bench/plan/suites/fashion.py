"""Networks that learn Fashion-MNIST: trained, evaluated on the test part, run."""

from __future__ import annotations

from ..networks import Listed, listed
from ..settings import Settings
from ..test import Step, Test

DATA = "fashion-mnist"
TRAIN_IMAGES, TEST_IMAGES = 60_000, 10_000
DEFAULT_MODELS = ("small-cnn", "mobilenet-v2")
# Side of the images for the networks that take small ones; channels are the network's own.
SIZES = {"small-cnn": 28, "mobilenet-v2": 32, "resnet-18": 32, "resnet-v2-50": 32, "resnet-v2-152": 32}
MODELS = tuple(SIZES)
# Billions of multiply-adds of one image's forward pass at that size.
GMAC = {
    "small-cnn": 0.004241152,
    "mobilenet-v2": 0.007393408,
    "resnet-18": 0.037523456,
    "resnet-v2-50": 0.073074688,
    "resnet-v2-152": 0.22459392,
}
BATCH = 64
IMAGES = {"quick": 10_000}  # else all
LEARNING = {"lr": 2e-3, "lr_schedule": "cosine", "optimizer": "adam"}


def tests(settings: Settings) -> list[Test]:
    """One a model. ValueError for more images than there are."""
    check_images(settings)
    return [_test(model, settings) for model in settings.models or DEFAULT_MODELS]


def check_images(settings: Settings) -> None:
    """ValueError for more images than Fashion-MNIST has."""
    for asked, there, kind in (
        (settings.images, TRAIN_IMAGES, "training"),
        (settings.test_images, TEST_IMAGES, "test"),
    ):
        if (asked or 0) > there:
            raise ValueError(f"Fashion-MNIST has {there} {kind} images, {asked} were asked for")


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
    load = {"batch": settings.batch or BATCH, "size": SIZES[model], "batch_norm": "train"}
    return Test(model, model, load, tuple(steps), DATA, GMAC[model])


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
            batch=BATCH,
            size=[size, size],
            default=model in DEFAULT_MODELS,
        )
        for model, size in SIZES.items()
    ]

"""AI Benchmark Alpha's tests: 24 of inference, 18 of training, with the batches, sizes and times they are scored by.

Source: the package ai-benchmark 0.1.2 (settings of every sub-test and its reference times); multiply-adds counted from
its graphs. A size is that of one input: height and width, or steps and features, or tokens. `reference_ms`: mean time
of one batch on the reference device, which the source does not name.
"""

from __future__ import annotations

from typing import NamedTuple

from ..networks import Listed, listed
from ..settings import Settings
from ..test import Step, Test, gmac_at, refuse_data, size_of, steps_of, takes

LEARNING_RATE = 1e-4
PASSES, LEAST_PASSES, CAP_S, HARD_CAP_S = 22, 5, 30.0, 100.0  # of "paper": the original's loop
REFERENCE_GMAC_A_MS = 1.6  # of the convolutional tests, about
PAPER_BATCH_FACTOR = 4  # the paper ran every test with four times the original batch


class SubTest(NamedTuple):
    """One of the 42. `gmac`: billions of multiply-adds of one input's forward pass."""

    model: str
    phase: str
    part: str
    batch: int
    size: tuple[int, ...]
    reference_ms: float
    gmac: float

    @property
    def effort_gmac(self) -> float:
        """The multiply-adds that would take as long as this test: its own, or more where many small operations (steps
        of a sequence) or an optimizer of many weights take longer than these, as the reference times tell. In a
        training a third of that, as a forward pass has."""
        forward_ms = self.reference_ms / self.batch / (3.0 if self.phase == "training" else 1.0)
        return max(self.gmac, forward_ms * REFERENCE_GMAC_A_MS)

    @property
    def name(self) -> str:
        """The name of the test, as in `srcnn/inference-a`."""
        return f"{self.model}/{self.phase}" + (f"-{self.part}" if self.part else "")


# model: training (batch, size, ms, GMAC) or None, then one or two of inference
_TABLE: dict[str, tuple[tuple[int, tuple[int, ...], float, float] | None, ...]] = {
    "mobilenet-v2": ((50, (224, 224), 265, 0.3008), (50, (224, 224), 75, 0.3008)),
    "inception-v3": ((20, (346, 346), 275, 7.3262), (20, (346, 346), 85, 7.3262)),
    "inception-v4": ((10, (346, 346), 290, 15.6206), (10, (346, 346), 68, 15.6206)),
    "inception-resnet-v2": ((8, (346, 346), 330, 16.7267), (10, (346, 346), 90, 16.7267)),
    "resnet-v2-50": ((10, (346, 346), 172, 8.5582), (10, (346, 346), 48, 8.5582)),
    "resnet-v2-152": ((10, (256, 256), 265, 14.2449), (10, (256, 256), 60, 14.2449)),
    "vgg-16": ((2, (224, 224), 190, 15.4703), (20, (224, 224), 110, 15.4703)),
    "srcnn": ((10, (512, 512), 285, 18.1278), (10, (512, 512), 100, 18.1278), (1, (1536, 1536), 85, 163.15)),
    "vgg-19-sr": ((10, (224, 224), 274, 33.4678), (10, (256, 256), 114, 43.713), (1, (1024, 1024), 162, 699.41)),
    "srgan": ((5, (512, 512), 170, 32.8194), (10, (512, 512), 110, 32.8194), (1, (1536, 1536), 100, 295.37)),
    "dped": ((15, (128, 128), 200, 6.5494), (10, (256, 256), 135, 26.1976), (1, (1024, 1024), 215, 419.16)),
    "u-net": ((4, (256, 256), 240, 48.1758), (4, (512, 512), 220, 192.70), (1, (1024, 1024), 215, 770.81)),
    "spade": ((1, (128, 128), 200, 74.0433), (5, (128, 128), 110, 74.0433)),
    "icnet": ((10, (1024, 1536), 815, 21.8426), (5, (1024, 1536), 270, 21.8426)),
    "pspnet": ((1, (512, 512), 214, 183.71), (5, (720, 720), 472, 363.31)),
    "deeplab": ((1, (384, 384), 191, 99.98), (2, (512, 512), 125, 177.75)),
    "pixel-rnn": ((10, (64, 64), 1756, 0.366), (50, (64, 64), 665, 0.366)),
    "lstm-sentiment": ((10, (1024, 300), 728, 5.553), (100, (1024, 300), 547, 5.553)),
    "gnmt": (None, (1, (20,), 193, 7.0)),
}
MODELS = tuple(_TABLE)


def sub_tests() -> list[SubTest]:
    """All 42, inference before training of each section, as the original runs them."""
    tests = []
    for model, (training, *inference) in _TABLE.items():
        for index, numbers in enumerate(inference):
            assert numbers is not None
            part = "ab"[index] if len(inference) > 1 else ""
            tests.append(SubTest(model, "inference", part, *numbers))
        if training is not None:
            tests.append(SubTest(model, "training", "", *training))
    return tests


def listing() -> list[Listed]:
    """For `bench --list`."""
    return [
        listed(
            "ai-benchmark",
            test.name,
            test.model,
            [test.phase],
            gmac=test.gmac,
            batch=test.batch,
            size=list(test.size),
            reference_ms=test.reference_ms,
        )
        for test in sub_tests()
    ]


def tests(settings: Settings) -> list[Test]:
    """Those that the settings ask for. ValueError for settings that these tests have no use for."""
    refuse_data(settings)
    if settings.mode == "paper" and settings.images is not None:
        raise ValueError(f"mode paper runs {PASSES} passes at most, as published: --images belongs to the other modes")
    chosen = settings.models or MODELS
    return [
        _test(test, settings) for test in sub_tests() if test.model in chosen and settings.phase in ("both", test.phase)
    ]


def batch_of(test: SubTest, settings: Settings) -> int:
    """The batch in this mode: the user's, four times the original in "paper", 1 in "quick", else the original."""
    if settings.batch is not None:
        return settings.batch
    return {"paper": test.batch * PAPER_BATCH_FACTOR, "quick": 1}.get(settings.mode, test.batch)


def _test(test: SubTest, settings: Settings) -> Test:
    batch, size = batch_of(test, settings), size_of(test.model, test.size, settings)
    load: dict[str, object] = {"batch": batch, "size": list(size), "batch_norm": "frozen"}
    if test.model == "lstm-sentiment" and size == test.size:
        del load["size"]  # steps and features: the network's own
    if settings.classes is not None and takes("classes", test.model):
        load["classes"] = settings.classes
    as_stated = size == test.size and "classes" not in load
    learning = {"lr": LEARNING_RATE, "optimizer": "adam", "loss": "sum_of_squares"} if test.phase == "training" else {}
    steps = steps_of(test.phase, settings, learning, gmac_at(test.effort_gmac, test.size, size))
    if settings.mode == "paper":
        limits = {"passes": PASSES, "seconds": CAP_S, "min_passes": LEAST_PASSES, "hard_seconds": HARD_CAP_S}
        command = "train" if test.phase == "training" else "infer"
        steps = (Step(test.phase, command, {**limits, **learning}),)
    stated = (test.gmac, test.reference_ms, test.batch) if as_stated else (None, None, None)
    return Test(test.name, test.model, load, steps, "synthetic", *stated)

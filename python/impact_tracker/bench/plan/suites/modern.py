"""Networks of today beside the published nineteen: transformers, diffusion, volumes; and the published suite's odd one,
ICNet, with all of its parameters trained (its graph trains 60).

Random weights: what a pass costs does not depend on them. `unit`: what one input is, and what joules are counted for.
"""

from __future__ import annotations

from typing import NamedTuple

from ..networks import Listed, listed
from ..settings import Settings
from ..test import Test, gmac_at, refuse_data, size_of, steps_of, takes

# One image by classifier-free guidance runs the U-Net twice a step, and the text encoder for the prompt and for none.
DIFFUSION_STEPS = 50
GPT2_PROMPT_TOKENS = 512


class ModernTest(NamedTuple):
    """One test. `gmac`: of one input's forward pass (a training's scores every token). `loss`: what it is trained by,
    where its answers are classes; else a sum of squares."""

    model: str
    phase: str
    batch: int
    size: tuple[int, ...]
    gmac: float
    unit: str = "image"
    variant: str | None = None
    loss: str | None = None

    @property
    def name(self) -> str:
        """The name of the test, as in `icnet/training-all`."""
        return f"{self.model}/{self.phase}" + (f"-{self.variant}" if self.variant else "")


TESTS = (
    ModernTest("resnet-18", "inference", 50, (224, 224), 1.814),
    ModernTest("resnet-18", "training", 50, (224, 224), 1.814, loss="cross_entropy"),
    ModernTest("vit-b16", "inference", 20, (224, 224), 17.564),
    ModernTest("vit-b16", "training", 8, (224, 224), 17.564, loss="cross_entropy"),
    ModernTest("bert-base", "inference", 8, (128,), 11.174, "sequence"),
    ModernTest("bert-base", "training", 8, (128,), 11.174, "sequence"),
    ModernTest("gpt2-prefill", "inference", 1, (512,), 48.357, "sequence"),
    ModernTest("gpt2-prefill", "training", 2, (512,), 68.080, "sequence", loss="cross_entropy"),
    ModernTest("gpt2-decode", "inference", 1, (512,), 0.13297, "token"),
    ModernTest("ddpm", "inference", 16, (32, 32), 6.2219, "step"),
    ModernTest("ddpm", "training", 16, (32, 32), 6.2219, "step"),
    ModernTest("sd1-text", "inference", 1, (77,), 6.6493, "prompt"),
    ModernTest("sd1-unet", "inference", 1, (64, 64), 401.64, "step"),
    ModernTest("sd1-decoder", "inference", 1, (64, 64), 1257.26),
    ModernTest("u-net-3d", "inference", 1, (64, 64, 64), 244.70, "volume"),
    ModernTest("u-net-3d", "training", 1, (64, 64, 64), 244.70, "volume", loss="cross_entropy"),
    ModernTest("icnet", "training", 2, (1024, 1536), 21.843, "image", "all"),
)
MODELS = tuple(dict.fromkeys(test.model for test in TESTS))


def tests(settings: Settings) -> list[Test]:
    """Those that the settings ask for. ValueError for settings that these tests have no use for."""
    refuse_data(settings)
    chosen = settings.models or MODELS
    return [_test(test, settings) for test in TESTS if test.model in chosen and settings.phase in ("both", test.phase)]


def _test(test: ModernTest, settings: Settings) -> Test:
    training = test.phase == "training"
    batch = settings.batch or (1 if settings.mode == "quick" else test.batch)
    size = size_of(test.model, test.size, settings)
    load: dict[str, object] = {"batch": batch, "size": list(size), "batch_norm": "train"}
    if settings.classes is not None and takes("classes", test.model):
        load["classes"] = settings.classes
    if test.variant:
        load["variant"] = test.variant
    learning = {"lr": 1e-4, "optimizer": "adamw", **({"loss": test.loss} if test.loss else {})} if training else {}
    steps = steps_of(test.phase, settings, learning, gmac_at(test.gmac, test.size, size))
    as_stated = size == test.size and "classes" not in load
    return Test(test.name, test.model, load, steps, "synthetic", test.gmac if as_stated else None)


def listing() -> list[Listed]:
    """For `bench --list`."""
    return [
        listed(
            "modern",
            test.name,
            test.model,
            [test.phase],
            gmac=test.gmac,
            batch=test.batch,
            size=list(test.size),
            unit=test.unit,
        )
        for test in TESTS
    ]


# What one generated image runs of each network, and one token of a prompt and of an answer.
IMAGE_PARTS = {"sd1-text": 2.0, "sd1-unet": 2.0 * DIFFUSION_STEPS, "sd1-decoder": 1.0}
PROMPT_TOKEN_PARTS = {"gpt2-prefill": 1.0 / GPT2_PROMPT_TOKENS}
ANSWER_TOKEN_PARTS = {"gpt2-decode": 1.0}

"""Multiply-adds and parameters at sizes, contexts and heads that no suite has: the worker's count against closed forms
and against counts that were published for other sizes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from impact_tracker.bench.plan.suites import fashion
from impact_tracker.runner import Loaded, Runner


def load(worker: Path, network: str, **options: object) -> Loaded:
    with Runner(worker) as runner:
        return runner.load(network, threads=1, **options)  # type: ignore[arg-type]


def encoder_macs(tokens: int, width: int = 768, layers: int = 12) -> int:
    """Four projections and a feed-forward of four widths for each token, scores and sums for each pair of tokens."""
    return layers * (12 * width * width * tokens + 2 * width * tokens * tokens)


def test_contexts_of_transformers(worker: Path) -> None:
    context = random.Random(5).randint(2, 500)
    bert = load(worker, "bert-base", size=context)
    assert bert.macs is not None
    pooled = bert.macs - encoder_macs(context)
    assert 0 <= pooled <= 2 * 768 * 768  # a layer over the first token, where the network has one
    prefill = load(worker, "gpt2-prefill", size=context)
    assert prefill.macs == encoder_macs(context) + 768 * 50257
    assert prefill.training_macs == encoder_macs(context) + 768 * 50257 * context


@pytest.mark.parametrize(
    ("network", "side", "gmac"),
    [("mobilenet-v2", 224, 0.3008), ("resnet-v2-50", 224, 3.482), ("resnet-v2-50", 346, 8.5582)],
)
def test_sizes_of_convolutional_networks(worker: Path, network: str, side: int, gmac: float) -> None:
    assert load(worker, network, size=side).gmac == pytest.approx(gmac, rel=2e-4)


@pytest.mark.parametrize("network", ["small-cnn", "mobilenet-v2", "resnet-18", "resnet-v2-50"])
def test_heads_of_networks_that_learn_clothes(worker: Path, network: str) -> None:
    classes = random.Random(network).randint(2, 1500)
    for count in (fashion.CLASSES, classes):
        loaded = load(worker, network, size=fashion.SIZES[network], classes=count)
        assert loaded.classes == count
        assert loaded.macs == round(fashion.gmac_of(network, count) * 1e9)
    assert load(worker, network, size=fashion.SIZES[network], classes=10).parameters == fashion.parameters_of(network)

"""The networks that the suites name: what they are called, how large they are, what they were reported to reach.

`parameters`: those that the output depends on, of the published benchmark's graphs (1001 classes, biases where the
graph has them), so that they can be held against the worker's own count. `top1`: reported ImageNet accuracy of one
crop, per cent; `top1_size`: side of the pictures that it was reported for, in pixels; `top1_gmac`: billions of
multiply-adds of one such picture's forward pass.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .axes import point_words

TOP1_SOURCE = "TensorFlow-Slim image classification models, README (single crop)"


Listed = dict[str, Any]  # a line of `bench --list`: every suite has fields of its own


class Network(NamedTuple):
    """One network of a suite."""

    name: str
    title: str
    task: str
    parameters: int
    top1: float | None = None
    top1_size: int | None = None
    top1_gmac: float | None = None


NETWORKS: tuple[Network, ...] = (
    Network("small-cnn", "Small CNN", "classification", 421_738),
    Network("mobilenet-v2", "MobileNet-V2", "classification", 3_506_153, 71.9, 224, 0.3008),
    Network("inception-v3", "Inception-V3", "classification", 23_819_401, 78.0, 299, 5.7132),
    Network("inception-v4", "Inception-V4", "classification", 42_649_769, 80.2, 299, 12.254),
    Network("inception-resnet-v2", "Inception-ResNet-V2", "classification", 55_814_729, 80.4, 299, 13.1558),
    Network("resnet-v2-50", "ResNet-V2-50", "classification", 25_570_409, 75.6, 299, 6.5362),
    Network("resnet-v2-152", "ResNet-V2-152", "classification", 60_238_953, 77.8, 299, 20.2108),
    Network("vgg-16", "VGG-16", "classification", 138_357_544, 71.5, 224, 15.4703),
    Network("srcnn", "SRCNN 9-5-5", "enhancement", 69_249),
    Network("vgg-19-sr", "VGG-19 Super-Res", "enhancement", 668_227),
    Network("srgan", "ResNet-SRGAN", "enhancement", 1_558_531),
    Network("dped", "ResNet-DPED", "enhancement", 401_475),
    Network("u-net", "U-Net", "segmentation", 31_043_651),
    Network("spade", "Nvidia-SPADE", "generation", 138_020_803),
    Network("icnet", "ICNet", "segmentation", 6_685_775),
    Network("pspnet", "PSPNet", "segmentation", 46_707_139),
    Network("deeplab", "DeepLab", "segmentation", 42_721_356),
    Network("pixel-rnn", "Pixel-RNN", "generation", 48_867),
    Network("lstm-sentiment", "LSTM-Sentiment", "text", 5_429_250),
    Network("gnmt", "GNMT-Translation", "text", 281_798_657),
    Network("resnet-18", "ResNet-18", "classification", 11_689_512),
    Network("vit-b16", "ViT-B/16", "classification", 86_567_656),
    Network("bert-base", "BERT-base", "text", 109_482_240),
    Network("small-gpt", "Small GPT", "text", 858_880),
    Network("gpt2-prefill", "GPT-2 prefill", "text", 124_439_808),
    Network("gpt2-decode", "GPT-2 decode", "text", 124_439_808),
    Network("ddpm", "DDPM U-Net", "generation", 35_746_307),
    Network("sd1-text", "SD 1: text encoder", "text", 123_060_480),
    Network("sd1-unet", "SD 1: U-Net", "generation", 859_520_964),
    Network("sd1-decoder", "SD 1: decoder", "generation", 49_490_199),
    Network("u-net-3d", "3-D U-Net", "segmentation", 19_069_955),
)
BY_NAME = {network.name: network for network in NETWORKS}


def title_of(model: str, test: str = "") -> str:
    """How people write it, with the part of a test that has two and its place in a sweep; of a network that no suite
    knows: its name."""
    test, _, point = test.partition("@")
    part = f" ({test.rpartition('-')[2]})" if "/" in test and test.endswith(("-a", "-b", "-all")) else ""
    place = f", {point_words(point)}" if point else ""
    return (BY_NAME[model].title if model in BY_NAME else model) + part + place


def listed(suite: str, test: str, model: str, phases: list[str], **more: object) -> Listed:
    """One test for `bench --list`; `more`: gmac, batch, size, and what only this suite has."""
    network = BY_NAME[model]
    row = {"suite": suite, "test": test, "model": model, "title": network.title, "task": network.task}
    return {**row, "phases": phases, "parameters": network.parameters, "reference_ms": None, "default": True, **more}

"""The other side of torch_ratio.py: networks as one writes them in Python torch, and a loop that runs them on request.

One JSON object a line on standard input: {"network", "phase", "batch", "size", "threads", "layout"} builds and warms
up, {"passes": n} runs that many and answers with {"seconds"}. Nothing here is imported by the package.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import torch
from torch import nn
from torch.nn import functional


class ConvNorm(nn.Sequential):
    """Convolution, batch normalisation, activation; "same" padding lies at the bottom and right where it is odd."""

    def __init__(self, into: int, out: int, kernel: int = 1, stride: int = 1, groups: int = 1, **how: Any) -> None:
        layers: list[nn.Module] = []
        padding = (kernel - 1) // 2
        if how.get("odd") and stride > 1 and kernel > 1:
            layers.append(nn.ZeroPad2d((0, 1, 0, 1)))
            padding = 0
        layers.append(nn.Conv2d(into, out, kernel, stride, padding, groups=groups, bias=False))
        layers.append(nn.BatchNorm2d(out, eps=how.get("eps", 1e-5)))
        if how.get("act") is not None:
            layers.append(how["act"](inplace=True))
        super().__init__(*layers)


class InvertedResidual(nn.Module):
    """1x1 wider, 3x3 depthwise, 1x1 narrower."""

    def __init__(self, into: int, out: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide, how = into * expansion, {"eps": 1e-3, "odd": True}
        layers = [ConvNorm(into, wide, act=nn.ReLU6, **how)] if expansion != 1 else []
        layers.append(ConvNorm(wide, wide, 3, stride, wide, act=nn.ReLU6, **how))
        layers.append(ConvNorm(wide, out, **how))
        self.body = nn.Sequential(*layers)
        self.skip = stride == 1 and into == out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x) if self.skip else self.body(x)


def mobilenet_v2() -> nn.Module:
    """As the benchmark has it: 1001 classes, a 1x1 convolution as head."""
    layers: list[nn.Module] = [ConvNorm(3, 32, 3, 2, eps=1e-3, odd=True, act=nn.ReLU6)]
    into = 32
    stages = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
    for expansion, out, blocks, stride in stages:
        for block in range(blocks):
            layers.append(InvertedResidual(into, out, stride if block == 0 else 1, expansion))
            into = out
    layers.append(ConvNorm(into, 1280, eps=1e-3, odd=True, act=nn.ReLU6))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Conv2d(1280, 1001, 1), nn.Flatten())


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut."""

    def __init__(self, into: int, out: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(ConvNorm(into, out, 3, stride, act=nn.ReLU), ConvNorm(out, out, 3))
        self.shortcut = ConvNorm(into, out, 1, stride) if into != out else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.body(x) + self.shortcut(x), inplace=True)


def resnet_18() -> nn.Module:
    """1000 classes."""
    layers: list[nn.Module] = [ConvNorm(3, 64, 7, 2, act=nn.ReLU), nn.MaxPool2d(3, 2, 1)]
    into = 64
    for out in (64, 128, 256, 512):
        layers += [BasicBlock(into, out, 1 if into == out else 2), BasicBlock(out, out, 1)]
        into = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))


def vgg_16() -> nn.Module:
    """The fully connected layers as convolutions."""
    layers: list[nn.Module] = []
    into = 3
    for count, out in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        for _ in range(count):
            layers += [nn.Conv2d(into, out, 3, padding=1), nn.ReLU(inplace=True)]
            into = out
        layers.append(nn.MaxPool2d(2, 2))
    head = [nn.Conv2d(512, 4096, 7), nn.ReLU(inplace=True), nn.Conv2d(4096, 4096, 1), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, *head, nn.Conv2d(4096, 1000, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def small_cnn() -> nn.Module:
    """For images of 28 x 28."""
    first = [ConvNorm(1, 32, 3, act=nn.ReLU), nn.MaxPool2d(2, 2), ConvNorm(32, 64, 3, act=nn.ReLU), nn.MaxPool2d(2, 2)]
    return nn.Sequential(*first, nn.Flatten(), nn.Linear(64 * 49, 128), nn.ReLU(inplace=True), nn.Linear(128, 10))


NETWORKS = {"mobilenet-v2": mobilenet_v2, "resnet-18": resnet_18, "vgg-16": vgg_16, "small-cnn": small_cnn}
CHANNELS = {"small-cnn": 1}


class Loop:
    """A network, its batch and its optimizer."""

    def __init__(self, asked: dict[str, Any]) -> None:
        torch.set_num_threads(asked["threads"])
        torch.manual_seed(1)
        self.network = NETWORKS[asked["network"]]()
        shape = (asked["batch"], CHANNELS.get(asked["network"], 3), asked["size"], asked["size"])
        self.images = torch.rand(shape) * 2 - 1
        if asked["layout"] == "channels_last":
            self.network = self.network.to(memory_format=torch.channels_last)
            self.images = self.images.contiguous(memory_format=torch.channels_last)
        self.training = asked["phase"] == "training"
        self.network.train(self.training)
        with torch.no_grad():
            self.target = torch.rand_like(self.network(self.images))
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-4)
        self.run(2)

    @property
    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.network.parameters())

    def run(self, passes: int) -> float:
        """Seconds of so many passes."""
        begin = time.perf_counter()
        if self.training:
            for _ in range(passes):
                self.optimizer.zero_grad()
                functional.mse_loss(self.network(self.images), self.target, reduction="sum").backward()
                self.optimizer.step()
        else:
            with torch.inference_mode():
                for _ in range(passes):
                    self.network(self.images)
        return time.perf_counter() - begin


def main() -> None:
    loop: Loop | None = None
    for line in sys.stdin:
        asked = json.loads(line)
        if "network" in asked:
            loop = Loop(asked)
            answer: dict[str, Any] = {"parameters": loop.parameters, "torch": torch.__version__}
        else:
            assert loop is not None
            answer = {"seconds": loop.run(asked["passes"])}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

"""Networks of images for torch_networks.py, as one writes them in Python torch."""

from __future__ import annotations

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


# ---- images to images of the same size; values of 0 to 255 come in and go out


def same(into: int, out: int, kernel: int, bias: bool = True) -> nn.Conv2d:
    """A convolution that keeps the size."""
    return nn.Conv2d(into, out, kernel, padding=kernel // 2, bias=bias)


def stretched_tanh(x: torch.Tensor) -> torch.Tensor:
    return (torch.tanh(x) * 0.58 + 0.5) * 255.0


class Srcnn(nn.Module):
    """9-5-5; the last bias is one number for all channels."""

    def __init__(self) -> None:
        super().__init__()
        relu = nn.ReLU(inplace=True)
        self.body = nn.Sequential(same(3, 64, 9), relu, same(64, 32, 5), relu, same(32, 3, 5, bias=False))
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return stretched_tanh(self.body(x / 255.0) + self.bias)


def with_instance_norm(into: int, out: int) -> list[nn.Module]:
    """3 x 3 with bias, instance normalisation, ReLU."""
    return [same(into, out, 3), nn.InstanceNorm2d(out, eps=1e-3, affine=True), nn.ReLU(inplace=True)]


class Residual(nn.Module):
    """A body and the way around it."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x)


class Dped(nn.Module):
    """9 x 9, four residual blocks, two convolutions, 9 x 9."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [same(3, 64, 9), nn.ReLU(inplace=True)]
        layers += [Residual(*with_instance_norm(64, 64), *with_instance_norm(64, 64)) for _ in range(4)]
        layers += [same(64, 64, 3), nn.ReLU(inplace=True), same(64, 64, 3), nn.ReLU(inplace=True), same(64, 3, 9)]
        self.body = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return stretched_tanh(self.body(x / 255.0))


class UNet(nn.Module):
    """64 to 1024 channels and back."""

    def __init__(self) -> None:
        super().__init__()
        widths = [64, 128, 256, 512, 1024]
        pairs = zip([3, *widths[:-1]], widths)
        self.down = nn.ModuleList(
            nn.Sequential(*with_instance_norm(into, out), *with_instance_norm(out, out)) for into, out in pairs
        )
        upwards = list(reversed(widths[:-1]))
        self.grow = nn.ModuleList(nn.ConvTranspose2d(2 * out, out, 2, 2) for out in upwards)
        self.up = nn.ModuleList(
            nn.Sequential(*with_instance_norm(2 * out, out), *with_instance_norm(out, out)) for out in upwards
        )
        self.head = nn.Conv2d(64, 3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept = []
        x = x / 255.0
        for level, block in enumerate(self.down):
            x = block(functional.max_pool2d(x, 2) if level else x)
            kept.append(x)
        kept.pop()
        for grow, block in zip(self.grow, self.up):
            x = block(torch.cat([grow(x), kept.pop()], 1))
        return stretched_tanh(self.head(x))


class FrozenNorm(nn.BatchNorm2d):
    """Batch normalisation by its moving statistics, with a scale and a shift that are never trained."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-5)
        self.requires_grad_(False)

    def train(self, mode: bool = True) -> FrozenNorm:
        return super().train(False)


class Srgan(nn.Module):
    """The generator with a 7 x 7 stride 4 in front."""

    def __init__(self) -> None:
        super().__init__()

        def normed() -> list[nn.Module]:
            return [same(64, 64, 3, bias=False), FrozenNorm(64)]

        relu = nn.ReLU(inplace=True)
        self.front = nn.Sequential(nn.ZeroPad2d((1, 2, 1, 2)), nn.Conv2d(3, 64, 7, 4), relu, same(64, 64, 3), relu)
        blocks = [Residual(*normed(), nn.ReLU(inplace=True), *normed()) for _ in range(16)]
        self.blocks = nn.Sequential(*blocks, *normed())
        grow = [same(64, 256, 3), nn.PixelShuffle(2), relu]
        again = [same(64, 256, 3), nn.PixelShuffle(2), relu]
        self.up = nn.Sequential(*grow, *again, nn.Conv2d(64, 3, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        small = self.front(x / 127.5 - 1.0)
        return (torch.tanh(self.up(small + self.blocks(small))) + 1.0) * 127.5

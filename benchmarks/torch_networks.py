"""The other side of torch_ratio.py: networks as one writes them in Python torch, and a loop that runs them on request.

One JSON object a line on standard input: {"network", "phase", "batch", "size", "threads", "layout", "loss", "device"}
builds and warms up, {"passes": n} runs that many and answers with {"seconds"}; {"count": [names]} answers with the
parameters of each. Nothing here is imported by the package.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional
from torch_image_networks import Dped, Srcnn, Srgan, UNet, mobilenet_v2, resnet_18, small_cnn, vgg_16
from torch_sequence_networks import Bert, Gpt, LstmSentiment, VisionTransformer

Inputs = Callable[[int, int], torch.Tensor]


def images(channels: int = 3, low: float = -1.0, high: float = 1.0) -> Inputs:
    return lambda batch, size: torch.rand(batch, channels, size, size) * (high - low) + low


def vectors(width: int) -> Inputs:
    return lambda batch, size: torch.rand(batch, size, width) * 8 - 4


def tokens(words: int) -> Inputs:
    return lambda batch, size: torch.randint(words, (batch, size))


class Network(NamedTuple):
    """How one is built for inputs of a size, and such inputs for a batch."""

    build: Callable[[int], nn.Module]
    inputs: Inputs
    usual_size: int = 224


NETWORKS = {
    "small-cnn": Network(lambda size: small_cnn(), images(1), 28),
    "mobilenet-v2": Network(lambda size: mobilenet_v2(), images()),
    "resnet-18": Network(lambda size: resnet_18(), images()),
    "vgg-16": Network(lambda size: vgg_16(), images()),
    "srcnn": Network(lambda size: Srcnn(), images(low=0.0, high=255.0), 512),
    "dped": Network(lambda size: Dped(), images(low=0.0, high=255.0), 128),
    "srgan": Network(lambda size: Srgan(), images(low=0.0, high=255.0), 512),
    "u-net": Network(lambda size: UNet(), images(low=0.0, high=255.0), 256),
    "lstm-sentiment": Network(lambda size: LstmSentiment(), vectors(300), 1024),
    "vit-b16": Network(VisionTransformer, images()),
    "bert-base": Network(lambda size: Bert(), tokens(30522), 128),
    "gpt2-prefill": Network(lambda size: Gpt(50257, 1024), tokens(50257), 512),
    "small-gpt": Network(lambda size: Gpt(256, 256, width=128, heads=4, layers=4), tokens(256), 128),
}


def trained(network: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in network.parameters() if parameter.requires_grad]


def count(network: nn.Module) -> int:
    """Trained parameters: what stays as it is counts as a constant."""
    return sum(parameter.numel() for parameter in trained(network))


class Loop:
    """A network, its batch and its optimizer."""

    def __init__(self, asked: dict[str, Any]) -> None:
        torch.set_num_threads(asked["threads"])
        torch.manual_seed(1)
        self.device = torch.device(asked.get("device", "cpu"))
        if self.device.type == "cuda":  # as the worker has it for fp32
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
            torch.backends.cudnn.benchmark = True
        chosen = NETWORKS[asked["network"]]
        self.network = chosen.build(asked["size"]).to(self.device)
        self.inputs = chosen.inputs(asked["batch"], asked["size"]).to(self.device)
        if asked["layout"] == "channels_last":
            self.network = self.network.to(memory_format=torch.channels_last)
            self.inputs = self.inputs.contiguous(memory_format=torch.channels_last)
        self.training = asked["phase"] == "training"
        self.network.train(self.training)
        self.classes = asked.get("loss") == "cross_entropy"
        with torch.no_grad():
            output = self.network(self.inputs)
            self.target = torch.randint_like(self.inputs, output.size(-1)) if self.classes else torch.rand_like(output)
        self.optimizer = torch.optim.Adam(trained(self.network), lr=1e-4)
        self.run(2)

    def loss(self) -> torch.Tensor:
        output = self.network(self.inputs)
        if self.classes:
            return functional.cross_entropy(output.transpose(1, 2), self.target)
        return functional.mse_loss(output, self.target, reduction="sum")

    def wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def run(self, passes: int) -> float:
        """Seconds of so many passes."""
        self.wait()
        begin = time.perf_counter()
        if self.training:
            for _ in range(passes):
                self.optimizer.zero_grad()
                self.loss().backward()
                self.optimizer.step()
        else:
            with torch.inference_mode():
                for _ in range(passes):
                    self.network(self.inputs)
        self.wait()
        return time.perf_counter() - begin


def main() -> None:
    loop: Loop | None = None
    for line in sys.stdin:
        asked = json.loads(line)
        if "count" in asked:
            answer: dict[str, Any] = {
                name: count(NETWORKS[name].build(NETWORKS[name].usual_size)) for name in asked["count"]
            }
        elif "network" in asked:
            loop = None  # its memory is wanted for the next
            loop = Loop(asked)
            answer = {"parameters": count(loop.network), "torch": torch.__version__}
        else:
            assert loop is not None
            answer = {"seconds": loop.run(asked["passes"])}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

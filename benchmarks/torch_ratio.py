"""Speed of the worker against the same networks in Python torch, in turns on one machine.

    .venv/bin/python benchmarks/torch_ratio.py [--torch-python /usr/bin/python3] [--networks A,B] [--json]

`--torch-python`: an interpreter that has torch, best of the worker's own version (Debian: apt install python3-torch).
The two take turns, a few passes each, so that the machine's moods meet both; the ratio is the geometric mean over the
rounds of Python's seconds over the worker's, with its 95 % interval: above 1 the worker is faster. Python runs as
users start it; with --same-settings it gets the allocator's settings and the OpenBLAS kernels that the worker chose for
itself, and what is left is the difference of the two programs.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from impact_tracker.runner import Runner
from impact_tracker.values.statistics import mean_of

# Batch and size: side of an image, steps or tokens of a sequence. All kinds of layers are there.
BATCHES = {
    "small-cnn": (64, 28),
    "mobilenet-v2": (8, 224),
    "resnet-18": (8, 224),
    "vgg-16": (2, 224),
    "srcnn": (2, 256),
    "dped": (2, 128),
    "srgan": (2, 256),
    "u-net": (1, 128),
    "lstm-sentiment": (8, 128),
    "vit-b16": (2, 224),
    "bert-base": (2, 128),
    "gpt2-prefill": (1, 128),
    "small-gpt": (16, 128),
}
LOSSES = {"gpt2-prefill": "cross_entropy", "small-gpt": "cross_entropy"}  # else the benchmark's sum of squares
LEAST_ROUND_S = 0.05


class Python:
    """The other side, in a process of its own."""

    def __init__(self, interpreter: str, settings: Mapping[str, str]) -> None:
        command = [interpreter, str(Path(__file__).with_name("torch_networks.py"))]
        pipe = subprocess.PIPE
        self._child = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env={**os.environ, **settings})

    def ask(self, **what: Any) -> dict[str, Any]:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps(what) + "\n")
        self._child.stdin.flush()
        line = self._child.stdout.readline()
        if not line:
            raise SystemExit(
                "the Python with torch has ended; --torch-python names an interpreter that can import torch"
            )
        return dict(json.loads(line))

    def close(self) -> None:
        if self._child.stdin is not None:
            self._child.stdin.close()
        self._child.wait()


def settings_of(runner: Runner) -> dict[str, str]:
    """What the worker's libraries were told, as another program's environment."""
    kernels = re.search(r"OpenBLAS .*\((\w+)\)", runner.hello.blas or "")
    told = {"GLIBC_TUNABLES": runner.hello.allocator, "OPENBLAS_CORETYPE": kernels and kernels.group(1)}
    return {name: value for name, value in told.items() if value}


class Compared(NamedTuple):
    """One network and phase: images/s of either, and the ratio's interval."""

    network: str
    phase: str
    layout: str
    batch: int
    rounds: int
    worker_images_per_s: float
    python_images_per_s: float
    ratio: float
    low: float
    high: float
    torch: tuple[str, str]


def loss_of(network: str) -> dict[str, str]:
    return {"loss": LOSSES[network]} if network in LOSSES else {}


def seconds_of(runner: Runner, network: str, phase: str, passes: int) -> float:
    """Of so many passes of the worker."""
    if phase == "training":
        return runner.train(passes=passes, lr=1e-4, resume=True, **loss_of(network)).run().duration_s
    return runner.infer(passes=passes).run().duration_s


def compare(runner: Runner, python: Python, network: str, phase: str, args: argparse.Namespace) -> Compared:
    batch, size = BATCHES[network]
    where = {"layout": args.layout, "threads": args.threads, "device": args.device}
    loaded = runner.load(network, batch=batch, size=size, seed=1, **where)
    asked = {"network": network, "phase": phase, "batch": batch, "size": size, **loss_of(network)}
    other = python.ask(**asked, **{name: getattr(loaded, name) for name in where})
    if other["parameters"] != loaded.parameters:
        raise SystemExit(f"{network}: {loaded.parameters} parameters here, {other['parameters']} in Python")
    runner.warm_up(2, training=phase == "training", **(loss_of(network) if phase == "training" else {}))
    passes = max(1, math.ceil(max(LEAST_ROUND_S, args.seconds) / max(seconds_of(runner, network, phase, 2) / 2, 1e-6)))
    python.ask(passes=1)
    ours, theirs = [], []
    for turn in range(args.rounds):
        sides = [lambda: ours.append(seconds_of(runner, network, phase, passes)),
                 lambda: theirs.append(python.ask(passes=passes)["seconds"])]  # fmt: skip
        for side in sides if turn % 2 == 0 else sides[::-1]:
            side()
    logs = mean_of([math.log(b / a) for a, b in zip(ours, theirs)])
    assert logs is not None
    half = logs.half_width if logs.half_width is not None else math.inf
    images = batch * passes * args.rounds
    return Compared(
        network, phase, str(loaded.layout), batch, args.rounds, images / sum(ours), images / sum(theirs),
        math.exp(logs.value), math.exp(logs.value - half), math.exp(logs.value + half),
        (str(loaded.torch_version), str(other["torch"])),
    )  # fmt: skip


def shown(compared: Compared) -> str:
    """One line."""
    speeds = f"worker {compared.worker_images_per_s:9.1f} images/s  Python {compared.python_images_per_s:9.1f}"
    ratio = f"ratio {compared.ratio:.3f} ({compared.low:.3f} to {compared.high:.3f})"
    return f"{compared.network:14} {compared.phase:10} {compared.layout:14} {speeds}  {ratio}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--torch-python", default="/usr/bin/python3", help="an interpreter that can import torch")
    parser.add_argument("--worker", help="the worker's executable (default: the one the package finds)")
    parser.add_argument("--networks", default=",".join(BATCHES), help="names, separated by commas")
    parser.add_argument("--phases", default="inference,training")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=2.0, help="of a round of either side, about")
    parser.add_argument("--threads", type=int, help="default: all")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1 …; fp32 on both sides")
    parser.add_argument("--layout", default="auto", choices=("auto", "nchw", "channels_last"))
    parser.add_argument("--same-settings", action="store_true", help="Python with the worker's allocator and kernels")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    comparisons = []
    with Runner(args.worker) as runner:
        python = Python(args.torch_python, settings_of(runner) if args.same_settings else {})
        try:
            for network in args.networks.split(","):
                for phase in args.phases.split(","):
                    compared = compare(runner, python, network, phase, args)
                    comparisons.append(compared)
                    if not args.json:
                        print(shown(compared), flush=True)
        finally:
            python.close()
    if args.json:
        json.dump([compared._asdict() for compared in comparisons], sys.stdout, indent=2)
    elif comparisons:
        print(f"torch: worker {comparisons[0].torch[0]}, Python {comparisons[0].torch[1]}; goal: ratios of 1.0 or more")
    return 0


if __name__ == "__main__":
    sys.exit(main())

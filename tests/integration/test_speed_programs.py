"""The programs that compare the worker with Python torch and weigh what tracking costs: they run and add up."""

from __future__ import annotations

import importlib.util
import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("impact_tracker._core", reason="the core is not built")

from impact_tracker.runner import Runner

pytestmark = pytest.mark.usefixtures("worker")

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PYTHON_WITH_TORCH = os.environ.get("TORCH_PYTHON", "/usr/bin/python3")


def run(program: str, *arguments: str) -> Any:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(BENCHMARKS / program), *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def has_torch() -> bool:
    probe = [PYTHON_WITH_TORCH, "-c", "import importlib.util as u, sys; sys.exit(u.find_spec('torch') is None)"]
    try:
        return subprocess.run(probe, capture_output=True, timeout=60, check=False).returncode == 0
    except OSError:
        return False


def test_overhead_of_tracking_adds_up() -> None:
    spec = importlib.util.spec_from_file_location("tracking_overhead", BENCHMARKS / "tracking_overhead.py")
    assert spec is not None
    assert spec.loader is not None
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    bare = program.Measured(10.0, 0.001, 0.010)
    summary = program.summary([(program.Measured(10.0, 0.004, 0.014), bare)] * 3, 2)
    assert summary["cpu"]["share"] == pytest.approx(0.004 / 20)
    assert summary["edges"]["share"] == pytest.approx(0.003 / 10)
    assert summary["overhead"] == pytest.approx(0.0005)
    assert summary["reached"] is True
    assert summary["passes"]["share"] == pytest.approx(0.0)
    assert program.summary([(program.Measured(10.0, 0.1, 0.1), bare)] * 2, 2)["reached"] is False


def test_overhead_of_tracking_is_measured() -> None:
    summary = run(
        "tracking_overhead.py", "--network", "small-cnn", "--pairs", "2", "--seconds", "0.2", "--interval", "0.1"
    )
    assert summary["pairs"] == 2
    assert summary["test_s"] > 0
    assert summary["cpu"]["half_width"] is not None


needs_torch = pytest.mark.skipif(
    not has_torch(), reason=f"{PYTHON_WITH_TORCH} cannot import torch (TORCH_PYTHON names another)"
)


@needs_torch
def test_the_same_networks_in_python() -> None:
    arguments = ("--torch-python", PYTHON_WITH_TORCH, "--networks", "small-cnn", "--rounds", "2", "--seconds", "0.1")
    inference, training = run("torch_ratio.py", *arguments, "--threads", "1")
    assert (inference["phase"], training["phase"]) == ("inference", "training")
    for comparison in (inference, training):  # equal parameters were checked by the program itself
        assert comparison["layout"] == "channels_last"
        assert 0 < comparison["low"] <= comparison["ratio"] <= comparison["high"]


@needs_torch
def test_sequences_are_compared_too() -> None:
    arguments = ("--torch-python", PYTHON_WITH_TORCH, "--networks", "small-gpt", "--rounds", "2", "--seconds", "0.1")
    (training,) = run("torch_ratio.py", *arguments, "--threads", "1", "--phases", "training")
    assert training["layout"] == "nchw"
    assert 0 < training["low"] <= training["ratio"] <= training["high"]


def compared() -> list[str]:
    """The networks of torch_ratio.py."""
    spec = importlib.util.spec_from_file_location("torch_ratio", BENCHMARKS / "torch_ratio.py")
    assert spec is not None
    assert spec.loader is not None
    program = importlib.util.module_from_spec(spec)
    sys.modules["torch_ratio"] = program  # its NamedTuple looks its module up
    spec.loader.exec_module(program)
    return list(program.BATCHES)


@needs_torch
def test_all_compared_networks_have_equal_parameters() -> None:
    command = [PYTHON_WITH_TORCH, str(BENCHMARKS / "torch_networks.py")]
    asked = json.dumps({"count": compared()}) + "\n"
    done = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=300, check=True)
    with Runner() as runner:
        here = {network.name: network.parameters for network in runner.capabilities().networks}
    assert json.loads(done.stdout) == {name: here[name] for name in compared()}


LIGHT = {
    "small-cnn": 28, "mobilenet-v2": 64, "resnet-18": 64, "srcnn": 24, "dped": 24, "srgan": 32,
    "lstm-sentiment": 6, "small-gpt": 16,
}  # fmt: skip
HEAVY = {"u-net": 32, "vgg-16": 224, "vit-b16": 48, "bert-base": 8, "gpt2-prefill": 8}


@needs_torch
@pytest.mark.parametrize(
    ("network", "size"),
    [*LIGHT.items(), *(pytest.param(*item, marks=pytest.mark.long) for item in HEAVY.items())],
)
def test_equal_weights_give_equal_outputs(network: str, size: int, tmp_path: Path) -> None:
    """What is compared is one and the same function."""
    with Runner(environment={"OMP_NUM_THREADS": "1"}) as runner:
        runner.load(network, batch=2, size=size, threads=1, layout="nchw")
        runner.save(tmp_path / "weights")
        twin = [PYTHON_WITH_TORCH, str(Path(__file__).with_name("torch_twin.py")), str(BENCHMARKS), network]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        subprocess.run([*twin, str(size), str(tmp_path)], timeout=300, check=True, env=environment)
        runner.restore_weights(tmp_path / "filled")
        runner.forward(tmp_path / "input", tmp_path / "found")
    actual, expected = (numbers(tmp_path / name) for name in ("found", "expected"))
    assert len(actual) == len(expected)
    spread = max(expected) - min(expected)
    assert spread > 1e-3  # the comparison says something
    assert max(abs(a - b) for a, b in zip(actual, expected)) < 1e-4 * spread


def numbers(path: Path) -> list[float]:
    """The one tensor of a file."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    values = data[8 + length :]
    return list(struct.unpack(f"<{len(values) // 4}f", values))

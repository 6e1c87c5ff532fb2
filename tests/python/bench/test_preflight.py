"""What cannot run is refused before anything runs, with what exists."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from impact_tracker.bench.plan.settings import Settings
from impact_tracker.bench.plan.suites import tests_of as suite_tests
from impact_tracker.bench.run.preflight import preflight
from impact_tracker.runner.messages import Capabilities, Gpu, Hello, decoded
from python.bench.stand_ins import NETWORKS

GIGABYTE = 1 << 30


def machine(gpus: int = 0, **fields: Any) -> Any:
    """A worker that sees so many GPUs of 16 GB."""
    names = [f"cuda:{i}" for i in range(gpus)]
    known = [{"device": name, "memory_bytes": 16 * GIGABYTE} for name in names]
    facts = {"input": [3, 224, 224], "activations": 10_000_000}
    networks = [{"name": name, "title": name, **facts, **about} for name, about in NETWORKS.items()]
    devices = ["cpu", *names]
    hello = {
        "protocol": 1,
        "pid": 1,
        "torch_version": "2.7.1",
        "devices": devices,
        "threads": 2,
        "gpus": known,
        **fields,
    }
    return SimpleNamespace(
        hello=decoded(Hello, hello),
        devices=devices,
        capabilities=lambda: decoded(Capabilities, {"networks": networks}),
        close=lambda grace_s: None,
    )


def check(worker: Any, **settings: Any) -> None:
    asked = Settings(suite="ai-benchmark", models=("mobilenet-v2",), **settings)
    preflight(asked, suite_tests(asked), lambda: worker)


def test_a_device_that_is_not_there_and_why() -> None:
    with pytest.raises(ValueError, match=r"no device 'cuda': .*sees cpu; no GPU: NVIDIA's driver is not installed"):
        check(machine(no_gpu="NVIDIA's driver is not installed (no libcuda.so.1)"), device="cuda")
    with pytest.raises(ValueError, match=r"no device 'cuda:2': .*sees cpu, cuda:0, cuda:1$"):
        check(machine(2), device="cuda:2")
    check(machine(1), device="cuda")


def test_replicas_are_counted_from_the_device_on() -> None:
    check(machine(2), device="cuda", replicas=2)
    with pytest.raises(ValueError, match="2 replicas need as many GPUs from cuda:1 on, the worker sees 2"):
        check(machine(2), device="cuda:1", replicas=2)


def test_a_batch_that_no_gpu_of_these_holds() -> None:
    check(machine(2), device="cuda", batch=100)
    with pytest.raises(ValueError, match=r"with a batch of 400 needs about .* cuda:0 has 17\.2 GB"):
        check(machine(2), device="cuda", batch=400)
    check(machine(4), device="cuda", batch=400, replicas=0)  # its share is a quarter
    unknown = machine(1)
    unknown.hello = replace(unknown.hello, gpus=(Gpu("cuda:0"),))
    check(unknown, device="cuda", batch=400)  # nothing is known, nothing refused

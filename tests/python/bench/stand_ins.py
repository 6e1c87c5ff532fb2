"""A worker without a process, as impact_tracker.Runner is one: its phases advance the fake machine's clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from impact_tracker.runner import WorkerEndedError, WorkerError
from impact_tracker.runner.messages import Capabilities, Hello, Loaded, PhaseProgress, PhaseResult, decoded
from python import fake_core

NETWORKS = {
    "small-cnn": {"task": "classification", "parameters": 421_738, "trainable_parameters": 421_738, "gmac": 0.00424},
    "mobilenet-v2": {"task": "classification", "parameters": 3_506_153, "trainable_parameters": 3_506_153, "gmac": 0.3},
}
SECONDS_AN_IMAGE = {"small-cnn": 1e-3, "mobilenet-v2": 8e-3}
BUILT: dict[str, Any] = {
    "input": [3, 32, 32],
    "classes": 10,
    "layout": "channels_last",
    "precision": "fp32",
    "device": "cpu",
    "threads": 2,
    "variant": None,
    "batch_norm": "train",
    "blas": None,
    "allocator": "glibc",
}
ACCURACY = {"small-cnn": 0.86, "mobilenet-v2": 0.72}


class Workers:
    """What the stand-ins share: how many were opened and closed, what is to go wrong and when."""

    def __init__(self) -> None:
        self.opened = 0
        self.closed = 0
        self.loads: list[dict[str, Any]] = []
        self.before: Callable[[Worker, str], None] = lambda worker, command: None

    def __call__(self) -> Worker:
        self.opened += 1
        return Worker(self)

    def fail(self, network: str, command: str, error: Exception, nth: int = 1) -> None:
        """The nth time that this network gets this command, `error` is raised."""
        count = 0

        def before(worker: Worker, sent: str) -> None:
            nonlocal count
            if (worker.network, sent) == (network, command):
                count += 1
                if count == nth:
                    raise error

        self.before = before


class Worker:
    executable = "/stand-in/impact-worker"
    hello = Hello(protocol=1, pid=4711, torch_version="1.13.0", devices=("cpu",), threads=2)
    devices = ("cpu",)

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self.network = ""
        self.loaded: dict[str, Any] = {}

    def capabilities(self) -> Capabilities:
        shape = {"input": [3, 32, 32], "activations": 137_000}
        networks = [{"name": name, "title": name.title(), **shape, **facts} for name, facts in NETWORKS.items()]
        choices = {"precision": ["fp32", "tf32", "bf16"], "layout": ["auto", "nchw", "channels_last"]}
        return decoded(Capabilities, {"networks": networks, "choices": choices})

    def load(self, network: str, **options: Any) -> Loaded:
        self.network = network
        self._workers.loads.append({"network": network, **options})
        self._workers.before(self, "load")
        fake_core.machine.advance(0.5)
        self.loaded = {"event": "loaded", "network": network, "unit": "image", "batch": options["batch"], "macs": 1}
        self.loaded.update(NETWORKS[network], seed=options.get("seed"), torch_version="1.13.0", **BUILT)
        return decoded(Loaded, self.loaded)

    def warm_up(self, **options: Any) -> float:
        self._workers.before(self, "warm_up")
        seconds = 0.25 * (options["passes"] if "subset" not in options else 1)
        fake_core.machine.advance(seconds)
        return seconds

    def _phase(self, command: str, images: int) -> Phase:
        if not self.network:
            raise WorkerError("no-network", "no network is loaded", "send load first")
        return Phase(self, self._workers, command, images)

    def train(self, *, epochs: int = 1, subset: int = 60_000, **options: Any) -> Phase:
        return self._phase("train", epochs * subset)

    def evaluate(self, *, subset: int = 10_000, **options: Any) -> Phase:
        if options.get("data_folder") == "/nowhere":
            raise WorkerError("no-data", "Fashion-MNIST was not found", "install Debian's dataset-fashion-mnist")
        return self._phase("evaluate", subset)

    def infer(self, *, images: int | None = None, **options: Any) -> Phase:
        return self._phase("infer", images or 1)

    def close(self, grace_s: float = 5.0) -> None:
        self._workers.closed += 1


class Phase:
    def __init__(self, worker: Worker, workers: Workers, command: str, images: int) -> None:
        self._worker, self._workers, self._command, self._images = worker, workers, command, images

    def abort(self) -> None:
        pass

    def run(self, on_event: Callable[[PhaseProgress], None]) -> PhaseResult:
        begin = fake_core.machine.now_ns
        seconds = self._images * SECONDS_AN_IMAGE[self._worker.network] * (3 if self._command == "train" else 1)
        fake_core.machine.advance(seconds / 2)
        on_event(PhaseProgress(self._command, 1, self._images // 2, seconds / 2, fraction=0.5, loss=1.0))
        self._workers.before(self._worker, self._command)
        fake_core.machine.advance(seconds / 2)
        evaluated = self._command == "evaluate"
        done: dict[str, Any] = {
            "event": "done",
            "phase": self._command,
            "begin_ns": begin,
            "end_ns": fake_core.machine.now_ns,
            "duration_s": seconds,
            "images": self._images,
            "passes": -(-self._images // 64),
            "batch": 64,
            "limit": "images",
            "stopped": False,
            "loss": None if self._command == "infer" else 0.5,
            "accuracy": ACCURACY[self._worker.network] if evaluated else None,
            "device": "cpu",
            "devices": ["cpu"],
            "threads": 2,
            "layout": "channels_last",
            "precision": "fp32",
            "torch_version": "1.13.0",
            "batch_norm": "train",
            "variant": None,
            "device_memory": None,
            "peak_memory_bytes": 250_000_000,
            "peak_memory_scope": "phase",
            "network": self._worker.network,
            "observed": None,
            "pass_s": None,
        }
        if self._command != "infer":
            done.update(final_loss=0.25, correct=None, finite=True)
        if evaluated:
            done.update(dice=None, dice_by_class=None)
        if self._command == "train":
            epoch = {"epoch": 1, "images": self._images, "loss": 0.5, "accuracy": None, "end_ns": begin}
            done.update(epochs=[epoch], loss_function="cross_entropy", optimizer="adam", lr=0.001)
        return decoded(PhaseResult, done)


def idle(seconds: float) -> None:
    """A sleep on the fake machine, which draws 40 W (and its memory 5 W) meanwhile."""
    machine = fake_core.machine
    busy, machine.power_w = machine.power_w, 40.0
    machine.advance(seconds)
    machine.power_w = busy


def ended() -> WorkerEndedError:
    return WorkerEndedError(4711, None, 9, "")

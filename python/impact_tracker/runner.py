"""Drives the worker: the executable that runs and trains networks in a process of its own.

    >>> with Runner() as runner:
    ...     runner.load("mobilenet-v2", batch=32, size=32, seed=1)
    ...     phase = runner.train(epochs=1, data="fashion-mnist")      # prepared, waiting
    ...     with tracker.region("training"):
    ...         result = phase.run()                                  # the passes and nothing else
    >>> result.images, result.loss, result.duration_s

The parent measures, the worker works: its process id makes attribution clean, and its crash is an exception here. Times
in results are nanoseconds of CLOCK_MONOTONIC, read by the worker and by this process on the same clock.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import _core
from .runner_phase import Phase, PhaseResult, WorkerEndedError, WorkerError
from .runner_threads import default_threads

__all__ = ["Phase", "PhaseResult", "Runner", "WorkerEndedError", "WorkerError", "find_worker"]

PROTOCOL = 1
NAME = "impact-worker"


def _places() -> list[Path]:
    """Where the worker may be, best first."""
    # More than one folder in an editable installation: the sources', and what was built.
    packaged = [Path(folder) / "bin" / NAME for folder in sys.modules[__package__].__path__]
    root = Path(__file__).resolve().parents[2]
    built: list[Path] = []
    if (root / "cpp" / "worker").is_dir():
        built = sorted(root.glob(f"build/*/cpp/worker/{NAME}"), key=lambda path: path.stat().st_mtime, reverse=True)
    return packaged + built


def find_worker() -> Path:
    """The worker's executable: `$IMPACT_TRACKER_WORKER`, else the package's, else the newest of a build tree.

    Raises FileNotFoundError with the remedy if there is none.
    """
    given = os.environ.get("IMPACT_TRACKER_WORKER")
    if given:
        if not Path(given).is_file():
            raise FileNotFoundError(f"IMPACT_TRACKER_WORKER names {given}, which is no file")
        return Path(given)
    for path in _places():
        if path.is_file():
            return path
    raise FileNotFoundError(
        "the worker that runs networks is not installed: it is built where libtorch is found. On Debian: "
        "apt install libtorch-dev libopenblas0-openmp zlib1g-dev; elsewhere: pip install 'torch>=2.7' and "
        "-DIMPACT_TORCH_ROOT=<that Python>. Then install impact-tracker again, or set IMPACT_TRACKER_WORKER to a worker"
    )


class Runner:
    """One worker process. Not for several threads at once, but for `stop()` and `kill()`.

    executable: the worker; by default what `find_worker()` finds. environment: set for the worker in addition.
    start_timeout_s: libtorch takes a while to load on a cold disk.
    """

    def __init__(
        self,
        executable: str | os.PathLike[str] | None = None,
        *,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        start_timeout_s: float = 120.0,
    ) -> None:
        path = Path(executable) if executable is not None else find_worker()
        self.executable = path
        self._core = _core.Runner([str(path), *arguments], dict(environment or {}))
        self._open = True
        try:
            self.hello = self._expect("hello", start_timeout_s)
            if self.hello.get("protocol") != PROTOCOL:
                raise WorkerError(
                    "protocol",
                    f"{path} speaks protocol {self.hello.get('protocol')}, not {PROTOCOL}",
                    "install worker and package together, from one version",
                )
        except BaseException:
            self._core.kill()
            self.close(0.0)
            raise

    # ---- life
    @property
    def pid(self) -> int:
        return self._core.pid

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self, grace_s: float = 5.0) -> None:
        """End the worker: it may finish its batch within `grace_s`, then it is killed. Again: nothing."""
        if self._open:
            self._open = False
            self._core.close(grace_s)

    def kill(self) -> None:
        """End the worker at once. From any thread."""
        self._core.kill()

    def stop(self) -> None:
        """End the running phase before its next batch. From any thread."""
        self._core.send('{"cmd":"stop"}')

    # ---- what it knows
    @property
    def devices(self) -> list[str]:
        """Devices that the worker's torch can use: "cpu", "cuda:0" …"""
        return list(self.hello["devices"])

    def networks(self, network: str | None = None, timeout_s: float = 120.0) -> list[dict[str, Any]]:
        """Every network (or one): name, title, task, input, classes, parameters, macs, gmac, unit, variants …"""
        answer = self._ask({"cmd": "list", "network": network}, "networks", timeout_s)
        return list(answer["networks"])

    # ---- a network
    def load(
        self,
        network: str,
        *,
        batch: int = 1,
        size: int | Sequence[int] | None = None,
        channels: int | None = None,
        classes: int | None = None,
        layout: str = "auto",
        precision: str = "fp32",
        device: str = "cpu",
        threads: int | None = None,
        replicas: int | None = None,
        seed: int = 0,
        batch_norm: str = "train",
        variant: str | None = None,
        deterministic: bool = False,
        timeout_s: float = 600.0,
    ) -> dict[str, Any]:
        """Build a network with seeded weights; answers with everything that was chosen, parameters and gmac.

        layout: "nchw", "channels_last" or "auto" (channels_last for images). precision: fp32, tf32, bf16 (mixed).
        batch_norm: "train"; "frozen" as in the benchmark's graphs; "current": the batch's statistics in evaluation too.
        threads: default all that this process may use, by its affinity and its control group's quota.
        replicas: networks side by side that share each batch, one a GPU from `device` on; 0: all GPUs.
        """
        command = {k: v for k, v in locals().items() if k not in ("self", "timeout_s")}
        if size is not None and not isinstance(size, int):
            command["size"] = list(size)
        command["threads"] = default_threads().to_tell if threads is None else threads
        return self._ask({"cmd": "load", **command}, "loaded", timeout_s)

    def warm_up(self, passes: int = 1, *, training: bool = False, timeout_s: float = 3600.0, **options: Any) -> float:
        """Passes before a phase, so that memory and kernels are ready; returns the seconds of the passes alone. Weights
        stay as they were."""
        command = {"cmd": "warmup", "passes": passes, "phase": "train" if training else "infer", **options}
        return float(self._ask(command, "warmed", timeout_s)["duration_s"])

    def infer(
        self,
        *,
        passes: int | None = None,
        images: int | None = None,
        seconds: float | None = None,
        **options: Any,
    ) -> Phase:
        """A prepared inference phase. options: min_passes, hard_seconds, data, subset, data_seed, data_folder."""
        return self._phase({"cmd": "infer", "passes": passes, "images": images, "seconds": seconds, **options})

    def train(
        self,
        *,
        epochs: int | None = None,
        passes: int | None = None,
        images: int | None = None,
        seconds: float | None = None,
        **options: Any,
    ) -> Phase:
        """A prepared training phase; the first of the limits that is reached ends it.

        data: "synthetic", "fashion-mnist", "brain", "brain-2mm", "text"; subset, data_seed, data_folder, loss,
        optimizer (adam, adamw, sgd), lr, lr_schedule (constant, linear, cosine; schedule_from, schedule_to: its part
        that this phase runs through), momentum, weight_decay, resume (with the optimizer of before).
        """
        limits = {"epochs": epochs, "passes": passes, "images": images, "seconds": seconds}
        return self._phase({"cmd": "train", **limits, **options})

    def evaluate(self, *, data: str = "fashion-mnist", **options: Any) -> Phase:
        """A prepared evaluation on the test part of the data. options: subset, data_seed, data_folder."""
        return self._phase({"cmd": "evaluate", "data": data, **options})

    def set_lr(self, lr: float) -> None:
        """Change the learning rate of the running phase from its next batch on."""
        self._core.send(json.dumps({"cmd": "set", "lr": lr}))

    # ---- weights
    def forward(self, inputs: str | os.PathLike[str], outputs: str | os.PathLike[str]) -> dict[str, Any]:
        """One pass over the tensors of a safetensors file; writes the tensor "output" to another."""
        return self._ask({"cmd": "forward", "input": _path(inputs), "output": _path(outputs)}, "forwarded", 3600.0)

    def save(self, path: str | os.PathLike[str]) -> dict[str, Any]:
        """Weights and moving statistics into a safetensors file."""
        return self._ask({"cmd": "save", "path": _path(path)}, "saved", 600.0)

    def restore_weights(self, path: str | os.PathLike[str]) -> dict[str, Any]:
        return self._ask({"cmd": "restore_weights", "path": _path(path)}, "restored", 600.0)

    def checkpoint(self, path: str | os.PathLike[str]) -> dict[str, Any]:
        """Weights, optimizer, progress and random state: `resume` goes on as if nothing had been."""
        return self._ask({"cmd": "checkpoint", "path": _path(path)}, "checkpointed", 600.0)

    def resume(self, path: str | os.PathLike[str]) -> dict[str, Any]:
        return self._ask({"cmd": "resume", "path": _path(path)}, "resumed", 600.0)

    # ---- events
    def events(self, timeout_s: float) -> Iterator[dict[str, Any]]:
        """Events as they come, each with "received_ns"; ends when none came within the time.

        An error event raises WorkerError, the worker's end WorkerEndedError.
        """
        while True:
            event = self._next(timeout_s)
            if event is None:
                return
            yield event

    def _next(self, timeout_s: float) -> dict[str, Any] | None:
        deadline = time.monotonic() + timeout_s
        while True:
            left = deadline - time.monotonic()
            try:
                # Never long in one go: a signal may be delivered to another thread than this one.
                found = self._core.next(max(0.0, min(left, 0.5)))
            except EOFError:
                raise self._ended() from None
            except RuntimeError as error:  # a line without end
                raise WorkerError("protocol", str(error)) from None
            if found is not None:
                return self._parse(*found)
            if left <= 0:
                return None

    def _parse(self, line: str, received_ns: int) -> dict[str, Any]:
        try:
            event = json.loads(line)
            name = event["event"]
        except (ValueError, KeyError, TypeError):
            raise WorkerError("protocol", f"the worker sent what is no event: {line[:200]!r}") from None
        except RecursionError:
            raise WorkerError("protocol", "the worker sent an event nested too deeply") from None
        if name == "error":
            raise WorkerError(event.get("kind", "internal"), event.get("what", ""), event.get("advice", ""))
        event["received_ns"] = received_ns
        return dict(event)

    def _expect(self, name: str, timeout_s: float) -> dict[str, Any]:
        deadline = time.monotonic() + timeout_s
        for event in self.events(timeout_s):
            if event["event"] == name:
                return event
            if time.monotonic() > deadline:
                break
        raise TimeoutError(f'no "{name}" from the worker (pid {self.pid}) within {timeout_s:g} s')

    def _send(self, command: Mapping[str, Any]) -> int:
        sent = self._core.send(json.dumps({k: v for k, v in command.items() if v is not None}))
        if sent is None:
            raise self._ended()
        return sent

    def _ask(self, command: Mapping[str, Any], answer: str, timeout_s: float) -> dict[str, Any]:
        self._send(command)
        return self._expect(answer, timeout_s)

    def _phase(self, command: dict[str, Any]) -> Phase:
        timeout_s = command.pop("timeout_s", 3600.0)
        return Phase(self, self._ask(command, "ready", timeout_s))

    def _ended(self) -> WorkerError:
        deadline = time.monotonic() + 2.0
        while self._core.ending() is None and time.monotonic() < deadline:
            time.sleep(0.005)  # its stream closes a moment before its end can be seen
        went = self._core.ending() is not None
        exit_code, signal = self._core.close(0.0)
        self._open = False
        if not went:  # or our own kill would be taken for somebody's
            return WorkerError(
                "protocol", f"the worker (pid {self.pid}) closed its stream without ending; it was stopped"
            )
        return WorkerEndedError(self.pid, exit_code, signal, self._core.error_output())


def _path(path: str | os.PathLike[str]) -> str:
    return str(Path(path).absolute())

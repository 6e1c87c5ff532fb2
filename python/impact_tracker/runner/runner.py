"""The worker as an object: start it, load a network, prepare phases, read and write weights."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from .connection import Connection
from .errors import WorkerError
from .messages import Capabilities, ExampleCount, Hello, Loaded, WarmedUp, decoded
from .phase import Phase
from .processors import default_threads

PROTOCOL = 1
NAME = "impact-worker"
WHEEL = "impact_tracker_worker"  # the package of the worker alone, as Python imports it
INSTALL = "`pip install impact-tracker-worker`"


def _places() -> list[Path]:
    """Where the worker may be, best first."""
    # Who installs the wheel of its own may want another torch than the package was built with.
    wheel = importlib.util.find_spec(WHEEL)
    folders = list(wheel.submodule_search_locations or ()) if wheel is not None else []
    # More than one folder in an editable installation: the sources', and what was built.
    folders += sys.modules[str(__package__).rpartition(".")[0]].__path__
    root = Path(__file__).resolve().parents[3]
    built: list[Path] = []
    if (root / "cpp" / "worker").is_dir():
        built = sorted(root.glob(f"build/*/cpp/worker/{NAME}"), key=lambda path: path.stat().st_mtime, reverse=True)
    return [Path(folder) / "bin" / NAME for folder in folders] + built


def find_worker() -> Path:
    """The worker's executable: `$IMPACT_TRACKER_WORKER`, else that of the package `impact-tracker-worker`, else the one
    that was built with impact-tracker, else the newest of a build tree.

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
        f"the worker that runs networks is not installed: {INSTALL} brings it with a torch. From the sources: `pip "
        "install ./packaging/worker`, or (Debian) `apt install libtorch-dev libopenblas0-openmp zlib1g-dev` and "
        "install impact-tracker again; or set IMPACT_TRACKER_WORKER to a worker"
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
        self._connection = Connection([str(path.absolute()), *arguments], environment or {})
        try:
            hello = self._connection.expect("hello", start_timeout_s)
            if hello.get("protocol") != PROTOCOL:
                raise WorkerError(
                    "protocol",
                    f"{path} speaks protocol {hello.get('protocol')}, not {PROTOCOL}",
                    "install worker and package together, from one version",
                )
            self.hello = decoded(Hello, hello)
        except BaseException:
            self._connection.close(0.0)
            raise

    # ---- life
    @property
    def pid(self) -> int:
        return self._connection.pid

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self, grace_s: float = 5.0) -> None:
        """Ends the worker: it may finish its batch within `grace_s`, then it is killed. Again: nothing."""
        self._connection.close(grace_s)

    def kill(self) -> None:
        """Ends the worker at once. Every thread may call it."""
        self._connection.kill()

    def stop(self) -> None:
        """Ends the running phase before its next batch. Every thread may call it."""
        self._connection.tell({"cmd": "stop"})

    # ---- what it knows
    @property
    def devices(self) -> tuple[str, ...]:
        """Devices that the worker's torch can use: "cpu", "cuda:0" …"""
        return self.hello.devices

    def capabilities(self, network: str | None = None, timeout_s: float = 120.0) -> Capabilities:
        """Every network (or one) with its size, and the words that `load` and the phases take for each option."""
        return decoded(Capabilities, self._connection.ask({"cmd": "list", "network": network}, "networks", timeout_s))

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
    ) -> Loaded:
        """Builds a network with seeded weights; returns everything that was chosen, and how large the network is.

        `capabilities()` tells the words that layout, precision, batch_norm and variant take.
        layout: "auto" is channels_last for images. precision: bf16 is mixed.
        batch_norm: "train"; "frozen" as in the benchmark's graphs; "current": the batch's statistics in evaluation too.
        threads: by default all that this process may use, by its affinity and its control group's quota.
        replicas: networks side by side that share each batch, one a GPU from `device` on; 0: all GPUs.
        """
        command: dict[str, object] = {k: v for k, v in locals().items() if k not in ("self", "timeout_s")}
        if size is not None and not isinstance(size, int):
            command["size"] = list(size)
        command["threads"] = default_threads().to_tell if threads is None else threads
        command["cmd"] = "load"
        return decoded(Loaded, self._connection.ask(command, "loaded", timeout_s))

    def warm_up(
        self, passes: int = 1, *, training: bool = False, timeout_s: float = 3600.0, **options: object
    ) -> float:
        """Passes before a phase, so that memory and kernels are ready; returns the seconds of the passes alone.

        Weights stay as they were.
        """
        command = {"cmd": "warmup", "passes": passes, "phase": "train" if training else "infer", **options}
        return decoded(WarmedUp, self._connection.ask(command, "warmed", timeout_s)).duration_s

    def infer(
        self,
        *,
        passes: int | None = None,
        images: int | None = None,
        seconds: float | None = None,
        timeout_s: float = 3600.0,
        **options: object,
    ) -> Phase:
        """A prepared inference phase; the first of the limits that is reached ends it.

        options: min_passes, hard_seconds, data, subset, data_seed, data_folder.
        """
        return self._phase(
            {"cmd": "infer", "passes": passes, "images": images, "seconds": seconds, **options}, timeout_s
        )

    def train(
        self,
        *,
        epochs: int | None = None,
        passes: int | None = None,
        images: int | None = None,
        seconds: float | None = None,
        timeout_s: float = 3600.0,
        **options: object,
    ) -> Phase:
        """A prepared training phase; the first of the limits that is reached ends it.

        options: data, subset, data_seed, data_folder, validation (share of the data that is kept from it), loss,
        optimizer, lr, lr_schedule (schedule_from, schedule_to: its part that this phase runs through), momentum,
        weight_decay, resume (with the optimizer of before), continue_epoch (behind the last image of the epoch that the
        training before left). `capabilities()` tells the words that each of them takes.
        """
        limits = {"epochs": epochs, "passes": passes, "images": images, "seconds": seconds}
        return self._phase({"cmd": "train", **limits, **options}, timeout_s)

    def evaluate(self, *, data: str = "fashion-mnist", timeout_s: float = 3600.0, **options: object) -> Phase:
        """A prepared evaluation on the test part of the data, or (`part="validation"`) on the share that `validation`
        says. options: subset, data_seed, data_folder, part, validation."""
        return self._phase({"cmd": "evaluate", "data": data, **options}, timeout_s)

    def examples(self, *, timeout_s: float = 3600.0, **options: object) -> int:
        """How many examples the training part of a data set has, or another `part`. options: data, subset, data_seed,
        data_folder, validation."""
        command = {"cmd": "examples", **options}
        return decoded(ExampleCount, self._connection.ask(command, "examples", timeout_s)).examples

    def roof(self, kind: str, *, seconds: float, timeout_s: float = 600.0, **options: object) -> Phase:
        """A prepared phase of the work that a device is fastest at: `triad` and `copy` of memory, `matmul` and
        `convolution` of arithmetic. A loaded network is unloaded. options: device, precision, threads, array_bytes."""
        return self._phase({"cmd": "roof", "kind": kind, "seconds": seconds, **options}, timeout_s)

    def set_lr(self, lr: float) -> None:
        """Changes the learning rate of the running phase from its next batch on."""
        self._connection.tell({"cmd": "set", "lr": lr})

    # ---- weights
    def forward(self, inputs: str | os.PathLike[str], outputs: str | os.PathLike[str]) -> None:
        """Runs one pass over the tensors of a safetensors file; writes the tensor "output" to another."""
        command = {"cmd": "forward", "input": _path(inputs), "output": _path(outputs)}
        self._connection.ask(command, "forwarded", 3600.0)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes weights and moving statistics into a safetensors file."""
        self._connection.ask({"cmd": "save", "path": _path(path)}, "saved", 600.0)

    def restore_weights(self, path: str | os.PathLike[str]) -> None:
        """Reads what `save` wrote."""
        self._connection.ask({"cmd": "restore_weights", "path": _path(path)}, "restored", 600.0)

    def checkpoint(self, path: str | os.PathLike[str]) -> None:
        """Writes weights, optimizer, progress and random state: `resume` goes on as if nothing had been."""
        self._connection.ask({"cmd": "checkpoint", "path": _path(path)}, "checkpointed", 600.0)

    def resume(self, path: str | os.PathLike[str]) -> None:
        """Reads what `checkpoint` wrote."""
        self._connection.ask({"cmd": "resume", "path": _path(path)}, "resumed", 600.0)

    def _phase(self, command: Mapping[str, object], timeout_s: float) -> Phase:
        return Phase(self._connection, self._connection.ask(command, "ready", timeout_s))


def _path(path: str | os.PathLike[str]) -> str:
    return str(Path(path).absolute())

"""What is wrong is said before anything runs: worker, models, device, data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ...runner import Capabilities, NetworkFacts, WorkerError, default_threads
from ..plan.settings import Settings
from ..plan.suites import Test, check_models
from .memory import estimated_bytes, shown, system_memory

if TYPE_CHECKING:
    from ...runner import Runner


class WorkerFacts(NamedTuple):
    """What the worker said of itself, and of its networks."""

    torch_version: str
    blas: str | None
    allocator: str | None
    devices: tuple[str, ...]
    threads: int
    networks: Mapping[str, NetworkFacts]


def preflight(
    settings: Settings, tests: Sequence[Test], open_worker: Callable[[], Runner], *, here: bool = True
) -> WorkerFacts:
    """Asks a worker what it can do. FileNotFoundError (with what to install) for a missing worker or data set,
    ValueError for a model or device it does not have; both name what exists. `here`: the tests will run on this
    machine; False where others run them, and only the networks are the same."""
    worker = open_worker()
    try:
        able = worker.capabilities()
        networks = {network.name: network for network in able.networks}
        check_models(dict.fromkeys(test.model for test in tests), networks, "this worker")
        points = [settings.at(point) for point in settings.axes.points()]
        for at in points:
            _check_words(at, able)
        if here:
            for at in points:
                _check_device(at, worker)
            _check_replicas(settings, worker)
            _check_batches(settings, tests, networks, worker)
            for data in dict.fromkeys(test.data for test in tests if test.data != "synthetic"):
                _check_data(data, settings, worker)
        hello = worker.hello
        return WorkerFacts(
            hello.torch_version, hello.blas, hello.allocator, tuple(worker.devices), hello.threads, networks
        )
    except WorkerError as error:
        raise _as_builtin(error) from None
    finally:
        worker.close(1.0)


def _check_words(settings: Settings, able: Capabilities) -> None:
    """What is one of several words is one that the worker takes."""
    for name in ("precision", "layout"):
        word, words = getattr(settings, name), able.choices.get(name)
        if words and word not in words:
            raise ValueError(f"{name} is one of {', '.join(words)}, not {word!r}")


def _check_device(settings: Settings, worker: Runner) -> None:
    wanted = "cuda:0" if settings.device == "cuda" else settings.device
    if wanted not in worker.devices:
        version, why = worker.hello.torch_version, worker.hello.no_gpu
        raise ValueError(
            f"there is no device {settings.device!r}: the worker (torch {version}) sees {', '.join(worker.devices)}"
            + (f"; no GPU: {why}" if why else "")
        )
    if settings.precision == "tf32" and not wanted.startswith("cuda"):
        raise ValueError("tf32 exists on CUDA devices only: ask for fp32 or bf16")


def crowding(settings: Settings) -> str | None:
    """What is to be said of more threads than there are processors to run them; `None` where there are enough."""
    asked, processors = max((settings.threads or 0, *settings.axes.threads)), default_threads().threads
    if processors is None or asked <= processors:
        return None
    return (
        f"--threads {asked} on {processors} processors: threads wait for each other, which costs time and energy; "
        f"--threads {processors} has one for each"
    )


def _check_replicas(settings: Settings, worker: Runner) -> None:
    asked = settings.replicas or 0
    if settings.device.startswith("cuda") and asked > len(_gpus_from(settings, worker)):
        gpus = [device for device in worker.devices if device.startswith("cuda")]
        raise ValueError(
            f"{asked} replicas need as many GPUs from {settings.device} on, the worker sees {len(gpus)}: "
            f"{', '.join(gpus)}; --replicas 0 takes them all"
        )


def _gpus_from(settings: Settings, worker: Runner) -> list[str]:
    """Devices from the one that was asked for on."""
    gpus = [str(device) for device in worker.devices if device.startswith("cuda")]
    wanted = "cuda:0" if settings.device == "cuda" else settings.device
    return gpus[gpus.index(wanted) :] if wanted in gpus else []


def _memory(settings: Settings, worker: Runner) -> tuple[int, str] | None:
    """Bytes that a test has at most, and whose they are; None where that is not known."""
    if settings.device == "cpu":
        memory = system_memory()
        return None if memory is None else (memory[0], "this machine has")
    count = 1 if settings.replicas is None else settings.replicas or len(worker.devices)
    used = _gpus_from(settings, worker)[:count]
    known = {gpu.device: gpu.memory_bytes for gpu in worker.hello.gpus}
    sizes = [known.get(device) for device in used]
    if not sizes or None in sizes:
        return None
    return sum(size for size in sizes if size), f"{', '.join(used)} {'have' if len(used) > 1 else 'has'}"


def _check_batches(
    settings: Settings, tests: Sequence[Test], networks: Mapping[str, NetworkFacts], worker: Runner
) -> None:
    """A batch that the user named must fit the device at all."""
    memory = _memory(settings, worker)
    if memory is None or (settings.batch is None and not settings.axes.batch):
        return
    for test in tests:
        need = estimated_bytes(test, networks[test.model])
        if need > memory[0]:
            raise ValueError(
                f"{test.name} with a batch of {test.load['batch']} needs about {shown(need)}, "
                f"{memory[1]} {shown(memory[0])}: ask for a smaller --batch"
            )


_LIGHTEST: dict[str, tuple[str, dict[str, Any]]] = {
    "fashion-mnist": ("small-cnn", {}),
    "brain-2mm": ("u-net-3d", {"size": 8, "channels": 1, "classes": 4}),
    "text": ("small-gpt", {"size": 8}),
}


def _check_data(data: str, settings: Settings, worker: Runner) -> None:
    """The worker itself looks where it will look later: an evaluation is prepared and given up."""
    network, options = _LIGHTEST[data]
    worker.load(network, batch=1, device="cpu", **options)
    folder: dict[str, Any] = {"data_folder": settings.data_folder} if settings.data_folder else {}
    worker.evaluate(data=data, subset=1, **folder).abort()


def _as_builtin(error: WorkerError) -> Exception:
    """A worker's refusal as the kind of error that the command line shows as one line."""
    kind = {"no-data": FileNotFoundError, "no-device": ValueError, "unknown-network": ValueError}.get(error.kind)
    return (kind or OSError)(str(error))

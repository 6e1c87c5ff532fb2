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

from .errors import WorkerEndedError, WorkerError
from .messages import Capabilities, EpochResult, Gpu, Hello, Loaded, NetworkFacts, Observed, PhaseProgress, PhaseResult
from .phase import Phase
from .processors import Taken, Threads, cpu_seconds, default_threads, others_cpus, taken_by
from .runner import Runner, find_worker

__all__ = [
    "Capabilities",
    "EpochResult",
    "Gpu",
    "Hello",
    "Loaded",
    "NetworkFacts",
    "Observed",
    "Phase",
    "PhaseProgress",
    "PhaseResult",
    "Runner",
    "Taken",
    "Threads",
    "WorkerEndedError",
    "WorkerError",
    "cpu_seconds",
    "default_threads",
    "find_worker",
    "others_cpus",
    "taken_by",
]

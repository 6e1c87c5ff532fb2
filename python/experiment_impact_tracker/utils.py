"""Derived numbers of a run, and small helpers of the old tool."""

from __future__ import annotations

import functools
import math
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from impact_tracker.old_logs import PUE as OLD_PUE
from impact_tracker.old_logs import read_old_log, read_samples

from ._records import additional_info, latest_record
from .data_utils import DATAPATH

__all__ = ["gather_additional_info", "get_flop_count_tensorflow", "get_timestamp", "processify"]


def get_timestamp(*args: Any, **kwargs: Any) -> float:
    """Unix seconds, now."""
    return time.time()


def gather_additional_info(info: dict[str, Any], logdir: str | os.PathLike[str]) -> dict[str, Any]:
    """`cpu_hours, estimated_carbon_impact_kg, total_power` (kWh, PUE in it), `kw_hr_cpu` (without), `exp_len_hours`,
    with a GPU `gpu_hours, kw_hr_gpu`; what was not measured is absent. Of our records: of the whole machine.
    """
    record = latest_record(logdir)
    return additional_info(record) if record is not None else _of_old_log(Path(logdir))


def _of_old_log(logdir: Path) -> dict[str, Any]:
    log = read_old_log((logdir / DATAPATH).parent)
    samples, _ = read_samples(logdir / DATAPATH)
    pue = float(os.environ.get("OVERRIDE_PUE") or OLD_PUE)
    energy = log.energy
    numbers = {
        "cpu_hours": _cpu_seconds(samples) / 3600,
        "estimated_carbon_impact_kg": None if log.grams_per_pue is None else log.grams_per_pue * pue / 1000,
        "total_power": None if energy.kwh is None else energy.kwh * pue,
        "kw_hr_cpu": log.cpu.kwh,
        "kw_hr_gpu": log.gpu.kwh,
        "exp_len_hours": log.duration_s / 3600,
    }
    return {name: value for name, value in numbers.items() if value is not None}


def _cpu_seconds(samples: Sequence[Mapping[str, Any]]) -> float:
    """User and system seconds of all processes, as the last sample states that names the process."""
    latest: dict[str, float] = {}
    for sample in samples:
        for pid, times in dict(sample.get("cpu_time_seconds") or {}).items():
            latest[pid] = float(times.get("user", 0.0)) + float(times.get("system", 0.0))
    return math.fsum(latest.values())


def get_flop_count_tensorflow(graph: Any = None, session: Any = None) -> int:
    """Floating point operations of a TensorFlow 1 graph, as its profiler counts them."""
    try:
        import tensorflow as tf
    except ImportError:
        raise ImportError("counting a TensorFlow graph's operations needs tensorflow: pip install tensorflow") from None
    v1 = tf.compat.v1
    if session is not None:
        graph = session.graph
    options = v1.profiler.ProfileOptionBuilder.float_operation()
    profile = v1.profiler.profile(
        graph=graph or v1.get_default_graph(), run_meta=v1.RunMetadata(), cmd="op", options=options
    )
    return int(profile.total_float_ops)


def _call_and_put(function: Callable[..., Any], queue: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    try:
        queue.put((function(queue, *args, **kwargs), None))
    except Exception:
        kind, value, trace = sys.exc_info()
        queue.put((None, (kind, value, "".join(traceback.format_tb(trace)))))
        raise


def processify(func: Callable[..., Any]) -> Callable[..., tuple[Any, Any]]:
    """The function in a forked process of its own, given a queue first: a call returns (process, queue), and the queue
    gets (value, None) or (None, (type, exception, traceback text)) at its end."""

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        import multiprocessing

        if sys.platform == "win32":
            raise NotImplementedError("a forked process needs a system that forks, which Windows does not")
        fork = multiprocessing.get_context("fork")
        queue = fork.Queue()
        process = fork.Process(target=_call_and_put, args=(func, queue, args, kwargs), daemon=True)
        process.start()
        return process, queue

    return wrapper

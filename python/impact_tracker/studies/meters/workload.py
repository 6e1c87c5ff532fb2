"""Workloads of our own: `python -m impact_tracker.studies.meters.workload cpu 20`.

cpu: all processors busy and idle in turn, in stretches of some seconds, so that a meter that only multiplies time is
told apart from one that sees power. gpu: products of matrices with torch, busy and idle in turn.
"""

from __future__ import annotations

import multiprocessing
import sys
import time

from ...system import usable_processors

_STRETCHES = ((1.0, 2.0), (0.0, 1.0), (0.5, 2.0), (0.0, 0.5))  # share of the processors, seconds


def _burn(until_s: float) -> None:
    value = 1.0
    while time.monotonic() < until_s:
        for _ in range(10_000):
            value = value * 1.0000001 + 1e-9


def cpu(seconds: float) -> None:
    """Busy and idle processors in turn, for some seconds."""
    processors = usable_processors()
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        for share, length_s in _STRETCHES:
            until_s = min(end_s, time.monotonic() + length_s)
            workers = [
                multiprocessing.Process(target=_burn, args=(until_s,), daemon=True)
                for _ in range(max(1, round(share * processors)) if share else 0)
            ]
            for worker in workers:
                worker.start()
            time.sleep(max(0.0, until_s - time.monotonic()))
            for worker in workers:
                worker.join()


def gpu(seconds: float) -> None:
    """Products of matrices on the first GPU, busy and idle in turn. RuntimeError where torch sees none."""
    try:
        import torch
    except ImportError:
        raise RuntimeError("the GPU's workload needs torch with CUDA") from None
    if not torch.cuda.is_available():
        raise RuntimeError("the GPU's workload needs a GPU that torch can use, and it sees none")
    matrix = torch.rand(8192, 8192, device="cuda", dtype=torch.float16)
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        for share, length_s in _STRETCHES:
            until_s = min(end_s, time.monotonic() + length_s)
            while time.monotonic() < until_s:
                if share:
                    matrix = (matrix @ matrix).clamp_(0, 1)
                    torch.cuda.synchronize()
                time.sleep((1 - share) * 0.01)


WORKLOADS = {"cpu": cpu, "gpu": gpu}

if __name__ == "__main__":
    try:
        WORKLOADS[sys.argv[1]](float(sys.argv[2]))
    except RuntimeError as error:
        sys.exit(f"workload: {error}")

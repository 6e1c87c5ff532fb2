"""Fake NVIDIA GPUs: the environment in which a program finds ``libnvidia-ml.so.1`` with known power curves.

    gpus = FakeGpus([{"arch": "hopper", "curve": "square:100:600:300ms"}, {"arch": "pascal"}])
    subprocess.run(command, env=gpus.environment())
    gpus.energy_j(0, t0_ns, t1_ns)          # CLOCK_MONOTONIC

The keys of a GPU are listed in ``nvml/gpu_model.hpp``. For a program on a ``FakeMachine`` pass this ``env`` to its
``run``.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

from fakes.curve import Curve
from fakes.machine import find_program


class FakeGpus:
    """The GPUs of one machine. Their epoch (time 0 of the curves) is now, or ``age_s`` ago."""

    def __init__(
        self,
        gpus: Sequence[Mapping[str, Any]],
        *,
        age_s: float = 0.0,
        driver_version: str = "550.54.14",
        init_error: int = 0,
    ) -> None:
        self.epoch_ns = time.monotonic_ns() - round(age_s * 1e9)
        self.config = {
            "epoch_ns": self.epoch_ns,
            "driver_version": driver_version,
            "init_error": init_error,
            "gpus": [dict(gpu) for gpu in gpus],
        }
        self._curves = [Curve.parse(gpu.get("curve", "constant:100")) for gpu in gpus]
        self.library = find_program("nvml/libnvidia-ml.so.1")

    def environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """``base`` (default: this process' environment) with the library on its path and its configuration."""
        environment = dict(os.environ if base is None else base)
        paths = [str(self.library.parent), *filter(None, [environment.get("LD_LIBRARY_PATH")])]
        return {**environment, "LD_LIBRARY_PATH": ":".join(paths), "IMPACT_FAKE_NVML": json.dumps(self.config)}

    def energy_j(self, index: int, t0_ns: int, t1_ns: int) -> float:
        """What GPU ``index`` really used between two times of CLOCK_MONOTONIC."""
        return self._curves[index].energy_j(t0_ns - self.epoch_ns, t1_ns - self.epoch_ns)

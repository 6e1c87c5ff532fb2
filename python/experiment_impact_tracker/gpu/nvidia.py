"""NVIDIA cards of this machine, and the assertion that stops a job on the wrong ones."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any, NoReturn
from xml.etree import ElementTree

_TIMEOUT_S = 30


class GPUAttributeAssertionError(AssertionError):
    """A card differs from what was demanded."""


def is_nvidia_compatible(*args: Any, **kwargs: Any) -> bool:
    """Whether nvidia-smi is there and finds a card."""
    return bool(get_gpu_info())


def get_gpu_info(*args: Any, **kwargs: Any) -> list[dict[str, str]]:
    """One dict a card, as nvidia-smi tells: `name, total_memory, driver_version, cuda_version`; empty without cards."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    try:
        done = subprocess.run([program, "-q", "-x"], capture_output=True, check=True, timeout=_TIMEOUT_S)
        root = ElementTree.fromstring(done.stdout)
    except (OSError, subprocess.SubprocessError, ElementTree.ParseError):
        return []
    driver, cuda = root.findtext("driver_version", ""), root.findtext("cuda_version", "")
    return [
        {
            "name": card.findtext("product_name", ""),
            "total_memory": card.findtext("fb_memory_usage/total", ""),
            "driver_version": driver,
            "cuda_version": cuda,
            "uuid": card.findtext("uuid", ""),
        }
        for card in root.iter("gpu")
    ]


def assert_gpus_by_attributes(attributes_set: dict[str, Any]) -> None:
    """GPUAttributeAssertionError unless every card has these values; keys as in `get_gpu_info`."""
    cards = get_gpu_info()
    if not cards:
        raise GPUAttributeAssertionError(f"no NVIDIA card is there, {attributes_set} was demanded")
    for card in cards:
        for key, value in attributes_set.items():
            if card.get(key) != value:
                raise GPUAttributeAssertionError(f"{key} of a card is {card.get(key)!r}, {value!r} was demanded")


def get_nvidia_gpu_power(*args: Any, **kwargs: Any) -> NoReturn:
    """Power is measured over time, by a tracker."""
    raise NotImplementedError(
        "use impact_tracker.ImpactTracker: its result has every card's energy under `devices`, its record the power"
    )

"""What tests need beside the source: the built core, the worker, data. Without it they are skipped, with the reason."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

FASHION = Path("/usr/share/datasets/fashion-mnist")


@pytest.fixture(scope="session")
def core() -> ModuleType:
    """The built core; the unit tests' stand-in for it is none."""
    core: ModuleType = pytest.importorskip("impact_tracker._core", reason="the core is not built")
    if core.__name__ != "impact_tracker._core":
        pytest.skip("the core is not built")
    return core


@pytest.fixture(scope="session")
def worker(core: ModuleType) -> Path:
    """The program that runs networks."""
    from impact_tracker.runner import find_worker

    try:
        return find_worker()
    except FileNotFoundError as missing:
        pytest.skip(f"no worker: {missing}")


@pytest.fixture(scope="session")
def fashion_mnist() -> Path:
    """The folder of the real images."""
    if not FASHION.is_dir():
        pytest.skip("dataset-fashion-mnist is not installed")
    return FASHION

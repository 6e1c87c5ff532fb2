"""Flower itself: that it is here, that its telemetry is off, and which version it is."""

from __future__ import annotations

import importlib.util
import os
import sys


def require_flower() -> None:
    """Before the first import of Flower in a process: it sends nothing about its use to anybody.

    ImportError names the extra. RuntimeError where Flower was imported before, and may have sent something already.
    """
    wanted = {"FLWR_TELEMETRY_ENABLED": "0", "FLWR_TELEMETRY_LOGGING": "0"}
    if "flwr" in sys.modules and os.environ.get("FLWR_TELEMETRY_ENABLED") != "0":
        raise RuntimeError("Flower was imported with its telemetry on: import it after FLWR_TELEMETRY_ENABLED=0 is set")
    os.environ.update(wanted)
    if importlib.util.find_spec("flwr") is None:
        raise ImportError("federated training needs Flower: pip install 'impact-tracker[federated]'")


def flower_version() -> str:
    """Flower's version, without importing it."""
    from importlib.metadata import version

    return version("flwr")

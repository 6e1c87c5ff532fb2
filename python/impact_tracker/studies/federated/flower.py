"""Flower itself: that it is here, that its telemetry is off, and which version it is."""

from __future__ import annotations

import importlib.util
import os
import sys

TELEMETRY_OFF = {"FLWR_TELEMETRY_ENABLED": "0", "FLWR_TELEMETRY_LOGGING": "0"}


def require_flower() -> None:
    """ImportError names the extra. Flower itself is not imported."""
    if importlib.util.find_spec("flwr") is None:
        raise ImportError("federated training needs Flower: pip install 'impact-tracker[federated]'")


def silence_flower() -> None:
    """In a program of a run, before it imports Flower: it tells nobody of its use.

    RuntimeError where it was imported before, with its telemetry on. ImportError as `require_flower`.
    """
    if "flwr" in sys.modules and os.environ.get("FLWR_TELEMETRY_ENABLED") != "0":
        raise RuntimeError("Flower was imported with its telemetry on: import it after FLWR_TELEMETRY_ENABLED=0 is set")
    os.environ.update(TELEMETRY_OFF)
    require_flower()


def flower_version() -> str:
    """Flower's version, without importing it."""
    from importlib.metadata import version

    return version("flwr")

"""Unit tests of the package run on a fake core; where the real one is not built they run as well."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from impact_tracker.factors import overrides
from impact_tracker.ranks import VARIABLES
from python import fake_core

# On a busy machine a slow example is no failure; what is slow is measured in benchmarks/.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

# The modules that ask the core.
USERS = ("core_guard", "hostinfo", "tracker", "record", "data_interface", "report.nodes")

try:
    importlib.import_module("impact_tracker._core")
except ImportError:
    # For their import alone: a test that needs the real core is to find that there is none.
    import impact_tracker

    sys.modules["impact_tracker._core"] = impact_tracker._core = fake_core  # type: ignore[assignment]
    for user in USERS:
        importlib.import_module(f"impact_tracker.{user}")
    del sys.modules["impact_tracker._core"], impact_tracker._core


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Neither the developer's configuration nor his variables reach a test."""
    for name in list(os.environ):
        if name.startswith("IMPACT_TRACKER_") or name == "OVERRIDE_PUE":
            monkeypatch.delenv(name)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "no-config"))


@pytest.fixture(autouse=True)
def no_factors_of_another_test() -> Iterator[None]:
    """A file of factors that a test has named is forgotten with it."""
    overrides._active.clear()
    yield
    overrides._active.clear()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[fake_core.Machine]:
    """The fake core in every module that asks the core, the working directory a temporary one."""
    for name in USERS:
        module = importlib.import_module(f"impact_tracker.{name}")
        monkeypatch.setattr(module, "_core", fake_core)
    monkeypatch.setitem(sys.modules, "impact_tracker._core", fake_core)
    monkeypatch.setattr("impact_tracker._core", fake_core, raising=False)
    monkeypatch.chdir(tmp_path)
    yield fake_core.reset()
    tracker = importlib.import_module("impact_tracker.tracker")
    for left in list(tracker._running):
        left.stop()

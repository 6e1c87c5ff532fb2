"""Hooks are tested on models of load and memory alone: what a machine has for sensors is in no test."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_sensor_of_this_machine(monkeypatch: pytest.MonkeyPatch, core: object) -> None:
    monkeypatch.setenv("IMPACT_TRACKER_SOURCES", "cpu_model,ram_model,cpu_state")

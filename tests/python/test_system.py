"""What systems name differently is asked in one place."""

from __future__ import annotations

import sys
import time

import pytest

from impact_tracker import system


def test_a_region_ends_on_the_clock_of_the_readings_or_the_core_asks_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    before = time.monotonic_ns()
    now = system.core_clock_ns()
    assert now is not None
    assert before <= now <= time.monotonic_ns()
    monkeypatch.setattr(sys, "platform", "win32")
    assert system.core_clock_ns() is None

"""No test sees another's file of factors, nor the environment's."""

import pytest

from impact_tracker.factors import overrides


@pytest.fixture(autouse=True)
def _no_overrides(monkeypatch):
    monkeypatch.delenv("IMPACT_TRACKER_FACTORS", raising=False)
    overrides._active.clear()
    yield
    overrides._active.clear()

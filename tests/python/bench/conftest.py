"""Campaigns, and the command that makes them, run on workers that compute nothing and on a clock that does not wait."""

from __future__ import annotations

import pytest

from impact_tracker.bench import Campaign
from python import fake_core
from python.bench.stand_ins import Workers, idle


@pytest.fixture
def workers(machine: fake_core.Machine, monkeypatch: pytest.MonkeyPatch) -> Workers:
    workers = Workers()
    monkeypatch.setitem(Campaign.__init__.__kwdefaults__, "open_worker", workers)
    monkeypatch.setitem(Campaign.__init__.__kwdefaults__, "sleep", idle)
    return workers

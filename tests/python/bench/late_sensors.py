"""Sensors that have not told all when a region is left: the record's energies are twice those of the regions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from python import fake_core


def settle_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on each region is provisional, and its record settles it."""
    fake_core.machine.lagging = set(range(1, 100))
    regions = fake_core.Record.regions

    def settled(self: fake_core.Record) -> list[fake_core.RegionResult]:
        return [replace(region, provisional=False, energy=region.energy.scaled(2)) for region in regions(self)]

    monkeypatch.setattr(fake_core.Record, "regions", settled)

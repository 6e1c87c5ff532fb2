"""Runs with known numbers: ClimateBERT's two, and one where nothing was measured."""

from datetime import datetime, timezone

import pytest

from impact_tracker.factors import Factor
from impact_tracker.interop import Run

GERMANY = Factor(
    470.0, "g/kWh", 470.0, 470.0, "stated in the card", year=2020, name="carbon intensity of electricity, Germany"
)


@pytest.fixture
def climatebert():
    return Run(
        name="ClimateBERT",
        tool="impact-tracker",
        tool_version="1.0",
        started_at=datetime(2022, 3, 1, 8, tzinfo=timezone.utc),
        duration_s=48 * 3600,
        energy_kwh=48 * 0.7,
        cpu_kwh=3.6,
        gpu_kwh=30.0,
        intensity=GERMANY,
        zone="DEU",
        zone_name="Germany",
        cpu_model="AMD EPYC 7543",
        cpu_count=64,
        gpu_model="NVIDIA RTX A5000",
        gpu_count=2,
        ram_gb=256.0,
        os="Linux",
        python="3.11.2",
        run_id="20220301-1",
        cpu_utilisation=0.25,
        gpu_utilisation=0.9,
    )


@pytest.fixture
def search(climatebert):
    from dataclasses import replace

    return replace(climatebert, name="search", duration_s=302 * 3600, energy_kwh=302 * 0.7)


@pytest.fixture
def unmeasured():
    return Run(name="nothing", tool="impact-tracker", quality="missing", intensity=GERMANY, duration_s=60.0)

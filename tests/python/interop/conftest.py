"""Runs with known numbers: ClimateBERT's two, and one where nothing was measured."""

from datetime import datetime, timezone

import pytest

from impact_tracker.estimators import Use
from impact_tracker.factors import Factor
from impact_tracker.hostinfo import Hardware
from impact_tracker.interop import Parts, Site, Statement
from impact_tracker.values import Energy, joules_of

GERMANY = Factor(
    470.0, "g/kWh", 470.0, 470.0, "stated in the card", year=2020, name="carbon intensity of electricity, Germany"
)


def kwh(amount, **more):
    return Energy(joules_of(amount), **more)


@pytest.fixture
def climatebert():
    return Statement(
        name="ClimateBERT",
        tool="impact-tracker",
        tool_version="1.0",
        started_at=datetime(2022, 3, 1, 8, tzinfo=timezone.utc),
        duration_s=48 * 3600,
        energy=kwh(48 * 0.7),
        parts=Parts(processors=kwh(3.6), cards=kwh(30.0)),
        site=Site(intensity=GERMANY, zone="DEU", zone_name="Germany", pue_source="stated in the card"),
        hardware=Hardware(
            cpu="AMD EPYC 7543",
            threads=64,
            gpus=("NVIDIA RTX A5000",) * 2,
            memory_bytes=256_000_000_000,
            kernel="Linux",
            python="3.11.2",
        ),
        use=Use(cpu=0.25, gpu=0.9),
        run_id="20220301-1",
    )


@pytest.fixture
def search(climatebert):
    from dataclasses import replace

    return replace(climatebert, name="search", duration_s=302 * 3600, energy=kwh(302 * 0.7))


@pytest.fixture
def unmeasured():
    return Statement(name="nothing", tool="impact-tracker", site=Site(intensity=GERMANY), duration_s=60.0)

"""Statements weighed anew: the place goes with a zone and with a factor, and stays where only a number is given."""

from dataclasses import replace

import pytest

from impact_tracker.factors import intensity
from impact_tracker.interop import InteropError, Statement
from impact_tracker.values import Energy
from impact_tracker.weighing import Reweighing


@pytest.mark.parametrize(
    ("new", "zone", "name", "grams"),
    [
        (Reweighing(), "DEU", "Germany", 470.0),
        (Reweighing(intensity_g_per_kwh=77.0), "DEU", "Germany", 77.0),
        (Reweighing(zone="FR"), "FR", "France", intensity("FR").value),
        (Reweighing(intensity_g_per_kwh=intensity("FR", 2023)), "France", "France", 56.039),
        (Reweighing(zone="World"), None, None, intensity(None).value),
        (Reweighing(intensity_g_per_kwh=intensity(None, 2023)), None, None, intensity(None, 2023).value),
    ],
)
def test_the_place_goes_with_the_electricity(climatebert, new, zone, name, grams):
    site = climatebert.weighed(new).site
    assert (site.zone, site.zone_name, site.intensity.value) == (zone, name, pytest.approx(grams)) and site.pue == 1.0


def test_another_pue_leaves_the_electricity(climatebert):
    run = climatebert.weighed(Reweighing(pue=1.5))
    assert run.site == replace(climatebert.site, pue=1.5, pue_source="stated by the user")
    assert run.carbon.value == pytest.approx(15_792.0 * 1.5)
    assert run.site_energy.kwh == pytest.approx(33.6 * 1.5)
    with pytest.raises(ValueError, match="PUE"):
        climatebert.weighed(Reweighing(pue=0.9))


def test_a_cloud_brings_its_own(climatebert):
    site = climatebert.site.in_cloud("aws/eu-north-1")
    assert (site.pue, site.wue, site.cloud_provider, site.cloud_region) == (1.1, 0.02, "aws", "eu-north-1")
    assert site.place == site.location


def test_impossible_numbers_name_the_run():
    with pytest.raises(InteropError, match="x: duration_s must be finite"):
        Statement("x", "t", duration_s=-1.0)
    with pytest.raises(InteropError, match="x: its energy in J"):
        Statement("x", "t", energy=Energy(-1.0))

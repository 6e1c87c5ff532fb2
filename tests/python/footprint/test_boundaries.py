"""What compares with a planetary boundary: water deprived and fossil energy, or an X with the reason."""

import pytest

from impact_tracker.factors import Factor, by_zone, use_overrides
from impact_tracker.footprint import (
    Impact,
    Machine,
    Term,
    against_boundaries,
    assess,
    boundary_a_person,
    person_years,
    water,
    water_deprived,
)

KWH = 3.6e6
LITRES = Factor(3.0, "L/kWh", 2.0, 4.0, "test")


def impacts(zone, machine=None, wue=None):
    assessment = assess(energy=KWH, pue=1.2, duration_s=3600.0, zone=zone, machine=machine, wue=wue)
    return {impact.indicator: impact for impact in against_boundaries(assessment.matrix, KWH, 1.2, zone)}


def test_water_as_it_is_and_primary_energy_do_not_compare():
    litres = water(KWH, 1.0, wue=LITRES, grid=LITRES)
    with pytest.raises(ValueError, match="deprived"):
        person_years(litres)
    megajoules = Impact.of("primary_energy", "MJ", [Term(1.0, ((Factor.stated(11.0, "MJ", "x"), 1.0),))])
    with pytest.raises(ValueError, match="fossil"):
        person_years(megajoules)


def test_water_deprived_is_litres_by_the_places_scarcity():
    litres = water(KWH, 1.0, wue=LITRES, grid=LITRES)
    spain = water_deprived(litres, "Spain")
    assert spain.value == pytest.approx(6.0 / 1000 * by_zone("aware", "ESP").value) and spain.unit == "m3 world eq"
    assert person_years(spain).value == pytest.approx(spain.value / 26_315, rel=1e-4)
    assert spain.low < spain.value < spain.high
    assert water_deprived(litres, "NO").value < spain.value / 20


def test_water_without_a_place_is_an_x_with_the_reason():
    litres = water(KWH, 1.0, wue=LITRES, grid=LITRES)
    nowhere = water_deprived(litres, None)
    assert nowhere.value is None and "place" in nowhere.note
    by_indicator = impacts(None)
    assert by_indicator["water_deprived"].value is None and by_indicator["fossil_energy"].value > 0


def test_what_each_boundary_counts():
    by_indicator = impacts("FR", wue=LITRES)
    assert set(by_indicator) == {"carbon", "adp", "fossil_energy", "water_deprived"}
    assert by_indicator["fossil_energy"].value == pytest.approx(1.2 * by_zone("fossil_energy", "FRA").value)
    assert by_indicator["water_deprived"].value == pytest.approx(
        (3.0 + 1.2 * by_zone("water", "FRA").value) / 1000 * by_zone("aware", "FRA").value
    )
    for impact in by_indicator.values():
        assert person_years(impact).value == pytest.approx(impact.value / boundary_a_person(impact.indicator), rel=1e-9)


def test_the_makings_part_is_said_to_be_missing():
    by_indicator = impacts("FR", Machine(cpus=2, cpu_cores=32, ram_gb=512))
    assert by_indicator["fossil_energy"].partial and "making" in by_indicator["fossil_energy"].note
    assert not impacts("FR")["fossil_energy"].partial


def test_the_users_scarcity_counts(tmp_path):
    path = tmp_path / "own.json"
    path.write_text('{"aware": {"FR": {"value": 2.5, "unit": "m3/m3"}}}')
    use_overrides(path)
    assert water_deprived(water(KWH, 1.0, wue=LITRES, grid=None), "FR").value == pytest.approx(0.003 * 2.5)

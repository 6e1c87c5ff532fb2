"""The user's own factors: they win, and every fault of the file is named with its line."""

import json
import sys

import pytest

from impact_tracker.factors import (
    FactorError,
    OverrideError,
    constant,
    cpu,
    intensity,
    marginal_intensity,
    use_overrides,
)

GOOD = """# factors of our institute
[intensity.FR]
value = 21.7
unit = "g/kWh"
low = 18.0
high = 30.0
year = 2025
source = "RTE"

[intensity_marginal.DE]
value = 700
unit = "g/kWh"

[cpu_tdp."My CPU 9000"]
value = 95
unit = "W"
cores = 8

[pue."our room"]
value = 1.31
unit = "1"
"""
toml = pytest.mark.skipif(sys.version_info < (3, 11), reason="TOML takes Python 3.11 or tomli")


def write(tmp_path, text, name="factors.toml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@toml
def test_the_users_values_win(tmp_path):
    bundled = intensity("FR")
    use_overrides(write(tmp_path, GOOD))
    own = intensity("France")
    assert (own.value, own.low, own.high, own.year, own.source) == (21.7, 18.0, 30.0, 2025, "RTE")
    assert intensity("DE", 2024).value == pytest.approx(344.14)
    assert marginal_intensity("Germany").value == 700
    assert cpu("my cpu 9000").cores == 8 and cpu("My CPU 9000").tdp_per_core_w == 95 / 8
    assert constant("pue", "Our room").value == 1.31
    use_overrides(None)
    assert intensity("FR") == bundled


@toml
def test_a_year_the_user_did_not_give_is_noted(tmp_path):
    use_overrides(write(tmp_path, GOOD))
    assert "asked for 2023" in intensity("FR", 2023).note and intensity("FR", 2025).note == ""


@toml
def test_the_environment_names_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("IMPACT_TRACKER_FACTORS", str(write(tmp_path, GOOD)))
    assert intensity("FR").value == 21.7


OWID = """country,year,iso_code,electricity_generation,carbon_intensity_elec
France,2015,FRA,550,53.1
France,2014,FRA,550,49.9
France,2000,FRA,500,
World,2015,OWID_WRL,24000,530
Europe,2015,,4000,400
Norway,2015,NOR,1,0
"""


def test_every_year_from_the_users_own_table(tmp_path):
    bundled = intensity("DE")
    use_overrides(write(tmp_path, OWID, "owid.csv"))
    factor = intensity("France", 2014)
    assert (factor.value, factor.year, factor.quality, factor.note) == (
        49.9,
        2014,
        "modelled",
        "",
    ) and factor.low < 49.9
    assert "owid.csv" in factor.source and factor.name.endswith("France")
    assert intensity("FR").year == 2015 and intensity("FR", 2012).quality == "estimated"
    assert intensity(None, 2015).value == 530 and "no zone" in intensity(None, 2015).note
    assert intensity("DE") == bundled and intensity("NO").year == 2025  # a 0 is a hole of the source


# The heads that the publishers write, with the columns that a reader has to pass over.
OWID_2026 = """country,year,iso_code,population,gdp,biofuel_electricity,carbon_intensity_elec,coal_share_elec
ASEAN (Ember),2021,,,,,560.1,40
European Union (27),2021,,,,,281.5,15
France,2021,FRA,66e6,,9.6,67.4,1
Kosovo,2021,OWID_KOS,,,,1010.5,95
World,2021,,7.9e9,,,490.2,36
"""
EMBER_LONG = """Area,ISO 3 code,Year,Area type,Continent,Category,Subcategory,Variable,Unit,Value,YoY absolute change
France,FRA,2021,Country or economy,Europe,Capacity,Fuel,Coal,GW,1.8,
France,FRA,2021,Country or economy,Europe,Power sector emissions,CO2 intensity,CO2 intensity,gCO2/kWh,67.4,1.2
France,FRA,2021,Country or economy,Europe,Power sector emissions,Total,Total emissions,mtCO2,37.1,1.2
EU,,2021,Region,,Power sector emissions,CO2 intensity,CO2 intensity,gCO2/kWh,281.5,
World,,2021,Region,,Power sector emissions,CO2 intensity,CO2 intensity,gCO2/kWh,490.2,
Kosovo,XKX,2021,Country or economy,Europe,Power sector emissions,CO2 intensity,CO2 intensity,gCO2/kWh,1010.5,
"""
EMBER_SERVICE = """entity,entity_code,is_aggregate_entity,date,emissions_intensity_gco2_per_kwh
France,FRA,False,2021,67.4
World,,True,2021,490.2
EU,,True,2021,281.5
Kosovo,XKX,False,2021,1010.5
"""


@pytest.mark.parametrize("text", [OWID_2026, EMBER_LONG, EMBER_SERVICE], ids=["owid", "ember-long", "ember-service"])
def test_tables_as_their_publishers_write_them(tmp_path, text):
    use_overrides(write(tmp_path, text, "years.csv"))
    values = {zone: intensity(zone, 2021).value for zone in ("FR", "EU", "XKX", None)}
    assert values == {"FR": 67.4, "EU": 281.5, "XKX": 1010.5, None: 490.2}
    assert intensity("FR", 2021).note == "" and intensity("FR", 2021).year == 2021


def test_a_table_of_months_is_not_taken_for_one_of_years(tmp_path):
    months = (
        "entity,entity_code,date,emissions_intensity_gco2_per_kwh\nFrance,FRA,2021-01-01,67\nFrance,FRA,2021-02-01,60\n"
    )
    with pytest.raises(OverrideError, match=r":3: a second value of FRA 2021"):
        use_overrides(write(tmp_path, months, "years.csv"))


def test_a_file_of_factors_names_a_table_beside_it(tmp_path):
    write(tmp_path, OWID, "owid.csv")
    own = {"intensity_table": "owid.csv", "pue": {"our room": {"value": 1.31, "unit": "1"}}}
    use_overrides(write(tmp_path, json.dumps(own), "factors.json"))
    assert intensity("FR", 2015).value == 53.1 and constant("pue", "our room").value == 1.31


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", ":1: no table of intensities"),
        ("iso_code,year,carbon_intensity_elec\nFRA,2015,much\n", ":2: 'much'"),
        ("iso_code,year,carbon_intensity_elec\nFRA,2015,-1\n", ":2: an intensity must"),
        ("iso_code,year,carbon_intensity_elec\nFRA,2015,\n", "no intensity of a country"),
    ],
)
def test_faults_of_a_table_name_their_line(tmp_path, text, message):
    with pytest.raises(OverrideError) as caught:
        use_overrides(write(tmp_path, text, "owid.csv"))
    assert message in str(caught.value) and "owid.csv" in str(caught.value)


def test_json_needs_no_package(tmp_path):
    tables = {"intensity": {"FR": {"value": 21.7, "unit": "g/kWh"}}}
    use_overrides(write(tmp_path, json.dumps(tables), "factors.json"))
    assert intensity("FR").value == 21.7


@toml
@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('[intensity.FR]\nvalue = 1\nunit = "kg/kWh"\n', 3, "kept in g/kWh, not in 'kg/kWh'"),
        ('[intensity.FR]\nvalue = -1\nunit = "g/kWh"\n', 2, "must not be negative"),
        ('[intensity.FR]\nvalue = nan\nunit = "g/kWh"\n', 2, "finite"),
        ('[intensity.FR]\nvalue = "5"\nunit = "g/kWh"\n', 2, "finite number"),
        ('[intensity.FR]\nunit = "g/kWh"\n', 1, "lacks 'value'"),
        ("[intensity.FR]\nvalue = 5\n", 1, "lacks 'unit'"),
        ('\n\n[intensity.Frence]\nvalue = 1\nunit = "g/kWh"\n', 3, "Did you mean France"),
        ('[intensty.FR]\nvalue = 1\nunit = "g/kWh"\n', 1, "Did you mean intensity"),
        ('[intensity.FR]\nvalu = 1\nunit = "g/kWh"\n', 2, "Did you mean value"),
        ('[pue.FR]\nvalue = 1\nunit = "1"\n[intensity.FR]\nvalue = 1\nunit = "g"\n', 6, "not in 'g'"),
        ('[intensity.FR]\nvalue = 9\nlow = 10\nhigh = 12\nunit = "g/kWh"\n', 2, "outside its range"),
        ('[cpu_tdp.X]\nvalue = 9\nunit = "W"\ncores = 0\n', 4, "cores"),
        ('[intensity.FR]\nvalue = 9\nunit = "g/kWh"\nyear = "2020"\n', 2, "year must be a whole number"),
        ("intensity = 5\n", 1, "one table for each name"),
    ],
)
def test_faults_name_line_and_remedy(tmp_path, text, line, message):
    path = write(tmp_path, text)
    with pytest.raises(OverrideError, match=":") as caught:
        use_overrides(path)
    assert str(caught.value).startswith(f"{path}:{line}:") and message in str(caught.value)


def test_faults_in_json_name_their_line(tmp_path):
    text = '{"intensity": {\n "DE": {"value": 1, "unit": "g/kWh"},\n "FR": {"value": 2,\n  "unit": "lb/MWh"}}}'
    path = write(tmp_path, text, "factors.json")
    with pytest.raises(OverrideError, match="lb/MWh") as caught:
        use_overrides(path)
    assert str(caught.value).startswith(f"{path}:4:")


@toml
@pytest.mark.parametrize(("text", "name"), [("[intensity.FR\n", "f.toml"), ("{", "f.json"), ("[1]", "f.json")])
def test_broken_files(tmp_path, text, name):
    with pytest.raises(OverrideError, match=r"line|tables") as caught:
        use_overrides(write(tmp_path, text, name))
    assert name in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(OverrideError, match=r"nowhere\.toml"):
        use_overrides(tmp_path / "nowhere.toml")


def test_without_a_toml_reader_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tomllib", None)
    monkeypatch.setitem(sys.modules, "tomli", None)
    with pytest.raises(OverrideError, match=r"impact-tracker\[toml\]"):
        use_overrides(write(tmp_path, GOOD))


def test_a_marginal_intensity_is_never_the_average():
    with pytest.raises(FactorError, match="marginal"):
        marginal_intensity("FR")

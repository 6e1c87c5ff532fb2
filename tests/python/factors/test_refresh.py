"""The script that rebuilds the tables: its checks hold for what is shipped, and catch what must not be."""

import copy
import importlib.util
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.append(str(ROOT / "scripts"))  # where the scripts find what they share


def _load_script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / f"scripts/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


refresh, zones = _load_script("refresh_factors"), _load_script("refresh_zones")
SHIPPED = json.loads(refresh.TABLE.read_text(encoding="utf-8"))
OF_ZONES = [
    json.loads((zones.DATA / f"{name}.json").read_text(encoding="utf-8"))
    for name in ("electricity_mix", "subnational_intensity", "aware")
]


def test_the_shipped_table_is_sound():
    assert refresh.check(SHIPPED) == []


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda t: t["rows"].clear(), "only 0 countries"),
        (lambda t: t["rows"][5][3].append([2024, 0.0, "owid-2025"]), "out of range"),
        (lambda t: t["rows"][5][3].append([2024, 50.0, "elsewhere"]), "unknown source"),
        (lambda t: t["sources"]["owid-2025"].update(licence="ODbL-1.0"), "licences"),
        (lambda t: t["world"].clear(), "world 2024"),
        (lambda t: next(r for r in t["rows"] if r[0] == "FRA")[3].clear(), "FRA 2023"),
        (lambda t: t["rows"][5][3][0].__setitem__(2, "owid-2023-12"), "editions"),
    ],
)
def test_faults_are_found(spoil, message):
    table = copy.deepcopy(SHIPPED)
    spoil(table)
    assert any(message in fault for fault in refresh.check(table))


def test_writing_and_reading_is_the_same(tmp_path):
    refresh.write(SHIPPED, tmp_path / "table.json")
    assert json.loads((tmp_path / "table.json").read_text(encoding="utf-8")) == SHIPPED


def test_a_country_that_jumps_is_shown():
    table = copy.deepcopy(SHIPPED)
    next(r for r in table["rows"] if r[0] == "FRA")[3][-1][1] = 424.0
    assert [line for line in refresh.changes(SHIPPED, table) if line.startswith("FRA")]
    assert refresh.changes(SHIPPED, SHIPPED) == []


def test_a_newer_edition_counts_and_a_hole_is_left_out():
    tables = refresh.Tables()
    tables.add("FRA", 2024, 44.0, "new")
    tables.add("FRA", 2024, 56.0, "old")
    tables.add("CAF", 2022, 0.0, "new")
    assert tables.values == {"FRA": {2024: (44.0, "new")}} and len(tables.dropped) == 1


def test_reading_owid_energy_data(tmp_path):
    path = tmp_path / "owid.csv"
    path.write_text(
        "country,year,iso_code,electricity_generation,carbon_intensity_elec\n"
        "France,2024,FRA,550.0,44.1\nFrance,2005,FRA,550.0,80.0\nWorld,2024,,30000,470\nFrance,2023,FRA,500,\n"
        "Asia,2024,,9000,500\n"
    )
    tables = refresh.Tables()
    refresh.read_owid(path, tables)
    assert tables.values == {"FRA": {2024: (44.1, "owid-file")}, "WORLD": {2024: (470.0, "owid-file")}}


def test_the_shipped_tables_of_zones_are_sound_and_faults_are_found():
    assert zones.check(*OF_ZONES) == []
    for index, spoil, message in (
        (0, lambda t: t["rows"][0].__setitem__(2, 0.9), "shares add up"),
        (1, lambda t: t["rows"][0].__setitem__(3, 0.0), "out of range"),
        (2, lambda t: t["rows"][0].__setitem__(1, 400.0), "scarcity"),
        (1, lambda t: t["rows"].clear(), "only 0 finer zones"),
    ):
        tables = copy.deepcopy(OF_ZONES)
        spoil(tables[index])
        assert any(message in fault for fault in zones.check(*tables))

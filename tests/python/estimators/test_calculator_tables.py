"""Green Algorithms by its own tables: made-up ones in the calculator's form, and the real ones where they lie."""

import csv
import os
from pathlib import Path

import pytest

from impact_tracker import cli
from impact_tracker.estimators import EstimateError, calculator_tables, green_algorithms
from impact_tracker.estimators.calculator_tables import ENVIRONMENT

VERSIONS = ("1.0", "1.1", "2.0", "2.1", "2.2", "3.0")
REAL = os.environ.get("GREEN_ALGORITHMS_DATA")  # the folder `data` of a checkout of the calculator


@pytest.fixture
def tables(tmp_path, monkeypatch):
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    folder = tmp_path / "data" / "v2.1"
    folder.mkdir(parents=True)
    files = {
        "CI_aggregated.csv": "index,,,,in gCO2e/kWh\nlocation,continentName,countryName,regionName,carbonIntensity,x\n"
        "WORLD,World,Any,Any,500,World\nFR,Europe,France,Any,40.5,Country\nUS-GA,North America,United States of America"
        ",Georgia,333,Region\nCN-HK,Asia,China,Hong Kong,700,Region\n,,,,,\n",
        "TDP_cpu.csv": "index,in Watt,,,\nmodel,TDP,n_cores,TDP_per_core,source\nXeon Made-1 v4,90,8,11.3,here\n",
        "TDP_gpu.csv": "index,in Watt,,,\nmodel,TDP,n_cores,TDP_per_core,source\nNVIDIA Made T9,75,,75,here\n",
        "defaults_PUE.csv": "index,>1,\nprovider,PUE,source\nUnknown,1.67,\ncloudy,1.3,\n",
        "cloudProviders_datacenters.csv": "a,b,c,d\nprovider,Name,location,PUE\ncloudy,north-1,FR,\n"
        "cloudy,north-2,FR,1.1\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return str(tmp_path / "data")


@pytest.mark.parametrize(
    ("zone", "grams"),
    [("FR", 40.5), ("fra", 40.5), ("France", 40.5), ("US-GA", 333), ("Hong Kong", 700), ("HKG", 700), (None, 500)],
)
def test_a_location_by_its_code_and_names(tables, zone, grams):
    made = green_algorithms(hours=10, cores=2, tdp_per_core_w=10, zone=zone, version="2.1", tables=tables)
    assert made.carbon_g == pytest.approx(10 * 2 * 10 * 1.67 / 1000 * grams)


def test_what_the_version_does_not_have_is_an_error_with_near_names(tables):
    for zone in ("Georgia", "DE", "Frence"):  # Georgia is a country, which is not the state
        with pytest.raises(EstimateError, match="no location"):
            green_algorithms(hours=1, cores=1, tdp_per_core_w=10, zone=zone, version="2.1", tables=tables)
    with pytest.raises(EstimateError, match="Xeon Made-1 v4"):
        green_algorithms(hours=1, cores=1, cpu_model="Xeon Made-2 v4", version="2.1", tables=tables)
    with pytest.raises(EstimateError, match=r"no tables of Green Algorithms 3\.0"):
        green_algorithms(hours=1, cores=1, tdp_per_core_w=10, version="3.0", tables=tables)


def test_processors_cards_and_regions(tables):
    chip = green_algorithms(hours=1, cores=8, cpu_model="Xeon(R) Made-1 v4", version="2.1", tables=tables, pue=1.0)
    card = green_algorithms(hours=1, gpus=2, gpu_model="NVIDIA Made T9", version="2.1", tables=tables, pue=1.0)
    assert chip.energy_kwh == pytest.approx(8 * 11.3 / 1000) and card.energy_kwh == pytest.approx(0.15)
    for region, pue in (("north-1", 1.3), ("north-2", 1.1)):
        made = green_algorithms(
            hours=1, cores=1, tdp_per_core_w=10, platform=f"cloudy/{region}", version="2.1", tables=tables
        )
        assert made.carbon_g == pytest.approx(0.01 * pue * 40.5)
    with pytest.raises(EstimateError, match="north-1"):
        green_algorithms(hours=1, cores=1, tdp_per_core_w=10, platform="cloudy/north", version="2.1", tables=tables)


def test_the_environment_names_the_folder_too(tables, monkeypatch, capsys):
    monkeypatch.setenv(ENVIRONMENT, str(Path(tables).parent))
    run = ["estimate", "--hours", "1", "--cores", "8", "--cpu", "Xeon Made-1 v4", "--zone", "FR", "--method-version"]
    assert cli.main([*run, "2.1"]) == 0 and "2.1" in capsys.readouterr().out
    assert cli.main([*run, "3.0"]) == 2 and "--tables" in capsys.readouterr().err


def test_damaged_tables_are_named(tables):
    (Path(tables) / "v2.1" / "TDP_cpu.csv").write_text("one line\n", encoding="utf-8")
    with pytest.raises(EstimateError, match=r"TDP_cpu\.csv"):
        calculator_tables("2.1", tables)


def test_without_tables_another_source_is_said():
    made = green_algorithms(hours=1, cores=1, tdp_per_core_w=10, zone="Portugal", version="2.1")
    assert any("not that of version 2.1" in note and "--tables" in note for note in made.notes)
    assert any("memory was not given" in note for note in made.notes)


@pytest.mark.long
@pytest.mark.parametrize("version", VERSIONS)
def test_every_location_processor_card_and_region_of_the_calculator(version):
    """Against the calculator's formula over its own tables, where GREEN_ALGORITHMS_DATA names them."""
    own = calculator_tables(version, REAL) if REAL else None
    if own is None:
        pytest.skip("GREEN_ALGORITHMS_DATA does not name the calculator's tables")

    def rows(name):
        with (own.folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            _, head, *lines = csv.reader(file)
        return [dict(zip(head, line)) for line in lines if line and line[0]]

    pue, hours = (1.56 if version == "3.0" else 1.67), 12
    places = rows("CI_aggregated")
    assert len(places) > 120
    for place in places:
        made = green_algorithms(
            hours=hours,
            cores=12,
            tdp_per_core_w=7.5,
            memory_gb=64,
            zone=place["location"],
            version=version,
            tables=REAL,
        )
        kwh = hours * (12 * 7.5 + 64 * 0.3725) * pue / 1000
        assert made.carbon_g == pytest.approx(kwh * float(place["carbonIntensity"]), rel=1e-12), place["location"]
    for kind, name in (("TDP_cpu", "cores"), ("TDP_gpu", "gpus")):
        for part in rows(kind):
            model = {"cpu_model" if name == "cores" else "gpu_model": part["model"]}
            made = green_algorithms(hours=hours, **{name: 5}, **model, zone="WORLD", version=version, tables=REAL)
            assert made.energy_kwh == pytest.approx(hours * 5 * float(part["TDP_per_core"]) * pue / 1000), part["model"]

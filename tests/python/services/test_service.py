"""Services by their inventory: Stable Diffusion's table, the rules of allocation, faults of a file, the command."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker import cli
from impact_tracker.factors import FactorError
from impact_tracker.services import read_inventory, weigh

TABLE = {  # Berthelot et al. 2024, table 2: g of CO2e, kg Sb, MJ
    "visit": {"carbon": 7.84, "adp": 6.72e-8, "primary_energy": 0.202},
    "year of service": {"carbon": 3.60e8, "adp": 4.64, "primary_energy": 8.93e6},
}


@pytest.fixture
def written(tmp_path):
    def write(**tables):
        path = tmp_path / "mine.json"
        path.write_text(json.dumps(tables))
        return path

    return write


def small(**changes):
    tables = {
        "electricity": {"here": {"carbon_g_per_kwh": 100, "adp_kg_sb_per_kwh": 1e-7}},
        "equipment": {"server": {"carbon_kg": 876, "lifetime_years": 2, "active": 0.5}},
        "medium": {"net": {"kwh_per_gb": 0.05, "carbon_kg_per_gb": 0.001}},
        "entries": {
            "run": {
                "part": "inference",
                "equipment": "server",
                "count": 2,
                "hours": 3,
                "power_w": 200,
                "idle_power_w": 50,
                "ratio": 1.5,
                "electricity": "here",
            },
            "data": {"part": "network", "gigabytes": 4, "medium": "net", "electricity": "here"},
            "training": {
                "part": "training",
                "each": "once",
                "energy_kwh": 1000,
                "electricity": "here",
                "serves_visits": 500,
            },
            "team": {"part": "hosting", "each": "year", "energy_kwh": 30, "electricity": "here"},
        },
        "units": {
            "visit": {"visits": 1, "once": ["training"]},
            "year": {"visits": 800, "years": 1, "once": ["training"], "allocation": "whole", "hours": {"run": 6}},
        },
    }
    for path, value in changes.items():
        *tables_of, last = path.split("__")
        inner = tables
        for name in tables_of:
            inner = inner[name]
        inner[last] = value
    return tables


@pytest.mark.parametrize("unit", TABLE)
def test_stable_diffusions_table(unit):
    service = weigh(read_inventory("stable-diffusion"), unit)
    for indicator, published in TABLE[unit].items():
        total = service.total(indicator)
        assert float(f"{total.value:.3g}") == published
        assert total.low < total.value < total.high and total.quality == "estimated" and not total.partial
        assert sum(service.shares(indicator).values()) == pytest.approx(1.0)


def test_stable_diffusions_figure_2():
    inventory = read_inventory("stable-diffusion")
    visit, year = (weigh(inventory, unit) for unit in TABLE)
    assert year.parts == ["terminal", "network", "hosting", "inference", "training"]
    assert year.shares("adp")["terminal"] == pytest.approx(0.9, abs=0.05)
    assert 0.65 < year.shares("carbon")["inference"] < 0.8 and 0.65 < visit.shares("carbon")["inference"] < 0.8
    assert max(year.shares("primary_energy"), key=year.shares("primary_energy").get) == "inference"
    for indicator in ("carbon", "adp", "primary_energy"):  # the training's share falls from a visit to the year
        assert year.shares(indicator)["training"] < visit.shares(indicator)["training"]


def test_what_is_fitted_is_not_called_published():
    inventory = read_inventory("stable-diffusion")
    assert any("Fitted" in note for note in inventory.notes)
    for name in ("at the terminal", "through the network", "web pages"):
        entry = next(entry for entry in inventory.entries if entry.name == name)
        for factor in (entry.hours, entry.power, entry.gigabytes, entry.energy):
            assert factor is None or (factor.quality == "estimated" and factor.low < factor.value < factor.high)


def test_each_part_by_hand(written):
    visit = weigh(read_inventory(written(**small())), "visit")
    share = 3 / (2 * 8760 * 0.5)
    kwh = 2 * 3 * (0.2 + 0.05 * 1) * 1.5
    assert visit.cells["inference", "carbon", "making"].value == pytest.approx(2 * 876_000 * share)
    assert visit.cells["inference", "carbon", "use"].value == pytest.approx(kwh * 100)
    assert visit.of_part("network", "carbon").value == pytest.approx(4 * 0.05 * 100 + 4 * 1.0)
    assert visit.of_part("training", "carbon").value == pytest.approx(1000 * 100 / 500)
    assert visit.of_part("training", "adp").value == pytest.approx(1000 * 1e-7 / 500)
    assert "hosting" not in visit.parts
    assert visit.total("adp").partial and "making server" in visit.total("adp").note


def test_a_year_counts_what_was_done_once_whole(written):
    year = weigh(read_inventory(written(**small())), "year")
    assert year.of_part("training", "carbon").value == pytest.approx(100_000)
    assert year.of_part("hosting", "carbon").value == pytest.approx(3000)
    assert year.of_part("network", "carbon").value == pytest.approx(800 * 24)
    visit = weigh(read_inventory(written(**small())), "visit")
    ratio = year.of_part("inference", "carbon").value / visit.of_part("inference", "carbon").value
    assert ratio == pytest.approx(800 * 2)  # twice the time


@given(
    visits=st.floats(1, 1e9),
    served=st.floats(1, 1e9),
    hours=st.floats(1e-6, 1e3),
    active=st.floats(0.01, 1),
    years=st.floats(0.5, 20),
)
def test_allocation_conserves(tmp_path_factory, visits, served, hours, active, years):
    path = tmp_path_factory.mktemp("service") / "s.json"
    tables = small(
        units__visit__visits=visits,
        entries__training__serves_visits=served,
        entries__run__hours=hours,
        equipment__server__active=active,
        equipment__server__lifetime_years=years,
    )
    path.write_text(json.dumps(tables))
    service = weigh(read_inventory(path), "visit")
    assert service.of_part("training", "carbon").value == pytest.approx(100_000 * visits / served)
    making = service.cells["inference", "carbon", "making"].value
    assert making == pytest.approx(2 * 876_000 * visits * hours / (years * 8760 * active))
    total = sum(service.of_part(part, "carbon").value for part in service.parts)
    assert service.total("carbon").value == pytest.approx(total)
    assert service.total("carbon").value == pytest.approx(
        service.of_phase("use", "carbon").value + service.of_phase("making", "carbon").value
    )


def test_ranges_hold_every_corner(written):
    chance = random.Random(3)
    spans = {
        "entries__run__hours": [1, 3, 5],
        "entries__run__power_w": [100, 200, 400],
        "equipment__server__active": [0.2, 0.5, 0.9],
        "electricity__here__carbon_g_per_kwh": [50, 100, 300],
        "entries__training__serves_visits": [100, 500, 900],
    }
    ranged = weigh(read_inventory(written(**small(**spans))), "visit").total("carbon")
    for _ in range(20):
        corner = {name: chance.uniform(span[0], span[2]) for name, span in spans.items()}
        value = weigh(read_inventory(written(**small(**corner))), "visit").total("carbon").value
        assert ranged.low <= value <= ranged.high


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"entries__run__equipment": "servr"}, "server"),
        ({"entries__run__electricity": "there"}, "here"),
        ({"entries__run__each": "day"}, "visit, year, once"),
        ({"entries__run__hors": 3}, "hours"),
        ({"entries__run__seconds": 3}, "not both"),
        ({"entries__data__medium": "nett"}, "net"),
        ({"entries__data": {"part": "network"}}, "takes nothing"),
        ({"entries__data": {"energy_kwh": 1}}, "lacks part"),
        ({"entries__team": {"part": "h", "energy_kwh": 1}}, "electricity"),
        ({"equipment__server__active": 1.5}, "active"),
        ({"equipment__server": {"carbon_kg": 1}}, "lifetime_years"),
        ({"electricity__here": {}}, "brings nothing"),
        ({"electricity__here__zone": "Frence"}, "France"),
        ({"units__visit__once": ["trainin"]}, "training"),
        ({"units__visit__once": ["run"]}, "not done once"),
        ({"units__visit__allocation": "by time"}, "by use or whole"),
        ({"units__visit": {}}, "lacks visits"),
        ({"units": {}}, "units"),
    ],
)
def test_faults_name_the_remedy(written, changes, words):
    with pytest.raises(FactorError, match=words) as fault:
        read_inventory(written(**small(**changes)))
    assert "mine.json:" in str(fault.value)


def test_a_training_that_serves_an_unknown_number_of_visits(written):
    tables = small()
    del tables["entries"]["training"]["serves_visits"]
    with pytest.raises(FactorError, match="serves_visits"):
        read_inventory(written(**tables))


def test_a_zones_own_factors(written):
    from impact_tracker.factors import intensity

    tables = small(electricity__here={"zone": "FR"})
    visit = weigh(read_inventory(written(**tables)), "visit")
    assert visit.of_part("training", "carbon").value == pytest.approx(2 * intensity("FR").value)
    assert "primary_energy" in visit.indicators


def test_the_command(capsys, tmp_path):
    assert cli.main(["service", "stable-diffusion"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("Stable Diffusion: for each visit 7.8 g; for each year of service 360 t")
    for number in ("6.7e-08 kg Sb", "0.20 MJ", "4.6 kg Sb", "8.9e+06 MJ", "inference", "Fitted"):
        assert number in text
    assert cli.main(["service", "stable-diffusion", "--unit", "Visit", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    visit = document["units"]["visit"]
    assert visit["carbon_g"]["value"] == pytest.approx(7.84, abs=0.005)
    assert set(visit["carbon_g"]["parts"]["inference"]) == {"value", "low", "high", "partial", "use", "making", "share"}
    assert cli.main(["service", "stable-diffusion", "--unit", "day"]) == 2
    assert "year of service" in capsys.readouterr().err
    assert cli.main(["service", "stabel-diffusion"]) == 2 and "stable-diffusion" in capsys.readouterr().err
    assert cli.main(["service", "stable-diffusion", "--unit", "visit", "--explain"]) == 0
    assert "Berthelot" in capsys.readouterr().out


def test_the_figure(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    path = tmp_path / "parts.svg"
    assert cli.main(["service", "stable-diffusion", "--figure", str(path)]) == 0
    assert path.stat().st_size > 5000


def test_equipment_by_its_parts(written):
    from impact_tracker.footprint import Machine, making_total

    parts = {"cpus": 2, "cpu_cores": 32, "ram_gb": 512, "gpus": 8, "gpu": "NVIDIA A100-SXM4-80GB"}
    tables = small(equipment__server={"lifetime_years": 2, "active": 0.5, "machine": parts})
    visit = weigh(read_inventory(written(**tables)), "visit")
    machine = Machine(cpus=2, cpu_cores=32, ram_gb=512, gpus=8, gpu_model="NVIDIA A100-SXM4-80GB")
    share = 2 * 3 / (2 * 8760 * 0.5)
    for indicator in ("carbon", "adp", "primary_energy"):
        made = making_total(machine, indicator)
        cell = visit.cells["inference", indicator, "making"]
        assert cell.value == pytest.approx(made.value * share)
        assert cell.low == pytest.approx(made.low * share) and cell.high == pytest.approx(made.high * share)
    own = small(equipment__server={"lifetime_years": 2, "active": 0.5, "machine": parts, "carbon_kg": 10})
    cell = weigh(read_inventory(written(**own)), "visit").cells["inference", "carbon", "making"]
    assert cell.value == pytest.approx(10_000 * share)
    for changed, words in (({"gpu": "NVIDIA H1000"}, "H100"), ({"cpus": 1.5}, "whole number"), ({"cpu": 2}, "cpus")):
        faulty = small(equipment__server={"lifetime_years": 2, "active": 0.5, "machine": {**parts, **changed}})
        with pytest.raises(FactorError, match=words):
            read_inventory(written(**faulty))

"""Every cell of the matrix from the user's own file, and what one computer's run is multiplied by."""

import itertools
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.factors import Factor, FactorError, OverrideError, use_overrides
from impact_tracker.factors.life_cycle import INDICATOR_UNITS, STAGES_OF_MACHINES
from impact_tracker.footprint import INDICATORS, STAGES, Allocation, Extent, Machine, assess

KWH = 3.6e6
LIFE = Allocation.fixed(4)
SERVER = Machine(cpus=2, cpu_cores=32, ram_gb=256, gpus=4, gpu_model="NVIDIA A100-SXM4-80GB")
RUN = {"energy": 50 * KWH, "duration_s": 36_000, "zone": "FR", "machine": SERVER, "allocation": LIFE}
SHARE = 10 / (4 * 8760)


@pytest.fixture
def own(tmp_path):
    def use(tables):
        path = tmp_path / "own.json"
        path.write_text(json.dumps(tables))
        return use_overrides(path)

    return use


def entry(value, unit):
    return {"value": value, "unit": unit}


def test_every_cell_can_be_filled(own):
    chance = random.Random(20_26)
    tables = {"human_toxicity": {"FR": entry(2e-9, "CTUh/kWh")}, "water": {"FR": entry(3.0, "L/kWh")}}
    expected = {}
    for stage, (indicator, (unit, scale)) in itertools.product(STAGES_OF_MACHINES, INDICATOR_UNITS.items()):
        server, card = chance.uniform(1, 900), chance.uniform(1, 90)
        tables[f"{stage}_{indicator}"] = {"server": entry(server, unit), "A100 SXM4 80GB": entry(card, unit)}
        expected[indicator, stage] = scale * (server + 4 * card) * SHARE
    own(tables)
    matrix = assess(**RUN).matrix
    assert set(matrix.cells) == set(itertools.product(INDICATORS, STAGES))
    for cell, value in expected.items():
        assert matrix[cell].value == pytest.approx(value), cell
        assert not matrix[cell].partial
    assert matrix["human_toxicity", "use"].value == pytest.approx(50 * 2e-9)
    assert all(impact.value is not None for impact in matrix.cells.values())
    assert not matrix.reasons()


def test_a_stage_with_indicators_is_of_the_machine(own):
    own({"transport": {"carbon": entry(40, "kg"), "human_toxicity": entry(1e-6, "CTUh")}})
    matrix = assess(**RUN).matrix
    assert matrix["carbon", "transport"].value == pytest.approx(40_000 * SHARE)
    assert matrix["carbon", "transport"].partial and "A100" in matrix["carbon", "transport"].note
    assert matrix["human_toxicity", "transport"].value == pytest.approx(1e-6 * SHARE)


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"transport": {"carbn": entry(1, "kg")}}, "carbon"),
        ({"transport": {"carbon": entry(1, "g")}}, "kg"),
        ({"transprt_carbon": {"server": entry(1, "kg")}}, "transport_carbon"),
        ({"end_of_life_adp": {"server": entry(1, "kg")}}, "kg Sb"),
        ({"human_toxicity": {"Frence": entry(1, "CTUh/kWh")}}, "France"),
    ],
)
def test_faults_of_the_file_name_the_remedy(own, tables, words):
    with pytest.raises(OverrideError, match=words):
        own(tables)


def test_an_empty_cell_says_where_ones_own_goes():
    reasons = assess(**RUN).matrix.reasons()
    assert "[transport.carbon]" in reasons["carbon, transport"]
    assert "[human_toxicity.FR]" in reasons["human_toxicity, use"]
    assert "[making_water.server]" in reasons["water, making"]


def test_extraction_is_taken_out_of_a_making_that_counts_it_in(own):
    before = assess(**RUN).matrix.total("carbon")
    own({"extraction_carbon": {"server": entry(100, "kg"), "NVIDIA A100": entry(10, "kg")}})
    after = assess(**RUN)
    assert after.matrix["carbon", "extraction"].value == pytest.approx(140_000 * SHARE)
    assert after.matrix.total("carbon").value == pytest.approx(before.value)
    assert sum(part.value for part in after.making.values()) == pytest.approx(after.matrix["carbon", "making"].value)
    own({"extraction_carbon": {"server": entry(1e5, "kg")}})
    with pytest.raises(FactorError, match="making_carbon"):
        assess(**RUN)


def test_ones_own_making_wins_and_keeps_the_cards(own):
    cards = assess(**RUN).making["gpu"].value
    own({"making_carbon": {"server": entry(1000, "kg")}})
    foot = assess(**RUN)
    assert foot.matrix["carbon", "making"].value == pytest.approx(1e6 * SHARE + cards)


@given(nodes=st.integers(1, 500), ratio=st.floats(1, 3), development=st.floats(1, 50), kwh=st.floats(0.01, 1e6))
def test_the_extent_multiplies(nodes, ratio, development, kwh):
    use_overrides(None)
    run = {**RUN, "energy": kwh * KWH}
    alone = assess(**run).matrix
    extent = Extent.stated(nodes, (ratio,) * 3, (development,) * 3)
    foot = assess(**run, extent=extent)
    for indicator in ("carbon", "adp", "primary_energy"):
        made, used = (foot.matrix[indicator, stage].value for stage in ("making", "use"))
        assert made == pytest.approx(alone[indicator, "making"].value * nodes * development)
        assert used == pytest.approx(alone[indicator, "use"].value * ratio * development)
    assert sum(part.value or 0 for part in foot.use.values()) == pytest.approx(foot.matrix["carbon", "use"].value)
    assert sum(part.value for part in foot.making.values()) == pytest.approx(foot.matrix["carbon", "making"].value)


@pytest.mark.parametrize(
    "faulty",
    [
        {"nodes": 0},
        {"nodes": 1.5},
        {"dynamic_ratio": Factor.stated(0.9, "1", "r")},
        {"development": Factor.stated(2, "kWh", "d")},
    ],
)
def test_faulty_extents(faulty):
    with pytest.raises(FactorError):
        Extent(**faulty)


def test_the_ratio_holds_the_overhead_already():
    with pytest.raises(ValueError, match="PUE"):
        assess(**RUN, pue=1.2, extent=Extent.stated(dynamic_ratio=(1.8, 1.8, 1.8)))

"""The matrix: what can be filled is filled, what cannot is an X with its reason, totals say that they are partial."""

import json

import pytest

from impact_tracker.footprint import INDICATORS, STAGES, Allocation, Machine, assess, person_years

KWH = 3.6e6
SERVER = Machine(cpus=2, cpu_cores=32, ram_gb=518, gpus=8, gpu_model="NVIDIA A100 SXM4 80GB")


def test_every_cell_is_a_number_or_an_x_with_a_reason():
    found = assess(energy=10 * KWH, duration_s=36_000, pue=1.2, zone="FR", machine=SERVER)
    for indicator in INDICATORS:
        for stage in STAGES:
            cell = found.matrix[indicator, stage]
            assert cell.value is None or cell.value > 0
            assert cell.value is not None or cell.note
    assert found.matrix["carbon", "use"].value == pytest.approx(10 * 1.2 * 41.44)
    assert found.matrix["human_toxicity", "use"].value is None
    assert found.carbon.partial and found.carbon.value == pytest.approx(
        found.matrix["carbon", "use"].value + found.matrix["carbon", "making"].value
    )


def test_without_a_machine_the_making_is_an_x():
    found = assess(energy=KWH, zone="FR")
    assert found.matrix["carbon", "making"].value is None and "machine" in found.matrix["carbon", "making"].note
    assert "duration" in assess(energy=KWH, zone="FR", machine=SERVER).matrix["adp", "making"].note


def test_a_zone_without_published_water_has_that_of_its_fuels():
    found = assess(energy=KWH, zone="Afghanistan")
    for indicator in ("water", "adp", "primary_energy"):
        cell = found.matrix[indicator, "use"]
        assert cell.quality == "estimated" and cell.low < cell.value < cell.high
    assert "of its fuels" in found.matrix["adp", "use"].factors[-1].note


def test_energy_that_was_not_measured_leaves_only_the_making():
    found = assess(energy=None, duration_s=3600, zone="FR", machine=SERVER)
    assert found.matrix["carbon", "use"].value is None and found.matrix["carbon", "making"].value > 0


def test_parts_of_use_and_making():
    found = assess(
        energy=10 * KWH,
        idle_j=3 * KWH,
        duration_s=3600,
        pue=1.5,
        zone="FR",
        machine=SERVER,
        allocation=Allocation.fixed(4),
    )
    assert sum(p.value for p in found.use.values()) == pytest.approx(found.matrix["carbon", "use"].value)
    assert sum(p.value for p in found.making.values()) == pytest.approx(found.matrix["carbon", "making"].value)


def test_json_and_rows():
    found = assess(energy=KWH, duration_s=3600, zone="FR", machine=SERVER)
    document = json.loads(json.dumps(found.as_dict()))
    assert document["carbon_g"] == found.carbon.value and any("Ember" in line for line in document["sources"])
    assert [row[0] for row in found.matrix.rows()] == list(INDICATORS)
    assert "carbon, transport" in found.matrix.reasons()
    assert person_years(found.matrix.total("adp")).value > 0


def test_water_of_making_is_the_users_own(tmp_path):
    from impact_tracker.factors import use_overrides

    path = tmp_path / "own.json"
    path.write_text(json.dumps({"making_water": {"server": {"value": 35_040.0, "unit": "L"}}}))
    use_overrides(path)
    foot = assess(energy=KWH, duration_s=3600, zone="FR", machine=SERVER, allocation=Allocation.fixed(4))
    cell = foot.matrix["water", "making"]
    assert cell.value == pytest.approx(1.0) and cell.partial and "A100" in cell.note

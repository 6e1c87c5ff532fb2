"""The matrix: what can be filled is filled, what cannot is an X with its reason, totals say that they are partial."""

import json

import pytest

from impact_tracker.footprint import INDICATORS, STAGES, Allocation, Machine, assess, person_years

KWH = 3.6e6
SERVER = Machine(cpus=2, cpu_cores=32, ram_gb=518, gpus=8, gpu_model="NVIDIA A100 SXM4 80GB")


def test_every_cell_is_a_number_or_an_x_with_a_reason():
    assessment = assess(energy=10 * KWH, duration_s=36_000, pue=1.2, zone="FR", machine=SERVER)
    for indicator in INDICATORS:
        for stage in STAGES:
            cell = assessment.matrix[indicator, stage]
            assert cell.value is None or cell.value > 0
            assert cell.value is not None or cell.note
    assert assessment.matrix["carbon", "use"].value == pytest.approx(10 * 1.2 * 41.44)
    assert assessment.matrix["human_toxicity", "use"].value is None
    assert assessment.carbon.partial and assessment.carbon.value == pytest.approx(
        assessment.matrix["carbon", "use"].value + assessment.matrix["carbon", "making"].value
    )


def test_without_a_machine_the_making_is_an_x():
    assessment = assess(energy=KWH, zone="FR")
    assert (
        assessment.matrix["carbon", "making"].value is None and "machine" in assessment.matrix["carbon", "making"].note
    )
    assert "duration" in assess(energy=KWH, zone="FR", machine=SERVER).matrix["adp", "making"].note


def test_a_zone_without_published_water_has_that_of_its_fuels():
    assessment = assess(energy=KWH, zone="Afghanistan")
    for indicator in ("water", "adp", "primary_energy"):
        cell = assessment.matrix[indicator, "use"]
        assert cell.quality == "estimated" and cell.low < cell.value < cell.high
    assert "of its fuels" in assessment.matrix["adp", "use"].factors[-1].note


def test_energy_that_was_not_measured_leaves_only_the_making():
    assessment = assess(energy=None, duration_s=3600, zone="FR", machine=SERVER)
    assert assessment.matrix["carbon", "use"].value is None and assessment.matrix["carbon", "making"].value > 0


def test_parts_of_use_and_making():
    assessment = assess(
        energy=10 * KWH,
        idle_j=3 * KWH,
        duration_s=3600,
        pue=1.5,
        zone="FR",
        machine=SERVER,
        allocation=Allocation.fixed(4),
    )
    assert sum(p.value for p in assessment.use.values()) == pytest.approx(assessment.matrix["carbon", "use"].value)
    assert sum(p.value for p in assessment.making.values()) == pytest.approx(
        assessment.matrix["carbon", "making"].value
    )


def test_json_and_rows():
    assessment = assess(energy=KWH, duration_s=3600, zone="FR", machine=SERVER)
    document = json.loads(json.dumps(assessment.as_dict()))
    assert document["carbon_g"] == assessment.carbon.value and any("Ember" in line for line in document["sources"])
    assert [row[0] for row in assessment.matrix.rows()] == list(INDICATORS)
    assert "carbon, transport" in assessment.matrix.reasons()
    assert person_years(assessment.matrix.total("adp")).value > 0


def test_water_of_making_is_the_users_own(tmp_path):
    from impact_tracker.factors import use_overrides

    path = tmp_path / "own.json"
    path.write_text(json.dumps({"making_water": {"server": {"value": 35_040.0, "unit": "L"}}}))
    use_overrides(path)
    foot = assess(energy=KWH, duration_s=3600, zone="FR", machine=SERVER, allocation=Allocation.fixed(4))
    cell = foot.matrix["water", "making"]
    assert cell.value == pytest.approx(1.0) and cell.partial and "A100" in cell.note

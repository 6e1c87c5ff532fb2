"""Making and its share: BLOOM's numbers, component models, and ranges that hold what is published."""

import pytest

from impact_tracker.factors import Factor, FactorError, constant
from impact_tracker.footprint import (
    Allocation,
    Impact,
    Machine,
    Term,
    carbon,
    embodied,
    making,
    making_total,
    split_use,
)
from impact_tracker.footprint.machine import RAM_DENSITY
from impact_tracker.hostinfo import hardware_of

OLD = Factor(0.625, "GB/cm2", 0.625, 0.625, "UBA 2021")
KWH = 3.6e6


def sheet(kilograms):
    return Impact.of("carbon", "g", [Term(1000.0, ((Factor.stated(kilograms, "kg", "sheet"), 1),))], "modelled")


def test_blooms_servers_and_cards():
    life = Allocation.fixed(6, 0.85)
    assert embodied(sheet(2500), 1.0, life).value == pytest.approx(55.9585, abs=5e-5)
    assert embodied(sheet(2500), 1_082_990 / 8, life).value / 1e6 == pytest.approx(7.5753, abs=5e-5)
    assert embodied(sheet(150), 1.0, life).value == pytest.approx(3.35751, abs=5e-6)
    assert embodied(sheet(150), 1_082_990, life).value / 1e6 == pytest.approx(3.6361, abs=5e-5)


def test_the_share_is_hours_over_the_hours_of_use_of_a_life():
    for hours, years, used, reserved in ((1.0, 6.0, 0.85, 1.0), (48.0, 4.0, 1.0, 0.25), (0.0, 3.0, 0.4, 0.5)):
        share = embodied(sheet(1000), hours, Allocation.fixed(years, used, reserved)).value / 1e6
        assert share == pytest.approx(hours / (years * 8760 * used) * reserved, rel=1e-12)


def test_blooms_dynamic_and_idle_carbon():
    grid = Factor.stated(57.0, "g/kWh", "France")
    assert carbon(433_196 * KWH, intensity=grid).value / 1000 == pytest.approx(24_692.17, abs=0.005)
    assert carbon(256_646 * KWH, intensity=grid).value / 1000 == pytest.approx(14_628.8, abs=0.05)


def test_an_hour_of_a_machine_as_sci_has_it():
    assert embodied(sheet(1000), 1.0, Allocation.fixed(4)).value == pytest.approx(28.54, abs=0.005)


def test_an_a100_by_components():
    card = Machine(cpus=0, gpus=1, gpu_die_cm2=8.26, gpu_memory_gb=80, psus=0, chassis="none", ram_density=OLD)
    assert making(card, "carbon", "components")["gpu"].value / 1000 == pytest.approx(330.06, abs=0.005)
    assert making(card, "primary_energy")["gpu"].value == pytest.approx(3943, abs=0.5)
    assert making(card, "adp")["gpu"].value == pytest.approx(0.02683, abs=5e-6)


def test_cards_come_from_one_model_and_a_makers_sheet_stands_beside():
    h100, h200 = (making(Machine(gpus=1, gpu_model=f"NVIDIA {name}"))["gpu"] for name in ("H100 SXM5", "H200"))
    assert 1 < h200.value / h100.value < 2.5 and "164 kg" in h100.note and h100.low / 1000 <= 164


def test_a_makers_sheet_is_the_best_value_where_it_is_asked_for_and_the_range_holds_the_models():
    h100 = making(Machine(gpus=1, gpu_model="NVIDIA H100 SXM5"), cards="published")["gpu"]
    assert h100.value / 1000 == pytest.approx(1312 / 8) and h100.high / 1000 >= 575.2
    a100 = constant("gpu_embodied", "NVIDIA A100 SXM4 80GB")
    assert a100.low <= 127.6 and a100.high >= 330


def card_alone(name, indicator="carbon", **parts):
    return making(Machine(cpus=0, gpus=1, gpu_model=name, psus=0, chassis="none", **parts), indicator)["gpu"]


def test_a_card_that_no_table_holds_has_the_range_over_all_cards():
    unknown = card_alone("NVIDIA RTX 9999")
    assert "RTX 9999" in unknown.note and "all cards" in unknown.note
    for known in ("NVIDIA L4", "NVIDIA GeForce RTX 3090", "NVIDIA B300"):
        assert unknown.low < card_alone(known).value < unknown.high


def test_a_card_that_is_described_is_made_of_what_was_described():
    small, large = (card_alone(None, gpu_die_cm2=8.26, gpu_memory_gb=gb) for gb in (40, 80))
    assert 0 < small.value < large.value < 4e5


# What Boavizta's component model says of a card: kg CO2e, MJ, kg Sb (boaviztapi 2.5.0).
BOAVIZTA = {
    "NVIDIA H100 80GB HBM3": (575, 7912, 0.00583),
    "NVIDIA H200": (1067, None, None),
    "NVIDIA B200": (1415, None, None),
    "AMD Instinct MI300X": (1497, None, None),
    "Tesla V100-SXM2-32GB": (290, None, None),
    "NVIDIA A100-SXM4-40GB": (317, 4299, 0.00375),
    "NVIDIA L4": (123, 1683, 0.00136),
    "NVIDIA RTX A4500": (171, 2405, 0.00437),
}


@pytest.mark.parametrize("name", BOAVIZTA)
def test_the_range_of_a_card_holds_the_component_model(name):
    for indicator, published in zip(("carbon", "primary_energy", "adp"), BOAVIZTA[name]):
        made, scale = card_alone(name, indicator), 1000 if indicator == "carbon" else 1
        if published is not None:
            assert made.low / scale <= published <= made.high / scale
            assert indicator != "primary_energy" or published / 1.25 < made.value < published * 1.25


def test_unlike_cards_are_made_one_by_one_and_a_slice_is_a_share():
    hardware = hardware_of({"host": {"physical_cores": 8, "gpus": [{"name": "2 x NVIDIA L4"}, {"name": "Tesla T4"}]}})
    machine = Machine.of_hardware(hardware)
    assert machine.gpus == 3
    apart = 2 * card_alone("NVIDIA L4", "adp").value + card_alone("Tesla T4", "adp").value
    assert making(machine, "adp")["gpu"].value == pytest.approx(apart)
    seventh = card_alone("NVIDIA H100 80GB HBM3 MIG 1g.10gb", "adp").value
    assert seventh == pytest.approx(card_alone("NVIDIA H100 80GB HBM3", "adp").value / 7)


def test_the_range_of_memory_is_that_of_its_density():
    ram = making(Machine(ram_gb=64))["ram"]
    new, old = (64 / d * 2.2 + 5.22 for d in (RAM_DENSITY.high, RAM_DENSITY.low))
    assert ram.low / 1000 < new < ram.value / 1000 < old < ram.high / 1000


def test_parts_add_up_and_blades_have_no_depletion():
    machine = Machine(cpus=2, cpu_cores=32, ram_gb=512, ram_modules=16, ssd_gb=2000, ssds=2, hdds=1, gpus=4)
    for indicator in ("carbon", "primary_energy", "adp"):
        parts = making(machine, indicator)
        assert set(parts) == {"cpu", "ram", "ssd", "hdd", "gpu", "other"}
        assert making_total(machine, indicator).value == pytest.approx(sum(p.value for p in parts.values()))
    blade = making(Machine(chassis="blade"), "adp")["other"]
    assert blade.partial and "blade" in blade.note


@pytest.mark.parametrize("wrong", [{"cpus": -1}, {"chassis": "tower"}, {"ram_gb": float("nan")}])
def test_impossible_machines(wrong):
    with pytest.raises(FactorError):
        Machine(**wrong)


def test_allocation_has_a_range_and_limits():
    share = embodied(sheet(1000), 100.0)
    assert share.low < share.value < share.high
    assert share.low == pytest.approx(1e6 * 100 / 8760 / 6) and share.high == pytest.approx(1e6 * 100 / 8760 / 3 / 0.4)
    assert embodied(sheet(1000), 100.0, Allocation.fixed(4, reserved=1, total=8)).value == pytest.approx(
        1e6 * 100 / 35040 / 8
    )
    for wrong in ((0, 1.0), (4, 0.0), (4, 1.1)):
        with pytest.raises(FactorError):
            Allocation.fixed(*wrong)
    with pytest.raises(FactorError):
        Allocation.fixed(4, reserved=9, total=8)
    with pytest.raises(ValueError, match="hours"):
        embodied(sheet(1), -1.0)


def test_dynamic_idle_and_infrastructure_add_up():
    grid = Factor.stated(57.0, "g/kWh", "France")
    parts = split_use(173 * KWH, 64 * KWH, 200 / 173, grid)
    assert [round(parts[p].value / 57) for p in ("dynamic", "idle", "infrastructure")] == [109, 64, 27]
    assert sum(p.value for p in parts.values()) == pytest.approx(carbon(173 * KWH, 200 / 173, intensity=grid).value)
    wide = split_use((100 * KWH, 173 * KWH, 200 * KWH), None, 1.2, Factor(57.0, "g/kWh", 10.0, 200.0, "x"))
    assert wide["infrastructure"].low == pytest.approx(100 * 0.2 * 10)
    unknown = split_use(173 * KWH, None, 1.2, grid)
    assert unknown["idle"].value is None and unknown["dynamic"].value == pytest.approx(173 * 57)
    assert split_use(None, None, 1.2, grid)["dynamic"].value is None
    with pytest.raises(ValueError, match="idle"):
        split_use(KWH, 2 * KWH, 1.0, grid)


def test_a_virtual_machine_is_charged_its_share_of_a_host():
    host = {"cpu": "AMD EPYC", "cpu_id": "AuthenticAMD 25 17", "logical_cpus": 2, "memory_bytes": 8 * 10**9}
    server, virtual = (Machine.of_hardware(hardware_of({"host": {**host, "virtual": v}})) for v in (False, True))
    made, share = making_total(virtual), virtual.share
    assert made.value < making_total(server).value / 10 and made.low > 0
    assert share.low < share.value == 2 / (2 * 2 * 48) < share.high == 2 / 48 and share.quality == "estimated"
    assert "host is not known" in share.note
    larger = Machine.of_hardware(hardware_of({"host": {**host, "logical_cpus": 4, "virtual": True}}))
    assert making(larger)["cpu"].value == pytest.approx(2 * making(virtual)["cpu"].value)
    assert making(larger)["ram"].value == pytest.approx(making(virtual)["ram"].value)

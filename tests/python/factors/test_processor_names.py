"""Processors by the names that systems give them, and by family and model where a virtual machine hides the name."""

import random

import pytest

from impact_tracker.estimators.green_algorithms import core_power
from impact_tracker.factors.hardware import cpu, find_cpu, physical_cores
from impact_tracker.factors.tables import table
from impact_tracker.hostinfo import _cpu_id, hardware_of

SAMPLE = random.Random(13).sample(table("cpus")["rows"] + table("cpus")["green_algorithms"], 60)


@pytest.mark.parametrize(("name", "watts", "cores"), SAMPLE)
def test_every_spelling_of_a_processor_is_the_processor(name, watts, cores):
    bare = name.replace("Intel ", "").replace("AMD ", "")
    spelled = [name, bare, f"{name} @ 2.60GHz", f"{name} {cores}-Core Processor", f"{name} CPU", name.upper()]
    if "Intel Core" in name:
        spelled += [f"12th Gen Intel(R) Core(TM) {bare.replace('Core ', '')} @ 3.60GHz"]
    for text in spelled:
        assert find_cpu(text) == cpu(name), text


@pytest.mark.parametrize(
    ("name", "watts", "cores"),
    [
        ("11th Gen Intel(R) Core(TM) i7-11700K @ 3.60GHz", 125, 8),
        ("12th Gen Intel(R) Core(TM) i9-12900K", 125, 16),
        ("13th Gen Intel(R) Core(TM) i9-13900K", 125, 24),
        ("Intel(R) Core(TM) Ultra 7 155H", 28, 16),
        ("AMD EPYC 7763 64-Core Processor", 280, 64),
        ("AMD FX(tm)-8350 Eight-Core Processor", 125, 8),
        ("Intel(R) Core(TM)2 Quad CPU    Q6600  @ 2.40GHz", 95, 4),
    ],
)
def test_names_as_linux_gives_them(name, watts, cores):
    chip = cpu(name)
    assert (chip.tdp.value, chip.cores, chip.exact) == (watts, cores, True)


@pytest.mark.parametrize(
    ("name", "cores", "estimated"),
    [
        ("AWS Graviton2", 64, True),
        ("Annapurna Labs Graviton4", 96, True),
        ("Google Axion", 96, True),
        ("AMD EPYC 7B13", 64, True),
        ("Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz", 56, True),
        ("Apple M1 Max", 10, True),
        ("Apple M2 with 8‑core CPU", 8, True),
        ("Apple M4 Pro", 14, True),
        ("NVIDIA Grace", 72, False),
        ("Intel(R) Core(TM) Ultra 9 185H", 16, False),
        ("Intel(R) Xeon(R) 6980P", 128, False),
        ("AMD EPYC 9965 192-Core Processor", 192, False),
        ("AMD EPYC Embedded 9354", 32, False),
        ("Intel Xeon Ice Lake 8375C", 32, False),
    ],
)
def test_processors_of_clouds_and_new_ones_have_their_cores(name, cores, estimated):
    chip = cpu(name)
    assert chip.cores == cores and (chip.tdp.quality == "estimated") == estimated
    assert chip.tdp.low <= chip.tdp.value <= chip.tdp.high and (chip.tdp.low < chip.tdp.high or not estimated)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("12th Gen Intel(R) Core(TM) i5-12400F", 58, 65),
        ("13th Gen Intel(R) Core(TM) i7-1365U", 9, 28),
        ("AMD Ryzen 7 6800U with Radeon Graphics", 15, 28),
        ("AMD Ryzen 5 6600HS Creator Edition", None, None),
    ],
)
def test_a_processor_that_no_table_names_has_its_series_range(name, low, high):
    chip = find_cpu(name)
    assert (chip and (chip.tdp.low, chip.tdp.high)) == (low and (low, high))
    assert chip is None or (chip.tdp.quality == "estimated" and chip.cores is None)


@pytest.mark.parametrize("spelled", ["Neoverse-N1", "Intel Xeon Sapphire Rapids", "Xeon Emerald Rapids", "Cortex-A72"])
def test_a_generation_by_its_code_name(spelled):
    assert find_cpu(spelled) is not None and not find_cpu(spelled).exact


def test_every_instance_of_a_cloud_has_a_known_processor_where_it_is_named():
    for cloud in table("instances")["rows"].values():
        for row in cloud:
            assert row[3] is None or find_cpu(row[3]) is not None, row


def test_green_algorithms_processors_all_have_cores():
    for name, watts, cores in table("cpus")["green_algorithms"]:
        assert cpu(name).cores == cores and cpu(name).tdp.value == watts


@pytest.mark.parametrize("spelled", [s for _, _, names in table("cpus")["generations"] for s in names])
def test_a_generation_has_the_range_of_its_parts(spelled):
    chip = find_cpu("", spelled) or find_cpu(spelled)
    assert not chip.exact and chip.tdp.quality == "estimated" and chip.tdp.low <= chip.tdp.value <= chip.tdp.high


def test_a_virtual_machine_that_hides_the_model_takes_its_generations():
    assert find_cpu("AMD EPYC", "AuthenticAMD 25 17").name == "AMD EPYC Genoa"
    assert find_cpu("AMD EPYC").name == "AMD EPYC" and find_cpu("AMD EPYC Processor").name == "AMD EPYC"
    assert find_cpu("Intel Xeon Processor (Skylake, IBRS)").name == "Intel Xeon Skylake or Cascade Lake"
    assert find_cpu("AMD EPYC 7763 64-Core Processor", "AuthenticAMD 25 17").cores == 64
    assert find_cpu("banana") is None and find_cpu("", "GenuineIntel 6 9999") is None and find_cpu(None) is None


def test_the_range_of_a_generation_reaches_the_power_of_a_core():
    per_core, known = core_power("AMD EPYC-Milan Processor"), core_power("AMD EPYC 7763")
    assert per_core.low < per_core.value < per_core.high and per_core.quality == "estimated"
    assert per_core.low < known.low < known.value < known.high < per_core.high  # what a core draws is not exact


def test_where_tables_differ_or_a_laptops_maker_sets_it_power_has_a_range():
    differing, laptop, server = cpu("Core i5-10600K").tdp, cpu("Core i7-10510U").tdp, cpu("AMD EPYC 7763").tdp
    assert differing.low <= 95 < 125 <= differing.high
    assert laptop.low < laptop.value < laptop.high and server.low == server.high


def test_threads_are_not_cores():
    hardware = hardware_of({"host": {"cpu": "11th Gen Intel(R) Core(TM) i7-11700K @ 3.60GHz", "logical_cpus": 16}})
    assert physical_cores(hardware)[0] == 8


def test_maker_family_and_model_are_read():
    assert _cpu_id("vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC\n") == (
        "AuthenticAMD 25 17"
    )
    assert _cpu_id("CPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd0c\n") == "0x41 0xd0c"
    assert _cpu_id("processor: 0\n") is None

"""The other tables: hardware, sites, electricity's other impacts; what is unknown is an error with near names."""

import json

import pytest

from impact_tracker.factors import (
    Factor,
    FactorError,
    UnknownFactorError,
    UnknownZoneError,
    by_zone,
    cloud_region,
    constant,
    cpu,
    firm_years,
    gpu_tdp,
    intensity,
    names,
    pue,
    ram_power,
    wue,
)
from impact_tracker.factors.overrides import KINDS
from impact_tracker.factors.tables import DATA, table

TABLES = sorted(path.stem for path in DATA.glob("*.json"))
ALLOWED = ("CC-BY", "MIT", "public domain", "cited value", "Apache-2.0")


@pytest.mark.parametrize("name", TABLES)
def test_every_source_has_a_licence_that_may_be_bundled(name):
    sources = table(name)["sources"]
    assert sources
    for source in sources.values():
        assert source["source"] and source["licence"].startswith(ALLOWED)
        assert "SA" not in source["licence"] and "ODbL" not in source["licence"]


def test_sources_file_speaks_of_every_table():
    text = (DATA / "SOURCES.md").read_text(encoding="utf-8")
    for name in TABLES:
        assert f"## {name}.json" in text


@pytest.mark.parametrize("kind", sorted(table("constants")["kinds"]))
def test_every_constant_is_a_sound_factor(kind):
    assert table("constants")["kinds"][kind]["unit"] == KINDS[kind]
    for name in names(kind):
        factor = constant(kind, name)
        assert isinstance(factor, Factor) and factor.source and factor.licence


@pytest.mark.parametrize(
    "name",
    [
        "Xeon E5-2683 v4",
        "Intel Xeon E5-2683 v4",
        "Intel(R) Xeon(R) CPU E5-2683 v4 @ 2.10GHz",
        "INTEL XEON E5-2683 V4",
    ],
)
def test_spellings_of_a_processor(name):
    processor = cpu(name)
    assert (processor.tdp.value, processor.cores, processor.tdp_per_core_w) == (120, 16, 7.5)


def test_a_processor_without_known_cores_says_so():
    assert cpu("Intel Xeon E5-2658 v3").cores is None and cpu("Intel Xeon E5-2658 v3").tdp_per_core_w is None


def test_amd_names_as_the_system_writes_them():
    assert cpu("AMD EPYC 7543 32-Core Processor").cores == 32


def test_own_list_of_processors_agrees_with_the_collected_one():
    collected = {row[0].casefold(): row[1] for row in table("cpu_tdp")["rows"]}
    both = [(n, w, collected[n.casefold()]) for n, w, _ in table("cpus")["rows"] if n.casefold() in collected]
    assert len(both) > 150
    assert sum(a == b for _, a, b in both) >= 0.98 * len(both)  # a few collected ones are turbo powers


@pytest.mark.parametrize(
    ("name", "watts"),
    [
        ("NVIDIA A100-SXM4-80GB", 400),
        ("A100 PCIe 40GB", 250),
        ("Tesla T4", 70),
        ("GTX 1080 Ti", 250),
        ("nvidia geforce rtx 3090", 350),
        ("TPU v4", 170),
        ("NVIDIA V100", 300),
        ("NVIDIA L4", 72),
    ],
)
def test_accelerators(name, watts):
    assert gpu_tdp(name).value == watts


def test_unknown_hardware_names_near_matches():
    with pytest.raises(UnknownFactorError, match="E5-2683 v4"):
        cpu("Xeon E5-2683 v44")
    with pytest.raises(UnknownFactorError, match="A100"):
        gpu_tdp("NVIDIA A1000 SXM 80")


def test_memory_and_sites():
    assert ram_power().value == 0.3725 and ram_power().unit == "W/GB"
    assert pue().value == 1.56 and pue("uptime 2019").value == 1.67 and pue("GCP").value == 1.12
    assert wue("gcp").value == 0.99
    with pytest.raises(UnknownFactorError):
        wue("aws")


def test_cloud_regions():
    region = cloud_region("aws", "eu-north-1")
    assert (region.pue.value, region.wue.value, region.intensity) == (1.1, 0.02, intensity("SE-SE3"))
    assert region.marginal.value == 791.26 and region.marginal.method.startswith("marginal")
    paris = cloud_region("azure", "francecentral")
    assert paris.intensity == intensity("FR") and paris.pue.value == 1.12 and paris.wue is None
    assert cloud_region("GCP", "europe-west9").zone == "FRA"
    with pytest.raises(UnknownFactorError, match="eu-north-1"):
        cloud_region("aws", "eu-north-11")
    with pytest.raises(UnknownFactorError, match="azure"):
        cloud_region("asure", "francecentral")


def test_regions_of_their_own_pue_and_water():
    own = [cloud_region(*row[:2]) for row in table("cloud_regions")["rows"] if "pue" in row[4]]
    assert len(own) >= 40 and all(1.0 < region.pue.value < 1.6 and region.pue.year for region in own)
    assert (
        cloud_region("aws", "ap-southeast-3").wue.value == 2.75
        and "Amazon" in cloud_region("aws", "us-west-2").pue.source
    )
    assert cloud_region("aws", "eu-west-3").wue is None  # never the provider's average under a region's name
    assert cloud_region("gcp", "asia-east1").published.method.startswith("direct, consumption")


def test_what_large_firms_publish():
    water = firm_years("water_l", "Microsoft")
    assert [row.year for row in water] == list(range(2017, 2022)) and water[-1].value == 4.478e9
    assert all(row.scope and row.source and row.licence for row in firm_years())
    with pytest.raises(FactorError, match="Did you mean carbon_t"):
        firm_years("carbon_tt")
    with pytest.raises(FactorError, match="Known are"):
        firm_years(firm="Umbrella")


def test_every_cloud_region_can_be_weighed():
    for provider, region, *_ in table("cloud_regions")["rows"]:
        factors = cloud_region(provider, region)
        assert factors.intensity.unit == "g/kWh" and factors.pue.value >= 1


def test_states_of_the_usa_are_raised_to_the_life_cycle():
    california, direct = intensity("US-CA"), 394.769 * 0.45359237
    assert california.value == pytest.approx(direct * 1.07 + 20, abs=1e-2)
    assert california.method == intensity("US").method and f"{direct:.4g} g/kWh of direct" in california.note
    with pytest.raises(UnknownZoneError, match="US-CA"):
        intensity("US-CX")


def test_an_impact_nobody_published_is_an_error_with_its_reason():
    assert by_zone("adp", "FRA").value == 4.858e-8
    with pytest.raises(UnknownFactorError, match="WORLD"):
        by_zone("aware", "WORLD")  # scarcity belongs to a place
    with pytest.raises(FactorError, match="primary_energy"):
        by_zone("primary_enrgy", "FRA")


def test_tables_are_json_a_person_can_diff():
    for name in TABLES:
        text = (DATA / f"{name}.json").read_text(encoding="utf-8")
        assert json.loads(text) and max(len(line) for line in text.splitlines()) < 400

"""Cloud instances by their type: their share of a host, memory and cards, in every spelling; an unknown one is an
error with near names."""

import random

import pytest

from impact_tracker.factors import UnknownFactorError
from impact_tracker.factors.cards import find_card
from impact_tracker.factors.instance_rules import ruled
from impact_tracker.factors.instances import find_instance, instance, instance_names
from impact_tracker.footprint import Machine, making
from impact_tracker.hostinfo import hardware_of

SAMPLE = random.Random(1409).sample(instance_names(), 150)


@pytest.mark.parametrize("name", SAMPLE)
def test_every_type_has_a_share_of_a_host_and_can_be_made(name):
    known = instance(name)
    assert 0 < known.share.low <= known.share.value <= known.share.high <= 1
    machine = Machine.of_instance(known)
    for indicator in ("carbon", "primary_energy", "adp"):
        parts = making(machine, indicator)
        assert all(part.value is not None and part.value > 0 for part in parts.values())
    assert 0 < known.core_watts(0).value < known.core_watts(1).value < 15


@pytest.mark.parametrize("name", SAMPLE)
def test_every_spelling_of_a_type_is_the_type(name):
    known = instance(name)
    provider, _, bare = name.partition(":")
    spellings = [name.upper(), name.replace(":", "/"), f" {name} ", f"{provider}:{bare.replace(' ', '_')}"]
    spellings += [f"azure:Standard_{bare.replace(' ', '_')}"] if provider == "azure" else []
    for spelled in spellings:
        assert find_instance(spelled) == known, spelled


def test_every_card_of_an_instance_is_a_known_card():
    for name in instance_names():
        known = instance(name)
        assert known.card is None or find_card(known.card) is not None, name
        assert (known.card is None) == (not known.cards), name


@pytest.mark.parametrize(
    ("name", "vcpus", "memory_gib", "cards", "card"),
    [
        ("aws:p4d.24xlarge", 96, 1152, 8, "NVIDIA A100 SXM4 40GB"),
        ("aws:p5.48xlarge", 192, 2048, 8, "NVIDIA H100 SXM5 80GB"),
        ("aws:g5.xlarge", 4, 16, 1, "NVIDIA A10G 24GB"),
        ("aws:trn1.32xlarge", 128, 512, 16, "AWS Trainium 32GB"),
        ("azure:Standard_ND96isr_H100_v5", 96, 1900, 8, "NVIDIA H100 SXM5 80GB"),
        ("azure:Standard_NC6s_v3", 6, 112, 1, "NVIDIA Tesla V100 PCIe 16GB"),
        ("gcp:a2-highgpu-8g", 96, 680, 8, "NVIDIA A100 SXM4 40GB"),
        ("gcp:g2-standard-24", 24, 96, 2, "NVIDIA L4 24GB"),
        ("aws:g6e.12xlarge", 48, 384, 4, "NVIDIA L40S 48GB"),
        ("gcp:n1-standard-8", 8, 30, 0, None),
        ("gcp:c3d-highmem-30-lssd", 30, 240, 0, None),
        ("gcp:m1-megamem-96", 96, 1433.6, 0, None),
        ("gcp:e2-small", 0.5, 2, 0, None),
        ("aws:cache.t2.micro", 1, 1, 0, None),
        ("aws:m5.large.elasticsearch", 2, 8, 0, None),
        ("aws:ml.g5.xlarge", 4, 16, 1, "NVIDIA A10G 24GB"),
        ("aws:c6i.metal", 128, 256, 0, None),
        ("azure:Standard_M64", 64, 1024, 0, None),
        ("m5.large", 2, 8, 0, None),
    ],
)
def test_types_as_their_clouds_describe_them(name, vcpus, memory_gib, cards, card):
    known = instance(name)
    assert (known.vcpus, known.memory_gib, known.cards, known.card) == (vcpus, memory_gib, cards, card)


@pytest.mark.parametrize(
    ("name", "vcpus", "memory_gib", "architecture"),
    [
        ("aws:m9i.2xlarge", 8, 32, None),
        ("aws:c8in.24xlarge", 96, 192, "Granite Rapids"),
        ("aws:r8gx.large", 2, 16, "Graviton4"),
        ("azure:Standard_D8as_v5", 8, 32, "EPYC 3rd Gen"),
        ("azure:Standard_E4s_v6", 4, 32, "Emerald Rapids"),
        ("azure:D4ls_v5", 4, 8, "Ice Lake"),
        ("aws:m7i.large", 2, 8, "Sapphire Rapids"),
        ("aws:i8g.4xlarge", 16, 128, "Graviton4"),
        ("aws:i7ie.2xlarge", 8, 64, None),
    ],
)
def test_a_type_that_no_table_has_is_read_by_its_clouds_rule(name, vcpus, memory_gib, architecture):
    known = instance(name)
    assert (known.vcpus, known.memory_gib, known.architecture) == (vcpus, memory_gib, architecture)
    assert known.share.quality == "estimated" and known.share.low < known.share.value <= known.share.high


def test_the_rules_of_names_agree_with_the_tables():
    names = [name for name in instance_names() if "metal" not in name]
    compared = agreed = 0
    for name in names:
        known = instance(name)
        bare = known.name.casefold() if known.provider == "aws" else known.name.casefold().replace(" ", "")
        rule = ruled(known.provider, bare)
        if rule is not None and not known.cards:
            compared += 1
            agreed += rule.vcpus == known.vcpus and abs(rule.memory_gib - known.memory_gib) <= 0.15 * known.memory_gib
    assert compared > 500 and agreed >= 0.96 * compared, (compared, agreed)


def test_an_unknown_type_is_an_error_with_near_names():
    with pytest.raises(UnknownFactorError, match=r"aws:p4d\.24xlarge"):
        instance("aws:p4d.24xlarg")
    with pytest.raises(UnknownFactorError, match="aws, azure, gcp"):
        instance("banana:m5.large")
    for slip in ("aws:m5.3xlarge", "azure:Standard_D3s_v3", "gcp:n1-standard-5"):
        with pytest.raises(UnknownFactorError, match="Did you mean"):
            instance(slip)
    with pytest.raises(UnknownFactorError) as error:
        instance("banana")
    assert "Did you mean" not in str(error.value)


def test_a_type_that_runs_on_several_processors_draws_what_they_draw():
    several = instance("aws:c5.large")
    assert several.architecture == "Cascade Lake or Skylake"
    watts = several.core_watts(1.0)
    assert watts.low < 3.97 < watts.high and watts.low < 4.26 < watts.high and watts.quality == "modelled"
    assert instance("aws:m7i.large").core_watts(1.0).quality == "estimated"  # no watts of its processor are known


def test_the_whole_host_is_a_type_of_the_family_or_its_size_is_estimated():
    assert instance("aws:c6g.large").share.quality == "modelled"
    assert instance("aws:r3.large").share.quality == "estimated"


def test_types_of_one_host_add_up_to_it():
    small, large = (Machine.of_instance(instance(f"aws:m5.{size}")) for size in ("large", "24xlarge"))
    for part in ("cpu", "ram", "other"):
        assert 48 * making(small)[part].value == pytest.approx(making(large)[part].value)


def test_the_type_that_a_clouds_firmware_names_is_the_machine():
    host = {"cpu": "Intel(R) Xeon(R) Platinum 8175M CPU @ 2.50GHz", "logical_cpus": 2, "virtual": True}
    told = Machine.of_hardware(hardware_of({"host": {**host, "product": "m5.large"}}))
    assert told == Machine.of_instance(instance("aws:m5.large"))
    for other in ("ThinkSystem", "F16", "G3", "n1-standard-1", "PowerEdge R740"):  # a board, whatever a cloud calls so
        share = Machine.of_hardware(hardware_of({"host": {**host, "product": other}})).share
        assert "the host is not known" in share.note


def test_local_disks_are_in_the_making_or_said_not_to_be():
    drawn = random.Random(14).sample([name for name in instance_names("aws") if instance(name).disks], 40)
    for name in drawn:
        known = instance(name)
        made, disks = making(Machine.of_instance(known)), known.disks
        assert made["hdd" if disks.spin else "ssd"].value > 0 and not known.has_unknown_disks
        assert 1 <= disks.pieces <= 24 and 1 <= disks.gb <= 14_000
    slices, entire = (
        making(Machine.of_instance(instance(f"aws:m5d.{size}")))["ssd"].value for size in ("large", "metal")
    )
    assert 20 < entire / slices < 60  # 48 times the virtual cores, and 48 times the gigabytes
    for name in ("aws:m7gd.large", "azure:Standard_D4ds_v5", "azure:Standard_L8s_v2", "gcp:c3-standard-4-lssd"):
        share = Machine.of_instance(instance(name)).share
        assert "its local disks are not known and not in it" in share.note
        assert "local disks" not in (Machine.of_instance(instance(name), ssd_gb=200.0).share.note or "")
    for name in ("aws:m5.large", "azure:Standard_D4s_v3", "gcp:n2-standard-4", "aws:t3.micro"):
        known = instance(name)
        assert known.disks is None and not known.has_unknown_disks


@pytest.mark.parametrize("cloud", ["gcp", "azure"])
def test_a_cloud_that_does_not_name_the_type_says_which_it_may_be(cloud):
    """Of each type drawn the system sees a few per cent less memory, and its name stands among those alike."""
    names = [known for known in instance_names(cloud) if instance(known).vcpus >= 1]
    for name in random.Random(14).sample(names, 25):
        drawn = instance(name)
        host = {"cpu": "Intel(R) Xeon(R) CPU @ 2.20GHz", "logical_cpus": int(drawn.vcpus), "virtual": True}
        seen = int(drawn.memory_gib * 2**30 * 0.97)
        told = Machine.of_hardware(hardware_of({"host": {**host, "cloud": cloud, "memory_bytes": seen}}))
        assert f"--instance {cloud}:TYPE" in told.share.note and told.share.quality == "estimated"
        assert drawn.name in told.share.note or " more; name it" in told.share.note
    odd = Machine.of_hardware(hardware_of({"host": {**host, "cloud": cloud, "memory_bytes": 777 * 10**6}}))
    assert "does not name the type: name it with" in odd.share.note
    other = Machine.of_hardware(hardware_of({"host": {**host, "cloud": "hetzner"}}))
    assert "hetzner's firmware does not name the type" in other.share.note and "--instance" not in other.share.note


def test_a_clouds_own_name_of_a_machine_is_no_other_clouds_type():
    host = {"cpu": "AMD EPYC", "cpu_id": "AuthenticAMD 25 17", "logical_cpus": 2, "virtual": True}
    told = Machine.of_hardware(hardware_of({"host": {**host, "cloud": "alibaba", "product": "m5.large"}}))
    assert told.share.quality == "estimated" and "the host is not known" in told.share.note


def test_a_container_is_charged_what_it_has_reserved():
    host = {"cpu": "AMD EPYC 7763 64-Core Processor", "physical_cores": 128, "logical_cpus": 256, "sockets": 2}
    host["memory_bytes"] = 512 * 10**9
    entire = Machine.of_hardware(hardware_of({"host": host}))
    part = Machine.of_hardware(
        hardware_of({"host": {**host, "reserved_cpus": 64, "reserved_memory_bytes": 64 * 10**9}})
    )
    assert part.share.value == 0.25 and part.ram_gb == 64 and entire.share is None and entire.ram_gb == 512
    assert making(part)["cpu"].value == pytest.approx(making(entire)["cpu"].value / 4)
    unlimited = Machine.of_hardware(hardware_of({"host": {**host, "reserved_cpus": 64}}))
    assert unlimited.ram_gb == 128  # as much of the memory as of the processors


def test_a_virtual_machine_with_limits_is_charged_the_limits():
    host = {"cpu": "AMD EPYC", "cpu_id": "AuthenticAMD 25 17", "logical_cpus": 32, "virtual": True}
    all_of_it, part = (
        Machine.of_hardware(hardware_of({"host": {**host, **limits}})) for limits in ({}, {"reserved_cpus": 8})
    )
    assert part.share.value == pytest.approx(all_of_it.share.value / 4)

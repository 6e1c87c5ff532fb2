"""Cards by every spelling of drivers, schedulers and trackers: one card each; a name that no table holds is never
another."""

import random
import string

import pytest

from impact_tracker.factors import UnknownFactorError, card, card_names, gpu_tdp, use_overrides
from impact_tracker.factors.cards import any_card, find_card, split_cards

RANDOM = random.Random(14)


def spellings(name):
    """How NVML, lspci, Slurm and people write the name of a table."""
    maker, _, rest = name.partition(" ")
    yield from (name, rest, name.upper(), name.lower(), name.replace(" ", "-"), name.replace(" ", "_"))
    yield f"{name} GPU"
    yield f"{maker}(R) {rest}"
    yield f"01:00.0 3D controller: {maker} Corporation GX100 [{rest}] (rev a1)"
    yield name.replace("GB", " GB")


@pytest.mark.parametrize("name", sorted(card_names()))
def test_every_spelling_of_a_card_is_the_card(name):
    for spelled in spellings(name):
        assert find_card(spelled) == card(name), spelled


@pytest.mark.parametrize(
    ("driver", "table"),
    [
        ("NVIDIA H100 80GB HBM3", "NVIDIA H100 SXM5 80GB"),
        ("NVIDIA H100 PCIe", "NVIDIA H100 PCIe 80GB"),
        ("NVIDIA H100 NVL", "NVIDIA H100 NVL 94GB"),
        ("NVIDIA H200", "NVIDIA H200 SXM 141GB"),
        ("NVIDIA GH200 480GB", "NVIDIA GH200 96GB"),
        ("NVIDIA B200", "NVIDIA B200 180GB"),
        ("NVIDIA A100-SXM4-80GB", "NVIDIA A100 SXM4 80GB"),
        ("NVIDIA A100-PCIE-40GB", "NVIDIA A100 PCIe 40GB"),
        ("A100-SXM-80GB", "NVIDIA A100 SXM4 80GB"),
        ("Tesla V100-SXM2-32GB", "NVIDIA Tesla V100 SXM2 32GB"),
        ("Tesla V100-SXM3-32GB", "NVIDIA Tesla V100 SXM3 32GB"),
        ("Tesla P100-PCIE-16GB", "NVIDIA Tesla P100 PCIe 16GB"),
        ("NVIDIA RTX 6000 Ada Generation", "NVIDIA RTX 6000 Ada Generation 48GB"),
        ("Quadro RTX 6000", "NVIDIA Quadro RTX 6000 24GB"),
        ("NVIDIA RTX A6000", "NVIDIA RTX A6000 48GB"),
        ("nvidia_geforce_rtx_2080_ti", "NVIDIA GeForce RTX 2080 Ti 11GB"),
        ("RTX3090", "NVIDIA GeForce RTX 3090 24GB"),
        ("NVIDIA Jetson AGX Orin Developer Kit", "NVIDIA Jetson AGX Orin 64GB"),
        ("Orin (nvgpu)", "NVIDIA Jetson AGX Orin 64GB"),
        ("AMD Instinct MI300X", "AMD Instinct MI300X 192GB"),
        ("Advanced Micro Devices, Inc. [AMD/ATI] Aqua Vanjaram [Instinct MI300X]", "AMD Instinct MI300X 192GB"),
        ("Intel(R) Data Center GPU Max 1550", "Intel Data Center GPU Max 1550 128GB"),
        ("3b:00.0 3D controller [0302]: NVIDIA Corporation GB100 [B200] [10de:2901] (rev a1)", "NVIDIA B200 180GB"),
        ("NVIDIA GeForce RTX 3080 Laptop GPU", "NVIDIA GeForce RTX 3080 Laptop GPU 8GB"),
        ("NVIDIA GeForce RTX 2080 with Max-Q Design", "NVIDIA GeForce RTX 2080 Laptop GPU 8GB"),
        ("NVIDIA Corporation AD104M [GeForce RTX 4080 Max-Q / Mobile]", "NVIDIA GeForce RTX 4080 Laptop GPU 12GB"),
        ("AMD INSTINCT MI250 (MCM) OAM AC MBA", "AMD Instinct MI250 128GB"),
        ("AMD Instinct MI300X OAM", "AMD Instinct MI300X 192GB"),
        ("AMD Instinct MI300X VF", "AMD Instinct MI300X 192GB"),
        ("Navi 31 [Radeon RX 7900 XT/7900 XTX/7900 GRE/7900M]", "AMD Radeon RX 7900 XT 20GB"),
        ("Intel(R) Arc(TM) A770 Graphics", "Intel Arc A770 16GB"),
        ("Intel Corporation Battlemage G21 [Arc B580]", "Intel Arc B580 12GB"),
        ("Habana Labs Ltd. Gaudi2 AI Training Accelerator", "Intel Gaudi 2 96GB"),
        ("HL-205", "Intel Gaudi 32GB"),
        ("HL-225", "Intel Gaudi 2 96GB"),
        ("HL-225B", "Intel Gaudi 2 96GB"),
        ("HL-225C", "Intel Gaudi 2 96GB"),
        ("HL-225H", "Intel Gaudi 2 96GB"),
        ("Habana Labs HL-225H", "Intel Gaudi 2 96GB"),
        ("hl_225d", "Intel Gaudi 2D 96GB"),
        ("HL-325L", "Intel Gaudi 3 128GB"),
        ("HL-335", "Intel Gaudi 3 128GB"),
        ("HL-338", "Intel Gaudi 3 PCIe 128GB"),
        ("HL-328", "Intel Gaudi 3 HL-328 128GB"),
        ("HL-388", "Intel Gaudi 3 HL-388 PCIe 128GB"),
        ("Amazon.com, Inc. NeuronDevice (Trainium2)", "AWS Trainium2 96GB"),
        ("TPU v5 lite", "Google TPU v5e 16GB"),
        ("2080ti", "NVIDIA GeForce RTX 2080 Ti 11GB"),
        ("rtx8000", "NVIDIA Quadro RTX 8000 48GB"),
        ("titanrtx", "NVIDIA TITAN RTX 24GB"),
    ],
)
def test_names_that_drivers_say(driver, table):
    assert card(driver).name == table


def test_a_card_has_area_memory_and_power_with_range_and_source():
    for name in card_names():
        known = card(name)
        assert known.memory.value > 0 and known.memory_kind in ("HBM", "GDDR") and known.memory.source
        assert known.power is None or known.power.low <= known.power.value <= known.power.high
        assert known.die is None or known.die.low < known.die.value < known.die.high


def test_unknown_words_never_resolve():
    words = ["banana", "", "GPU", "NVIDIA", "Tesla", "80GB", "NVIDIA A100 60GB", "AMD A100", "MIG 1g.10gb"]
    words += ["NVIDIA H1000", "NVIDIA A1000 SXM 80", "A100 SXM5", "MI300", "RTX 6000 Ada Laptop", "H100 or better"]
    words += ["".join(RANDOM.choices(string.ascii_letters + " -_", k=RANDOM.randrange(2, 25))) for _ in range(2000)]
    for name in words:
        assert find_card(name) is None, name
    with pytest.raises(UnknownFactorError, match="A100"):
        card("NVIDIA A1000 SXM 80")


def test_a_name_that_leaves_the_memory_open_has_the_range_over_it():
    a100 = card("NVIDIA A100")
    assert (a100.memory.low, a100.memory.high) == (40, 80) and (a100.power.low, a100.power.high) == (250, 440)
    assert "A100 PCIe 40GB" in a100.note and not card("NVIDIA L4").note


@pytest.mark.parametrize(
    ("profile", "name", "share"),
    [
        ("GRID A100D-20C", "NVIDIA A100 PCIe 80GB", 0.25),
        ("NVIDIA A40-12Q", "NVIDIA A40 48GB", 0.25),
        ("NVIDIA A16-8Q", "NVIDIA A16 64GB", 0.125),
        ("NVIDIA RTXA6000-24Q", "NVIDIA RTX A6000 48GB", 0.5),
        ("GRID RTX6000-4Q", "NVIDIA Quadro RTX 6000 24GB", 1 / 6),
        ("AMD Instinct MI250X 64GB", "AMD Instinct MI250X 128GB", 0.5),
        ("Tesla K80 12GB", "NVIDIA Tesla K80 24GB", 0.5),
    ],
)
def test_virtual_cards_and_single_devices_are_a_share(profile, name, share):
    assert (card(profile).name, card(profile).share) == (name, pytest.approx(share))


def test_of_a_board_of_several_devices_the_range_begins_at_one():
    k80 = card("Tesla K80")
    assert (k80.power.low, k80.power.value) == (150, 300) and "2 devices" in k80.note


def test_a_card_whose_power_nobody_published_is_an_error_where_power_is_asked():
    assert card("AWS Trainium2").memory.value == 96
    with pytest.raises(UnknownFactorError, match="--tdp-gpu"):
        gpu_tdp("AWS Trainium2")


def test_a_board_of_gaudi_that_nobody_listed_has_near_names():
    for name, near in (("HL-225K", "Gaudi 2"), ("HL-288", "Gaudi"), ("HL-329", "Gaudi 3"), ("HL-215", "Gaudi")):
        assert find_card(name) is None
        with pytest.raises(UnknownFactorError, match=f"Did you mean.* {near}"):
            card(name)
    assert gpu_tdp("HL-338").value == 600 and gpu_tdp("HL-388").value == 450
    with pytest.raises(UnknownFactorError, match="nobody published the power"):
        gpu_tdp("HL-225D")
    assert (card("Intel Gaudi 3").power.low, card("Intel Gaudi 3").power.value) == (600, 900)


def test_near_names_are_of_the_same_kind():
    for name in ("banana", "toaster", "gpu", "my card"):
        with pytest.raises(UnknownFactorError) as error:
            card(name)
        assert "Did you mean" not in str(error.value), name
    with pytest.raises(UnknownFactorError, match="Did you mean NVIDIA GeForce RTX 4090"):
        card("RTX 4091")


@pytest.mark.parametrize("spelled", ["NVIDIA A100-SXM4-40GB MIG 3g.20gb", "a100_sxm4_40gb_3g.20gb"])
def test_slices_are_a_share_of_their_card(spelled):
    part = card(spelled)
    assert part.name == "NVIDIA A100 SXM4 40GB" and part.share == pytest.approx(0.5)
    assert gpu_tdp(spelled).value == pytest.approx(200)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("8 x NVIDIA A100", ("NVIDIA A100",) * 8),
        ("2 × Tesla T4, 1 x NVIDIA L4", ("Tesla T4", "Tesla T4", "NVIDIA L4")),
        ("NVIDIA L4 and Tesla T4", ("NVIDIA L4", "Tesla T4")),
        ("gpu:a100:4(S:0-1)", ("a100",) * 4),
        ("gpu:a100_1g.5gb:2", ("a100 1g.5gb",) * 2),
        ("gres/gpu:h100=2", ("h100", "h100")),
        ("gpu:3", ("", "", "")),
        ("NVIDIA A100 x8", ("NVIDIA A100",) * 8),
        ("NVIDIA A100 (x4)", ("NVIDIA A100",) * 4),
        ("NVIDIA TITAN X (Pascal)", ("NVIDIA TITAN X (Pascal)",)),
        ("", ()),
    ],
)
def test_lists_of_cards_are_taken_apart(text, names):
    assert split_cards(text) == names


def test_a_count_out_of_all_reason_is_refused():
    for text in ("999999 x NVIDIA A100", "60000 x NVIDIA A100 and 60000 x NVIDIA H100"):
        with pytest.raises(ValueError, match="more than 100000 cards"):
            split_cards(text)


def test_the_users_power_wins_in_every_spelling(tmp_path):
    path = tmp_path / "own.json"
    path.write_text('{"gpu_tdp": {"NVIDIA H100 SXM5 80GB": {"value": 650, "unit": "W"}}}', encoding="utf-8")
    try:
        use_overrides(path)
        assert gpu_tdp("NVIDIA H100 80GB HBM3").value == 650
    finally:
        use_overrides(None)


def test_a_card_without_a_name_has_the_range_over_all_cards():
    unnamed = any_card()
    for known in filter(lambda known: known.power, map(card, card_names())):
        assert unnamed.power.low <= known.power.value <= unnamed.power.high
        assert unnamed.memory.low <= known.memory.value <= unnamed.memory.high

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
    ],
)
def test_names_that_drivers_say(driver, table):
    assert card(driver).name == table


def test_a_card_has_area_memory_and_power_with_range_and_source():
    for name in card_names():
        known = card(name)
        assert known.memory.value > 0 and known.memory_kind in ("HBM", "GDDR") and known.power.source
        assert known.power.low <= known.power.value <= known.power.high
        assert known.die is None or known.die.low < known.die.value < known.die.high


def test_unknown_words_never_resolve():
    words = ["banana", "", "GPU", "NVIDIA", "Tesla", "80GB", "NVIDIA A100 60GB", "NVIDIA GeForce RTX 3080 Laptop GPU"]
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
    for known in map(card, card_names()):
        assert unnamed.power.low <= known.power.value <= unnamed.power.high
        assert unnamed.memory.low <= known.memory.value <= unnamed.memory.high

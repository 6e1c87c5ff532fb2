"""Names of cards that nobody chose: the PCI ID Repository's, drawn at random, and spellings that Hypothesis makes. A
decoration never changes the card, and an unknown name is never another card or a card in general."""

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact_tracker.factors import UnknownFactorError, card, card_names
from impact_tracker.factors.cards import find_card, split_cards

PCI_IDS = Path(__file__).parents[2] / "data" / "names" / "pci_ids.tsv"
VENDORS = {
    "10de": ("NVIDIA", "NVIDIA Corporation"),
    "1002": ("AMD", "Advanced Micro Devices, Inc. [AMD/ATI]"),
    "8086": ("Intel", "Intel Corporation"),
    "1da3": ("Intel", "Habana Labs Ltd."),
    "1d0f": ("AWS", "Amazon.com, Inc."),
}
ROWS = [line.split("\t") for line in PCI_IDS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
DRAWN = random.Random(20).sample(ROWS, 200)


def lspci(vendor, device, name):
    return f"0000:3b:00.0 3D controller [0302]: {VENDORS[vendor][1]} {name} [{vendor}:{device}] (rev a1)"


@pytest.mark.parametrize(("vendor", "device", "name"), DRAWN)
def test_a_line_of_lspci_is_its_makers_card_of_that_number_or_none(vendor, device, name):
    known = find_card(lspci(vendor, device, name))
    if known is None:
        with pytest.raises(UnknownFactorError):
            card(lspci(vendor, device, name))
        return
    assert known.name.startswith(VENDORS[vendor][0])
    numbers = re.findall(r"[a-z]*\d{2,}[a-z]*", known.name.casefold().rpartition(" ")[0])
    shown = re.sub(r"[ -]", "", name.casefold())
    assert all(re.search(r"\d+", number)[0] in shown for number in numbers), (known.name, name)


def test_nearly_every_card_of_data_centres_is_known():
    pattern = r"\[(?:Tesla [VPTM]\d+|[AHBL]\d{1,3}\b|GB?H?200|Instinct MI\d+|Data Center GPU (Max 1[15]|Flex))"
    never_sold = re.compile("Tesla T40|PG506|NVL16|H100 GH3|L30|L16|MI350P|SKU|Engineering")  # nobody describes them
    servers = [row for row in ROWS if re.search(pattern, row[2]) and not never_sold.search(row[2])]
    unknown = [row[2] for row in servers if find_card(lspci(*row)) is None]
    assert len(servers) > 50 and len(unknown) <= 0.02 * len(servers), unknown


def test_nearly_every_card_as_resellers_spell_it_is_known():
    lines = (PCI_IDS.parent / "reseller_cards.txt").read_text(encoding="utf-8").splitlines()
    names = [line for line in lines if not line.startswith("#")]
    unknown = [name for name in names if find_card(name) is None]
    assert len(names) > 50 and all(re.search("NVLINK|MEGA", name) for name in unknown), (
        unknown
    )  # forms of resellers alone


def test_most_cards_are_known():
    assert sum(find_card(lspci(*row)) is not None for row in ROWS) >= 0.65 * len(ROWS)


@st.composite
def decorated(draw):
    """A known name and one of its spellings."""
    name = draw(st.sampled_from(card_names()))
    maker, _, rest = name.partition(" ")
    spelled = draw(st.sampled_from([name, rest, f"{maker}(R) {rest}", f"{maker} Corporation {rest}"]))
    spelled = draw(st.sampled_from([spelled, f"{spelled} GPU", f"{spelled} (TM)", f"GX100 [{spelled}] (rev a1)"]))
    spelled = draw(st.sampled_from([spelled, spelled.upper(), spelled.lower(), spelled.title()]))
    spelled = draw(st.sampled_from([spelled, spelled.replace(" ", "_"), spelled.replace(" ", "  ")]))
    return name, draw(st.sampled_from(["", " ", "\t"])) + spelled + draw(st.sampled_from(["", " ", "\n"]))


@settings(max_examples=400, deadline=None)
@given(decorated())
def test_decoration_never_changes_the_card(pair):
    name, spelled = pair
    known = find_card(spelled)
    assert known is not None and known.name == card(name).name, spelled


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(card_names()), st.integers(1, 64))
def test_a_count_is_so_many_of_the_card(name, count):
    for text in (f"{count} x {name}", f"{name} x{count}", f"{name} (x{count})"):
        assert split_cards(text) == (name,) * count


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_a_card_only_by_its_number(text):
    known = find_card(text)
    assert known is None or re.search(r"\d|[IVX]", text), text


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(card_names()), st.sampled_from("0123456789"), st.data())
def test_another_number_is_another_card_or_none(name, digit, data):
    """A digit more in a model's number never gives the same card: 4090 is not 40900."""
    numbers = [match for match in re.finditer(r"\d{3,4}", name) if not name[match.end() :].startswith("GB")]
    if not numbers:
        return
    match = data.draw(st.sampled_from(numbers))
    other = find_card(name[: match.end()] + digit + name[match.end() :])
    assert other is None or other.name != card(name).name

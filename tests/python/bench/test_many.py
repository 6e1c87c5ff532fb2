"""Any number of campaigns beside each other: rates by watt, euro and gram, their intervals, what is not compared."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from impact_tracker.bench import Settings
from impact_tracker.bench.show.comparison import compare
from impact_tracker.bench.show.comparison import page as page_of_two
from impact_tracker.bench.show.many import entries, labels_of, page, rate_of
from impact_tracker.bench.show.view import View
from impact_tracker.budget import read_price
from impact_tracker.cli import main
from python.bench import made

SETTINGS = Settings(suite="ai-benchmark", models=("mobilenet-v2", "vgg-16"), repeats=4)
FACTORS = (1.0, 0.5, 2.0, 1.0)


def campaigns(folder: Path, settings: Settings = SETTINGS) -> list[View]:
    return [
        made.campaign(folder / label, settings, factor=factor, seed=seed, scatter=0.02)
        for seed, (label, factor) in enumerate(zip("abcd", FACTORS))
    ]


def test_every_machine_is_held_against_the_first(tmp_path: Path) -> None:
    views = campaigns(tmp_path)
    price = read_price("0.25 EUR")
    for entry in entries(views, price):
        factor = FACTORS["ABCD".index(entry.campaign)]
        joules = made.joules_of(entry.test) * factor
        for rate, known in (
            (entry.per_j, 1 / joules),
            (entry.per_price, 3.6e6 / joules / 0.25),
            (entry.per_g, 1 / (joules * made.GRAMS_A_JOULE)),
        ):
            assert rate is not None
            assert rate.value == pytest.approx(known, rel=0.06)
        if entry.campaign == "A":
            assert (entry.ratio, entry.differs) == (None, None)
        else:
            assert entry.ratio is not None
            assert entry.ratio.ratio == pytest.approx(factor, rel=0.08)
            assert entry.differs is (factor != 1.0)


def test_rates_hold_the_true_one_and_are_positive() -> None:
    """At a spread of a third and three runs too: 95 % within what 2,000 draws tell."""
    chance = random.Random(11)
    held = 0
    for _ in range(2000):
        rate = rate_of([5.0 * chance.lognormvariate(0.0, 0.3) for _ in range(3)])
        assert rate is not None
        assert rate.low is not None
        assert rate.high is not None
        assert 0 < rate.low <= rate.value <= rate.high
        held += rate.low <= 5.0 <= rate.high
    assert 0.93 <= held / 2000 <= 0.97


def test_machines_that_are_alike_are_not_told_apart(tmp_path: Path) -> None:
    """In 95 % of comparisons at least: a p that is adjusted for all of them."""
    wrong = 0
    for seed in range(8):
        views = [made.campaign(tmp_path / f"{seed}-{k}", SETTINGS, seed=10 * seed + k, scatter=0.1) for k in range(3)]
        wrong += any(entry.differs for entry in entries(views))
    assert wrong <= 2


@pytest.mark.parametrize(
    ("host", "factor", "by", "differs"),
    [
        ("there", 2.0, "tdp/package-0", False),  # ± 69 % of either side is more than the difference
        ("there", 5.0, "tdp/package-0", True),
        ("here", 2.0, "tdp/package-0", True),  # one model on one machine: its error is common to both
        ("there", 2.0, "rapl/package-0", True),
        ("there", 1.1, "rapl/package-0", False),
    ],
)
def test_energies_of_two_machines_differ_by_more_than_their_meters_own_error(
    tmp_path: Path, host: str, factor: float, by: str, differs: bool
) -> None:
    a = made.campaign(tmp_path / "a", SETTINGS, by=by, seed=1, scatter=0.005)
    b = made.campaign(tmp_path / "b", SETTINGS, by=by, seed=2, factor=factor, scatter=0.005, host=host)
    compared = [item for item in compare(a, b) if item.quantity == "j_per_image"]
    others = [entry for entry in entries([a, b]) if entry.campaign == "B"]
    for item in (*compared, *others):
        assert item.p is not None
        assert item.p < 0.05
        assert item.differs is differs
    text = page_of_two(a, b)
    reason = "differs beyond chance and the meters' own error"
    assert (reason in text.headline) is not differs
    for shown in (text, page([a, b])):
        cells = {row[-1] for table in shown.tables for row in table.rows if "not told apart" not in row}
        assert ("not beyond the own error of the sensors and models" in cells) is not differs


def test_other_heads_are_left_out_and_said(tmp_path: Path) -> None:
    """A third campaign with another head shares its tests' names alone."""
    views = campaigns(tmp_path)[:2]
    folder = made.campaign(tmp_path / "z", SETTINGS, seed=9).storage.folder
    rows = folder / "rows.jsonl"
    for path, classes in [(rows, 10), *((view.storage.folder / "rows.jsonl", 1001) for view in views)]:
        path.write_text(path.read_text().replace('"unit":"image"', f'"unit":"image","classes":{classes}'))
    again = [View(view.storage) for view in views]
    third = View(made.Storage(folder))
    shown = page([*again, third])
    assert {entry.campaign for entry in entries([*again, third])} == {"A", "B"}
    assert any(("C" in note and "classes" in note) or "C: " in note for note in shown.caveats)


def test_the_command_takes_any_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [str(view.storage.folder) for view in campaigns(tmp_path)]
    assert main(["bench", "compare", *folders]) == 0
    out = capsys.readouterr().out
    assert "4 campaigns" in out
    assert "images per s and W" in out
    assert main(["bench", "compare", *folders[:2], "--price", "0.2 EUR", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [campaign["label"] for campaign in document["campaigns"]] == ["A", "B"]
    assert {entry["per_price"] is not None for entry in document["entries"]} == {True}
    assert main(["bench", "compare", folders[0]]) == 2
    assert "two campaigns" in capsys.readouterr().err
    assert main(["bench", "compare", *folders, "--price", "0.2"]) == 2


def test_one_run_has_no_interval(tmp_path: Path) -> None:
    single = Settings(suite="ai-benchmark", models=("vgg-16",), repeats=1)
    for entry in entries(campaigns(tmp_path, single)):
        assert entry.differs is None
        assert entry.per_j is not None
        assert entry.per_j.low is None


def test_labels_go_on_after_z() -> None:
    assert labels_of(28)[-3:] == ["Z", "A2", "B2"]

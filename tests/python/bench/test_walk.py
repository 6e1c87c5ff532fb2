"""Everything that a campaign prints, over campaigns that are drawn at random: a difference is claimed of the null in no
more than one draw of twenty, modelled energies say so with their error, one run has no interval, and n stands beside
what is printed."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from impact_tracker.bench import Settings
from impact_tracker.bench.analyse.cells import ratio_text
from impact_tracker.bench.analyse.roof import measured_roof
from impact_tracker.bench.row.roof_run import RoofRun
from impact_tracker.bench.show import comparison, forecast, many, reproduction
from impact_tracker.bench.show.roof import roof_page
from impact_tracker.bench.show.suite_files import suite_text, write_suite
from impact_tracker.bench.show.sweeps import sweep_notes
from impact_tracker.bench.show.table_texts import markdown_page
from impact_tracker.bench.show.view import View
from impact_tracker.values.statistics import MeanRatio, mean_of, ratio_of_extremes
from python.bench.flat import append
from python.bench.made import MODELS, NAKED, campaign, joules_of

pytest.importorskip("scipy")
ORIGIN = re.compile(r"\([^()]*(?:model|TDP)[^()]*\)|[^|\n]*own error[^|\n]*|[^|\n]*(?:TDP|model) [^|\n]*")
DESIGN_POWER, COUNTER = "cpu_model/0", "rapl/0"


def drawn(seed: int) -> tuple[Settings, float, str | None]:
    """What was asked, the spread of runs, and whose model gave the energies."""
    chance = random.Random(seed)
    suite = chance.choice(sorted(MODELS))
    models = tuple(chance.sample(MODELS[suite], chance.choice([1, 2, 4])))
    phase = "both" if models == ("icnet",) else chance.choice(["both", "inference"])
    asked = Settings(suite=suite, mode="work", repeats=chance.randint(1, 10), models=models, phase=phase)
    return asked, chance.uniform(0.02, 0.3), chance.choice([None, None, DESIGN_POWER, COUNTER])


def texts_of(view: View, other: View) -> dict[str, str]:
    """Everything that the console, files and programs get."""
    entries: dict[str, Callable[[], str]] = {
        "page": lambda: markdown_page(view.page()),
        "markdown": lambda: suite_text(view, "markdown"),
        "latex": lambda: suite_text(view, "latex"),
        "csv": lambda: suite_text(view, "csv"),
        "answers": lambda: "\n".join(f"{each.answer} {each.statistic}" for each in view.answers),
        "paper": lambda: markdown_page(reproduction.page(view.cells)),
        "compare": lambda: markdown_page(comparison.page(view, other)),
        "many": lambda: markdown_page(many.page([view, other, view])),
        "forecast": lambda: markdown_page(
            forecast.page(view, forecast.forecasts(view, images=999), images=999, epochs=1)
        ),
        "scores": lambda: view.scores.text() if view.scores else "",
    }
    json.dumps(view.to_dict(), allow_nan=False)
    return {name: entry() for name, entry in entries.items()}


@pytest.mark.parametrize("seed", range(12))
def test_whatever_was_drawn_is_printed_with_its_interval_or_the_words_why_not(seed: int, tmp_path: Path) -> None:
    asked, spread, by = drawn(seed)
    view = campaign(tmp_path / "a", asked, scatter=spread, seed=seed, by=by)
    other = campaign(tmp_path / "b", asked, scatter=spread, seed=seed + 1000, by=by)
    texts = texts_of(view, other)
    for name, text in texts.items():
        assert not NAKED.search(text), (name, NAKED.findall(text))
        if asked.repeats == 1 and name not in ("paper", "latex", "csv"):
            shown = [ORIGIN.sub("", line) for line in text.splitlines() if "95 %" not in line]
            assert not [line for line in shown if "±" in line], name
    if by == DESIGN_POWER:
        answers = [answer.answer for answer in view.answers if "order" not in answer.question]
        headlines = [texts[name].splitlines()[0] for name in ("page", "compare", "many", "forecast")]
        for text in (*answers, *headlines):
            assert "± 69 %" in text and "no sensor" in text, text
        assert "mean power" not in " ".join(f"{a.answer} {a.statistic}" for a in view.answers)


@pytest.mark.parametrize("law", ["gmac", "equal"])
def test_no_difference_is_claimed_of_the_null_in_more_than_one_draw_of_twenty(law: str, tmp_path: Path) -> None:
    """Energies in proportion to multiply-adds leave no ranks to change, and two campaigns of one machine do not differ;
    of networks that all take the same none is the dearest."""
    asked_of, claims = Counter[str](), Counter[str]()
    for seed in range(60):
        asked, spread, _ = drawn(seed)
        if asked.repeats == 1:
            continue
        law_of: Callable[[str], float] = joules_of if law == "gmac" else lambda name: 2.0
        view = campaign(tmp_path / f"a{seed}", asked, scatter=spread, seed=seed, joules=law_of)
        other = campaign(tmp_path / f"b{seed}", asked, scatter=spread, seed=seed + 1000, joules=law_of)
        told: dict[str, bool] = {
            "compare": any(item.differs for item in comparison.compare(view, other)),
            "many": any(item.differs for item in many.entries([view, other])),
        }
        for answer in view.answers:
            if law == "gmac" and "change their order" in answer.question:
                told["order"] = not answer.answer.startswith(("none", "cannot"))
            if law == "equal" and answer.question.startswith(("Do ", "Does ")):
                told["decide"] = told.get("decide", False) or answer.answer.startswith(("yes", "no,"))
        if law == "equal":
            ends = re.findall(r"takes [\d.]+ \(([\d.]+) to [\d.]+\) times", view.page().headline)
            if ends:
                told["headline"] = any(float(low) > 1 for low in ends)
        for name, claimed in told.items():
            asked_of[name] += 1
            claims[name] += claimed
    assert asked_of["compare"] > 40
    for name, count in asked_of.items():
        assert claims[name] <= max(0.05 * count, 1) + 2 * (0.05 * 0.95 * count) ** 0.5, (name, claims[name], count)


def test_the_dearest_of_networks_that_take_the_same_is_no_news() -> None:
    """The two were picked by their energies: the plain interval of their ratio excluded 1 in a fifth of all draws."""
    chance, claimed = random.Random(4), 0
    for _ in range(1000):
        made = [mean_of([chance.gauss(1, 0.1) for _ in range(5)]) for _ in range(6)]
        _, _, ratio = ratio_of_extremes([mean for mean in made if mean is not None])
        assert ratio is not None and ratio.low is not None
        claimed += ratio.low > 1
    assert claimed <= 50


@pytest.mark.parametrize("ends", [(1.0004, 2.5), (0.4, 0.99996), (1.004, 1.9), (1.00002, 1.2)])
def test_a_ratio_beyond_1_is_shown_beyond_1(ends: tuple[float, float]) -> None:
    low, high = ends
    shown = re.fullmatch(r"[\d.]+ \(([\d.]+) to ([\d.]+)\)", ratio_text(MeanRatio((low * high) ** 0.5, low, high)))
    assert shown is not None
    assert (float(shown[1]) > 1) == (low > 1)
    assert (float(shown[2]) < 1) == (high < 1)


def test_figures_of_campaigns_at_random_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for seed in (3, 8, 21):
        asked, spread, by = drawn(seed)
        view = campaign(tmp_path / str(seed), asked, scatter=spread, seed=seed, by=by)
        assert write_suite(view)


def nothing_valid(folder: Path, repeats: int) -> View:
    """A campaign each of whose rows is invalid."""
    made = campaign(folder, Settings(suite="modern", mode="work", repeats=repeats, models=("vit-b16",)))
    with made.storage:
        for row in [row for row in made.rows if row.phase != "idle"]:
            append(
                made.storage,
                {
                    "kind": "row",
                    "task": row.task,
                    "test": row.test,
                    "model": row.model,
                    "title": row.title,
                    "phase": row.phase,
                    "repeat": 1,
                    "attempt": 2,
                    "session": 1,
                    "status": "failed",
                    "reason": "no memory",
                },
            )
    return View(made.storage)


def test_of_no_valid_row_nothing_is_claimed(tmp_path: Path) -> None:
    view = nothing_valid(tmp_path / "a", 2)
    texts = [markdown_page(view.page()), suite_text(view, "markdown"), suite_text(view, "csv")]
    json.dumps(view.to_dict(), allow_nan=False)
    assert not view.answers
    assert not any(NAKED.search(text) for text in texts)
    for refused in (
        lambda: forecast.forecasts(view, images=9),
        lambda: comparison.compare(view, view),
        lambda: many.entries([view, view]),
    ):
        with pytest.raises(ValueError, match=r"nothing|no test|no two"):
            refused()


def roof_runs(repeats: int, modelled: float, bias: float) -> list[RoofRun]:
    def made(work: str, repeat: int) -> RoofRun:
        energy = 50.0 * (1 + 0.01 * repeat)
        amount: dict[str, Any] = {"bytes_per_pass": 1e9} if work in ("triad", "copy") else {"macs_per_pass": 1e9}
        return RoofRun(
            work, repeat, 1, "cpu", "fp32", 2, "x", passes=10, best_pass_s=0.1 * (1 + 0.01 * repeat),
            energy_j=energy, bias_j=bias * energy, modelled_j=modelled * energy,
            quality="modelled" if modelled else "measured", **amount,
        )  # fmt: skip

    return [made(work, repeat) for work in ("triad", "copy", "matmul", "convolution") for repeat in range(repeats)]


@pytest.mark.parametrize("repeats", [1, 3])
def test_a_roof_says_n_and_the_error_of_a_model(repeats: int) -> None:
    modelled, measured = (measured_roof(roof_runs(repeats, *how)) for how in ((1.0, 0.69), (0.0, 0.02)))
    assert modelled is not None and measured is not None
    assert "modelled ± 69 %" in modelled.text and "modelled" not in measured.text
    assert ("over 3 repeats" if repeats == 3 else "one run: no interval") in modelled.text
    page = roof_page(modelled, roof_runs(repeats, 1.0, 0.69))
    assert any("± 69 %" in note and "follow the time" in note for note in page.caveats)
    assert modelled.to_dict()["ceilings"][0]["bias"] == pytest.approx(0.69)  # type: ignore[index]


def test_sweeps_and_forecasts_of_a_model_say_its_error(tmp_path: Path) -> None:
    asked = Settings.from_dict(
        {"suite": "fashion-mnist", "mode": "work", "repeats": 3, "axes": {"batch": [1, 4, 16]}, "models": ["small-cnn"]}
    )
    view = campaign(tmp_path / "a", asked, joules=lambda name: 2.0, by=DESIGN_POWER)
    assert view.sweeps
    assert any("± 69 %" in note for note in sweep_notes(view.sweeps))
    sweep = view.to_dict()["sweeps"][0]  # type: ignore[index]
    assert [place["bias"] for place in sweep["places"]] == pytest.approx([0.69] * 3)
    predicted = forecast.forecasts(view, images=1000)
    page = forecast.page(view, predicted, images=1000, epochs=1)
    assert "± 69 %" in page.headline and any("± 69 %" in note for note in page.caveats)
    (table,) = page.tables
    assert {row[table.columns.index(">from runs")] for row in table.rows} == {"3"}
    assert forecast.to_dict(predicted)[0]["bias"] == pytest.approx(0.69)
    json.dumps(forecast.to_dict(predicted), allow_nan=False)

"""Campaigns drawn at random: no ± 0, no p-value that is not adjusted, two runs flagged, no interval of one run."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from impact_tracker.bench import Settings
from impact_tracker.bench.analyse.cells import TWO_RUNS
from impact_tracker.bench.show import comparison, forecast, many, reproduction
from impact_tracker.bench.show.suite_files import suite_text
from impact_tracker.bench.show.table_texts import markdown_page
from impact_tracker.bench.show.view import View
from impact_tracker.report.page import Page
from python.bench.made import MODELS, NAKED, campaign

pytest.importorskip("scipy")
BARE_P = re.compile(r"\bp (?:< )?0\.\d+(?!\d| among)")


@st.composite
def asked(draw: st.DrawFn) -> tuple[Settings, float, int]:
    suite = draw(st.sampled_from(sorted(MODELS)))
    models = draw(st.lists(st.sampled_from(MODELS[suite]), unique=True, min_size=1, max_size=8))
    repeats, phase = draw(st.integers(1, 4)), draw(st.sampled_from(["both", "inference"]))
    if phase == "inference" and set(models) == {"icnet"} and suite == "modern":
        phase = "both"
    made = Settings(suite=suite, mode="work", repeats=repeats, models=tuple(models), phase=phase)
    return made, draw(st.sampled_from([0.0, 0.02, 0.15])), draw(st.integers(0, 99))


def text_of(page: Page) -> str:
    return markdown_page(page)


def texts(view: View, other: View) -> dict[str, str]:
    """Everything that the console, reports and comparisons print."""
    return {
        "page": text_of(view.page()),
        "tables": suite_text(view, "markdown"),
        "answers": "\n".join(f"{answer.answer} {answer.statistic}" for answer in view.answers),
        "scores": view.scores.text() if view.scores else "",
        "paper": text_of(reproduction.page(view.cells)),
        "compare": text_of(comparison.page(view, other)),
        "many": text_of(many.page([view, other, view])),
        "forecast": text_of(forecast.page(view, forecast.forecasts(view, images=999), images=999, epochs=1)),
    }


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(asked())
def test_what_is_printed_claims_no_more_than_was_measured(drawn: tuple[Settings, float, int]) -> None:
    made, scatter, seed = drawn
    with tempfile.TemporaryDirectory() as folder:
        view = campaign(Path(folder) / "a", made, scatter=scatter, seed=seed)
        other = campaign(Path(folder) / "b", made, scatter=scatter, seed=seed + 1)
        for name, text in texts(view, other).items():
            assert not NAKED.findall(text), name
            if name != "compare" and name != "many":  # whose columns say that p is adjusted
                questions = [match.group() for match in BARE_P.finditer(text) if match.group() != "p < 0.05"]
                asked_once = sum("Spearman" in answer.statistic for answer in view.answers) <= 1
                assert asked_once or not questions, (name, questions)
        flagged = [TWO_RUNS in note for note in view.caveats]
        assert any(flagged) == (made.repeats == 2)
        assert (TWO_RUNS in text_of(comparison.page(view, other))) == (made.repeats == 2)
        assert (TWO_RUNS in text_of(many.page([view, other]))) == (made.repeats == 2)
        if made.repeats == 1:
            for name, text in texts(view, other).items():
                shown = [line for line in text.splitlines() if "ten runs" not in line]
                if name in ("tables", "answers", "scores"):
                    assert not any("±" in line for line in shown), name


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0.01, 1e6), min_size=2, max_size=6), st.floats(1e-9, 1e9))
def test_a_mean_with_its_interval_never_shows_0_for_what_is_not(values: list[float], scale: float) -> None:
    from impact_tracker.bench.analyse.cells import energy_with_interval, with_interval
    from impact_tracker.values.statistics import mean_of

    mean = mean_of(values)
    assert mean is not None
    for text in (with_interval(mean, scale), energy_with_interval(mean)):
        assert not NAKED.search(text), text
        assert re.search(r"[1-9]", text.partition("±")[0]), text

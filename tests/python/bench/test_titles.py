"""Tables and answers name intervals only where runs were repeated, and hold only what the campaign ran."""

from __future__ import annotations

from pathlib import Path

import pytest

from impact_tracker.bench import Settings
from impact_tracker.bench.show.suite_files import suite_tables, suite_text
from impact_tracker.report.page import plain
from python.bench.made import campaign

pytest.importorskip("scipy.stats")


@pytest.mark.parametrize("suite", ["ai-benchmark", "modern"])
def test_one_run_has_no_interval_in_any_title_or_answer(tmp_path: Path, suite: str) -> None:
    view = campaign(tmp_path / "a", Settings(suite=suite, mode="work", repeats=1))
    tables = suite_tables(view)
    assert not any("±" in table.title for table in tables.values())
    assert any("one run" in table.title for table in tables.values())
    assert not any("±" in answer.statistic for answer in view.answers)
    assert "±" not in suite_text(view, "markdown")
    assert "± 95" not in plain(view.page())


def test_runs_that_were_repeated_have_intervals(tmp_path: Path) -> None:
    view = campaign(tmp_path / "a", Settings(suite="ai-benchmark", mode="work", repeats=2, models=("vgg-16", "u-net")))
    tables = suite_tables(view)
    assert tables["table2"].title == "Table 2: inference (± 95 %)"
    assert tables["training"].title == "All training tests (± 95 %)"


def test_only_what_ran_is_in_the_tables(tmp_path: Path) -> None:
    settings = Settings(suite="ai-benchmark", mode="work", repeats=2, models=("vgg-16", "u-net"), phase="inference")
    tables = suite_tables(campaign(tmp_path / "a", settings))
    assert [row[0] for row in tables["table1"].rows] == ["VGG-16"]
    assert tables["table1"].rows[0][-2:] == ("71.5", "224 × 224")
    assert "table3" not in tables
    without = Settings(suite="ai-benchmark", mode="work", repeats=2, models=("u-net",))
    assert not {"table1", "table2", "table3"} & set(suite_tables(campaign(tmp_path / "b", without)))


def test_another_suite_s_tables_are_not_the_study_s(tmp_path: Path) -> None:
    tables = suite_tables(campaign(tmp_path / "a", Settings(suite="modern", mode="work", repeats=2)))
    assert not any(table.title.startswith("Table ") or "study" in table.title for table in tables.values())

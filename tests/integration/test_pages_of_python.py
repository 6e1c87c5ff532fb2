"""A report from Python in one line, and the card that notebooks show."""

from __future__ import annotations

from pathlib import Path

import pytest

from impact_tracker import ImpactTracker, html_report, read_record


def test_a_tracker_and_its_record_make_the_page_that_the_command_makes(tmp_path: Path) -> None:
    with ImpactTracker(tmp_path, zone="FR") as tracker:
        with tracker.region("epoch <1>"):
            pass
        running = tracker.to_html()
    assert running.startswith("<!DOCTYPE html>") and "</html>" in running
    page = tracker.to_html(tmp_path / "pages" / "report.html")
    assert (tmp_path / "pages" / "report.html").read_text(encoding="utf-8") == page
    assert "epoch &lt;1&gt;" in page and "epoch <1>" not in page
    assert page == read_record(tmp_path).to_html() == html_report([tmp_path])


def test_a_notebook_shows_a_card_of_a_tracker_and_a_record(tmp_path: Path) -> None:
    tracker = ImpactTracker(tmp_path)
    assert tracker._repr_html_() is None
    with tracker:
        pass
    card = tracker._repr_html_()
    assert card is not None and card.startswith("<div") and card == tracker.result._repr_html_()  # type: ignore[union-attr]
    assert read_record(tmp_path)._repr_html_().startswith("<div")


def test_a_page_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with ImpactTracker(tmp_path) as tracker:
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"report\.html cannot be written"):
        tracker.to_html(tmp_path / "file" / "report.html")

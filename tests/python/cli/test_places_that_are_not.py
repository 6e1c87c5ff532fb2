"""A path that leads nowhere, and a page that cannot be written: the message names the place and what to give."""

from __future__ import annotations

from pathlib import Path

import pytest

from impact_tracker.cli import main
from impact_tracker.pages import write_html_report


@pytest.mark.parametrize(
    "words",
    [["report"], ["report", "--html", "page.html"], ["footprint"], ["export", "--to", "latex"], ["lint"], ["what-if"]],
    ids=lambda words: " ".join(words),
)
def test_a_path_that_leads_nowhere(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([words[0], "nowhere", *words[1:]]) == 2
    message = capsys.readouterr().err
    assert "nowhere" in message and "Errno" not in message
    assert not (tmp_path / "page.html").exists()


def test_a_page_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"the page .*page\.html cannot be written: "):
        write_html_report(tmp_path / "file" / "page.html", "text")

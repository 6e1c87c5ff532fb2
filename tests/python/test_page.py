"""Pages on a terminal and in a pipe; the progress bar."""

from __future__ import annotations

import io
import re
import sys

import pytest

from impact_tracker.cli import options
from impact_tracker.report.page import Page, Table, plain, show
from impact_tracker.report.plot import thinned

PAGE = Page(
    "the answer", [Table(("name", ">value"), [("a", "1 J"), ("long", "[12] J")]), Table((), [])], ["mind"], ["where"]
)


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_plain_page() -> None:
    assert plain(PAGE) == "the answer\n\nname   value\na        1 J\nlong  [12] J\n\n! mind\n\nwhere\n"
    assert plain(Page("only")) == "only\n"


def test_a_pipe_gets_no_control_characters() -> None:
    stream = io.StringIO()
    show(PAGE, stream)
    assert stream.getvalue() == plain(PAGE)


@pytest.mark.parametrize("no_color", [False, True])
def test_a_terminal_gets_rich_and_no_color_is_respected(monkeypatch: pytest.MonkeyPatch, no_color: bool) -> None:
    pytest.importorskip("rich")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    show(PAGE, stream)
    text = stream.getvalue()
    assert "[12] J" in text
    colours = re.findall(r"\x1b\[[\d;]*3[0-7][\d;]*m", text)
    assert bool(colours) is not no_color


def test_a_terminal_without_rich_gets_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)
    stream = Terminal()
    show(PAGE, stream)
    assert stream.getvalue() == plain(PAGE)


def progressing(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO) -> str:
    """What is shown while three items are read, each of which takes a second."""
    clock = iter(range(100))
    with monkeypatch.context() as patch:
        patch.setattr(options.time, "monotonic", lambda: float(next(clock)))
        patch.setattr(sys, "stderr", stream)
        assert list(options.progress(["a", "b", "c"])) == ["a", "b", "c"]
    return stream.getvalue()


def test_progress_is_a_bar_on_a_terminal_where_rich_is(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rich")
    shown = progressing(monkeypatch, Terminal())
    assert "reading" in shown
    assert "100%" in shown


def test_progress_is_lines_without_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich.progress", None)
    assert progressing(monkeypatch, Terminal()) == "reading 0 of 3\n"


def test_progress_is_not_shown_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    assert progressing(monkeypatch, io.StringIO()) == ""


def test_thinning_keeps_the_mean_and_the_gaps() -> None:
    numpy = pytest.importorskip("numpy")
    times, watts = numpy.arange(40_000.0), numpy.full(40_000, 7.0)
    watts[:20_000:2] = 9.0
    watts[30_000:] = numpy.nan
    fewer, means = thinned(times, watts)
    assert len(fewer) == len(means) == 4000
    assert numpy.nanmean(means[:2000]) == 8.0
    assert numpy.isnan(means[-900:]).all()
    assert thinned(times[:10], watts[:10])[0] is not None

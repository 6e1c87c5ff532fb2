"""Text for streams that cannot show all of it, and names that would move a terminal's cursor."""

from __future__ import annotations

import io
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.plain_text import ASCII_SPELLINGS, on_a_line, printable, short_name
from impact_tracker.report.page import Page, Table, plain


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("5 J ± 4 J", "5 J +/- 4 J"),
        ("590 µg, TDP × load", "590 ug, TDP x load"),
        ("≈ 40 W, ≥ 3, – …", "~ 40 W, >= 3, - ..."),
        ("Québec 東", "Quebec ?"),
        ("\udcff", "?"),
    ],
)
def test_signs_have_a_spelling_in_ascii(text: str, spelt: str) -> None:
    assert text.encode("ascii", ASCII_SPELLINGS).decode("ascii") == spelt


@given(st.text(st.characters()), st.sampled_from(["ascii", "latin-1", "cp437", "utf-8", "utf-16"]))
def test_every_text_can_be_written_in_every_encoding(text: str, encoding: str) -> None:
    written = text.encode(encoding, ASCII_SPELLINGS).decode(encoding)
    try:
        assert text.encode(encoding).decode(encoding) == written
    except UnicodeEncodeError:
        assert written != text


@pytest.mark.parametrize(
    ("encoding", "text"), [("ascii", "1 +/- 2 uJ"), ("utf-8", "1 ± 2 µJ"), ("latin-1", "1 ± 2 µJ")]
)
def test_what_is_printed_suits_the_stream(monkeypatch: pytest.MonkeyPatch, encoding: str, text: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    print(printable("1 ± 2 µJ"))
    stream.seek(0)
    assert stream.read().strip() == text


def test_a_program_without_standard_output_gets_the_whole_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert printable("1 ± 2") == "1 ± 2"


@given(st.text(st.characters()))
def test_a_name_stays_on_its_line_and_moves_no_cursor(name: str) -> None:
    for shown in (on_a_line(name), short_name(name)):
        assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert len(short_name(name)) <= 80
    if name.isprintable():
        assert on_a_line(name) == name


def test_a_page_shows_foreign_names_escaped_and_its_own_lines_as_lines() -> None:
    page = Page("two\nlines", [Table(("name", "x"), [("a\nb\x1b[31m", "1")])], ["\x07caveat"], ["detail\u202e"])
    assert plain(page) == ("two\nlines\n\nname          x\na\\nb\\x1b[31m  1\n\n! \\x07caveat\n\ndetail\\u202e\n")


def test_a_very_long_name_keeps_its_two_ends() -> None:
    shown = short_name("begin" + "x" * 10**6 + "end")
    assert shown.startswith("begin") and shown.endswith("end") and "…" in shown

"""Every reader of a paper's source: whatever it is given, it answers or says why not, and ten times the text takes
about ten times as long."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from impact_tracker import cli
from impact_tracker.factors import FactorError
from impact_tracker.interop.claims import claims_in
from impact_tracker.interop.documents import PAPERS, numbers_in
from impact_tracker.interop.plain_text import latex_text, markdown_text
from impact_tracker.interop.statement import InteropError

# What begins something in one of the languages, and what belongs to a claim.
_LATEX = r"""\begin{verbatim} \begin{comment*} \iffalse \fi % \\% \\ { } \SI{ \SI{1}{ \SI[ \num{ \qty{1}[ _{ _ \a
    \SIrange{1}{2} \text{ \text{\text{ \cite[ \cite[] \cite \citecite \newcommand{\a} \newcommand{\a}{1} \aa{} \begin{
    \begin{a}[ \\[ [ ] \quad \footnote{ 1\times10^ $ ~ & | energy consumption"""
_MARKS = """.. ` :a:` ** * `` :: .. code:: :a: ``` ~~~ <!-- --> <sub> | <p <p> <script> </script <svg> <br
    &amp &#1 < > </ <head> <pre>"""
_CLAIMS = """1 1, 1. 1e 12-kWh kWh kg CO2 CO2e g/kWh of per between and ± - -- PUE without overhead before excluding
    energy consumption mix emissions: co2_eq_emissions: é ² A. ;"""
_PIECES = [
    *(piece for text in (_LATEX, _MARKS, _CLAIMS) for piece in text.split()),
    " ",
    "\t",
    "\n",
    "\n\n",
    "\r",
    "\u2028",
    "\0",
    "```\n",
    "~~~\n",
    "::\n ",
]
_CLAIM = "We used 12 kWh, which caused 5 kg CO2e at 400 g CO2e/kWh.\n\n"


def read(place: Path, text: str) -> None:
    """Read a text as far as it goes: an error in words is an answer."""
    place.write_text(text, encoding="utf-8")
    try:
        numbers_in(place)
    except (InteropError, FactorError) as fault:
        assert str(place) in str(fault)


@pytest.mark.parametrize("suffix", [*PAPERS, ".yaml", ".toml", ".json"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.sampled_from(_PIECES), st.text(max_size=5)), max_size=40))
def test_any_text_is_read_or_refused_in_words(suffix: str, tmp_path: Path, pieces: list[str]) -> None:
    read(tmp_path / f"paper{suffix}", "".join(pieces).encode("utf-8", "replace").decode("utf-8"))


def seconds_of(place: Path, text: str) -> float:
    """Processor time of a reading, the quicker one of two."""
    taken_s = []
    for _ in range(2):
        begin = time.process_time()
        read(place, text)
        taken_s.append(time.process_time() - begin)
    return min(taken_s)


def assert_linear(place: Path, text_before: str, repeated: str, text_behind: str = "") -> None:
    """Ten times the repetitions take at most fifteen times as long; what a clock does not tell apart is free."""
    count = max(1, 3000 // len(repeated))
    shorter_s = seconds_of(place, text_before + repeated * count + text_behind)
    longer_s = seconds_of(place, text_before + repeated * 10 * count + text_behind)
    assert longer_s <= 15.0 * max(shorter_s, 0.005), (text_before, repeated, text_behind, shorter_s, longer_s)


@pytest.mark.parametrize("suffix", [".tex", ".md", ".rst", ".html"])
@pytest.mark.parametrize(
    "repeated",
    [
        r"\begin{verbatim}",
        r"\begin{comment}\iffalse ",
        "<!--",
        "<script>",
        "\n\n",
        r"\begin{a}[",
        r"\cite[",
        r"\SI[",
        r"\newcommand{\a}{1}\a ",
        "without ",
        "before ",
        "exclud",
        "<p",
        "```\n",
    ],
)
def test_what_is_opened_and_never_closed_takes_linear_time(suffix: str, repeated: str, tmp_path: Path) -> None:
    assert_linear(tmp_path / f"paper{suffix}", _CLAIM.strip() + " ", repeated)


@pytest.mark.parametrize(
    ("before", "repeated"), [("\\", "cite"), ("\\cite", " "), ("\\SI", " "), ("1 g", " "), ("1 g CO2", " "), ("_", " ")]
)
def test_one_beginning_before_a_long_text_takes_linear_time(before: str, repeated: str, tmp_path: Path) -> None:
    assert_linear(tmp_path / "paper.tex", before, repeated)
    assert_linear(tmp_path / "card.md", f"| energy consumption | energy mix {before}", repeated, " |")


@pytest.mark.parametrize("seed", range(4))
def test_repeated_pieces_take_linear_time(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)

    def drawn(most: int) -> str:
        return "".join(chance.choice(_PIECES) for _ in range(chance.randint(0, most)))

    for _ in range(12):
        place = tmp_path / f"paper{chance.choice([suffix for suffix in PAPERS if suffix != '.ipynb'])}"
        assert_linear(place, chance.choice(["", _CLAIM]) + drawn(2), drawn(2) or " ", drawn(1))


def test_what_nothing_closes_is_printed() -> None:
    assert latex_text("a \\begin{verbatim} 9 kWh") == "a   9 kWh"
    assert latex_text("\\iffalse b \\begin{comment} c \\fi d \\end{comment} e") == " d   e"
    assert markdown_text("a <!-- b") == "a <!-- b"
    assert markdown_text("```\n9 kWh\n~~~\n```\nb") == "\n\n\n\nb"


def test_the_first_definition_of_a_number_counts() -> None:
    source = r"\newcommand{\used}{12}\renewcommand{\used}{13}\used{} kWh, \usedup kWh"
    assert latex_text(source) == "12 kWh,  kWh"


HTML = """<!doctype html><html><head><title>9 kWh</title><style>p{}</style></head>
<body><nav>menu</nav>
<p>Training took <b>12&nbsp;kWh</b>
and caused 50&nbsp;kg CO<sub>2</sub>e at 420&#8201;g&nbsp;CO<sub>2</sub>e/kWh.</p>
<script>var used = "7 kWh";</script><!-- 8 kWh --><pre>6 kWh</pre>
<table><tr><td>3 kWh</td><td>a < b</td></tr></table></body></html>
"""


def test_a_page_is_read_as_a_browser_shows_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "page.html"
    place.write_text(HTML, encoding="utf-8")
    claim, cell = claims_in(place)
    assert (claim.where, claim.site_kwh, claim.carbon_g, claim.intensity) == (f"{place}:3", 12, 50e3, 420)
    assert (cell.where, cell.site_kwh) == (f"{place}:6", 3)
    assert cli.main(["lint", str(place)]) == 1
    assert "page.html:3: error: its carbon implies 4167 g/kWh" in capsys.readouterr().out


@pytest.mark.parametrize("number", ["1.2.3", ".", "1e999", "9" * 400])
def test_a_model_card_whose_number_is_none(number: str, tmp_path: Path) -> None:
    (tmp_path / "card.yaml").write_text(f"co2_eq_emissions: {number}\n")
    with pytest.raises(InteropError, match="co2_eq_emissions"):
        numbers_in(tmp_path / "card.yaml")

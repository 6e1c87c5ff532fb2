"""What the sentences of a paper claim, in LaTeX, reStructuredText, Markdown and notebooks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker import cli
from impact_tracker.interop import Study, climate_card_latex, latex_statement
from impact_tracker.interop.claims import claims_in
from impact_tracker.interop.documents import numbers_in
from impact_tracker.interop.lint import lint, lint_all
from impact_tracker.interop.plain_text import latex_text, rst_text
from impact_tracker.interop.statement import InteropError, Statement

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"\SI{120}{\kilo\watt\hour}", "120 kWh"),
        (r"\qty[round-mode=none]{1.2e3}{\kWh}", "1.2e3 kWh"),
        (r"\qty{2.5e-1}{\mega\watt\hour}", "2.5e-1 MWh"),
        (r"\SI{420}{\gram\per\kilo\watt\hour}", "420 g/kWh"),
        (r"\qty{56}{g.kWh^{-1}}", "56 g/kWh"),
        (r"\SI{12(3)}{\kilogram}", "12 kg"),
        (r"\SI{12 +- 3}{kg}", "12 kg"),
        (r"\num{1287}\,MWh", "1287 MWh"),
        (r"$1{,}287$~MWh", "1,287 MWh"),
        (r"$5.2 \times 10^{3}$ kWh", "5.2e3 kWh"),
        (r"CO$_2$e, CO\textsubscript{2}e, \ce{CO2}e", "CO2e, CO2e, CO2e"),
        (r"100\,\% of it % a comment of 9 kWh", "100 % of it "),
        (r"5\% of it", "5% of it"),
        (r"\textbf{\emph{12} kWh} \cite{someone2020}", "12 kWh "),
        ("a\\\\% comment\nb", "a \nb"),
        ("a\n\\begin{verbatim}\n9 kWh\n\\end{verbatim}\nb", "a\n\n\n\nb"),
        ("a\n\\end{document}\n9 kWh", "a\n"),
        (r"\SI{57}{\gram\,CO_2e\per\kilo\watt\hour}", "57 gCO2e/kWh"),
        (r"400\,g\,CO$_2$-eq\,kWh$^{-1}$", "400 g CO2-eq/kWh"),
        (r"\newcommand{\used}{12} \SI{\used}{\kWh}", " 12 kWh"),
    ],
)
def test_what_latex_prints(source: str, text: str) -> None:
    assert latex_text(source) == text


def test_what_restructured_text_prints() -> None:
    source = "We used **12 kWh**.\n\n.. a comment\n   of 9 kWh\n\n.. code-block:: python\n\n   used = '9 kWh'\n\n"
    source += "It caused 5 kg CO\\ :sub:`2`\\ e."
    lines = rst_text(source).split("\n")
    assert (lines[0], lines[-1]) == ("We used 12 kWh.", "It caused 5 kg CO2e.")
    assert len(lines) == source.count("\n") + 1
    assert "9 kWh" not in rst_text(source)


PAPERS = {
    ".tex": "\\section{Impact}\nTraining used \\SI{%s}{\\kilo\\watt\\hour} and caused \\qty{%s}{\\kilo\\gram} of "
    "CO$_2$e\nat \\SI{%s}{\\gram\\per\\kilo\\watt\\hour} (2023). %% not 7 kWh\n",
    ".rst": "Impact\n======\n\nTraining used %s kWh and caused %s kg of CO\\ :sub:`2`\\ e at %s g/kWh (2023).\n",
    ".md": "# Impact\n\nTraining used **%s kWh** and caused %s kg of CO<sub>2</sub>e at %s g CO2e/kWh (2023).\n",
    ".ipynb": "Training used $%s$ kWh and caused $%s$ kg of CO$_2$e at %s gCO2eq/kWh (2023).",
}


def written(folder: Path, suffix: str, *numbers: object) -> Path:
    place, text = folder / f"paper{suffix}", PAPERS[suffix] % numbers
    if suffix == ".ipynb":
        cells = [{"cell_type": "code", "source": ["x = '1 kWh'"]}, {"cell_type": "markdown", "source": [text]}]
        text = json.dumps({"cells": cells})
    place.write_text(text, encoding="utf-8")
    return place


@pytest.mark.parametrize("suffix", sorted(PAPERS))
def test_a_claim_is_read_and_checked_in_every_form(suffix: str, tmp_path: Path, capsys: Capture) -> None:
    sound = written(tmp_path, suffix, "1,200", "504", "420")
    (numbers,) = numbers_in(sound)
    assert (numbers.site_kwh, numbers.carbon_g, numbers.intensity) == (1200.0, 504e3, 420.0)
    assert numbers.intensity_year == 2023 and numbers.where.startswith(str(sound))
    assert lint(numbers) == []
    assert cli.main(["lint", str(sound)]) == 0
    slipped = written(tmp_path, suffix, "1,200", "50.4", "420")
    assert cli.main(["lint", str(slipped)]) == 1
    assert "a slip of 10^-1" in capsys.readouterr().out


@given(st.floats(0.01, 1e5), st.floats(20.0, 900.0))
def test_a_rounded_claim_is_sound_and_a_slip_of_ten_is_not(kwh: float, grams: float) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        for factor, faults in ((1.0, 0), (10.0, 1)):
            carbon = f"{kwh * grams / 1000.0 * factor:.3g}"
            place = written(Path(folder), ".tex", f"{kwh:.3g}", carbon, f"{grams:.3g}")
            (numbers,) = numbers_in(place)
            assert sum(finding.level == "error" for finding in lint(numbers)) >= faults
            assert faults or not any(finding.level == "error" for finding in lint(numbers)), (carbon, kwh, grams)


def test_the_line_is_named_and_comments_are_skipped(tmp_path: Path) -> None:
    place = tmp_path / "paper.tex"
    place.write_text("% 9 kWh caused 99 kg CO2e.\n\n\nWe used 10 kWh.\n\nIt caused 4.2 kg CO2e.\n", encoding="utf-8")
    assert [claim.where for claim in claims_in(place)] == [f"{place}:4", f"{place}:6"]


def test_which_of_several_numbers_belongs_to_which_is_not_guessed(tmp_path: Path) -> None:
    place = tmp_path / "paper.tex"
    place.write_text(
        "Training used 10 kWh and inference 3 kWh, for 4 kg CO2e. The rest used 2 kWh.\n", encoding="utf-8"
    )
    assert [(claim.site_kwh, claim.carbon_g) for claim in claims_in(place)] == [(2.0, None)]


@pytest.mark.parametrize(
    "text", ["3 to 5 kWh", "3-5 kWh", "3 kWh – 5 kWh", "between 3 and 5 kWh", "between 3 kWh and 5 kWh", ".3–.5 kWh"]
)
def test_neither_end_of_a_range_is_claimed(text: str, tmp_path: Path) -> None:
    place = tmp_path / "paper.md"
    place.write_text(f"Training used {text}. It caused 5 kg CO2e.\n", encoding="utf-8")
    assert [(claim.site_kwh, claim.carbon_g) for claim in claims_in(place)] == [(None, 5000)]


@pytest.mark.parametrize("text", ["0.5 kWh per image, 3 kWh/day, 12 g CO2e per request", "a card of 700 W and 80 GB"])
def test_rates_and_powers_are_no_energies(text: str, tmp_path: Path) -> None:
    (tmp_path / "paper.tex").write_text(text)
    with pytest.raises(InteropError, match="no sentence of it states"):
        numbers_in(tmp_path / "paper.tex")


def test_an_overhead_is_taken_as_the_text_says_it(tmp_path: Path) -> None:
    place = tmp_path / "paper.tex"
    for text in (
        "It used 10 kWh, without the site's overhead (PUE of 1.5), and caused 6 kg CO2e at 400 g/kWh in 2022.",
        "It used 15 kWh with a PUE of 1.5 and caused 6 kg CO2e at 400 g/kWh in 2022.",
        "It used 10 kWh (PUE 1.5) and caused 6 kg CO2e at 400 g/kWh in 2022.",
    ):
        place.write_text(text)
        (claim,) = claims_in(place)
        assert claim.site_kwh == pytest.approx(15.0) and lint(claim) == []


@pytest.mark.parametrize(("kwh", "pue", "grams"), [(0, 1.2, 400), (2, 0, 400), (2, 1.2, 0), (0, 0, 0)])
def test_a_zero_in_a_sentence_is_divided_by_nowhere(kwh: float, pue: float, grams: float, tmp_path: Path) -> None:
    place = tmp_path / "paper.md"
    place.write_text(f"We used {kwh} kWh at a PUE of {pue}, which caused 5 kg CO2e at {grams} g CO2e/kWh.\n")
    (claim,) = claims_in(place)
    assert (claim.site_kwh, claim.pue, claim.carbon_g, claim.intensity) == (kwh, pue, 5000, grams)
    lint_all(numbers_in(place))


_BESIDE = 20_000  # characters; where each were compared with each other, this would take minutes


@pytest.mark.parametrize(
    "beside", [" " * _BESIDE + "x", "1" * _BESIDE, "1.5," * (_BESIDE // 4), ".5 " * (_BESIDE // 3)]
)
@pytest.mark.parametrize("suffix", [".tex", ".md", ".rst"])
def test_long_runs_of_blanks_and_digits_are_read_once(beside: str, suffix: str, tmp_path: Path) -> None:
    place = tmp_path / f"paper{suffix}"
    place.write_text(f"{beside}\n\nWe used 12 kWh, which caused 5 kg CO2e.\n")
    (claim,) = claims_in(place)
    assert (claim.site_kwh, claim.carbon_g) == (12, 5000)


def test_our_own_latex_is_sound(climatebert: Statement, search: Statement, tmp_path: Path) -> None:
    place = tmp_path / "paper.tex"
    place.write_text(latex_statement(Study(climatebert, [climatebert, search])), encoding="utf-8")
    claims = claims_in(place)
    assert [claim.carbon_g is not None and claim.intensity == 470.0 for claim in claims] == [True]
    assert not any(finding.level == "error" for claim in claims for finding in lint(claim))
    place.write_text(climate_card_latex(Study(climatebert), extended=True), encoding="utf-8")
    (card,) = numbers_in(place)
    assert card.carbon_g == pytest.approx(15_790.0) and card.duration_s == 48 * 3600.0 and lint(card) == []


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        "null",
        '{"cells":' * 100_000,
        '{"cells": ["x"]}',
        '{"cells": [{"source": 5, "cell_type": "raw"}]}',
    ],
)
def test_a_notebook_that_is_none_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text(content)
    with pytest.raises(InteropError, match="not a notebook"):
        numbers_in(tmp_path / "a.ipynb")


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        (
            r"GPT-3 took 1,287 MWh and 552.1 metric tons of CO$_{2}$e at 0.429 kg CO$_2$e per KWh.",
            (1287e3, 552.1e6, 429),
        ),
        (r"\SI{25}{\tonne} of $\mathrm{CO_2}$-eq by \qty{433}{\MWh} (57 gCO$_2$eq/kWh).", (433e3, 25e6, 57)),
        (r"50 kWh caused 20 kgCO\textsubscript{2}e at 0.4 kgCO2/kWh.", (50, 20e3, 400)),
        (r"$1.2\times10^{3}$\,kWh; $5.1\cdot 10^2$ kg~CO$_2$, $425\,\mathrm{g/kWh}$.", (1200, 510e3, 425)),
        (r"Nous avons consommé 12,5 kWh et émis 0,7 kg CO2e à 56 g/kWh.", (12.5, 700, 56)),
        (r"It used 9 kWh on a grid of 400\,g\,CO$_2$-eq\,kWh$^{-1}$.", (9, None, 400)),
        (r"It used 12 kWh $\pm$ 2 kWh and caused 5 kg of carbon dioxide equivalent.", (12, 5e3, None)),
        (r"It used \qtyrange{10}{20}{\kWh}, for 4--8 kg CO2e, at 400 g/kWh.", (None, None, 400)),
    ],
)
def test_claims_as_papers_write_them(text: str, stated: tuple[float | None, ...], tmp_path: Path) -> None:
    (tmp_path / "paper.tex").write_text(text, encoding="utf-8")
    (claim,) = claims_in(tmp_path / "paper.tex")
    assert (claim.site_kwh, claim.carbon_g, claim.intensity) == tuple(
        None if value is None else pytest.approx(value) for value in stated
    )

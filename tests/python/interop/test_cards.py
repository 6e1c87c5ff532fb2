"""Cards, paragraphs, statements: ClimateBERT's published numbers, and no number for what was not measured."""

import re
import shutil
import subprocess

import pytest

from impact_tracker.factors import Factor
from impact_tracker.footprint import carbon
from impact_tracker.interop import (
    FORMS,
    InteropError,
    Study,
    climate_card_latex,
    climate_card_markdown,
    hugging_face,
    latex_statement,
    neurips,
    write,
)
from impact_tracker.interop.cards import climate_card
from impact_tracker.values import Energy, joules_of


def test_climatebert(climatebert, search):
    one_sample = carbon(3.6e6, 1.0, intensity=Factor.stated(0.00062, "g/kWh", "inference"))
    study = Study(climatebert, [climatebert, search], public="https://huggingface.co/climatebert", inference=one_sample)
    rows = dict(climate_card(study, extended=True))
    assert len(rows) == 11 and len(climate_card(study)) == 5
    answers = list(rows.values())
    assert answers[1] == "48 h" and answers[2] == "350 h" and answers[3].endswith("0.7 kW on average (measured)")
    assert answers[4] == "Germany" and answers[5].startswith("470 gCO2eq/kWh")
    assert (
        answers[6] == "15.79 kg CO2e (modelled)"
        and answers[7] in ("115.1 kg CO2e (modelled)", "115.2 kg CO2e (modelled)")
        and answers[8] == "0.62 mg CO2e (modelled)"
    )
    assert climatebert.carbon.value / 1000 == pytest.approx(15.79, abs=0.005)
    assert (climatebert.carbon + search.carbon).value / 1000 == pytest.approx(115.15, abs=0.005)


def test_a_markdown_table_has_two_columns(climatebert):
    text = climate_card_markdown(Study(climatebert, comments="a | b"), extended=True)
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 3 for line in text.splitlines())


def test_latex_is_escaped_and_balanced(climatebert):
    text = climate_card_latex(Study(climatebert, comments="100 % of R&D_x #1 {~^\\"), extended=True)
    assert r"100 \% of R\&D\_x \#1 \{" in text and text.count(r"\begin{") == text.count(r"\end{")
    bare = text.replace(r"\{", "").replace(r"\}", "")
    assert bare.count("{") == bare.count("}")


def test_hugging_face_is_in_grams_and_valid_yaml(climatebert):
    yaml = pytest.importorskip("yaml")
    emissions = yaml.safe_load(hugging_face(climatebert, "fine-tuning"))["co2_eq_emissions"]
    assert emissions["emissions"] == pytest.approx(15_792.0, rel=5e-4)  # grams, not kilograms
    assert emissions["training_type"] == "fine-tuning" and emissions["hardware_used"] == "2 x NVIDIA RTX A5000"
    assert emissions["geographical_location"] == "Germany" and emissions["source"] == "impact-tracker 1.0"


@pytest.mark.parametrize("kwh", [1e-12, 1e9, 0.5])
def test_hugging_face_numbers_stay_numbers(climatebert, kwh):
    yaml = pytest.importorskip("yaml")
    from dataclasses import replace

    card = yaml.safe_load(hugging_face(replace(climatebert, energy=Energy(joules_of(kwh)), name='quote " and: colon')))
    assert card["co2_eq_emissions"]["emissions"] == pytest.approx(470 * kwh, rel=5e-4)


def test_what_was_not_measured_has_no_number_anywhere(unmeasured):
    study = Study(unmeasured)
    assert "not measured" in dict(climate_card(study))["4. What was the energy consumption (GPU/CPU)?"]
    assert "not known" in climate_card_markdown(study, extended=True)
    assert hugging_face(unmeasured).startswith("#")
    assert "not measured" in neurips(study) and "not measured" in latex_statement(study)


def test_a_sum_with_an_unmeasured_run_is_partial_not_the_whole(climatebert, unmeasured):
    answer = neurips(Study(climatebert, [climatebert, unmeasured]))
    assert "2 runs" in answer and "not measured" in answer


def test_neurips_and_latex_say_what_reviewers_ask(climatebert, search):
    text = neurips(Study(climatebert, [climatebert, search]))
    for part in ("AMD EPYC 7543", "2 × NVIDIA RTX A5000", "256 GB", "48 h", "350 h", "failed"):
        assert part in text
    statement = latex_statement(Study(climatebert))
    assert r"\cite{impact_tracker}" in statement and "@software{impact_tracker" in statement and "2020" in statement


@pytest.mark.parametrize("form", sorted(FORMS))
def test_every_form_writes_or_says_what_it_needs(form, climatebert):
    needed = {name.rstrip("!"): "5" for name in FORMS[form].fields if name.endswith("!")}
    assert write(form, [climatebert], needed).endswith("\n")
    if needed:
        with pytest.raises(InteropError):
            write(form, [climatebert])
    with pytest.raises(InteropError, match="knows no field"):
        write(form, [climatebert], {**needed, "nonsense": "1"})


def test_unknown_forms_and_no_runs(climatebert):
    with pytest.raises(InteropError, match="boamps"):
        write("boamp", [climatebert])
    with pytest.raises(InteropError, match="no run"):
        write("boamps", [])


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles(climatebert, search, tmp_path):
    odd = Study(climatebert, [climatebert, search], comments="100 % of R&D_x #1 {~^\\ µg × CO₂ – é")
    body = "\n".join([climate_card_latex(odd), climate_card_latex(odd, extended=True), latex_statement(odd)])
    packages = "\\usepackage[utf8]{inputenc}\\usepackage[T1]{fontenc}\\usepackage{textcomp}"
    document = f"\\documentclass{{article}}{packages}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"
    (tmp_path / "card.tex").write_text(document, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "card.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "card.pdf").stat().st_size > 1000

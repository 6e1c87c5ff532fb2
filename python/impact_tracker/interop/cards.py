"""What journals and hubs ask for: climate performance model cards, Hugging Face metadata, paragraphs, LaTeX."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from .. import digits
from ..footprint import Impact, sum_of, tree_months
from ..values import Energy, sum_if_known, total_if_known
from .once import doubts, each_once
from .statement import Statement
from .words import cards_in_words, made_by, mass

BIBTEX = """@software{impact_tracker,
  title = {impact-tracker: what training and running models costs in energy and in impact on the world},
  author = {{The impact-tracker developers}},
  license = {Apache-2.0}
}
"""


@dataclass(frozen=True)
class Study:
    """What a card says beyond one run: `final` trained the published model, `all_runs` is every experiment.

    `public`: where the model is, "no" where it is not public, `None` where nobody says. `inference`: carbon of one
    sample.
    """

    final: Statement
    all_runs: Sequence[Statement] = ()
    public: str | None = None
    inference: Impact | None = None
    positive_impact: str | None = None
    comments: str | None = None
    location: str | None = None

    @property
    def runs(self) -> Sequence[Statement]:
        """All experiments, each joule once; the final one alone where no others were given."""
        return each_once(self.all_runs or (self.final,))


def climate_card(study: Study, extended: bool = False) -> list[tuple[str, str]]:
    """Rows (question, answer) of a climate performance model card (Hershcovich et al. 2022): 5, or 11 where
    extended."""
    final, runs = study.final, study.runs
    place = study.location or final.site.place
    rows = [
        ("1. Is the resulting model publicly available?", _public(study.public)),
        ("2. How much time does the training of the final model take?", _time(final.duration_s)),
        (
            "3. How much time did all experiments take (incl. hyperparameter search)?",
            _time(sum_if_known(run.duration_s for run in runs)),
        ),
        ("4. What was the energy consumption (GPU/CPU)?", _energy_answer(final)),
        ("5. At which geo location were the computations performed?", place or "not stated"),
    ]
    if not extended:
        return rows
    grid = final.site.intensity
    mix = (
        "not known"
        if grid is None
        else f"{digits.within(grid.value, grid.low, grid.high)} gCO2eq/kWh"
        f" ({grid.year or 'year not stated'}, {grid.source})"
    )
    return [
        *rows,
        ("6. What was the energy mix at the geo location?", mix),
        ("7. How much CO2eq was emitted to train the final model?", mass(final.carbon)),
        ("8. How much CO2eq was emitted for all experiments?", mass(sum_of(run.carbon for run in runs))),
        (
            "9. What is the average CO2eq emission for the inference of one sample?",
            "not known" if study.inference is None else mass(study.inference),
        ),
        (
            "10. Which positive environmental impact can be expected from this work?",
            study.positive_impact or "not stated",
        ),
        ("11. Comments", "; ".join(filter(None, [study.comments, *doubts(runs)])) or "–"),
    ]


def _public(answer: str | None) -> str:
    if answer is None or not answer.strip():
        return "not stated"
    word = answer.strip().casefold()
    return "No" if word in ("no", "false") else "Yes" if word in ("yes", "true") else f"Yes, {answer.strip()}"


def climate_card_markdown(study: Study, extended: bool = False) -> str:
    """The card as a Markdown table."""
    kind = "extended" if extended else "minimum"
    lines = [f"| Climate performance model card ({kind}) | |", "|---|---|"]
    lines += [
        f"| {question} | {answer.replace('|', chr(92) + '|')} |" for question, answer in climate_card(study, extended)
    ]
    return "\n".join(lines) + "\n"


def climate_card_latex(study: Study, extended: bool = False) -> str:
    """The card as a LaTeX table."""
    rows = [f"  {escape(question)} & {escape(answer)} \\\\" for question, answer in climate_card(study, extended)]
    kind = "Extended" if extended else "Minimum"
    head = (
        "\\begin{table}[t]",
        "  \\centering",
        "  \\begin{tabular}{p{0.55\\linewidth}p{0.4\\linewidth}}",
        "  \\hline",
    )
    caption = f"  \\caption{{{kind} climate performance model card.}}"
    return "\n".join([*head, *rows, "  \\hline", "  \\end{tabular}", caption, "\\end{table}"]) + "\n"


def hugging_face(run: Statement, training_type: str | None = None, hardware: str | None = None) -> str:
    """The metadata of a model card: `co2_eq_emissions` in GRAMS. Unknown carbon: no number is written, and a
    comment says why."""
    grams = run.carbon
    lines = ["co2_eq_emissions:"]
    if grams.value is None:
        return f"# co2_eq_emissions is left out: {grams.note}\n"
    low, high = grams.low or 0.0, grams.high or 0.0
    span = f"{digits.span(grams.value, low, high)} g, " if high > low else ""
    lines[0] += f"  # in grams: {span}{grams.quality}"
    lines.append(f"  emissions: {_plain(float(digits.within(grams.value, low, high)))}")
    cards = cards_in_words(run.hardware) or run.hardware.cpu
    fields = {
        "source": f"{run.tool} {run.tool_version}".strip(),
        "training_type": training_type,
        "geographical_location": run.site.place,
        "hardware_used": hardware or cards,
    }
    # Every JSON string is a valid YAML string, so no character needs a rule of its own.
    lines += [f"  {name}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items() if value]
    return "\n".join(lines) + "\n"


def neurips(study: Study) -> str:
    """One paragraph for the checklist's item on compute resources: workers, memory, time of each run and in all, the
    rest."""
    final, runs = study.final, study.runs
    machine = final.hardware
    cards = cards_in_words(machine, "×") or ("accelerators without a name" if machine.gpus else "no accelerator")
    worker = f"{machine.cpu or 'a CPU that was not recorded'}, {cards}"
    memory = "memory not recorded" if final.memory_gb is None else f"{final.memory_gb:.0f} GB of memory"
    seconds = sum_if_known(run.duration_s for run in runs)
    total = "an unknown time" if seconds is None else f"{seconds / 3600:.3g} h"
    used = total_if_known(run.energy for run in runs)
    energy = "its energy was not measured" if used.is_missing else f"{_amount(used)} without the site's overhead"
    count = "1 run" if len(runs) == 1 else f"{len(runs)} runs"
    rest = "preliminary and failed ones included as far as they are recorded"
    text = (
        f"All runs used {worker}, with {memory}. Training took {_time(final.duration_s)}; the {count}"
        f" of the project, {rest}, took {total} ({energy}, {mass(sum_of(run.carbon for run in runs))})."
    )
    measured = f"{text} Its energy is {made_by(final)}"
    return ". ".join([measured, *doubts(runs)]) + ".\n"


def latex_statement(study: Study) -> str:
    """A carbon statement for a paper, with its BibTeX entry in comments below."""
    final, runs = study.final, study.runs
    grams, grid = sum_of(run.carbon for run in runs), final.site.intensity
    energy = total_if_known(run.energy for run in runs)
    amount = escape(_amount(energy)).replace(" kWh", "~kWh")
    used = (
        "The energy of this work was not measured" if energy.is_missing else f"This work used {amount} of electricity"
    )
    overhead = f" ({final.site.pue_in_words}, apart)" if final.site.overhead.high > 1 else ""
    cite_us = "\\cite{impact_tracker}"
    by = "" if final.energy.is_missing else f", {escape(made_by(final))}"
    sentence = f"{used}{overhead}{by} (reported with impact-tracker~{cite_us})."
    if grams.value is not None:
        sentence += f" It caused {escape(mass(grams))}"
        if grid is not None:
            origin = f"{grid.name}, {grid.year or 'year not stated'}; {grid.source}"
            sentence += f", at {digits.within(grid.value, grid.low, grid.high)}~g\\,CO$_2$e/kWh ({escape(origin)})"
        sentence += f": what a tree takes up in {tree_months(grams).amount} months."
    else:
        sentence += f" Its carbon is not known: {escape(grams.note)}."
    sentence += "".join(f" {escape(doubt)}." for doubt in doubts(runs))
    cite = "".join(f"% {line}\n" for line in BIBTEX.splitlines())
    return f"\\paragraph{{Carbon statement.}} {sentence}\n\n{cite}"


def escape(text: str) -> str:
    """Text as LaTeX prints it."""
    special = {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "₂": "$_2$",
        "×": r"$\times$",
        "±": r"$\pm$",
    }
    return "".join(special.get(c, f"\\{c}" if c in "&%$#_{}" else c) for c in text)


def _energy_answer(run: Statement) -> str:
    if run.energy.is_missing:
        return "not measured"
    power, mean_w = "", run.power_w
    if mean_w is not None and run.duration_s:
        error_kw = None if run.energy.error_j is None else run.energy.error_j / run.duration_s / 1000.0
        kilowatts = mean_w / 1000.0
        rounded = f"{float(digits.significant(kilowatts, 3)):g} kW"
        power = f", {digits.in_unit(kilowatts, 'kW', error_kw) if error_kw else rounded} on average"
    amount = digits.kwh(run.energy.best_j, run.energy.error_j)
    by = "" if run.tool == "impact-tracker" else f", by {run.tool} {run.tool_version}".rstrip()
    return f"{amount}{power} ({run.quality_in_words}{by})"


def _amount(energy: Energy) -> str:
    """As on the console; three digits at the most where nobody states an error."""
    return digits.kwh(energy.best_j, energy.error_j) if energy.error_j else f"{energy.kwh or 0.0:.3g} kWh"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "not known"
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min" if seconds < 7200 else f"{seconds / 3600:.4g} h"


def _plain(number: float) -> str:
    """As YAML reads it back: an exponent needs a dot there."""
    text = repr(float(number))
    return text if "e" not in text or "." in text else text.replace("e", ".0e")

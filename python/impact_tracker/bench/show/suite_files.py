"""A suite's tables and figures are written as Markdown, LaTeX and CSV, as PNG and SVG."""

from __future__ import annotations

from pathlib import Path

from ...report.page import Page, Table
from . import reproduction
from .page_learning import targets_table
from .sweeps import latency_table, sweeps_table
from .table_texts import PREAMBLE, csv_text, latex, markdown, markdown_page
from .tables import answers_table, intervals_table, left_out_table, ranks_table, table1, table23
from .view import View


def suite_tables(view: View) -> dict[str, Table]:
    """The tables that have rows, by the name of their file."""
    if view.is_learning:
        return {"targets": targets_table(view.targets)}
    cells, classifiers = view.cells, view.has_scores
    made = {
        "table1": table1(view.points) if classifiers else Table((), ()),
        "table2": table23(cells, "inference", classifiers=classifiers),
        "table3": table23(cells, "training", classifiers=classifiers),
    }
    if classifiers:
        for phase in ("inference", "training"):
            every = table23(cells, phase, classifiers=False)
            made[phase] = every._replace(title=f"All {phase} tests{every.title[len(phase) :]}")
    made["sweep"] = sweeps_table(view.sweeps)
    made["latency"] = latency_table(view.rows)
    made["intervals"] = intervals_table(cells, view.bootstraps)
    made["ranks"] = ranks_table(view.points)
    made["left-out"] = left_out_table(cells)
    made["answers"] = answers_table(view.answers, "The study's questions" if classifiers else "Questions")
    return {name: table for name, table in made.items() if table.rows}


def suite_text(view: View, kind: str) -> str:
    """Writes the tables one after another; `kind` is markdown, latex or csv."""
    tables = suite_tables(view)
    if kind == "latex":
        return f"{PREAMBLE}\n" + "\n".join(latex(table, name) for name, table in tables.items())
    return "\n".join(map(markdown if kind == "markdown" else csv_text, tables.values()))


def write_suite(view: View) -> list[Path]:
    """Writes tables.md, tables.tex, a CSV file for each table, reproduction.md of the published suite, and figures."""
    output, tables, before = view.output, suite_tables(view), len(view.output.written)
    notes = "".join(f"- {caveat}\n" for caveat in view.caveats)
    output.text("tables.md", "\n".join([*map(markdown, tables.values()), notes]))
    output.text("tables.tex", PREAMBLE + "\n".join(latex(table, name) for name, table in tables.items()))
    for name, table in tables.items():
        output.text(f"{name}.csv", csv_text(table))
    if view.has_scores:
        page = reproduction.page(view.cells)
        output.text("reproduction.md", markdown_page(page, "Beside the published study"))
    if view.is_swept:
        from .figures.sweeps import sweeps_figure

        output.figure(sweeps_figure(view.sweeps), "sweep")
    elif not view.is_learning:
        from .figures.suite import every_figure

        for name, figure in every_figure(view.points, view.roof).items():
            output.figure(figure, name)
    return output.written[before:]


def suite_page(view: View) -> Page:
    """A campaign as the published study would show it; its files are written. ImportError names the extra."""
    answers = view.answers  # if what they need is missing, nothing is written
    missing = [view.written(lambda: write_suite(view)), view.write_files()]  # which also says what the disk refused
    page = view.page(aside=False)
    above = ("answers", "targets", "inference", "training")  # the page has these already
    below = [table for name, table in suite_tables(view).items() if name not in above]
    scores = [view.scores.text()] if view.scores else []
    lines = [f"{answer.question} {answer.answer}. ({answer.statistic})" for answer in answers]
    return page._replace(
        headline="\n".join([page.headline, *scores, *lines]),
        tables=[*page.tables, *below],
        caveats=[*page.caveats, *dict.fromkeys(text for text in missing if text)],
        details=[view.output.place],
    )


def page_at_the_end(view: View) -> Page:
    """What a campaign shows when it has run; its files are written. With the study's questions, of a suite that has
    them."""
    if view.settings.suite != "fashion-mnist" or view.is_swept:
        return suite_page(view)
    missing, page = view.write_files(), view.page()
    return page._replace(caveats=[*page.caveats, *([missing] if missing else [])], details=[view.output.place])

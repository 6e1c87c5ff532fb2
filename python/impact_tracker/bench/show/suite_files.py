"""Tables and figures of a suite as files: Markdown, LaTeX, CSV; PNG and SVG."""

from __future__ import annotations

from pathlib import Path

from ...report.page import Table
from ..analyse.analysis import Answer, Point
from . import reproduction
from .page_learning import targets_table
from .table_texts import PREAMBLE, csv_text, latex, markdown, markdown_page
from .tables import answers_table, intervals_table, left_out_table, ranks_table, table1, table23
from .view import View


class SuiteView:
    """A campaign as the published study would show it."""

    def __init__(self, view: View) -> None:
        self.view = view

    @property
    def points(self) -> list[Point]:
        """Every test with an energy."""
        return self.view.points

    @property
    def answers(self) -> list[Answer]:
        """The study's questions, and how this machine ranks its networks."""
        return self.view.answers

    @property
    def _learning(self) -> bool:
        return self.view.settings.suite == "learning"

    @property
    def score(self) -> str | None:
        """AI scores in a sentence, of the suite that has them."""
        return self.view.scores.text() if self.view.scores else None

    def tables(self) -> dict[str, Table]:
        """Name of the file to table; those that have rows."""
        if self._learning:
            return {"targets": targets_table(self.view.targets)}
        cells, classifiers = self.view.cells, self.view.has_scores
        made = {
            "table1": table1(self.points) if classifiers else Table((), ()),
            "table2": table23(cells, "inference", classifiers=classifiers),
            "table3": table23(cells, "training", classifiers=classifiers),
        }
        if classifiers:
            made["inference"] = _renamed(table23(cells, "inference", classifiers=False), "All inference tests")
            made["training"] = _renamed(table23(cells, "training", classifiers=False), "All training tests")
        made["intervals"] = intervals_table(cells, self.view.bootstraps)
        made["ranks"] = ranks_table(self.points)
        made["left-out"] = left_out_table(cells)
        made["answers"] = answers_table(self.answers)
        return {name: table for name, table in made.items() if table.rows}

    def write(self) -> list[Path]:
        """tables.md, tables.tex, one CSV a table, of the published suite reproduction.md; figures as PNG and SVG."""
        output, tables, before = self.view.output, self.tables(), len(self.view.output.written)
        notes = "".join(f"- {caveat}\n" for caveat in self.view.caveats)
        output.text("tables.md", "\n".join([*map(markdown, tables.values()), notes]))
        output.text("tables.tex", PREAMBLE + "\n".join(latex(table, name) for name, table in tables.items()))
        for name, table in tables.items():
            output.text(f"{name}.csv", csv_text(table))
        if self.view.has_scores:
            page = reproduction.page(self.view.cells)
            output.text("reproduction.md", markdown_page(page, "Beside the published study"))
        if not self._learning:
            from .figures.suite import every_figure

            for name, figure in every_figure(self.points).items():
                output.figure(figure, name)
        return output.written[before:]


def _renamed(table: Table, title: str) -> Table:
    return table._replace(title=f"{title} (± 95 %)")

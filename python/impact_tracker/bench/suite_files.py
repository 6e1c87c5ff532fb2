"""Tables and figures of a suite as files: Markdown, LaTeX, CSV; PNG and SVG."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from ..report.page import Table
from .analysis import Answer, Point, answers, points_of
from .scores import scores
from .storage import Storage
from .tables import answers_table, csv_text, latex, markdown, table1, table23
from .view import View


class SuiteView:
    """A campaign as the published study would show it."""

    def __init__(self, view: View) -> None:
        self.view = view

    @cached_property
    def points(self) -> list[Point]:
        """Every test with an energy."""
        return points_of(self.view.cells, self.view.rows, self.view.head.get("networks") or {})

    @cached_property
    def answers(self) -> list[Answer]:
        """The study's questions. ImportError where scipy is missing."""
        return answers(self.points)

    @property
    def score(self) -> str | None:
        """AI scores, of the suite that has them."""
        return scores(self.view.rows).text() if self.view.settings.suite == "ai-benchmark" else None

    def tables(self) -> dict[str, Table]:
        """Name of the file to table; those that have rows."""
        classifiers = self.view.settings.suite == "ai-benchmark"
        made = {
            "table1": table1(self.points),
            "table2": table23(self.view.cells, "inference", classifiers=classifiers),
            "table3": table23(self.view.cells, "training", classifiers=classifiers),
        }
        if classifiers:
            made["inference"] = _renamed(
                table23(self.view.cells, "inference", classifiers=False), "All inference tests"
            )
            made["training"] = _renamed(table23(self.view.cells, "training", classifiers=False), "All training tests")
        made["answers"] = answers_table(self.answers)
        return {name: table for name, table in made.items() if table.rows}

    def write(self) -> list[Path]:
        """tables.md, tables.tex, one CSV a table; figures as PNG and SVG."""
        storage, tables = self.view.storage, self.tables()
        written = [
            storage.write("tables.md", "\n".join(markdown(table) for table in tables.values())),
            storage.write("tables.tex", "\n".join(latex(table, name) for name, table in tables.items())),
        ]
        written += [storage.write(f"{name}.csv", csv_text(table)) for name, table in tables.items()]
        return written + self._figures(storage)

    def _figures(self, storage: Storage) -> list[Path]:
        from .figures import save
        from .figures_suite import every_figure

        drawn = every_figure(self.points)
        return [
            save(figure, storage.folder / f"{name}.{kind}") for name, figure in drawn.items() for kind in ("png", "svg")
        ]


def _renamed(table: Table, title: str) -> Table:
    return table._replace(title=f"{title} (± 95 %)")

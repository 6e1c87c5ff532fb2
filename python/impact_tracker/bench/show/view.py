"""A campaign that is read back: the rows that count, their summary, and everything that is made of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property

from ...report.page import Page
from ...weighing import Reweighing
from ..analyse.analysis import Answer, Point, answers, points_of
from ..analyse.cells import Cell, summarise
from ..analyse.reweigh import weighed
from ..analyse.roof import MeasuredRoof, measured_roof
from ..analyse.scores import Scores, scores
from ..analyse.sweeps import Sweep, sweeps_of
from ..analyse.targets import Reached, targets_of
from ..judge.alike import alike
from ..plan.suites import tests_of
from ..plan.test import ASIDE
from ..row.codec import encode
from ..row.log import current, epochs_of, given_up, roofs_of, superseded
from ..row.row import Epoch, Row
from ..row.storage import Outcome, Storage, outcome_of
from .caveats import caveats
from .files import Intervals, bootstraps, results, write_files
from .output import Output
from .page import campaign_page
from .page_learning import learning_page, targets_table
from .reproduction import rank_answers
from .sweeps import sweep_notes
from .table_texts import csv_text
from .verdict import CampaignVerdict, verdict


class View:
    """What a campaign's folder holds, also while it is being run. `olympic`: best and worst run are dropped; `weights`:
    PUE or carbon intensity other than those it was run with."""

    def __init__(self, storage: Storage, olympic: bool = False, weights: Reweighing | None = None) -> None:
        self.storage = storage
        self.head = storage.head()
        self.settings = storage.settings()
        log = storage.log()
        self.lines = log.lines
        self.left_out = log.notes
        self.output = Output(storage)
        self.weights = weights or Reweighing()
        self.rows: list[Row] = alike(weighed(current(self.lines), self.weights))
        self.olympic = olympic

    @cached_property
    def cells(self) -> list[Cell]:
        """The means of each test and phase."""
        return summarise(self.rows, olympic=self.olympic)

    @cached_property
    def bootstraps(self) -> list[Intervals]:
        """Bootstrap intervals of the cells' means, in the cells' order."""
        return [bootstraps(cell, self.rows, olympic=self.olympic) for cell in self.cells]

    @cached_property
    def outcome(self) -> Outcome:
        """How far the campaign is."""
        return outcome_of(self.storage.folder, self.head.tasks, self.lines)

    @property
    def caveats(self) -> list[str]:
        """What a reader must know, one sentence each."""
        notes = [*self.left_out, *caveats(self.settings, self.cells, self.rows, self.outcome, self.storage.driver())]
        repeated = len(given_up(self.lines))
        if repeated:
            runs = "1 run was" if repeated == 1 else f"{repeated} runs were"
            notes.append(
                f"{runs} repeated, as rows were invalid (--redo-invalid): the earlier rows are in no mean, "
                "results.json keeps them as superseded"
            )
        if self.roof is not None:
            notes.append(f"the most that the machine does, measured before the tests: {self.roof.text}")
        notes += sweep_notes(self.sweeps)
        if self.olympic:
            notes.append("means without the best and the worst run (--olympic), where there were five or more")
        if self.weights.given:
            asked = ", ".join(f"{name} {value}" for name, value in self.weights.given.items())
            notes.append(f"carbon is weighed anew ({asked}), not as it was when the campaign ran")
        return notes

    @cached_property
    def targets(self) -> list[Reached]:
        """What reaching the targets cost, of suite learning; else nothing."""
        return targets_of(self.rows, self.epochs)

    def verdict(self, outcome: Outcome | None = None) -> CampaignVerdict:
        """Whether it has a result. `outcome`: where more is known than its files say."""
        return verdict(tests_of(self.settings), self.rows, outcome or self.outcome)

    @cached_property
    def points(self) -> list[Point]:
        """Every test with an energy."""
        return points_of(self.cells, self.rows, self.head.networks)

    @cached_property
    def roof(self) -> MeasuredRoof | None:
        """The most that the machine does, where the campaign measured it."""
        return measured_roof(roofs_of(self.lines))

    @cached_property
    def answers(self) -> list[Answer]:
        """The study's questions, and how this machine ranks its networks."""
        if self.is_learning or self.is_swept:  # the points of a sweep are no networks beside each other
            return []
        return [*answers(self.points), *(rank_answers(self.cells) if self.has_scores else [])]

    @property
    def epochs(self) -> list[Epoch]:
        """The epochs of trainings that count."""
        return epochs_of(self.lines, self.rows)

    @property
    def is_learning(self) -> bool:
        """Whether its networks are trained to a target."""
        return self.settings.suite == "learning"

    @property
    def has_scores(self) -> bool:
        """Whether it is of the published suite, as that is run: a sweep's points are not."""
        return self.settings.suite == "ai-benchmark" and not self.is_swept

    @property
    def is_swept(self) -> bool:
        """Whether something is varied in it."""
        return bool(self.settings.axes.values)

    @cached_property
    def sweeps(self) -> list[Sweep]:
        """Time and energy at the points of its sweeps."""
        return sweeps_of(self.cells, self.rows) if self.is_swept else []

    @property
    def scores(self) -> Scores | None:
        """AI scores, of the suite that has them."""
        return scores(self.rows) if self.has_scores else None

    def page(self, *, aside: bool = True) -> Page:
        """What the console shows; `aside`: with what loading and warming up cost."""
        cells = [cell for cell in self.cells if aside or cell.phase not in ASIDE]
        if self.is_learning:
            return learning_page(cells, self.caveats, self.targets)
        return campaign_page(cells, self.caveats)

    def to_dict(self) -> dict[str, object]:
        """The same as what results.json holds."""
        weighed_with = {"weighed_with": self.weights.given} if self.weights.given else {}
        head = self.head._replace(about={**self.head.about, **weighed_with})
        document = results(head, self.cells, self.bootstraps, self.rows, self.caveats)
        document["superseded"] = [encode(row) for row in superseded(self.lines)]
        document["outcome"] = {
            "done": self.outcome.done,
            "total": self.outcome.total,
            "failed": self.outcome.failed,
            "without_valid_run": self.verdict().without,
        }
        document["answers"] = [answer._asdict() for answer in self.answers]
        document["scores"] = self.scores.to_dict() if self.scores else None
        if self.roof is not None:
            document["roof"] = self.roof.to_dict()
        if self.is_swept:
            document["sweeps"] = [sweep.to_dict() for sweep in self.sweeps]
        if self.is_learning:
            document["targets"] = [reached.to_dict() for reached in self.targets]
            document["epochs"] = [encode(epoch) for epoch in self.epochs]
        return document

    def write_files(self) -> str | None:
        """Writes JSON, CSV and figures into the folder; returns what could not be made, in words."""
        return self.written(self._write) or self.output.unwritten

    def written(self, write: Callable[[], object]) -> str | None:
        """Runs what writes files by `output`, which knows what the disk refused; returns which package was missing."""
        try:
            write()
        except ImportError as error:
            return str(error)
        return None

    def _write(self) -> None:
        if self.is_learning:
            self.output.text("targets.csv", csv_text(targets_table(self.targets)))
        write_files(self.output, self.to_dict(), self.cells, self.bootstraps, self.rows)
        if self.is_learning:
            from .figures.learning import learning_figure

            self.output.figure(learning_figure(self.epochs, self.targets, self.cells), "learning")


def read(folder: str | os.PathLike[str], *, olympic: bool = False, weights: Reweighing | None = None) -> View:
    """Reads the campaign of a folder. FileNotFoundError where there is none."""
    return View(Storage(folder), olympic, weights)

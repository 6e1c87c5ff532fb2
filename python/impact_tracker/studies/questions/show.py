"""An answer as a page, as JSON and as files in the study's folder."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from ...bench.row.disk import write_whole
from ...report.page import Page, Table
from ..points.campaign import PointsOutcome
from .asked import StudyAnswer
from .known import QUESTIONS
from .words import run_dicts

SCHEMA = 1


def finding_of(outcome: PointsOutcome) -> StudyAnswer:
    """What follows from the runs of a study."""
    question = QUESTIONS.get(outcome.plan.study)
    if question is None:
        raise ValueError(f"study {outcome.plan.study!r} is of another version: there are {', '.join(QUESTIONS)}")
    return question.answer(outcome.plan.points, outcome.runs)


def page_of(outcome: PointsOutcome, finding: StudyAnswer, folder: Path) -> Page:
    """The sentence first, then the tables, then what a reader has to know."""
    left = outcome.total - len(outcome.runs)
    caveats = [*finding.caveats, *outcome.notes]
    if left:
        caveats.insert(0, f"{left} of {outcome.total} runs are not done yet: --resume {folder} goes on.")
    plan = outcome.plan
    details = [f"study {plan.study}, preset {plan.preset}, seed {plan.seed}, {plan.repeats} repeats: {folder}"]
    return Page(finding.sentence, finding.tables, caveats, details)


def as_dict(outcome: PointsOutcome, finding: StudyAnswer) -> dict[str, object]:
    """Unrounded, for programs."""
    return {
        "schema": SCHEMA,
        "plan": outcome.plan.to_dict(),
        "done": len(outcome.good),
        "total": outcome.total,
        "sentence": finding.sentence,
        "caveats": [*finding.caveats, *outcome.notes],
        **finding.document,
        "runs": run_dicts(outcome.runs),
    }


def write_files(outcome: PointsOutcome, finding: StudyAnswer, folder: Path) -> list[Path]:
    """answer.json, one .csv a table, and the figure as .svg and .png."""
    text = json.dumps(as_dict(outcome, finding), indent=1, ensure_ascii=False, allow_nan=False)
    paths = [write_whole(folder / "answer.json", text.encode() + b"\n")]
    for number, table in enumerate(finding.tables, 1):
        paths.append(write_whole(folder / f"table{number}.csv", _csv(table)))
    if finding.draw is not None and outcome.good:
        from ...report.plot import figure_for, save

        for suffix in ("svg", "png"):
            path = folder / f"{outcome.plan.study}.{suffix}"
            figure = figure_for(path, (8.0, 5.0))
            finding.draw(figure)
            save(figure, path)
            paths.append(path)
    return paths


def _csv(table: Table) -> bytes:
    stream = io.StringIO()
    rows = csv.writer(stream)
    rows.writerow([name.lstrip(">") for name in table.columns])
    rows.writerows(table.rows)
    return stream.getvalue().encode()

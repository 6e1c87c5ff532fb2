"""A campaign of the bench: its answer, its tables, and drawings of what each network costs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..bench.analyse.cells import Cell, unit_of, with_interval
from ..bench.show.tables import answers_table, intervals_table, left_out_table, table23
from ..bench.show.view import View, read
from ..values.statistics import Mean
from ..weighing import Reweighing
from .answer import FirstScreen
from .document import Section
from .figures import Interval, intervals
from .markup import Html, element, items, joined
from .tables import table_of

PHASES = ("training", "inference")


def is_campaign(place: Path) -> bool:
    """Whether a folder holds a campaign."""
    return (place / "campaign.json").is_file()


def campaign_of(place: Path, weights: Reweighing | None = None) -> View:
    """The campaign of a folder. ValueError where it is damaged or of a newer version."""
    return read(place, weights=weights)


def campaign_answer(view: View) -> FirstScreen:
    """What the campaign found, as the console says it."""
    outcome = view.outcome
    faults = [f"{len(outcome.failed)} of {outcome.total} tasks failed"] if outcome.failed else []
    if outcome.done + len(outcome.failed) < outcome.total:
        faults.append(f"the campaign is not at its end: {outcome.done} of {outcome.total} tasks are done")
    return FirstScreen(view.page().headline, (), faults, view.caveats)


def campaign_section(view: View, number: int) -> Section:
    """Tables and drawings of a campaign."""
    page = view.page()
    body = [
        element("p", None, f"Suite {view.settings.suite}: {view.outcome.done} of {view.outcome.total} tasks are done."),
        *(_drawing(view.cells, phase, _cost, unit_of(view.cells)) for phase in PHASES),
        *(table_of(table, "summary") for table in page.tables),
        *(table_of(table23(view.cells, phase, classifiers=False)) for phase in PHASES if _has(view.cells, phase)),
        table_of(intervals_table(view.cells, view.bootstraps)),
        table_of(answers_table(view.answers, "Questions and answers")),
        table_of(left_out_table(view.cells)),
        items([line for line in page.details if line.strip()]),
    ]
    return Section(f"campaign-{number}", f"Campaign {view.storage.folder.name}", joined(body))


def _has(cells: list[Cell], phase: str) -> bool:
    return any(cell.phase == phase for cell in cells)


def _cost(cell: Cell) -> Mean | None:
    return cell.j_per_image


def _drawing(cells: list[Cell], phase: str, cost: Callable[[Cell], Mean | None], unit: str) -> Html:
    rows = []
    for cell in cells:
        mean = cost(cell)
        if cell.phase == phase and mean is not None:
            low, high = mean.interval or (mean.value, mean.value)
            rows.append(Interval(cell.title, low, mean.value, high, f"{with_interval(mean)} J"))
    rows.sort(key=lambda row: -row.best)
    return intervals(f"{phase.capitalize()}: J for each {unit}", rows)

"""The whole screen of the live view as lines of text: a pure function of a snapshot, of what the user chose, and of the
terminal's size. What Textual draws of it stands in `app`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from .. import digits
from . import tables
from .processes import JobUse, ProcessUse, jobs_of
from .snapshot import BudgetView, LiveSnapshot, RegionUse

ORDERS = ("watts", "cpu", "gpu", "pid", "command")
PANES = ("processes", "jobs", "regions")
KEYS = "space freeze  s order  / filter  tab pane  ↑↓ scroll  p picture (SVG)  q quit"
SHORT_KEYS = "space s / tab p q: help in --help"
LATE_S = 3.0  # a look that takes longer is said to be late
_FEWEST_ROWS = 3  # of the pane, whatever stands above it


class StyledCells(NamedTuple):
    """A row before it is fitted, with its line's style."""

    cells: tables.Cells
    style: str


class Line(NamedTuple):
    """One line of the screen; `style`: answer, note, head, pane, row, idle, warning or keys."""

    text: str
    style: str = "row"


@dataclass
class ScreenState:
    """What the user chose. `top`: the first row of the pane that is shown; `message`: what a key has done; `waits_s`:
    how long the look that is under way has taken, as a driver that hangs makes it; `waits_for`: what the first one
    needs."""

    order: str = ORDERS[0]
    words: str = ""
    pane: str = PANES[0]
    top: int = 0
    frozen: bool = False
    typing: bool = False
    message: str = ""
    waits_s: float = 0.0
    waits_for: str = "the first look"
    rows: int = field(default=0, init=False)  # of the pane, as last drawn
    height: int = field(default=0, init=False)  # of its lines on the screen

    def scroll(self, by: int) -> None:
        """Other rows of the pane."""
        self.top = max(0, min(self.top + by, self.rows - self.height))


@lru_cache(maxsize=32)
def _layout(columns: tuple[tables.Column, ...], width: int) -> tables.Layout:
    return tables.Layout(columns, width)


def ranked(uses: Sequence[ProcessUse], order: str, words: str) -> list[ProcessUse]:
    """The processes whose command, group, job or number holds the words, in this order; those that used nothing
    last."""
    wanted = words.casefold().strip()
    kept = uses
    if wanted:
        kept = [use for use in uses if wanted in f"{use.command} {use.group} {use.job} {use.pid}".casefold()]
    keys: dict[str, Callable[[ProcessUse], tuple[float | str, ...]]] = {
        "watts": lambda use: (-(use.watts or 0.0), -use.cpu_s, use.pid),
        "cpu": lambda use: (-use.cpu_s, use.pid),
        "gpu": lambda use: (*_by_gpu(use), use.pid),
        "pid": lambda use: (use.pid,),
        "command": lambda use: (use.command.casefold(), use.pid),
    }
    return sorted(kept, key=keys[order])


def ranked_jobs(jobs: Sequence[JobUse], order: str, words: str) -> list[JobUse]:
    """As `ranked`; by the number of processes, most first, in place of theirs."""
    wanted = words.casefold().strip()
    keys: dict[str, Callable[[JobUse], tuple[float | str, ...]]] = {
        "watts": lambda job: (-(job.watts or 0.0), -job.cpu_s, job.name),
        "cpu": lambda job: (-job.cpu_s, job.name),
        "gpu": lambda job: (*_by_gpu(job), job.name),
        "pid": lambda job: (-job.processes, job.name),
        "command": lambda job: (job.name.casefold(),),
    }
    return sorted((job for job in jobs if wanted in job.name.casefold()), key=keys[order])


def ranked_regions(regions: Sequence[RegionUse], order: str, words: str) -> list[RegionUse]:
    """As `ranked`: by energy, by time, or by name; those that are open first, for they have none yet."""
    wanted = words.casefold().strip()
    kept = [region for region in regions if wanted in region.name.casefold()]
    if order == "command":
        return sorted(kept, key=lambda region: region.name.casefold())
    if order in ("cpu", "pid"):
        return sorted(kept, key=lambda region: -region.seconds)
    return sorted(kept, key=lambda region: (region.times > 0, -(region.energy_j or 0.0), -region.seconds))


def _by_gpu(use: ProcessUse | JobUse) -> tuple[float, float, float]:
    if use.gpu is None:
        return (1.0, 0.0, 0.0)
    return (-(use.gpu.watts or 0.0), -(use.gpu.use or 0.0), -float(use.gpu.memory_bytes or 0))


def power_text(snapshot: LiveSnapshot) -> str:
    """The machine's power; a run that has gone has an energy, and none any longer."""
    if snapshot.watts is None:
        return "power not measured" if snapshot.energy_j is None else "power not known now"
    return tables.watts_text(snapshot.watts, snapshot.quality)


def answer_of(snapshot: LiveSnapshot) -> str:
    """The line at the top."""
    energy = tables.energy_text(snapshot.energy_j, snapshot.error_j, snapshot.quality)
    words = [power_text(snapshot), f"{energy} in {digits.duration(snapshot.seconds)}", snapshot.quality]
    return f"{snapshot.title}: {', '.join(words)}"


def budget_lines(budget: BudgetView) -> list[Line]:
    """What is left, and what the whole work will take."""
    left = tables.energy_text(budget.left_j, budget.left_error_j, budget.quality)
    used = "" if budget.used_share is None else f", {digits.percent(budget.used_share)} used"
    is_spent = budget.used_share is not None and budget.used_share >= 1
    state = "spent" if is_spent else f"{left} left" if budget.left_j is not None else "left: not measured"
    lines = [Line(f"budget {budget.text}: {state}{used}, {budget.quality}", "warning" if is_spent else "note")]
    if budget.forecast_j is None:
        return [*lines, Line("forecast: not known yet, or the length of the run's loops is not", "note")]
    total = tables.energy_text(budget.forecast_j, budget.forecast_half_j, budget.quality)
    text = f"forecast {total} for the whole work, at {digits.percent(budget.done)} of it"
    if budget.forecast_half_j is None:  # how far it may be off is not known, so neither is on which side of the budget
        return [*lines, Line(f"{text}: its interval is not known yet, nor whether it passes the budget", "note")]
    most_j = budget.forecast_j + budget.forecast_half_j
    passes = "passes the budget" if budget.forecast_j > budget.limit_j else "may pass the budget"
    verdict = passes if most_j > budget.limit_j else "within the budget"
    return [*lines, Line(f"{text}: {verdict}", "note" if most_j <= budget.limit_j else "warning")]


def _wrapped(text: str, width: int, most: int) -> list[str]:
    """Text on as many lines as it needs, `most` at most."""
    if len(text) <= width:
        return [text]
    from textwrap import wrap

    lines = wrap(text, max(width, 8)) or [""]
    if len(lines) > most:
        lines = [*lines[: most - 1], " ".join(lines[most - 1 :])]
    return lines


def _top_lines(snapshot: LiveSnapshot, view: ScreenState, width: int, height: int) -> list[Line]:
    """The answer, what goes on, the budget, and as many of the notes as there is room for."""
    answer = answer_of(snapshot) + ("   [frozen]" if view.frozen else "")
    lines = [Line(text, "answer") for text in _wrapped(answer, width, 2)]
    if view.waits_s >= LATE_S:
        late = f"stale: a reader or driver has not answered for {digits.duration(view.waits_s)}; all below is as before"
        lines += [Line(text, "warning") for text in _wrapped(late, width, 2)]
    if snapshot.regions:
        lines.append(Line(f"in {' › '.join(snapshot.regions)}", "note"))
    if snapshot.budget is not None:
        lines += budget_lines(snapshot.budget)
    if snapshot.watts is None and snapshot.energy_j is None:
        lines.append(Line("no power is measured here: `impact-tracker doctor` says why and what mends it", "warning"))
    room = max(1, min(5, height // 6))
    notes = list(snapshot.notes)
    hidden = len(notes) - room
    if hidden > 0:
        notes = [*notes[: room - 1], f"and {hidden + 1} more: --once shows them"]
    return lines + [Line(note, "note") for note in notes if note]


def _device_lines(snapshot: LiveSnapshot, width: int, room: int) -> list[Line]:
    if not snapshot.devices or room < 2:
        return []
    devices = sorted(snapshot.devices, key=lambda device: not device.in_total)  # the sum's parts first
    hidden = len(devices) - (room - 1)
    if hidden > 0:
        devices = devices[: max(room - 2, 1)]
    most = max((device.watts or 0.0 for device in devices), default=0.0)
    layout = _layout(tables.device_columns(max(len(device.name) for device in devices), width), width)
    lines = [Line(layout.titles, "head")]
    lines += [Line(layout.line(tables.device_cells(device, most))) for device in devices]
    if hidden > 0 and room > 2:
        lines.append(Line(f"and {len(snapshot.devices) - len(devices)} more", "note"))
    return lines


def _pane_title(snapshot: LiveSnapshot, view: ScreenState, width: int) -> Line:
    counts = {"processes": len(snapshot.processes), "jobs": None, "regions": len(snapshot.region_uses)}
    names = []
    for name in PANES:
        count = f" {counts[name]}" if counts[name] else ""
        names.append(f"[{name}{count}]" if name == view.pane else f" {name}{count} ")
    working = sum(use.cpu_s > 0 for use in snapshot.processes)
    details = [f"by {view.order}"]
    if snapshot.processes and view.pane == "processes":
        details.append(f"{working} at work")
    if view.typing or view.words:
        details.append(f"filter: {view.words}{'_' if view.typing else ''}")
    if view.message:
        details = [view.message]
    return Line(tables.fitted(f"{''.join(names)}  {', '.join(details)}", width), "pane")


def _rows(
    snapshot: LiveSnapshot, view: ScreenState
) -> tuple[tuple[tables.Column, ...], int, Callable[[int, int], list[StyledCells]]]:
    """The columns of the pane, how many rows it has, and a function that makes those from one to another."""
    with_gpus = any(device.device.startswith("gpu:") for device in snapshot.devices) or any(
        use.gpu is not None for use in snapshot.processes
    )
    interval_s = snapshot.interval_s
    if view.pane == "regions":
        regions = ranked_regions(snapshot.region_uses, view.order, view.words)
        return tables.REGIONS, len(regions), lambda a, b: [_cells(tables.region_cells(r)) for r in regions[a:b]]
    if view.pane == "jobs":
        jobs = ranked_jobs(jobs_of(snapshot.processes), view.order, view.words)
        most_w = max((job.watts or 0.0 for job in jobs), default=0.0)
        return (
            tables.job_columns(with_gpus), len(jobs),
            lambda a, b: [_cells(tables.job_cells(job, most_w, interval_s, with_gpus), job) for job in jobs[a:b]],
        )  # fmt: skip
    uses = ranked(snapshot.processes, view.order, view.words)
    most_w = max((use.watts or 0.0 for use in uses), default=0.0)
    return (
        tables.process_columns(with_gpus), len(uses),
        lambda a, b: [_cells(tables.process_cells(use, most_w, interval_s, with_gpus), use) for use in uses[a:b]],
    )  # fmt: skip


def _cells(cells: tables.Cells, use: ProcessUse | JobUse | None = None) -> StyledCells:
    """Those that did nothing stand back."""
    is_idle = use is not None and not use.cpu_s and not use.watts
    return StyledCells(cells, "idle" if is_idle else "row")


def waiting_lines(view: ScreenState, width: int, height: int) -> list[Line]:
    """What is shown before the first snapshot: exactly `height` lines."""
    late = f", for {digits.duration(view.waits_s)} so far: a driver hangs" if view.waits_s >= LATE_S else ""
    lines = [Line(text, "warning" if late else "note") for text in _wrapped(f"{view.waits_for}{late} …", width, 3)]
    lines += [Line("")] * (height - 1 - len(lines)) + [Line("q quit", "keys")]
    return [Line(tables.fitted(line.text, width), line.style) for line in lines[-height:]]


def screen_lines(snapshot: LiveSnapshot, view: ScreenState, width: int, height: int) -> list[Line]:
    """Exactly `height` lines. `view` learns how many rows its pane has."""
    columns, count, rows_of = _rows(snapshot, view)
    lines = _top_lines(snapshot, view, width, height)
    lines = lines[: max(1, height - _FEWEST_ROWS - 3)]
    room = max(2, min(len(snapshot.devices) + 1, height // 3, height - len(lines) - _FEWEST_ROWS - 3))
    if height - len(lines) - room >= _FEWEST_ROWS + 2:
        lines += _device_lines(snapshot, width, room)
    layout = _layout(columns, width)
    lines += [_pane_title(snapshot, view, width), Line(layout.titles, "head")]
    view.rows, view.height = count, max(height - len(lines) - 1, 1)
    view.scroll(0)
    lines += [Line(layout.line(cells), style) for cells, style in rows_of(view.top, view.top + view.height)]
    if not count:
        lines.append(Line(_nothing(snapshot, view), "note"))
    lines = lines[: height - 1]
    lines += [Line("")] * (height - 1 - len(lines))
    keys = "type a part of a command, a job or a number; enter keeps it, escape shows all" if view.typing else KEYS
    lines.append(Line(keys if len(keys) <= width else SHORT_KEYS, "keys"))
    return [Line(tables.fitted(line.text, width), line.style) for line in lines[-height:]]


def _nothing(snapshot: LiveSnapshot, view: ScreenState) -> str:
    """Why the pane has no row."""
    if view.words:
        return f"nothing here holds {view.words!r}: escape shows all"
    if view.pane == "regions":
        return "no region yet: `with tracker.region(…)` in a program makes them, and `top RECORD` shows them"
    return "a record that has ended, or of another machine, has no processes: tab shows its regions"

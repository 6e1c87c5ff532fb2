"""The page of whatever `report` is given: runs, campaigns, clusters, and what of it could not be read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .. import digits
from ..bench.show.view import View
from ..budget import Price
from ..interop import Statement
from ..paths import absolute
from ..report import statement_page
from ..report.nodes import nodes_of
from ..report.page import Page
from ..report.runs import Progress, ReadRecord, load_readable
from ..report.tables import page_of, state_caveats
from ..weighing import Reweighing
from ..whole_file import write_whole_text
from .answer import FirstScreen, answer_of
from .campaign import campaign_answer, campaign_of, campaign_section, is_campaign
from .compared import runs_section
from .document import Section, html_of
from .figures import Interval, intervals
from .markup import element, items, joined
from .packing import Block
from .run_section import run_section
from .site import SiteReport, is_site_report, site_answer, site_report_of, site_section
from .tables import page_parts

Steps = Callable[[Sequence[ReadRecord]], Iterable[ReadRecord]]
MOST_IN_FULL = 12  # runs with a section of their own
HUGE_BYTES = 256 << 20


@dataclass
class ReportInput:
    """What lies below the given paths. `unreadable`: what of it could not be read and why."""

    runs: list[ReadRecord] = field(default_factory=list)
    campaigns: list[View] = field(default_factory=list)
    sites: list[SiteReport] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that could be shown."""
        return not (self.runs or self.campaigns or self.sites)


def is_other(place: str | os.PathLike[str]) -> bool:
    """Whether a path holds a campaign or a cluster's report, and not runs alone."""
    path = absolute(Path(place).expanduser())
    return is_campaign(path) or is_site_report(path)


def read_input(
    paths: Sequence[str | os.PathLike[str]], *, new: Reweighing | None = None, progress: Progress = iter
) -> ReportInput:
    """Reads everything below the paths. FileNotFoundError where a path does not exist or holds nothing of ours."""
    given = ReportInput()
    record_places: list[Path] = []
    for path in dict.fromkeys(absolute(Path(path).expanduser()) for path in paths):
        if is_site_report(path):
            given.sites.append(site_report_of(path))
        elif is_campaign(path):
            try:
                given.campaigns.append(campaign_of(path, new))
            except ValueError as error:
                given.unreadable.append(str(error))
            if any((path / "impacttracker").glob("*.jsonl")):
                record_places.append(path)
        else:
            record_places.append(path)
    if record_places:
        given.runs, unreadable = load_readable(record_places, new=new, progress=progress)
        given.unreadable += unreadable
    return given


def html_report(
    paths: Sequence[str | os.PathLike[str]],
    *,
    new: Reweighing | None = None,
    price: Price | None = None,
    progress: Progress = iter,
) -> str:
    """The page of the runs, campaigns and clusters below some paths, as a text.

    `new`: what to weigh with in place of the records' own; `price`: of the electricity. What cannot be read is said on
    the page's first screen. FileNotFoundError where a path does not exist or holds nothing of ours.
    """
    return html_of_input(read_input(paths, new=new, progress=progress), price=price)


def html_of_statements(runs: Sequence[Statement]) -> str:
    """The page of runs that other tools measured: they have no samples, so it has tables and no chart."""
    page = statement_page.page_of(runs)
    bars = []
    for run in runs:
        span = run.energy.range_j
        if span is not None:
            words = digits.energy(run.energy.best_j, run.energy.error_j)
            bars.append(Interval(run.name, span.low, span.best, span.high, words))
    body = [
        intervals("Energy of each run", bars) if len(bars) > 1 else "",
        page_parts(page._replace(caveats=())),
        element("h3", None, "What the numbers rest on"),
        items([line for line in statement_page.explanations(runs) if line.strip()]),
    ]
    tools = ", ".join(dict.fromkeys(run.tool for run in runs))
    section = Section("runs", f"Runs measured by {tools}", joined(body))
    answer = FirstScreen(page.headline, caveats=page.caveats)
    return html_of(f"Energy and impact: {tools}", answer.markup, [section], [], Block())


def write_html_report(path: str | os.PathLike[str], text: str) -> None:
    """The page into a file, whole or not at all. OSError with the file and the system's reason."""
    try:
        write_whole_text(absolute(Path(path).expanduser()), text)
    except OSError as error:
        raise type(error)(f"the page {error}") from error


def html_of_input(given: ReportInput, *, price: Price | None = None, progress: Steps = iter) -> str:
    """The page of what was read. `progress` goes over the runs whose samples are read."""
    runs = given.runs
    nodes = nodes_of(runs)
    page = page_of(runs, nodes=nodes) if runs else Page("")
    block = Block()
    sections = [campaign_section(view, number) for number, view in enumerate(given.campaigns, 1)]
    sections += [site_section(site, number) for number, site in enumerate(given.sites, 1)]
    if len(runs) > 1:
        sections.append(runs_section(runs, nodes, page))
    full = runs[:MOST_IN_FULL]
    alone = len(runs) == 1 and not (given.campaigns or given.sites)
    drawn = [run_section(run, number, block, 1.0 / len(full), alone=alone) for number, run in enumerate(progress(full))]
    sections += [each.section for each in drawn]
    answers = [campaign_answer(view) for view in given.campaigns] + [site_answer(site) for site in given.sites]
    if runs:
        answers.append(answer_of(runs, nodes, page, faults=_faults(runs), price=price))
    notes = [
        f"{run.label} is long: its chart keeps one value for every {each.power.bucket_s:.3g} s"
        for run, each in zip(full, drawn)
        if each.power.bucket_s > 60.0
    ]
    if len(runs) > len(full):
        notes.append(f"the {len(full)} newest of {len(runs)} runs have sections of their own; the tables hold all")
    answer = _together(answers, [f"not read: {fault}" for fault in given.unreadable], notes)
    charts = [each.chart for each in drawn]
    return html_of(_title(given), answer.markup, sections, charts, block)


def _faults(runs: Sequence[ReadRecord]) -> list[str]:
    """What is wrong with the records themselves."""
    faults = []
    several = len(runs) > 1
    for run in runs:
        sentences = list(state_caveats(run))
        size = run.record.path.stat().st_size if run.record.path.exists() else 0
        if size > HUGE_BYTES:
            sentences.append(f"the record is huge: {size / 1e9:.2g} GB")
        faults += [f"{run.label}: {sentence}" if several else sentence for sentence in sentences]
    return faults


def _together(answers: Sequence[FirstScreen], faults: Sequence[str], notes: Sequence[str]) -> FirstScreen:
    """One answer of all that was given; without any, that nothing could be read."""
    if not answers:
        reasons = faults or ["no tracker was ever started there: start() or a `with` block begins to measure"]
        return FirstScreen("No run could be read", (), reasons)
    return FirstScreen(
        "\n".join(answer.lead for answer in answers),
        [amount for answer in answers for amount in answer.amounts],
        [*faults, *(fault for answer in answers for fault in answer.faults)],
        [*(caveat for answer in answers for caveat in answer.caveats), *notes],
    )


def _title(given: ReportInput) -> str:
    names = [view.storage.folder.name for view in given.campaigns] + [site.name for site in given.sites]
    if given.runs and not names:
        names = [given.runs[0].label] if len(given.runs) == 1 else [f"{len(given.runs)} runs"]
    return f"Energy and impact: {', '.join(names[:3])}" if names else "Energy and impact: nothing could be read"

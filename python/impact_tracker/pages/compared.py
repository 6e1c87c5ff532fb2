"""Several runs beside each other: their energies with intervals, and how far each differs from the first."""

from __future__ import annotations

from collections.abc import Sequence

from .. import digits
from ..report.comparison import Difference, compare, page_of
from ..report.nodes import Node
from ..report.page import Page, Table
from ..report.runs import ReadRecord
from .document import Section
from .figures import Interval, intervals
from .markup import Html, element, items, joined
from .tables import page_parts, table_of

MOST_COMPARED = 200


def runs_section(runs: Sequence[ReadRecord], nodes: Sequence[Node], page: Page) -> Section:
    """The console's tables of several runs, and a drawing of their energies. `nodes`, `page`: of these runs.

    Records of one machine at one time measured the same: they are drawn as one, and not held against each other.
    """
    if any(node.is_united for node in nodes):
        machines = [_as_machine(node) for node in nodes]
        body = [_energies(machines, "machine"), page_parts(page._replace(caveats=()))]
        return Section("runs", f"{len(runs)} records", joined(body))
    body = [
        _energies(runs, "run"),
        page_parts(page._replace(caveats=())),
        element("h3", None, "Compared with the first"),
        comparison(runs),
    ]
    return Section("runs", f"{len(runs)} runs", joined(body))


def _as_machine(node: Node) -> ReadRecord:
    return node.as_run._replace(label=f"{node.hostname or 'a machine'}, {len(node.runs)} records")


def _energies(runs: Sequence[ReadRecord], what: str) -> Html:
    in_kwh = any(run.result.kwh is not None and run.result.kwh >= 0.1 for run in runs)
    shown = digits.kwh if in_kwh else digits.energy
    rows = []
    for run in _by_time(runs):
        energy = run.result.energy
        span = energy.range_j
        if span is not None:
            rows.append(Interval(run.label, span.low, span.best, span.high, shown(energy.best_j, energy.error_j)))
    return intervals(f"Energy of each {what}, oldest first", rows)


def _by_time(runs: Sequence[ReadRecord]) -> list[ReadRecord]:
    return sorted(runs, key=lambda run: (run.when, run.label))


def comparison(runs: Sequence[ReadRecord]) -> Html:
    """Each run against the one that began first, in the words of `impact-tracker compare`."""
    first, *others = _by_time(runs)
    shown = others[:MOST_COMPARED]
    rows, sentences = [], []
    for run in shown:
        differences = {difference.name: difference for difference in compare([first], [run])}
        rows.append((run.label, *(_ratio(differences.get(name)) for name in ("energy", "power", "duration", "carbon"))))
        if len(shown) <= 5:
            sentences.append(page_of([first], [run], (first.label, run.label)).headline)
    columns = ("run", ">energy", ">mean power", ">duration", ">carbon")
    table = Table(columns, rows, f"times as much as {first.label}, which began first")
    more = [f"{len(others) - len(shown)} more runs are in the table above alone"] if len(others) > len(shown) else []
    known = "± is the measurement's own error, 95 %; one run a side says nothing of the scatter between runs"
    return joined([items(sentences), table_of(table), items([known, *more])])


def _ratio(difference: Difference | None) -> str:
    if difference is None or difference.ratio is None:
        return "not known"
    half = difference.ratio_half_width or None
    decimals = digits.decimals_for(difference.ratio, half)
    text = digits.fixed(difference.ratio, decimals)
    return f"{text} ± {digits.widened(half, decimals)}" if half else text

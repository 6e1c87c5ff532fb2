"""The estimate beside the measurement, for every shape of a report."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..result.view import html
from .nodes import Node
from .runs import ReadRecord


def lines(run: ReadRecord, explain: bool = False) -> list[str]:
    """For the page of one run."""
    return run.comparison.sentences(explain)


def cell(run: ReadRecord) -> str:
    """For a row: estimate over measurement; empty where either is not known."""
    ratio = run.comparison.ratio
    return "" if ratio is None else f"{ratio:.2f}"


def values(run: ReadRecord) -> tuple[float | None, float | None]:
    """For CSV: energy of the estimate in kWh, the site's overhead in it, and its ratio to the measured one."""
    beside = run.comparison
    return (None if beside.estimate is None else beside.estimate.energy_kwh), beside.ratio


def card(run: ReadRecord) -> str:
    """The run's HTML card with the estimate below it: a fragment, for a page or a notebook."""
    first, *rest = lines(run)
    notes = "".join(f"<br>{escape(note.strip())}" for note in rest)
    where = escape(f"{run.label}, {run.when} UTC" if run.when else run.label)
    return (
        f'<section><p style="font-family:inherit;margin:.8em 0 .3em;opacity:.7">{where}</p>{html(run.result)}'
        f'<p style="font-size:85%;margin:.3em 0 0;opacity:.85">{escape(first)}'
        f'<span style="opacity:.8">{notes}</span></p></section>'
    )


def machine_card(node: Node) -> str:
    """The card of a machine that several runs measured at one time: each joule once."""
    where = escape(f"{node.hostname or 'one machine'}, united from {len(node.runs)} records")
    style = "font-family:inherit;margin:.8em 0 .3em;opacity:.7"
    return f'<section><p style="{style}">{where}</p>{html(node.result)}</section>'


def page(runs: Sequence[ReadRecord], title: str, nodes: Sequence[Node] = ()) -> str:
    """A whole HTML page of cards that loads nothing from elsewhere.

    The machines among `nodes` that several runs measured come first, then the runs.
    """
    cards = "\n".join([*(machine_card(node) for node in nodes if node.is_united), *map(card, runs)])
    style = "body{font-family:system-ui,sans-serif;margin:2em auto;max-width:48em;padding:0 1em}"
    dark = "@media(prefers-color-scheme:dark){body{background:#181818;color:#e8e8e8}}"
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{style}{dark}</style></head>\n'
        f"<body>\n{cards}\n</body></html>\n"
    )

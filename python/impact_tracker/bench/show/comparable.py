"""What of two campaigns can be set beside each other, and what cannot, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..analyse.cells import Cell, invalid_because
from ..row.rows import Row
from .view import View

PHASES = ("training", "evaluation", "inference")
_HOW = ("batch", "precision", "layout", "threads", "device", "variant", "batch_norm", "data")
_NAMED = 3  # tests in a sentence; of more only how many


def good_rows(view: View, cell: Cell) -> list[Row]:
    """The rows of a test's phase that count."""
    own = (cell.test, cell.phase)
    return [row for row in view.rows if (row.get("test"), row["phase"]) == own and not invalid_because(row)]


def in_common(a: View, b: View) -> Iterator[tuple[Cell, list[Row], list[Row]]]:
    """Tests and phases that both measured, with the rows of either side."""
    there = {(cell.test, cell.phase): cell for cell in b.cells if cell.phase in PHASES}
    for cell in a.cells:
        other = there.get((cell.test, cell.phase))
        if other is not None:
            yield cell, good_rows(a, cell), good_rows(b, other)


def agree(first: Sequence[Row], second: Sequence[Row], name: str) -> bool:
    """Whether a fact of the rows is the same on both sides; what one side does not know does not disagree."""
    sides = [{_text(row[name]) for row in rows if row.get(name) is not None} for rows in (first, second)]
    return not sides[0] or not sides[1] or sides[0] == sides[1]


def _text(value: Any) -> str:
    return "x".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def same_input(first: Sequence[Row], second: Sequence[Row]) -> bool:
    """Whether one image, token or volume is the same thing on both sides."""
    return agree(first, second, "input") and agree(first, second, "unit")


def apart(a: View, b: View) -> list[str]:
    """What is not compared, and what makes a comparison doubtful, one sentence each."""
    common = [(cell, first, second) for cell, first, second in in_common(a, b) if first and second]
    notes = [
        *_only(a, b, {(cell.test, cell.phase) for cell, _, _ in common}),
        *_unfinished("A", a),
        *_unfinished("B", b),
    ]
    other = [(cell, first, second) for cell, first, second in common if not same_input(first, second)]
    notes += _differing(other, "input", "not compared, as one input is another thing: ")
    shared = [tested for tested in common if tested not in other]
    longer = [tested for tested in shared if not agree(tested[1], tested[2], "images")]
    if longer:
        which = _named([cell for cell, _, _ in longer])
        notes.append(f"seconds are not compared where runs took different numbers of inputs, inputs per s are: {which}")
    for name in _HOW:
        notes += _differing(shared, name, f"{name} differs: ")
    return [*notes, *_sensors(a, b)]


def _named(cells: Sequence[Cell]) -> str:
    names = [f"{cell.title} {cell.phase}" for cell in cells]
    return ", ".join(names) if len(names) <= _NAMED else f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"


def _only(a: View, b: View, common: set[tuple[str, str]]) -> list[str]:
    sentences = []
    for name, view in (("A", a), ("B", b)):
        alone = [cell for cell in view.cells if cell.phase in PHASES and (cell.test, cell.phase) not in common]
        if alone:
            sentences.append(f"not compared, as only {name} measured them: {_named(alone)}")
    return sentences


def _unfinished(name: str, view: View) -> list[str]:
    outcome = view.outcome
    left = [f"{name}: {outcome.total - outcome.done} of {outcome.total} tasks have come to no good end"]
    return [*(left if outcome.done < outcome.total else []), *(f"{name}: {note}" for note in view.left_out)]


def _differing(tests: Sequence[tuple[Cell, Sequence[Row], Sequence[Row]]], name: str, sentence: str) -> list[str]:
    """One sentence for all tests whose sides disagree in a fact."""

    def values(rows: Sequence[Row]) -> str:
        return " or ".join(sorted({_text(row[name]) for row in rows if row.get(name) is not None}))

    differing = [tested for tested in tests if not agree(tested[1], tested[2], name)]
    pairs = list(dict.fromkeys(f"{values(first)} in A, {values(second)} in B" for _, first, second in differing))
    if not differing:
        return []
    if len(pairs) == 1:
        return [f"{sentence}{pairs[0]} ({_named([cell for cell, _, _ in differing])})"]
    return [f"{sentence}{pairs[0]} ({_named([differing[0][0]])}), and for {len(differing) - 1} more tests"]


def _sensors(a: View, b: View) -> list[str]:
    """Of other sensors the sums hold other parts of the machine."""

    def names(view: View) -> set[str]:
        return {str(source["id"]) for row in view.rows if row["phase"] in PHASES for source in row.get("sources") or []}

    sides: list[set[str]] = [names(a), names(b)]
    if not sides[0] or not sides[1] or sides[0] == sides[1]:
        return []
    shown = [", ".join(sorted(side)) for side in sides]
    return [f"sensors differ: {shown[0]} in A, {shown[1]} in B"]

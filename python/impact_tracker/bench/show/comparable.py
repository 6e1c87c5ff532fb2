"""What of two campaigns can be set beside each other, and what cannot, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ..analyse.cells import Cell, bias_of
from ..analyse.relations import RatioTest
from ..judge.alike import Kind
from ..row.codec import value_of
from ..row.row import Row
from .view import View

PHASES = ("training", "evaluation", "inference")
_HOW = ("batch", "precision", "layout", "threads", "device", "batch_norm", "data")
# Why tests are not compared whose kinds differ in this.
_OTHER = {
    "input": "not compared, as one input is another thing: ",
    "unit": "not compared, as another thing is counted: ",
    "classes": "not compared, as heads of other numbers of classes make other networks: ",
    "variant": "not compared, as variants are other networks: ",
}
_NAMED = 3  # tests in a sentence; of more only how many


def good_rows(view: View, cell: Cell) -> list[Row]:
    """The rows of a test's phase that count."""
    own = (cell.test, cell.phase)
    return [row for row in view.rows if (row.test, row.phase) == own and not row.invalid_because]


def in_common(a: View, b: View) -> Iterator[tuple[Cell, list[Row], list[Row]]]:
    """Tests and phases that both measured, with the rows of either side."""
    of_b = {(cell.test, cell.phase): cell for cell in b.cells if cell.phase in PHASES}
    for cell in a.cells:
        other = of_b.get((cell.test, cell.phase))
        if other is not None:
            yield cell, good_rows(a, cell), good_rows(b, other)


def agree(first: Sequence[Row], second: Sequence[Row], name: str) -> bool:
    """Whether a fact of the rows is the same on both sides; what one side does not know does not disagree."""
    sides = [texts_of(rows, name) for rows in (first, second)]
    return not sides[0] or not sides[1] or sides[0] == sides[1]


def texts_of(rows: Sequence[Row], name: str) -> set[str]:
    """What the rows' lines say under a name, in words; without those that do not know it."""
    values = (value_of(row, name) for row in rows)
    return {
        "x".join(map(str, value)) if isinstance(value, tuple) else str(value) for value in values if value is not None
    }


def same_input(first: Sequence[Row], second: Sequence[Row]) -> bool:
    """Whether one image, token or volume is the same thing on both sides, and goes through the same network."""
    return all(agree(first, second, name) for name in Kind._fields)


def beyond_own_error(test: RatioTest, views: Sequence[View], first: Sequence[Row], second: Sequence[Row]) -> bool:
    """Whether energies differ by more than their interval and the own error of the sensors and models of two machines,
    which no repeating shrinks. On one machine that is common to both."""
    if len({view.head.about.get("host") for view in views}) == 1:
        return True
    interval = test.ratio - (test.low if test.ratio > 1 else test.high)
    own = math.hypot(bias_of(first) or 0.0, (bias_of(second) or 0.0) * test.ratio)
    return abs(test.ratio - 1) > math.hypot(interval, own)


WITHIN_OWN_ERROR = "not beyond the own error of the sensors and models"
Labels = tuple[str, str]  # what sentences call the two campaigns
BOTH: Labels = ("A", "B")


def apart(a: View, b: View, labels: Labels = BOTH) -> list[str]:
    """What is not compared, and what makes a comparison doubtful, one sentence each."""
    common = [(cell, first, second) for cell, first, second in in_common(a, b) if first and second]
    notes = [
        *_only(a, b, {(cell.test, cell.phase) for cell, _, _ in common}, labels),
        *_unfinished(labels[0], a),
        *_unfinished(labels[1], b),
    ]
    other = [(cell, first, second) for cell, first, second in common if not same_input(first, second)]
    for name in Kind._fields:
        notes += _differing(other, name, _OTHER[name], labels)
    shared = [sides for sides in common if sides not in other]
    longer = [cell for cell, first, second in shared if not agree(first, second, "images")]
    if longer:
        which = _named(longer)
        notes.append(f"seconds are not compared where runs took different numbers of inputs, inputs per s are: {which}")
    for name in _HOW:
        notes += _differing(shared, name, f"{name} differs: ", labels)
    return [*notes, *_sensors(a, b, labels)]


def _named(cells: Sequence[Cell]) -> str:
    names = [f"{cell.title} {cell.phase}" for cell in cells]
    return ", ".join(names) if len(names) <= _NAMED else f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"


def _only(a: View, b: View, common: set[tuple[str, str]], labels: Labels) -> list[str]:
    notes = []
    for name, view in zip(labels, (a, b)):
        alone = [cell for cell in view.cells if cell.phase in PHASES and (cell.test, cell.phase) not in common]
        if alone:
            notes.append(f"not compared, as only {name} measured them: {_named(alone)}")
    return notes


def _unfinished(name: str, view: View) -> list[str]:
    outcome = view.outcome
    left = [f"{name}: {outcome.total - outcome.done} of {outcome.total} tasks have come to no good end"]
    return [*(left if outcome.done < outcome.total else []), *(f"{name}: {note}" for note in view.left_out)]


def _differing(
    tests: Sequence[tuple[Cell, Sequence[Row], Sequence[Row]]], name: str, sentence: str, labels: Labels
) -> list[str]:
    """Makes one sentence of all tests whose sides disagree in a fact."""

    def values(rows: Sequence[Row]) -> str:
        return " or ".join(sorted(texts_of(rows, name)))

    differing = [(cell, first, second) for cell, first, second in tests if not agree(first, second, name)]
    of_a, of_b = labels
    pairs = list(
        dict.fromkeys(f"{values(first)} in {of_a}, {values(second)} in {of_b}" for _, first, second in differing)
    )
    if not differing:
        return []
    cells = [cell for cell, _, _ in differing]
    if len(pairs) == 1:
        return [f"{sentence}{pairs[0]} ({_named(cells)})"]
    return [f"{sentence}{pairs[0]} ({_named(cells[:1])}), and for {len(cells) - 1} more tests"]


def _sensors(a: View, b: View, labels: Labels) -> list[str]:
    """Tells of other sensors: their sums hold other parts of the machine."""

    def names(view: View) -> set[str]:
        return {source.id for row in view.rows if row.phase in PHASES for source in row.measured.sources}

    of_a, of_b = names(a), names(b)
    if not of_a or not of_b or of_a == of_b:
        return []
    texts = (f"{', '.join(sorted(used))} in {label}" for used, label in zip((of_a, of_b), labels))
    return [f"sensors differ: {', '.join(texts)}"]

"""Runs of one test are averaged only where they ran the same network on the same input."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from ..row.row import Row


class Kind(NamedTuple):
    """What makes two runs of a test two different things."""

    input: tuple[int, ...] | None
    classes: int | None
    unit: str | None
    variant: str | None

    def differs(self, other: Kind) -> str:
        """What differs, in words; empty where nothing does. What one of them does not know does not."""
        return ", ".join(
            f"{name} {_text(value)} and not {_text(theirs)}"
            for name, value, theirs in zip(self._fields, self, other)
            if None not in (value, theirs) and value != theirs
        )


def _text(value: object) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)


def kind_of(row: Row) -> Kind:
    """The network and the input that a row is of."""
    setup = row.setup
    return Kind(setup.input, setup.classes, setup.unit, setup.variant)


def alike(rows: Sequence[Row]) -> list[Row]:
    """The rows, of which those of another kind than most of their test and phase (of as many, than the latest) are
    invalid: a head of other size or another input makes another network of a test, as a version that runs it otherwise
    leaves in a campaign that is gone on with."""
    kinds: dict[tuple[str, str], Counter[Kind]] = {}
    for row in reversed(rows):  # of kinds as frequent as each other the first counted comes first
        if row.status == "ok" and row.phase != "idle":
            kinds.setdefault((row.test, row.phase), Counter())[kind_of(row)] += 1
    return [_judged(row, kinds.get((row.test, row.phase))) for row in rows]


def _judged(row: Row, kinds: Counter[Kind] | None) -> Row:
    if kinds is None or len(kinds) == 1 or row.status != "ok":
        return row
    usual = kinds.most_common(1)[0][0]
    difference = kind_of(row).differs(usual)
    if not difference:
        return row
    reason = f"another thing than the other runs of its test: {difference}"
    return replace(row, verdict=replace(row.verdict, invalid=(*row.verdict.invalid, reason)))

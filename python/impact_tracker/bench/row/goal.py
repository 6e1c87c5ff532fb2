"""How a training by epochs ended."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """How a training by epochs ended: `reached` is `None` where no target was set; `best` and `final` are values of the
    metric on the part of the data that decides the end (`evaluated_on`: validation; of older rows the test part);
    `score` is that on the part that decides nothing (`scored_on`: test); `parts` the number of regions that the row
    adds up.

    Of a training with a budget: `budget` as it was written, `budget_j` at its best value in joules of the machine,
    `budget_why` what that rests on, `ended_by` target, budget, epochs or divergence, and `checkpoint`, where what was
    learned is kept, by its path in the campaign's folder."""

    target_metric: str | None = None
    target: float | None = None
    reached: bool | None = None
    best: float | None = None
    final: float | None = None
    most_epochs: int | None = None
    parts: int | None = None
    budget: str | None = None
    budget_j: float | None = None
    budget_why: str | None = None
    ended_by: str | None = None
    checkpoint: str | None = None
    evaluated_on: str | None = None
    score: float | None = None
    scored_on: str | None = None

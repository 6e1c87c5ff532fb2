"""A run's budget as its record keeps it: the limit when the run began, and forecasts while it goes on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace

from .values import Energy, Range

BUDGET, FORECAST = "budget", "forecast"  # kinds of notes


@dataclass(frozen=True)
class KeptForecast:
    """What the whole work was to take when `done` of it was done. `half_j`: half-width of its 95 %, `None` where too
    little was done to tell."""

    energy_j: float
    half_j: float | None
    done: float

    def as_note(self) -> dict[str, object]:
        """The forecast as the record keeps it."""
        return {"kind": FORECAST, **asdict(self)}


@dataclass(frozen=True)
class KeptBudget:
    """`limit`: joules of the machine; `text`: as it was given; `why`: what the conversion rests on; `policy`: stop or
    warn; `before`: what other runs of the project had used when this one began."""

    limit: Range
    text: str
    why: str
    policy: str
    before: Energy
    forecast: KeptForecast | None = None

    def as_note(self) -> dict[str, object]:
        """The budget as the record keeps it."""
        return {
            "kind": BUDGET,
            "limit_j": [joules if math.isfinite(joules) else None for joules in self.limit],
            "text": self.text,
            "why": self.why,
            "policy": self.policy,
            "before": asdict(self.before),
        }

    def left(self, used: Energy) -> Energy:
        """What is left, 0 at least, after this run has used so much."""
        return left_of(self.limit.best, self.before, used)


def left_of(limit_j: float, before: Energy, used: Energy) -> Energy:
    """What is left of a limit, 0 at least, with the error of what was used; missing where that is not known. Of a limit
    that is passed so much may be left as the error reaches beyond it."""
    if used.best_j is None:
        return Energy.missing()
    exact = Energy(limit_j, 0.0, 0.0, 0.0, "measured")
    left = exact.minus(before, same_sensors=False).minus(used, same_sensors=False)
    if left.best_j is None or left.best_j >= 0:
        return left
    reach = 0.0 if not left.error_j else max(0.0, 1.0 + left.best_j / left.error_j)
    return replace(left.scaled(reach), best_j=0.0, modelled_j=None if left.modelled_j is None else 0.0)


def kept_budget(notes: Iterable[Mapping[str, object]]) -> KeptBudget | None:
    """The budget among a record's notes, with the last forecast; `None` where there is none, or none that is whole."""
    budget: KeptBudget | None = None
    for note in notes:
        kind = note.get("kind")
        if kind == BUDGET:
            budget = _budget_of(note) or budget
        elif kind == FORECAST and budget is not None:
            budget = replace(budget, forecast=_forecast_of(note) or budget.forecast)
    return budget


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def _budget_of(note: Mapping[str, object]) -> KeptBudget | None:
    limit, before = note.get("limit_j"), note.get("before")
    try:
        if not isinstance(limit, list) or not isinstance(before, dict):
            return None
        low_j, best_j, high_j = (math.inf if joules is None else _number(joules) for joules in limit)
        if not math.isfinite(best_j):
            return None  # nothing can be left of a limit that is not known
        text, why, policy = (str(note.get(name, "")) for name in ("text", "why", "policy"))
        return KeptBudget(Range(low_j, best_j, high_j), text, why, policy, Energy(**before))
    except (TypeError, ValueError):
        return None


def _forecast_of(note: Mapping[str, object]) -> KeptForecast | None:
    half_j = note.get("half_j")
    try:
        return KeptForecast(
            _number(note.get("energy_j")), None if half_j is None else _number(half_j), _number(note.get("done"))
        )
    except ValueError:
        return None

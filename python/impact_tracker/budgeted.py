"""What a tracker has of budgets before it has one: everything else is imported with the first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from .pacing import Budget, Metered
    from .settings import TrackerSettings
    from .weighing import Weighing

Item = TypeVar("Item")


class BudgetedLoops:
    """The loops of a tracker, which end before its budget is passed."""

    _budget: Budget | None = None

    @property
    def budget(self) -> Budget | None:
        """What the run may use, has used and will take; `None` without one, and before `start()`."""
        return self._budget

    def epochs(self, count: int) -> Iterator[int]:
        """`range(count)`, which ends before a budget is passed: `for epoch in tracker.epochs(90)`."""
        return iter(range(count)) if self._budget is None else self._budget.epochs(count)

    def batches(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, which end before a budget is passed: `for batch in tracker.batches(loader)`."""
        return iter(items) if self._budget is None else self._budget.batches(items)


def check_budget(settings: TrackerSettings, weighing: Weighing) -> None:
    """ValueError for a budget that cannot be kept: money without a price, a project's without its name."""
    if settings.budget is None:
        return
    from .pacing import limit_of

    if settings.budget_of == "project" and settings.project is None:
        raise ValueError("a budget of the project needs the project's name: project=…, --project")
    try:
        limit_of(settings.budget, weighing, settings.price_per_kwh)
    except ValueError as error:
        raise ValueError(f"budget {error} (from {settings.origin('budget')})") from None


def budget_for(tracker: Metered) -> Budget | None:
    """What a run that begins may use; `None` where nobody gave it a budget."""
    settings = tracker.settings
    if settings.budget is None:
        return None
    from .pacing import Budget, limit_of

    limit = limit_of(settings.budget, tracker.weighing, settings.price_per_kwh)
    if settings.budget_of != "project":
        return Budget(tracker, limit, settings.on_budget)
    from .project_energy import project_energy
    from .spool import folder_of

    before = project_energy(folder_of(settings.ledger), str(settings.project))
    return Budget(tracker, limit, settings.on_budget, before)

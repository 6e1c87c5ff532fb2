"""A named part of a run: `with tracker.region("epoch") as epoch: …`, then `epoch.result`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from threading import get_ident
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from .core_guard import CoreGuard, Entered
from .result import Result
from .system import core_clock_ns

if TYPE_CHECKING:
    from . import _core

Function = TypeVar("Function", bound=Callable[..., Any])


def _where() -> tuple[int, int]:
    """Return the thread and the asyncio task that run now, because a region is left where it was entered."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return get_ident(), 0
    try:
        return get_ident(), id(asyncio.current_task())
    except RuntimeError:  # no loop runs in this thread
        return get_ident(), 0


class Region:
    """Made by `ImpactTracker.region`. Regions nest, overlap and come from several threads; one object may be entered
    again, also before it was left, and then holds the result of what was left last. Entering and leaving never raise.
    A copy, also in a worker's process, records nothing.
    """

    __slots__ = ("_guard", "_last", "_open", "_result", "edges", "name")

    def __init__(self, guard: CoreGuard, name: str, edges: str | None = None) -> None:
        self.name = name
        self.edges = edges
        self._guard = guard
        self._open: list[tuple[tuple[int, int], Entered | None]] = []
        self._last: _core.Left | None = None
        self._result: Result | None = None

    def __getstate__(self) -> tuple[None, dict[str, object]]:
        """A copy or a pickle has its result as it is now, and nothing that is open."""
        state = {"name": self.name, "edges": self.edges, "_guard": self._guard, "_result": self.result}
        return None, {**state, "_open": [], "_last": None}

    def __copy__(self) -> Region:
        region = Region(self._guard.inert(), self.name, self.edges)
        region._result = self.result
        return region

    def __enter__(self) -> Region:
        where = _where()
        self._open.append((where, self._guard.enter(self.name, self.edges)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        at_ns = core_clock_ns()  # the region ends here, not where the way to the core ends
        entered = self._take()
        if entered is not None:
            self._keep(self._guard.leave(entered, at_ns))

    def _keep(self, left: _core.Left | None) -> None:
        if left is not None:
            self._last, self._result = left, None

    def _take(self) -> Entered | None:
        """Take the newest entry of this thread and task, or of any, where another left the region than entered it."""
        where = _where()
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index][0] == where:
                return self._open.pop(index)[1]
        return self._open.pop()[1] if self._open else None

    def __call__(self, function: Function) -> Function:
        """As a decorator: every call is a region of its own, `result` the one that ended last."""
        from .decorate import measured

        return measured(function, partial(_Call, self))

    @property
    def result(self) -> Result | None:
        """What was left last; `None` before that, in a forked child and where the tracker was not running."""
        last, known = self._last, self._result
        if last is None or (known is not None and not known.provisional):
            return known
        try:
            result = Result(last.result(), self._guard.weighing, self._guard.health)
        except Exception as error:
            self._guard.complain(f"no result of region {self.name!r}: {error!r}")
            return known
        if self._last is last:  # no other thread has left it meanwhile
            self._result = result
        return result

    def __repr__(self) -> str:
        state = "open" if self._open else "not entered" if self._last is None else "left"
        return f"<Region {self.name!r}, {state}>"


class _Call:
    """One call of a decorated function: keeps its own entry, so that calls may overlap in any order."""

    __slots__ = ("_entered", "_region")

    def __init__(self, region: Region) -> None:
        self._region = region
        self._entered: Entered | None = None

    def __enter__(self) -> Region:
        self._entered = self._region._guard.enter(self._region.name, self._region.edges)
        return self._region

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        at_ns = core_clock_ns()
        if self._entered is not None:
            self._region._keep(self._region._guard.leave(self._entered, at_ns))

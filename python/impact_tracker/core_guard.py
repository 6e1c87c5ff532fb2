"""The calls to the core that user code makes while it is measured: they never raise, and warn once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, cast

from . import _core
from .errors import complain
from .system import core_clock_ns

if TYPE_CHECKING:
    from .health import Health
    from .weighing import Weighing


class Entered(NamedTuple):
    """A region that was entered: the core tracker that holds it, and its number there."""

    core: _core.Tracker
    number: int


class InertCore(NamedTuple):
    """In place of the core of a tracker that was copied or unpickled; nothing else is ever asked of what is inert."""

    path: str
    inert: bool = True
    running: bool = False


class CoreGuard:
    """A tracker's core, shared by the tracker and its regions; a tracker that starts anew puts a new core into it."""

    __slots__ = ("_complained", "core", "sync_gpu", "weighing")

    def __init__(self, core: _core.Tracker, weighing: Weighing, sync_gpu: bool) -> None:
        self.core = core
        self.weighing = weighing
        self.sync_gpu = sync_gpu
        self._complained = False

    def inert(self) -> CoreGuard:
        """The same for a copy of the tracker, which measures nothing."""
        return CoreGuard(cast("_core.Tracker", InertCore(self.core.path)), self.weighing, self.sync_gpu)

    def __reduce__(self) -> tuple[object, ...]:
        return CoreGuard, (InertCore(self.core.path), self.weighing, self.sync_gpu)

    def complain(self, message: str) -> None:
        """Warns, the first time."""
        if not self._complained:
            self._complained = True
            complain(message)

    def synchronise(self) -> None:
        """Waits for the GPU's work, where that was asked for."""
        if self.sync_gpu:
            from .gpu_sync import synchronise

            synchronise()

    def enter(self, name: str, edges: str | None) -> Entered | None:
        """`None` where nothing is recorded."""
        core = self.core
        try:
            if core.running:
                self.synchronise()
                return Entered(core, core.enter(name, None if edges is None else getattr(_core.Edges, edges)))
            if not core.inert:
                self.complain(f"region {name!r} is not measured: its tracker is not running; start() comes first")
        except Exception as error:
            self.complain(f"region {name!r} is not measured: {error!r}")
        return None

    def leave(self, entered: Entered, at_ns: int | None) -> _core.Left | None:
        """`at_ns`: when the user's code left the region; None: now. `None` where it could not be measured."""
        core, number = entered
        try:
            if core.inert:
                return None
            if self.sync_gpu:
                self.synchronise()
                at_ns = core_clock_ns()  # the work that was waited for is the region's
            return core.exit(number, at_ns)
        except Exception as error:
            self.complain(f"a region is not measured: {error!r}")
            return None

    def note(self, body: Mapping[str, object]) -> None:
        """A remark in the record, with a "kind" of its own; without effect where the tracker does not run."""
        try:
            if not self.core.inert:
                self.core.note(body)
        except Exception as error:
            self.complain(f"a remark is not in the record: {error!r}")

    @property
    def health(self) -> Health:
        """The core's health; empty in a forked child."""
        try:
            return {} if self.core.inert else self.core.health()
        except Exception as error:
            return {"error": repr(error)}

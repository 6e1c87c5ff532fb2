"""The regions of one training, opened and closed by the events of a framework, and their results as plain metrics."""

from __future__ import annotations

import math
from os import PathLike
from typing import TYPE_CHECKING

from ..errors import complain
from ..region import Region
from ..result import Result
from ..tracker import ImpactTracker

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..settings import Options

PREFIX = "impact/"


def metrics_of(result: Result | None, prefix: str = PREFIX) -> dict[str, float]:
    """A result as numbers by name, for loggers: `impact/energy_j`, its half-width and the part that models gave,
    `impact/share_j` (the program's own), `impact/carbon_g`, `impact/power_w`. What was not measured is left out."""
    if result is None:
        return {}
    energy = result.energy
    numbers = {
        "energy_j": energy.best_j,
        "energy_error_j": energy.error_j,
        "energy_modelled_j": energy.modelled_j,
        "share_j": result.share_j,
        "carbon_g": result.carbon_g,
        "power_w": result.power_w,
    }
    return {
        f"{prefix}{name}": float(number)
        for name, number in numbers.items()
        if number is not None and math.isfinite(number)
    }


def words_of(result: Result | None, prefix: str = PREFIX) -> dict[str, str]:
    """What the numbers do not say: the quality of the energy, and whether something is not in it."""
    if result is None or result.energy_j is None:
        return {f"{prefix}quality": "missing"}
    return {f"{prefix}quality": str(result.quality), f"{prefix}partial": str(result.partial).lower()}


class TrainingTracker:
    """A tracker and its open regions. `tracker`: one that runs already and is left running; else one of its own is made
    from `logdir` and the options, started by `begin` and stopped by `end`.

    ValueError and OSError as for `ImpactTracker`; after that nothing is raised.
    """

    def __init__(
        self,
        logdir: str | PathLike[str] | None = None,
        *,
        tracker: ImpactTracker | None = None,
        **options: Unpack[Options],
    ) -> None:
        if tracker is not None and (logdir is not None or options):
            raise TypeError("give either a tracker or what a new one needs, not both")
        self.tracker = ImpactTracker(logdir, **options) if tracker is None else tracker
        self._is_own = tracker is None
        self._open: list[tuple[str, Region]] = []
        self.last: dict[str, Result] = {}  # by name, the region of this name that was left last

    def begin(self) -> None:
        """Start to measure, where the tracker is this one's own and does not run."""
        if self._is_own and not self.tracker.running:
            try:
                self.tracker.start()
            except Exception as error:
                complain(f"not measured: {error}")

    def enter(self, name: str) -> None:
        """Open a region; regions nest as the framework calls."""
        region = self.tracker.region(name)
        region.__enter__()
        self._open.append((name, region))

    def leave(self, name: str) -> Result | None:
        """Close the innermost region of this name and what is open inside it; None where there is none."""
        if name not in [opened for opened, _ in self._open]:
            return None
        while self._open:
            opened, region = self._open.pop()
            region.__exit__(None, None, None)
            if region.result is not None:
                self.last[opened] = region.result
            if opened == name:
                return region.result
        return None

    def end(self) -> Result | None:
        """Close all regions; stop the tracker where it is this one's own. The run so far, or as it ended."""
        while self._open:
            self.leave(self._open[-1][0])
        return self.tracker.stop() if self._is_own else self.tracker.result

    @property
    def result(self) -> Result | None:
        """The run up to now, or as it ended."""
        return self.tracker.result


class TrainingHook:
    """What the hooks of all frameworks begin with; it stands before the framework's own class among the bases."""

    def __init__(
        self,
        logdir: str | PathLike[str] | None = None,
        *,
        tracker: ImpactTracker | None = None,
        **options: Unpack[Options],
    ) -> None:
        super().__init__()
        self._training = TrainingTracker(logdir, tracker=tracker, **options)

    @property
    def tracker(self) -> ImpactTracker:
        """The tracker behind it."""
        return self._training.tracker

    @property
    def result(self) -> Result | None:
        """The run up to now, or as it ended."""
        return self._training.result

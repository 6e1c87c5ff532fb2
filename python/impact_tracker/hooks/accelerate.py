"""Accelerate: `Accelerator(log_with=AccelerateEnergy("runs/a"))`, beside other trackers in a list if there are any."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING

from .training import TrainingHook

try:
    from accelerate.tracking import GeneralTracker
except ImportError:
    raise ImportError("this tracker needs accelerate: pip install accelerate") from None

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..settings import Options
    from ..tracker import ImpactTracker


class AccelerateEnergy(TrainingHook, GeneralTracker):  # type: ignore[misc]  # the class is not known where accelerate is missing
    """Measures from `init_trackers` to `end_training`. What the program logs goes, with the energy so far beside it,
    into `history`, and into the ledger where the run is in one. Accelerate calls it on the main process: the others'
    energy on the same node is in the machine's, that of other nodes is not."""

    name = "impact"
    requires_logging_directory = False
    main_process_only = True

    def __init__(
        self,
        logdir: str | PathLike[str] | None = None,
        *,
        tracker: ImpactTracker | None = None,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(logdir, tracker=tracker, **options)
        self.history: list[tuple[int | None, dict[str, object]]] = []
        self.configuration: dict[str, object] = {}

    def start(self) -> None:
        """Accelerate's begin of a run."""
        self._training.begin()

    def store_init_configuration(self, values: Mapping[str, object]) -> None:
        """What the run was begun with."""
        self._training.begin()
        self.configuration.update(values)

    def log(self, values: Mapping[str, object], step: int | None = None, **kwargs: object) -> None:
        """A step's metrics, with the energy so far."""
        result = self.result
        energy = {} if result is None or result.energy_j is None else {"impact/energy_j": result.energy_j}
        self.history.append((step, {**values, **energy}))
        if self.tracker._settings.project is not None:
            self.tracker.log_metrics(values)

    def finish(self) -> None:
        """Accelerate's end of the training."""
        self._training.end()

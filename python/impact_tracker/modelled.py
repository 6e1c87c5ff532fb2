"""Who modelled an energy that no sensor measured, and how far off that model says it may be.

A processor whose energy counter computes (AMD's, and Intel's before Haswell) is one thing, and this package's own model
of a machine without counters is another: their errors differ by a factor of five. Both have the quality "modelled".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from . import digits

if TYPE_CHECKING:
    from ._core import ChannelResult


class Model(Enum):
    """Whose model an energy is by; the value is the words for it."""

    PROCESSOR = "the processor's own model"
    DESIGN_POWER = "TDP × load"
    MEMORY = "the memory's usual power"


# The first part of a channel's id is the name of its source. All other modelled channels are counters of processors.
_OURS = {"cpu_model": Model.DESIGN_POWER, "ram_model": Model.MEMORY}


@dataclass(frozen=True)
class ModelledPart:
    """The part of an energy that one model gave.

    `energy_j`: joules, `None` where no region is spoken of. `relative_error`: the 95 % half-width that the model
    states, as a part of the value; `None` where it states none.
    """

    model: Model
    energy_j: float | None = None
    relative_error: float | None = None

    def __str__(self) -> str:
        """`TDP × load ± 50 %`."""
        error = f" ± {digits.percent(self.relative_error)}" if self.relative_error else ""
        return f"{self.model.value}{error}"


def model_of(channel_id: str, quality: str | None) -> Model | None:
    """Whose model a channel is, by its name and the quality of its readings; `None` for a sensor."""
    ours = _OURS.get(channel_id.partition("/")[0])
    return ours or (Model.PROCESSOR if quality == "modelled" else None)


def processors_model(models: Iterable[Model | None]) -> Model | None:
    """Whose model the processors' energy is by, from those of its channels: ours where there is one; `None` where all
    are sensors."""
    models = set(models)
    return next((model for model in (Model.DESIGN_POWER, Model.PROCESSOR) if model in models), None)


def parts_of(channels: Iterable[ChannelResult], modelled_j: float | None) -> tuple[ModelledPart, ...]:
    """The modelled parts of a result's energy, largest first, from those of its channels that its total holds.

    `modelled_j` is the sum of the parts. It tells what is left for the processor where a gap in the readings has made
    its channel's quality worse than "modelled".
    """
    energies: dict[Model, float] = {}
    biases: dict[Model, float] = {}
    for channel in channels:
        model, energy_j = model_of(channel.id, channel.quality), channel.energy_j
        if not channel.in_total or model is None or energy_j is None:
            continue
        energies[model] = energies.get(model, 0.0) + energy_j
        biases[model] = biases.get(model, 0.0) + (channel.bias_j or 0.0)
    errors = {model: biases[model] / abs(energy) for model, energy in energies.items() if energy}
    left = (modelled_j or 0.0) - sum(energies.values())
    if energies and left > 1e-6 * abs(modelled_j or 0.0):
        energies[Model.PROCESSOR] = energies.get(Model.PROCESSOR, 0.0) + left
    parts = [ModelledPart(model, energy, errors.get(model)) for model, energy in energies.items()]
    return tuple(sorted(parts, key=lambda part: -(part.energy_j or 0.0)))


def shares_in_words(parts: Iterable[ModelledPart], energy_j: float) -> str:
    """`91 % by the processor's own model ± 10 %, 9 % by the memory's usual power ± 60 %`."""
    shares = ((min((part.energy_j or 0.0) / abs(energy_j), 1.0), part) for part in parts if energy_j)
    return ", ".join(f"{digits.percent(share)} by {part}" for share, part in shares)


def quality_in_words(quality: str, parts: Iterable[ModelledPart]) -> str:
    """A quality's word, and whose models are in it: `modelled: the processor's own model ± 10 %`."""
    named = ", ".join(map(str, parts))
    return f"{quality}: {named}" if quality == "modelled" and named else quality

"""Where energies come from, in words that stand in every answer and figure.

Without a sensor an energy is the processors' TDP times their load, times the time: it ranks times and no energies. The
counter of a processor that computes instead of measuring (AMD's, Intel's before Haswell) is another thing: its error is
a few per cent and it follows what the program does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from ... import digits
from ...modelled import Model, ModelledPart

MOSTLY = 0.5  # share of the energy that models gave, from which it is called theirs


class OfModel(Protocol):
    """An energy: `by`: whose model gave most of it, `None` where sensors measured it; `bias`: the sensors' and models'
    own relative error."""

    @property
    def by(self) -> Model | None: ...
    @property
    def bias(self) -> float | None: ...


def origin_text(energies: Iterable[OfModel]) -> str:
    """What has to be said of these energies; empty where sensors measured all of them."""
    biases: dict[Model, float | None] = {}
    measured = False
    for energy in energies:
        if energy.by is None:
            measured = True
        else:
            known = [bias for bias in (biases.get(energy.by), energy.bias) if bias is not None]
            biases[energy.by] = max(known, default=None)
    some = "some energies" if measured or len(biases) > 1 else "energy"
    verb = "are" if some == "some energies" else "is"
    parts = []
    if Model.DESIGN_POWER in biases:
        own = ModelledPart(Model.DESIGN_POWER, None, biases[Model.DESIGN_POWER])
        parts.append(f"no sensor: {some} {verb} {own}, which follows the time")
    if Model.PROCESSOR in biases:
        own = ModelledPart(Model.PROCESSOR, None, biases[Model.PROCESSOR])
        parts.append(f"{some} {verb} by {own}")
    return "; ".join(parts)


def with_origin(text: str, energies: Iterable[OfModel]) -> str:
    """A sentence with what has to be said of the energies behind it."""
    origin = origin_text(energies)
    return f"{text} ({origin})" if origin else text


def error_text(energies: Iterable[OfModel]) -> str:
    """The error that repeating does not shrink and no whisker holds; empty where none is known."""
    biases = [energy.bias for energy in energies if energy.bias]
    return f"own error of sensors and models, ± {digits.percent(max(biases))}, not in the whiskers" if biases else ""

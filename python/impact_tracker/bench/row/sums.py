"""Results of several regions as one: the epochs of a training, the evaluations between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

QUALITIES = ("measured", "modelled", "estimated", "stale", "missing")  # best first


def together(results: Sequence[Any]) -> Any:
    """What a row takes from a result, of all of them: None for none, the result itself for one, else a `Together`."""
    if len(results) < 2:
        return results[0] if results else None
    return Together(results)


def worst(qualities: Iterable[str]) -> str:
    """The quality of a sum is that of its worst part."""
    return max(qualities, key=lambda one: QUALITIES.index(one) if one in QUALITIES else len(QUALITIES))


def total(values: Iterable[float | None]) -> float | None:
    """The sum; None as soon as one of them is not known: a part that is missing is not 0."""
    found = list(values)
    known = [one for one in found if one is not None]
    return math.fsum(known) if known and len(known) == len(found) else None


class Together:
    """Sums over regions that do not overlap, with the names that `Result` has for them.

    The regions' edges and gaps err on their own: their half-widths add up as roots of squares. The sensors' bias is the
    same in all of them and adds up as it is.
    """

    def __init__(self, results: Sequence[Any]) -> None:
        self._results = list(results)
        self.duration_s = math.fsum(one.duration_s for one in self._results)
        self.start_ns = min(one.start_ns for one in self._results)
        self.stop_ns = max(one.stop_ns for one in self._results)
        for name in ("energy_j", "bias_j", "modelled_j", "psys_j", "wall_j", "kwh"):
            setattr(self, name, total(getattr(one, name) for one in self._results))
        for name in ("carbon_g", "carbon_low_g", "carbon_high_g"):  # one intensity for all: its error is shared
            setattr(self, name, total(getattr(one, name) for one in self._results))
        self.energy_low_j = self._edge("energy_low_j", -1)
        self.energy_high_j = self._edge("energy_high_j", +1)
        self.quality = worst(one.quality for one in self._results)
        self.partial = any(one.partial for one in self._results)
        self.provisional = any(one.provisional for one in self._results)
        self.coverage = self._mean(lambda one: one.coverage)
        self.weighing = self._results[0].weighing
        self.notes = list(dict.fromkeys(note for one in self._results for note in one.notes))

    energy_j: float | None
    kwh: float | None

    @property
    def power_w(self) -> float | None:
        """Mean power in watts over the regions."""
        return self.energy_j / self.duration_s if self.energy_j is not None and self.duration_s > 0 else None

    def _edge(self, name: str, sign: int) -> float | None:
        if self.energy_j is None:
            return None
        away = []
        for one in self._results:
            edge = getattr(one, name)
            if edge is None:
                return None
            away.append(edge - one.energy_j)
        return self.energy_j + sign * math.hypot(*away)

    def _mean(self, value: Callable[[Any], float | None]) -> float | None:
        """Weighted with the regions' lengths; None as soon as one is not known."""
        pairs = [(value(one), one.duration_s) for one in self._results]
        if any(found is None for found, _ in pairs) or self.duration_s <= 0:
            return None
        return math.fsum((found or 0.0) * seconds for found, seconds in pairs) / self.duration_s

    @property
    def utilisation(self) -> dict[str, float | None]:
        """Of each device, weighted with the regions' lengths."""
        names = dict.fromkeys(name for one in self._results for name in one.utilisation)
        return {name: self._mean(lambda one, name=name: one.utilisation.get(name)) for name in names}  # type: ignore[misc]

    @property
    def channels(self) -> list[dict[str, Any]]:
        """Each channel once, its energy summed."""
        found: dict[tuple[Any, Any], list[Mapping[str, Any]]] = {}
        for one in self._results:
            for channel in one.channels:
                found.setdefault((channel.get("id"), channel.get("quantity")), []).append(channel)
        summed = []
        for parts in found.values():
            energy = total(part.get("energy_j") for part in parts) if len(parts) == len(self._results) else None
            quality = worst(str(part.get("quality", "missing")) for part in parts)
            in_total = any(part.get("in_total") for part in parts)
            summed.append({**parts[-1], "energy_j": energy, "quality": quality, "in_total": in_total})
        return summed

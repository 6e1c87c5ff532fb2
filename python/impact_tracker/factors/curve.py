"""An intensity over time, as a service or a file gives it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .factor import Factor


@dataclass(frozen=True)
class IntensityCurve:
    """An intensity over time, as a service or a file gives it.

    `times_ns`: UTC nanoseconds since 1970, increasing; `values` in g/kWh, NaN or `None` for a hole. `shape`:
    "step" (a value holds until the next time; the last until `end_ns`) or "linear". A hole is bridged for at most
    `max_hold_s` and its energy then counts as *estimated*; beyond, the energy is weighed with nothing and shown.
    `method` says average or marginal, life cycle or direct; they are never mixed.
    """

    zone: str
    times_ns: Sequence[int]
    values: Sequence[float | None]
    end_ns: int
    source: str
    method: str
    licence: str = ""
    url: str = ""
    shape: str = "step"
    max_hold_s: float = 3600.0
    relative_error: float = 0.0

    def factor(
        self, value: float, *, year: int | None = None, method: str = "", quality: str = "modelled", note: str = ""
    ) -> Factor:
        """A value of it in g/kWh as a factor: its range is the error of the curve, its method the curve's own."""
        return Factor(
            value,
            "g/kWh",
            value * (1 - self.relative_error),
            value * (1 + self.relative_error),
            self.source,
            self.url,
            year,
            self.licence,
            method or self.method,
            quality,
            f"carbon intensity of electricity, {self.zone}",
            note,
        )

"""From a service's points to a curve: times in UTC, holes kept as holes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone

from ..curve import IntensityCurve
from .http import LiveError

SECOND = 1_000_000_000


@dataclass(frozen=True)
class About:
    """What is the same for every reply of a service. `period_s`: what its values stand for; holes are bridged for
    at most `max_hold_s`."""

    service: str
    source: str
    method: str
    licence: str
    period_s: int
    max_hold_s: float
    relative_error: float = 0.0


def utc_ns(stamp: str) -> int:
    """`2025-11-21T19:00Z`, `…+01:00` or without a zone (then UTC): nanoseconds since 1970. LiveError else."""
    text = stamp.strip().replace("Z", "+00:00")
    if "." in text:  # Python before 3.11 reads 3 or 6 digits of a second only
        head, _, rest = text.partition(".")
        digits = rest[: next((i for i, c in enumerate(rest) if not c.isdigit()), len(rest))]
        text = f"{head}.{digits[:6].ljust(6, '0')}{rest[len(digits) :]}"
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise LiveError(
            f"{stamp!r} is no time: the service has changed its form, or answered for another request"
        ) from None
    at = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
    return round(at.timestamp()) * SECOND


def curve(points: Iterable[tuple[int, float | None]], zone: str, about: About, url: str) -> IntensityCurve:
    """The points in order; where a value is null, negative, or a whole period is absent stands a hole. LiveError for
    none.

    Two values of one time: the later one counts (services correct themselves).
    """
    known: dict[int, float | None] = {}
    for at, value in points:
        known[at] = value if value is not None and math.isfinite(value) and value >= 0 else None
    if not any(value is not None for value in known.values()):
        raise LiveError(f"{about.service}: no intensity of {zone} for this time")
    times: list[int] = []
    values: list[float | None] = []
    period = about.period_s * SECOND
    for at in sorted(known):
        if times and at - times[-1] > 1.5 * period:
            times.append(times[-1] + period)
            values.append(None)
        times.append(at)
        values.append(known[at])
    return IntensityCurve(
        zone,
        times,
        values,
        times[-1] + period,
        about.source,
        about.method,
        about.licence,
        url,
        max_hold_s=about.max_hold_s,
        relative_error=about.relative_error,
    )


def number(value: object) -> float | None:
    """A number, `None` for null; LiveError for anything else: a service that changed its form must not pass."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise LiveError(f"{value!r} is no number")
    return float(value)

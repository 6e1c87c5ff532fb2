"""One series of a node's readings from several imports: no joule twice, and what was imported last counts.

Readings of one meter from several files are put together. Where two sources say different things of the same time (a
unit that was mended, a second meter, a record beside the node's meter), they are never mixed:

- of powers, the last import counts, and the earlier one fills its holes;
- of counters, which begin anew in each record, the one that covers more counts, the last of equal ones, and the other
  goes on before and after it;
- powers beside a counter become a counter first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .integral import PERIODS_OF_A_GAP, integral_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .integral import Numbers, Times

_ALIKE = 0.25  # two meters of one node, and its power at slightly different times, differ less
_SAME_COUNTER = 0.99  # of its readings lie between their neighbours: the others are steps back


@dataclass(frozen=True, eq=False)
class Series:
    """Readings in order of time, each time once. `kind`: see `frames.KINDS`."""

    kind: str
    times_ns: Times
    values: Numbers

    @classmethod
    def of(cls, kind: str, times_ns: Times, values: Numbers) -> Series:
        """From readings in any order; of those with the same time the last counts."""
        import numpy as np

        order = np.argsort(times_ns, kind="stable")
        times_ns, values = times_ns[order], values[order]
        is_last = np.append(times_ns[1:] != times_ns[:-1], True) if len(times_ns) else np.zeros(0, dtype=bool)
        return cls(kind, times_ns[is_last], values[is_last])

    def where(self, chosen: NDArray[np.bool_], shift: float = 0.0) -> Series:
        """Some of the readings, moved by an amount."""
        return Series(self.kind, self.times_ns[chosen], self.values[chosen] + shift)

    @property
    def finite(self) -> Series:
        """Without the readings that are no number: they are kept for those who count them, and compare with nothing."""
        import numpy as np

        good = np.isfinite(self.values)
        return self if bool(good.all()) else self.where(good)

    def overlaps(self, other: Series) -> bool:
        """Whether both have readings within a common time."""
        return bool(self.times_ns[0] <= other.times_ns[-1] and other.times_ns[0] <= self.times_ns[-1])

    @property
    def period_ns(self) -> float:
        """The median step."""
        import numpy as np

        return float(np.median(np.diff(self.times_ns))) if len(self.times_ns) > 1 else 0.0

    @property
    def covered_ns(self) -> float:
        """The time without its holes."""
        import numpy as np

        steps = np.diff(self.times_ns)
        return float(steps[steps <= PERIODS_OF_A_GAP * self.period_ns].sum())


def of_one_source(kind: str, windows: Sequence[Series]) -> Series:
    """The answers of one source: of counters that overlap in time and are not the same one, as those of two programs
    that were tracked at once, each second counts once."""
    ordered = sorted((window for window in windows if len(window.times_ns)), key=lambda window: window.times_ns[0])
    if kind != "energy" or len(ordered) < 2:
        return _together(kind, list(windows))
    runs: list[list[Series]] = [[ordered[0]]]
    for window in ordered[1:]:
        before = _together(kind, runs[-1])
        if not before.overlaps(window):
            runs.append([window])
        elif _is_same_counter(before, window):
            runs[-1].append(window)
        else:
            runs[-1] = [_followed(before, window)]
    return _together(kind, [window for run in runs for window in run])


def combined(sources: Sequence[Series]) -> tuple[Series, bool]:
    """One series of sources in the order of their imports, and whether two of them say different things of the same
    time."""
    kinds = list(dict.fromkeys(source.kind for source in sources))
    of_kinds = [_combined_of_kind([source for source in sources if source.kind == kind]) for kind in kinds]
    is_disputed = any(disputed for _, disputed in of_kinds)
    if len(of_kinds) == 1:
        return of_kinds[0]
    earlier, later = (_as_counter(series) for series, _ in of_kinds)
    both, disputed = _with_older(later, earlier)
    return both, is_disputed or disputed


def _combined_of_kind(sources: Sequence[Series]) -> tuple[Series, bool]:
    combined_series, is_disputed = sources[-1], False
    for older in reversed(sources[:-1]):
        combined_series, disputed = _with_older(combined_series, older)
        is_disputed = is_disputed or disputed
    return combined_series, is_disputed


def _with_older(newer: Series, older: Series) -> tuple[Series, bool]:
    if not len(newer.times_ns) or not len(older.times_ns) or not newer.overlaps(older):
        return _together(newer.kind, [older, newer]), False
    if newer.kind == "energy":
        if _is_same_counter(newer, older):
            return _together(newer.kind, [older, newer]), False
        first, other = (older, newer) if older.covered_ns > 1.01 * newer.covered_ns else (newer, older)
        return _followed(_led(first, other), other), True
    if _is_alike(newer, older):
        return _together(newer.kind, [older, newer]), False
    return _together(newer.kind, [older.where(_far_from(newer, older.times_ns)), newer]), True


def _together(kind: str, parts: Sequence[Series]) -> Series:
    import numpy as np

    if len(parts) == 1:
        return parts[0]
    times = [part.times_ns for part in parts] or [np.zeros(0, dtype=np.int64)]
    values = [part.values for part in parts] or [np.zeros(0)]
    return Series.of(kind, np.concatenate(times), np.concatenate(values))


def _is_same_counter(first: Series, other: Series) -> bool:
    """Whether the readings of the other lie between those of the first next to them in time."""
    import numpy as np

    first, other = first.finite, other.finite
    if not len(first.times_ns) or not len(other.times_ns):
        return True
    inside = (other.times_ns >= first.times_ns[0]) & (other.times_ns <= first.times_ns[-1])
    times, values = other.times_ns[inside], other.values[inside]
    if not len(times):
        around = other.times_ns[0] <= first.times_ns[0] and first.times_ns[-1] <= other.times_ns[-1]
        return not around or _is_same_counter(other, first)
    above = np.searchsorted(first.times_ns, times, side="left")
    below = np.searchsorted(first.times_ns, times, side="right") - 1
    spare = 1e-9 * np.abs(values) + 1e-9
    is_between = (values >= first.values[below] - spare) & (values <= first.values[above] + spare)
    return bool(np.count_nonzero(is_between) >= _SAME_COUNTER * len(times))


def _is_alike(newer: Series, older: Series) -> bool:
    """Whether both say about the same power or use, where both say something."""
    import numpy as np

    newer, older = newer.finite, older.finite
    if not len(newer.times_ns) or not len(older.times_ns):
        return True
    inside = (older.times_ns >= newer.times_ns[0]) & (older.times_ns <= newer.times_ns[-1])
    if not inside.any():
        return True
    there = np.interp(older.times_ns[inside], newer.times_ns, newer.values)
    apart = np.median(np.abs(older.values[inside] - there))
    return bool(apart <= _ALIKE * max(float(np.median(np.abs(there))), 1e-12))


def _far_from(newer: Series, times_ns: Times) -> NDArray[np.bool_]:
    """Times that lie in holes of a series or outside of it."""
    import numpy as np

    place = np.searchsorted(newer.times_ns, times_ns)
    after = np.abs(newer.times_ns[np.minimum(place, len(newer.times_ns) - 1)] - times_ns)
    before = np.abs(times_ns - newer.times_ns[np.maximum(place - 1, 0)])
    return np.asarray(np.minimum(after, before) > PERIODS_OF_A_GAP * newer.period_ns)


def _followed(first: Series, other: Series) -> Series:
    """A counter that goes on with another one's growth where its own readings end."""
    import numpy as np

    first, other = first.finite, other.finite
    last = first.times_ns[-1]
    shift = float(first.values[-1] - np.interp(last, other.times_ns, other.values))
    return _together(first.kind, [first, other.where(other.times_ns > last, shift)])


def _led(first: Series, other: Series) -> Series:
    """The counter `first`, led by the growth that `other` had before its first reading."""
    import numpy as np

    first, other = first.finite, other.finite
    begin = first.times_ns[0]
    shift = float(first.values[0] - np.interp(begin, other.times_ns, other.values))
    ahead = other.where(other.times_ns < begin, shift)
    # A counter is 0 at least: both move up.
    up = max(0.0, -float(ahead.values.min())) if len(ahead.values) else 0.0
    return _together(first.kind, [Series(first.kind, each.times_ns, each.values + up) for each in (ahead, first)])


def _as_counter(series: Series) -> Series:
    """Power as the energy since its first reading; it does not grow across a hole."""
    if series.kind == "energy":
        return series
    summed = integral_of(series.times_ns, series.values)
    if summed is None:
        import numpy as np

        return Series("energy", series.times_ns[:0], np.zeros(0))
    return Series("energy", summed.times_ns, summed.energy_j)

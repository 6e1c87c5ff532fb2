"""Which energies are of one machine over the same time, so that no joule is added twice: the one place that decides it.

Records, other tools' files, exports and cards ask here. What cannot be decided counts as an overlap: the sum is then
at least what was used, and never more than was stated for one machine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from .values import Energy, total, worst_quality

Scope = Literal["machine", "process"]


@dataclass(frozen=True)
class MachineSpan:
    """What an energy is of: a machine, over a time.

    `machine`: its boot id or name; where `is_certain` is false only a description, which several machines may share.
    `start_ns`, `stop_ns`: on one clock of the machine; `None` where nobody said when. `scope`: the whole machine, or
    the share of one process, to which the shares of other processes add up.
    """

    machine: str
    start_ns: int | None = None
    stop_ns: int | None = None
    scope: Scope = "machine"
    is_certain: bool = True

    @property
    def is_timed(self) -> bool:
        """Whether it is known when."""
        return self.start_ns is not None and self.stop_ns is not None

    @property
    def times(self) -> tuple[int, int]:
        """Begin and end; (0, 0) where they are not known."""
        return self.start_ns or 0, self.stop_ns or 0

    @property
    def length_ns(self) -> int:
        """How long it is."""
        start, stop = self.times
        return max(stop - start, 0)


def groups(spans: Sequence[MachineSpan]) -> list[list[int]]:
    """Indices of the spans, those together whose energies are, or may be, of one machine over the same time.

    Every index is in one group; groups stand in the order of their first ones. A span that says no time may overlap
    with all others of its machine.
    """
    by_machine: dict[object, list[int]] = {}
    for index, span in enumerate(spans):
        machine: object = index if span.scope == "process" else span.machine
        by_machine.setdefault(machine, []).append(index)
    return sorted((group for members in by_machine.values() for group in _of_machine(spans, members)), key=min)


def _of_machine(spans: Sequence[MachineSpan], members: list[int]) -> list[list[int]]:
    if not all(spans[index].is_timed for index in members):
        return [members]
    joined: list[list[int]] = []
    end = 0
    for index in sorted(members, key=lambda index: spans[index].times):
        start, stop = spans[index].times
        if joined and start < end:
            joined[-1].append(index)
            end = max(end, stop)
        else:
            joined.append([index])
            end = stop
    return joined


def counted(spans: Sequence[MachineSpan], energies: Sequence[Energy]) -> tuple[Energy, list[int]]:
    """The energy of one of the `groups`, each joule once, and the indices of those that it was made from.

    What lies within another counts with that one. Of two that overlap in part the common time counts once, at the mean
    of their powers; what is not known of it is in the half-width. Where one alone is above the others' sum, as a
    meter of the whole is beside one of a part, it counts alone. Missing energies leave the result `partial`.
    """
    known = [index for index, energy in enumerate(energies) if not energy.is_missing]
    if not known:
        return total(energies), list(range(len(energies)))
    parts = fewest(spans, [index for index in known if spans[index].is_timed])
    energy = _union([spans[index] for index in parts], [energies[index] for index in parts])
    largest = max(known, key=lambda index: energies[index].best_j or 0.0)
    if energy.is_missing or (energy.best_j or 0.0) < (energies[largest].best_j or 0.0):
        parts, energy = [largest], _at_least(energies[largest], energy)
    is_certain = len(known) == len(energies) and all(span.is_certain for span in spans)
    return replace(energy, partial=energy.partial or not is_certain), parts


def _at_least(stated: Energy, union: Energy) -> Energy:
    """A stated energy in place of a union's best value that lies below it; where the union may be more than what is
    stated, the half-width reaches up to there."""
    if union.best_j is None or stated.best_j is None:
        return stated
    beyond_j = union.best_j + (union.half_j or 0.0) - stated.best_j
    return stated if beyond_j <= (stated.half_j or 0.0) else replace(stated, half_j=beyond_j)


def fewest(spans: Sequence[MachineSpan], indices: Sequence[int]) -> list[int]:
    """Of some timed spans the fewest that cover what all of them cover, in order of time. Each overlaps with its
    neighbours alone, and what lies within others is left out."""
    waiting = sorted(indices, key=lambda index: spans[index].times, reverse=True)
    chosen: list[int] = []
    while waiting:
        end = max(spans[chosen[-1]].times[1] if chosen else 0, spans[waiting[-1]].times[0])
        reaching = []
        while waiting and spans[waiting[-1]].times[0] <= end:
            reaching.append(waiting.pop())
        farthest = max(reaching, key=lambda index: spans[index].times[1])
        if not chosen or spans[farthest].times[1] > spans[chosen[-1]].times[1]:
            chosen.append(farthest)
    return chosen


def _union(spans: Sequence[MachineSpan], energies: Sequence[Energy]) -> Energy:
    """Of spans in order of time of which each overlaps with its neighbours alone."""
    summed = total(energies)
    shared_j = unknown_j = 0.0
    for (earlier, its), (later, other) in zip(zip(spans, energies), list(zip(spans, energies))[1:]):
        common_ns = earlier.times[1] - later.times[0]
        if common_ns > 0:  # both hold some energy of this time: between none and the smaller of the two
            its_j, other_j = its.best_j or 0.0, other.best_j or 0.0
            power = (its_j / earlier.length_ns + other_j / later.length_ns) / 2.0
            best_j = min(power * common_ns, its_j, other_j)
            shared_j, unknown_j = shared_j + best_j, unknown_j + max(best_j, min(its_j, other_j) - best_j)
    if not unknown_j or not summed.best_j:
        return summed
    once = summed.scaled(max(summed.best_j - shared_j, 0.0) / summed.best_j)
    half_j = math.hypot(once.half_j or 0.0, unknown_j)
    return replace(once, half_j=half_j, quality=worst_quality([once.quality, "estimated"]))

"""Which energies are of one machine over the same time, so that no joule is added twice: the one place that decides it.

Records, other tools' files, exports and cards ask here. What cannot be decided counts as an overlap: the sum is then
at least what was used, and never more than was stated for one machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

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

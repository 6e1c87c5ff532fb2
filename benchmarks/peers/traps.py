"""Machines on which tools have gone wrong: each tool's error in one region of a constant power."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from environments import Peer
from measure import ToolFailedError, ask, errors_of

from fakes import zones
from fakes.machine import FakeMachine


@dataclass(frozen=True)
class Trap:
    """zones of the machine, length of the region; fault: what befalls the machine a second into it."""

    zones: Callable[[], list[zones.Zone]]
    length_s: float = 2.0
    fault: str = ""


TRAPS = {
    "counter wraps every 4 s, 10 s region": Trap(lambda: zones.server(range_uj=400e6), 10.0),
    "two sockets": Trap(lambda: zones.server(sockets=2)),
    "package and dram": Trap(lambda: zones.server(dram="constant:25")),
    "psys and intel-rapl-mmio": Trap(lambda: [*zones.server(), zones.psys(), zones.mmio_mirror()]),
    "two dies, one counter": Trap(zones.multi_die),
    "reads fail for 2 s in 6 s": Trap(zones.server, 6.0, "eio * for 2"),
    "reads fail at the end": Trap(zones.server, 2.0, "eio * on"),
}


def spring(peer: Peer, ours: str, name: str) -> str:
    """The tool's error in per cent, or how it ended."""
    trap = TRAPS[name]
    with FakeMachine(trap.zones(), network=False) as machine:
        try:
            answer = ask(machine, peer, ours, peer.tool, "accuracy", length_s=trap.length_s, count=1, fault=trap.fault)
        except ToolFailedError as error:
            return f"ends the program: {str(error).split(':', 1)[0]}"
        errors = errors_of(answer["rows"], machine)
    return "no number" if errors.missing else f"{100 * errors.bias:+.2f} %"

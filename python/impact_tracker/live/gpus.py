"""Which process uses which GPU, and what part of its power that is."""

from __future__ import annotations

import time
from collections.abc import Mapping

from .. import _core
from .processes import DividedPower, GpuUse, summed

_SHARE_OF_TIME = 0.005  # drivers that answer slowly are asked so seldom that it takes no more than this part of a core
_APART_S = 0.25  # two looks at least: drivers sample that often, and one without a sample would see nobody at work


class GpuTable:
    """The processes on the GPUs of one machine."""

    def __init__(self, root: str = "/") -> None:
        self._users = _core.gpu_users(root)
        self._looks: list[_core.GpuLook] = []
        self._next_s = 0.0

    def look(self, powers: Mapping[str, DividedPower]) -> tuple[dict[int, GpuUse], tuple[str, ...]]:
        """What each process uses, by its number, and for each GPU whose users are not known a note with the reason.
        `powers`: of the GPUs that are measured, by their names."""
        if not powers and self._users is None:
            return {}, ()
        began_s = time.monotonic()
        if self._users is not None and began_s >= self._next_s:
            began_cpu_s = time.thread_time()
            self._looks = self._users.look()
            self._next_s = began_s + max(_APART_S, (time.thread_time() - began_cpu_s) / _SHARE_OF_TIME)
        return gpu_uses(self._looks, powers)


def gpu_uses(
    looks: list[_core.GpuLook], powers: Mapping[str, DividedPower]
) -> tuple[dict[int, GpuUse], tuple[str, ...]]:
    """As `GpuTable.look`, of what the driver told."""
    uses: dict[int, list[GpuUse]] = {}
    reasons = dict.fromkeys(powers, "its reader does not tell which processes use it")
    for look in looks:
        reasons.pop(look.device, None)
        if look.unknown:
            reasons[look.device] = look.unknown
        power = powers.get(look.device, DividedPower(None))
        for user in look.users:
            is_known = power.watts is not None and user.share is not None
            watts = (power.watts or 0.0) * (user.share or 0.0) if is_known else None
            use = GpuUse(watts, user.use, user.memory_bytes, power.quality if is_known else "missing")
            uses.setdefault(user.pid, []).append(use)
    notes = tuple(
        f"{device}: it is not known which processes its power is of: {reason}" for device, reason in reasons.items()
    )
    return {pid: summed(parts) for pid, parts in uses.items()}, notes

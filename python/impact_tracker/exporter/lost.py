"""Why sensors give no reading now, in their readers' words."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from .snapshot import LONGEST_REASON, LostChannel, SensorNow

if TYPE_CHECKING:
    from .. import _core
    from ..probes import Probe

_APART_S = 60.0  # a reader that fails is opened anew to be asked why, which costs more than a reading: not more often


class Losses:
    """The channels that are lost. `probe` opens the readers anew and tells what `doctor` tells.

    That is done in a thread of its own: a driver that fails may hang as well, and the service goes on.
    """

    def __init__(self, probe: Callable[[], list[Probe]]) -> None:
        self._probe = probe
        self._lost: set[str] = set()
        self._words: dict[str, str] = {}  # by source, since the readers were last asked
        self._asking: threading.Thread | None = None
        self._next_s = 0.0

    def of(
        self, channel: _core.ChannelResult, quality: Literal["stale", "missing"], lost_s: float, sensor: SensorNow
    ) -> LostChannel:
        """The channel as it is told. Its reader is asked for the reason once it is more than a reading that failed."""
        if quality == "missing" and channel.id not in self._lost:
            self._lost.add(channel.id)
            self._ask()
        words = self._words.get(channel.source, "") if quality == "missing" else ""
        text = f"{channel.source} gives no reading of {channel.id}{f': {words}' if words else ''}"
        reason = " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST_REASON]
        where = (channel.id, channel.source, channel.device, channel.domain)
        return LostChannel(*where, quality, round(lost_s, 3), reason, sensor)

    def is_back(self, channel_id: str) -> None:
        """The channel is read again."""
        self._lost.discard(channel_id)

    def _ask(self) -> None:
        is_busy = self._asking is not None and self._asking.is_alive()
        if is_busy or time.monotonic() < self._next_s:
            return
        self._next_s = time.monotonic() + _APART_S
        self._asking = threading.Thread(target=self._take_words, name="impact-reasons", daemon=True)
        self._asking.start()

    def _take_words(self) -> None:
        probes = self._probe()
        self._words = {probe["name"]: probe["error"] for probe in probes if probe["state"] != "shadowed"}

"""The machine's meter: a tracker that runs as long as the service does, and its snapshots."""

from __future__ import annotations

import contextlib
import math
import os
import secrets
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .. import _core
from .lost import Losses
from .snapshot import ChannelNow, ClockNow, HealthNow, LostChannel, MachineNow, SensorNow, Snapshot

if TYPE_CHECKING:
    from ..health import Health
    from ..probes import Probe
    from ..settings import TrackerSettings

_OUT_OF_REACH = ("forbidden", "broken")  # states of readers of what this machine has, and that cannot be read
# Nobody is told millijoules: what a watt is needs none, and programs that spy on others by their power need them most.
_ENERGY_DIGITS, _POWER_DIGITS = 2, 1
_LARGEST_SPARE_RECORD = 1 << 20
_WHOLE = 0.99  # of the time between two snapshots; what is less was not read in part, and not only told late


@dataclass(frozen=True)
class _Seen:
    """What a channel had when a reading of it was last new."""

    energy_j: float
    covered_s: float
    at_s: float
    power_w: float | None
    segment: int = 0


class MachineMeter:
    """Measures the machine from its constructor to `close()`.

    `keeps_record`: whether the record in the settings' logdir is kept; otherwise what the tracker writes is cleared
    each time it has grown to 1 MiB. ValueError for an unknown source, OSError where the record cannot be written.
    """

    def __init__(self, settings: TrackerSettings, *, keeps_record: bool, root: str = "/") -> None:
        core_settings = settings.for_core()
        core_settings.scope = _core.Scope.machine  # whose energy it was is asked of a tracker inside a program
        self._spare = None if keeps_record else tempfile.TemporaryDirectory(prefix="impact-tracker-")
        if self._spare is not None:
            core_settings.logdir = self._spare.name
        try:
            self._core = _core.Tracker(core_settings, root)
            self._core.start()
        except BaseException:
            self._remove_spare()
            raise
        self._interval_s = settings.interval_s
        self._core.flush()
        self._sensors, self._patience_s = self._described()
        probes = _core.probe(root, settings.readers)
        self._sources_up = _out_of_reach(probes, settings.sources)
        self._losses = Losses(lambda: _core.probe(root, settings.readers))
        self._began_unix_s = time.time()
        self._seen: dict[str, _Seen] = {}
        self._told: dict[str, ChannelNow] = {}
        self._run = secrets.token_hex(8)
        self._before_ns: int | None = None
        self._machine_j = 0.0

    @property
    def path(self) -> str | None:
        """The record that is kept; `None` where none is."""
        return None if self._spare is not None else self._core.path

    def _described(self) -> tuple[dict[str, SensorNow], dict[str, float]]:
        """Each channel as its reader describes it, and how long it may go without a new reading before it counts as
        lost."""
        sensors: dict[str, SensorNow] = {}
        patience: dict[str, float] = {}
        for channel in _core.Record(self._core.path).header.get("channels", ()):
            slow_s = channel["update_period_s"] + channel["latency_s"]
            patience[str(channel["id"])] = 3 * max(self._interval_s, slow_s) + 1.0
            sensors[str(channel["id"])] = SensorNow(
                "counter" if channel["kind"] == "counter" else "gauge",
                channel["quality"],
                channel["relative_error"],
                channel["update_period_s"],
                channel["max_power_w"],
            )
        return sensors, patience

    def snapshot(self) -> Snapshot | None:
        """What is measured now; `None` where nothing was yet."""
        result = self._core.result()
        if result is None:
            return None
        now_s = (result.stop_ns - result.start_ns) * 1e-9
        sources_up = dict(self._sources_up)
        channels: list[ChannelNow] = []
        lost: list[LostChannel] = []
        whole_w: float | None = 0.0
        for channel in result.channels:
            if not channel.measures_energy:
                continue
            current = self._channel(channel, now_s)
            sources_up[channel.source] = sources_up.get(channel.source, True) and current is not None
            if current is not None:
                channels.append(current)
            seen = self._seen.get(channel.id)
            since_s = 0.0 if seen is None else seen.at_s
            if current is None or since_s < now_s:
                quality: Literal["stale", "missing"] = "missing" if current is None else "stale"
                lost.append(self._losses.of(channel, quality, now_s - since_s, self._sensors[channel.id]))
            else:
                self._losses.is_back(channel.id)
            if channel.in_total:
                power_w = None if current is None else current.power_w
                whole_w = None if power_w is None or whole_w is None else whole_w + power_w
        self._clear_spare()
        clock = ClockNow(self._run, self._interval_s, result.stop_ns, self._before_ns, 10.0**-_ENERGY_DIGITS)
        self._told, self._before_ns = {channel.id: channel for channel in channels}, result.stop_ns
        return Snapshot(
            self._began_unix_s,
            _unix_s_of(result.stop_ns),  # when the counters were read, which is some time ago on a busy machine
            clock,
            tuple(channels),
            self._machine(result, channels, whole_w),
            sources_up,
            _health(self._core.health()),
            tuple(lost),
        )

    def _channel(self, channel: _core.ChannelResult, now_s: float) -> ChannelNow | None:
        """The channel now; `None` where it gave no reading for longer than it may."""
        energy_j, coverage = channel.energy_j, channel.coverage
        if energy_j is None or channel.quality == "missing" or not math.isfinite(energy_j):
            return None
        covered_s = now_s if coverage is None else coverage * now_s
        before = self._seen.get(channel.id)
        if before is None:
            before = self._seen[channel.id] = _Seen(energy_j, covered_s, now_s, None)
        elif covered_s - before.covered_s > 1e-6 * max(now_s, 1.0):
            # A late reading may lower what was told before: a counter stands still then, as it must not step back.
            grown_j = max(energy_j - before.energy_j, 0.0)
            power_w = grown_j / (covered_s - before.covered_s)
            is_whole = covered_s - before.covered_s >= _WHOLE * (now_s - before.at_s)
            segment = before.segment if is_whole else before.segment + 1
            before = self._seen[channel.id] = _Seen(before.energy_j + grown_j, covered_s, now_s, power_w, segment)
        elif now_s - before.at_s > self._patience_s.get(channel.id, 3 * self._interval_s + 1.0):
            return None
        told = self._told.get(channel.id) if before.at_s == now_s else None
        return ChannelNow(
            channel.id,
            channel.source,
            channel.device,
            channel.domain,
            channel.role,
            channel.quality,
            round(before.energy_j, _ENERGY_DIGITS),
            None if before.power_w is None else round(before.power_w, _POWER_DIGITS),
            before.segment,
            told.energy_j if told is not None and told.segment == before.segment else None,
            self._sensors[channel.id],
        )

    def _machine(
        self, result: _core.RegionResult, channels: list[ChannelNow], power_w: float | None
    ) -> MachineNow | None:
        energy_j = result.energy.best_j
        if energy_j is None or not any(channel.role == "in_total" for channel in channels):
            return None
        self._machine_j = max(self._machine_j, energy_j)
        error_j = result.energy.error_j
        return MachineNow(
            result.energy.quality,
            result.energy.partial,
            round(self._machine_j, _ENERGY_DIGITS),
            None if error_j is None else round(error_j, _ENERGY_DIGITS),
            None if power_w is None else round(power_w, _POWER_DIGITS),
            result.coverage,
        )

    def _clear_spare(self) -> None:
        """Keep the record that nobody wants from filling the disk: the core appends, wherever the file's end is."""
        if self._spare is not None:
            with contextlib.suppress(OSError):
                if os.stat(self._core.path).st_size > _LARGEST_SPARE_RECORD:  # noqa: PTH116
                    os.truncate(self._core.path, 0)

    def close(self) -> None:
        """End the measurement; a record that is kept gets its totals."""
        self._core.stop({"ended_by": None})
        self._remove_spare()

    def _remove_spare(self) -> None:
        if self._spare is not None:
            self._spare.cleanup()


def _unix_s_of(monotonic_ns: int) -> float:
    """The Unix time of a moment of the monotonic clock, by both clocks now."""
    return time.time() - (time.monotonic_ns() - monotonic_ns) * 1e-9


def _out_of_reach(probes: list[Probe], chosen: tuple[str, ...] | None) -> dict[str, bool]:
    """The sources that this machine has and that cannot be read, each `False`."""
    return {
        probe["name"]: False
        for probe in probes
        if probe["state"] in _OUT_OF_REACH and (not chosen or probe["name"] in chosen or probe["group"] in chosen)
    }


def _health(health: Health) -> HealthNow:
    return HealthNow(
        health.get("readings", 0),
        health.get("read_failures", 0),
        health.get("resets", 0),
        health.get("missed_ticks", 0),
        health.get("gaps_s", 0.0),
    )

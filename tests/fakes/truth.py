"""What a fake machine really used: the integral of its zones' curves between two times of CLOCK_MONOTONIC."""

from __future__ import annotations

import bisect
import json
from collections.abc import Callable, Iterable
from typing import Any

from fakes.curve import Curve


class Truth:
    """Built from the JSON line that ``fake-powercap`` prints (also in ``/sys/class/powercap/.truth``).

    ``read_log`` gives the text of ``.log`` where a zone follows the machine's load; it is read anew until it covers
    the time asked for.
    """

    def __init__(self, line: str, read_log: Callable[[], str] | None = None) -> None:
        self.data: dict[str, Any] = json.loads(line)
        self.epoch_ns: int = self.data["epoch_ns"]
        self.zones: dict[str, dict[str, Any]] = self.data["zones"]
        self._curves = {path: Curve.parse(zone["curve"]) for path, zone in self.zones.items() if "curve" in zone}
        self._read_log = read_log
        self._log: list[dict[str, Any]] = []

    def components(self) -> list[str]:
        """The zones that cover the machine without overlap: packages and dram, each once; not psys, no mirror."""
        return [
            path
            for path, zone in self.zones.items()
            if "mirror_of" not in zone and (zone["name"].startswith("package") or zone["name"] == "dram")
        ]

    def power_w(self, path: str, t_ns: int) -> float:
        """Power of one zone that follows a curve, at a time of CLOCK_MONOTONIC."""
        return self._curves[self._original(path)].power_w(t_ns - self.epoch_ns)

    def energy_j(self, t0_ns: int, t1_ns: int, paths: str | Iterable[str] | None = None) -> float:
        """Joules used in [t0_ns, t1_ns] by the named zones (default: ``components()``)."""
        names = self.components() if paths is None else [paths] if isinstance(paths, str) else list(paths)
        return sum(self._energy_of(self._original(name), t0_ns, t1_ns) for name in names)

    def busy_s(self, t0_ns: int, t1_ns: int) -> float:
        """CPU seconds that the whole machine was busy; only for a machine that follows its load."""
        return self._at(t1_ns, lambda row: float(row["busy_s"])) - self._at(t0_ns, lambda row: float(row["busy_s"]))

    def _original(self, path: str) -> str:
        return str(self.zones[path].get("mirror_of", path))

    def _energy_of(self, path: str, t0_ns: int, t1_ns: int) -> float:
        if path in self._curves:
            return self._curves[path].energy_j(t0_ns - self.epoch_ns, t1_ns - self.epoch_ns)
        load = self.zones[path]["load"]
        per_cpu, by_command = load["watts_per_cpu"], load["by_command"]

        def dynamic_j(row: dict[str, Any]) -> float:
            named = sum((watts - per_cpu) * row["command_s"].get(name, 0.0) for name, watts in by_command.items())
            return float(per_cpu * row["busy_s"] + named)

        return float(load["idle_w"]) * (t1_ns - t0_ns) * 1e-9 + self._at(t1_ns, dynamic_j) - self._at(t0_ns, dynamic_j)

    def _at(self, t_ns: int, value: Callable[[dict[str, Any]], float]) -> float:
        """Linear between two polls of the meter."""
        while not self._log or self._log[-1]["t_ns"] < t_ns:
            if self._read_log is None:
                raise ValueError("this machine follows its load, and there is no log to read it from")
            self._log = [json.loads(line) for line in self._read_log().splitlines()]
        i = bisect.bisect_left([row["t_ns"] for row in self._log], t_ns)
        if i == 0:
            return value(self._log[0])
        before, after = self._log[i - 1], self._log[i]
        share = float(t_ns - before["t_ns"]) / float(after["t_ns"] - before["t_ns"])
        return value(before) + share * (value(after) - value(before))

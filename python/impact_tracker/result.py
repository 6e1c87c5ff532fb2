"""What a run or a region used: energy with its interval, quality and parts, and the carbon that follows from it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .values import JOULES_PER_KWH

if TYPE_CHECKING:
    from .factors import Factor
    from .footprint import Impact
    from .weighing import Weighing


# What a result holds, named once: JSON, CSV and the benchmark's rows take their fields from here, each in the order
# that its readers know.
_ENERGY = ("energy_j", "energy_low_j", "energy_high_j", "bias_j")
_PARTS = ("modelled_j", "psys_j", "wall_j")
_CARBON = ("power_w", "carbon_g", "carbon_low_g", "carbon_high_g")
_TRUST = ("quality", "coverage", "partial", "provisional")
_TIMES = ("start_ns", "stop_ns")
_SHARE = ("rest_j", "share_j", "share")
_NESTED = ("devices", "utilisation", "notes", "channels", "health")
FIELDS = ("name", *_ENERGY, "kwh", *_PARTS, *_SHARE, "duration_s", *_CARBON, *_TRUST, "edges", *_TIMES, *_NESTED)
CSV_FIELDS = ("duration_s", *_ENERGY, "kwh", *_PARTS, "rest_j", "share_j", *_CARBON, *_TRUST, "edges")
ROW_FIELDS = (*_ENERGY, *_PARTS, "kwh", *_CARBON, *_TRUST, *_TIMES)


class Uncertainty(NamedTuple):
    """Of an energy, 95 %, joules. `low_j` to `high_j`: from tick, edges and gaps; `bias_j`: half-width of the sensors'
    and models' own systematic error, which repeating does not shrink; `half_width_j`: both together (root of squares);
    `relative`: that over the energy."""

    low_j: float | None
    high_j: float | None
    bias_j: float | None
    half_width_j: float | None
    relative: float | None


def _float(value: Any) -> float | None:
    """A finite number or None: what was not measured is absent, never 0 and never NaN."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def _clean(value: Any) -> Any:
    """For JSON: NaN and infinities as None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    return value


class Result:
    """One run's or region's result. Energies are joules, `None` where nothing was measured; they are the computers'
    own, without the site's overhead: only carbon has the PUE in it.

    `energy_j`: best cover of the machine by component sensors without overlap, models where no sensor covers (that part
    again as `modelled_j`). `wall_j`, `psys_j`: what meters of the whole machine saw, apart from the sum; `rest_j`: what
    the wall saw beyond the components. `share_j`: the part of `energy_j` that the tracked process, cgroup or job
    answers for; `share` has it in full.
    """

    __slots__ = ("_carbon", "_raw", "_weighing", "health")

    def __init__(
        self, raw: Mapping[str, Any], weighing: Weighing | None = None, health: Mapping[str, Any] | None = None
    ) -> None:
        """`raw`: a result as the compiled core gives it (its shape: _core.pyi)."""
        self._raw = raw
        self._weighing = weighing
        self._carbon: Impact | None = None
        self.health: dict[str, Any] = dict(health or {})

    @property
    def name(self) -> str:
        """The region's name; of a run, the core's word for it."""
        return str(self._raw.get("name", ""))

    @property
    def energy_j(self) -> float | None:
        """Energy of the machine in joules, `None` if nothing is covered."""
        return _float(self._raw.get("energy_j"))

    @property
    def kwh(self) -> float | None:
        """The same in kilowatt-hours, without PUE."""
        return None if self.energy_j is None else self.energy_j / JOULES_PER_KWH

    @property
    def energy_low_j(self) -> float | None:
        """Lower end of the 95 % interval from tick, edges and gaps (the sensors' bias apart)."""
        return _float(self._raw.get("energy_low_j"))

    @property
    def energy_high_j(self) -> float | None:
        """Upper end of that interval."""
        return _float(self._raw.get("energy_high_j"))

    @property
    def bias_j(self) -> float | None:
        """95 % half-width of the sensors' and models' own systematic error."""
        return _float(self._raw.get("bias_j"))

    @property
    def uncertainty(self) -> Uncertainty:
        """Interval, bias and both together."""
        low, high, bias, energy = self.energy_low_j, self.energy_high_j, self.bias_j, self.energy_j
        parts = [bias] if bias is not None else []
        if low is not None and high is not None:
            parts.append((high - low) / 2.0)
        half = math.hypot(*parts) if parts and energy is not None else None
        return Uncertainty(low, high, bias, half, half / abs(energy) if half is not None and energy else None)

    @property
    def modelled_j(self) -> float | None:
        """The part of `energy_j` that models gave."""
        return _float(self._raw.get("modelled_j"))

    @property
    def psys_j(self) -> float | None:
        """What the platform domain saw; its reach differs from board to board."""
        return _float(self._raw.get("psys_j"))

    @property
    def wall_j(self) -> float | None:
        """What a wattmeter or the board's controller saw."""
        return _float(self._raw.get("wall_j"))

    @property
    def rest_j(self) -> float | None:
        """`wall_j` less `energy_j`: fans, drives, network, losses of the supplies, parts without a sensor. `None` where
        either is not known for the whole time."""
        return _float(self._raw.get("rest_j"))

    @property
    def share(self) -> dict[str, Any] | None:
        """Whose energy it is; `None` where no share was asked for (scope "machine"). Joules, `None` where not known:
        `share_j` the tracked consumer's, in it `idle_j` by the idle policy; `others_j`; `machine_idle_j` nobody's by
        that policy; `unattributed_j` where use was not known. share, others, machine_idle and unattributed add up to
        the energy. `scope`, `whose`, `idle_policy`; `cpu_s` of `machine_cpu_s`; `half_width_j`, `bias_j`, `quality`;
        `devices`: the same by device; `reasons`: why something is not known."""
        found = self._raw.get("share")
        return dict(found) if isinstance(found, Mapping) else None

    @property
    def share_j(self) -> float | None:
        """The tracked consumer's part of `energy_j` in joules, its idle part included; `None` where not known."""
        return _float((self._raw.get("share") or {}).get("share_j"))

    @property
    def duration_s(self) -> float:
        """Length in seconds of the monotonic clock."""
        return float(self._raw["duration_s"])

    @property
    def start_ns(self) -> int:
        """Begin, CLOCK_MONOTONIC nanoseconds."""
        return int(self._raw["start_ns"])

    @property
    def stop_ns(self) -> int:
        """End, CLOCK_MONOTONIC nanoseconds; of what still runs: now."""
        return int(self._raw["stop_ns"])

    @property
    def power_w(self) -> float | None:
        """Mean power in watts."""
        return self.energy_j / self.duration_s if self.energy_j is not None and self.duration_s > 0 else None

    @property
    def quality(self) -> str:
        """That of the worst part: measured, modelled, estimated, stale, missing."""
        return str(self._raw.get("quality", "missing"))

    @property
    def coverage(self) -> float | None:
        """Part of the duration that readings cover, 0 to 1."""
        return _float(self._raw.get("coverage"))

    @property
    def partial(self) -> bool:
        """Whether parts of the machine are missing in the sum."""
        return bool(self._raw.get("partial", False))

    @property
    def provisional(self) -> bool:
        """Whether lagging sensors may still change it until the tracker stops."""
        return bool(self._raw.get("provisional", False))

    @property
    def edges(self) -> str:
        """How the edges were taken: "plain" or "tick"."""
        return str(self._raw.get("edges", "plain"))

    @property
    def notes(self) -> list[str]:
        """Findings in words."""
        return [str(note) for note in self._raw.get("notes", ())]

    @property
    def channels(self) -> list[dict[str, Any]]:
        """One entry a channel: id, source, device, domain, unit, in_total, quality, energy_j or value, half_width_j."""
        return [dict(channel) for channel in self._raw.get("channels", ())]

    @property
    def devices(self) -> dict[str, float | None]:
        """Energy in joules by device, of the channels that the total sums; `None` where none of them was measured."""
        found: dict[str, float | None] = {}
        for channel in self._raw.get("channels", ()):
            if channel.get("in_total"):
                energy, device = _float(channel.get("energy_j")), str(channel.get("device", ""))
                before = found.get(device)
                found[device] = before if energy is None else energy + (before or 0.0)
        return found

    @property
    def utilisation(self) -> dict[str, float | None]:
        """Means over the time: `cpu` (CPUs busy at once, of all), `gpu:…` (0 to 1), `memory_used_bytes` of the host."""
        return {name: _float(value) for name, value in dict(self._raw.get("utilisation") or {}).items()}

    @property
    def weighing(self) -> Weighing:
        """PUE and intensity that the carbon rests on; without any, PUE 1 and the world's average."""
        if self._weighing is None:
            from .weighing import Weighing

            self._weighing = Weighing()
        return self._weighing

    @property
    def carbon(self) -> Impact:
        """Carbon with range, quality, formula and sources: energy × PUE × intensity."""
        if self._carbon is None:
            self._carbon = self.weighing.carbon(self._energy_range(), self.quality)
        return self._carbon

    @property
    def carbon_g(self) -> float | None:
        """Grams of CO2 equivalent, PUE in it; `None` where the energy is not known."""
        return self.carbon.value

    @property
    def carbon_low_g(self) -> float | None:
        """Lower end: energy with its bias, and the intensity's own range."""
        return self.carbon.low

    @property
    def carbon_high_g(self) -> float | None:
        """Upper end."""
        return self.carbon.high

    def _energy_range(self) -> tuple[float, float, float] | None:
        if self.energy_j is None:
            return None
        best, half = max(self.energy_j, 0.0), self.uncertainty.half_width_j or 0.0
        return max(best - half, 0.0), best, best + half

    def weigh(
        self, *, zone: str | None = None, intensity_g_per_kwh: float | Factor | None = None, pue: float | None = None
    ) -> Result:
        """The same energy under another PUE or intensity; what is not given stays."""
        from .weighing import Reweighing

        return Result(self._raw, self.weighing.changed(Reweighing(zone, intensity_g_per_kwh, pue)), self.health)

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON: keys with units, `None` where nothing was measured."""
        found = {name: getattr(self, name) for name in FIELDS}
        found["uncertainty"] = self.uncertainty._asdict()
        found["carbon"] = self.carbon.as_dict()
        found["pue"] = self.weighing.pue
        found["zone"] = self.weighing.zone
        cleaned: dict[str, Any] = _clean(found)
        return cleaned

    def to_json(self, indent: int | None = 2) -> str:
        """`to_dict` as a JSON text."""
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False, allow_nan=False)

    def __repr__(self) -> str:
        from .result_view import text

        return text(self)

    def _repr_html_(self) -> str:
        from .result_view import html

        return html(self)

"""The numbers of a run or a region: what the core measured, weighed into carbon."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, TypeVar, cast

from ..health import Health
from ..values import Energy, quality_of

if TYPE_CHECKING:
    from typing_extensions import Self

    from .. import _core
    from ..factors import Factor
    from ..footprint import Impact
    from ..values import Quality
    from ..weighing import Weighing

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


class ChannelFields(TypedDict, total=False):
    """One channel in a result. Of an energy: `energy_j` with `half_width_j` and `bias_j`; of anything else: `value`."""

    bias_j: float | None
    coverage: float | None
    device: str
    domain: str
    energy_j: float | None
    half_width_j: float | None
    id: str
    in_total: bool
    provisional: bool
    quality: str
    quantity: str
    role: str
    source: str
    unit: str
    value: float | None


class DeviceShareFields(TypedDict):
    """Whose energy one channel's was. The four parts beside `idle_j`, which is in `share_j`, add up to its energy."""

    device: str
    id: str
    idle_j: float | None
    machine_idle_j: float | None
    others_j: float | None
    share_j: float | None
    unattributed_j: float | None


class ShareFields(TypedDict):
    """Whose energy a result's was, in joules; see `Result.share`."""

    bias_j: float | None
    cpu_s: float | None
    devices: list[DeviceShareFields]
    half_width_j: float | None
    idle_j: float | None
    idle_policy: str
    machine_cpu_s: float | None
    machine_idle_j: float | None
    others_j: float | None
    quality: str
    reasons: list[str]
    scope: str
    share_j: float | None
    unattributed_j: float | None
    whose: str


_OF_ENERGY = frozenset({"energy_j", "half_width_j", "bias_j"})
_Fields = TypeVar("_Fields")


def _fields(kind: type[_Fields], source: object, leave_out: frozenset[str] = frozenset()) -> _Fields:
    """The properties of one of the core's values that a dictionary of this kind lists."""
    return cast(_Fields, {name: getattr(source, name) for name in kind.__annotations__ if name not in leave_out})


class Uncertainty(NamedTuple):
    """The error of an energy, 95 %, joules.

    `low_j` to `high_j`: from tick, edges and gaps. `bias_j`: half-width of the sensors' and models' own systematic
    error, which repeating does not shrink. `half_width_j`: both together (root of squares). `relative`: that over the
    energy.
    """

    low_j: float | None
    high_j: float | None
    bias_j: float | None
    half_width_j: float | None
    relative: float | None


def _energy(core: _core.Energy) -> Energy:
    return Energy(core.best_j, core.half_j, core.bias_j, core.modelled_j, quality_of(core.quality), core.partial)


def _as_data(value: object) -> object:
    """One of the core's values, which exists in this process alone, as plain data with the same attributes."""
    if value is None or isinstance(value, (str, int, float, Energy, SimpleNamespace)):
        return value
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, list):
        return [_as_data(item) for item in value]
    if hasattr(value, "best_j"):
        return _energy(cast("_core.Energy", value))
    attributes = ((name, getattr(value, name)) for name in dir(value) if not name.startswith("_"))
    return SimpleNamespace(**{name: _as_data(item) for name, item in attributes if not callable(item)})


def _clean(value: object) -> Any:
    """For JSON: NaN and infinities as None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    return value


class WeighedResult:
    """The result of one run or region. Energies are joules, `None` where nothing was measured; they are the computers'
    own, without the site's overhead: only carbon has the PUE in it.

    `energy_j`: best cover of the machine by component sensors without overlap, models where no sensor covers (that part
    again as `modelled_j`). `wall_j`, `psys_j`: what meters of the whole machine saw, apart from the sum; `rest_j`: what
    the wall saw beyond the components. `share_j`: the part of `energy_j` that the tracked process, cgroup or job
    answers for; `share` has it in full.
    """

    __slots__ = ("_carbon", "_weighing", "energy", "health", "measured")

    def __init__(
        self, measured: _core.RegionResult, weighing: Weighing | None = None, health: Health | None = None
    ) -> None:
        """`measured`: what the compiled core measured, in its types."""
        self.measured = measured
        self.energy = _energy(measured.energy)
        self._weighing = weighing
        self._carbon: Impact | None = None
        self.health = Health() if health is None else health.copy()

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (_as_data(self.measured), self._weighing, self.health)

    @property
    def name(self) -> str:
        """The region's name; of a run, the core's word for it."""
        return self.measured.name

    @property
    def energy_j(self) -> float | None:
        """Energy of the machine in joules, `None` if nothing is covered."""
        return self.energy.best_j

    @property
    def kwh(self) -> float | None:
        """The same in kilowatt-hours, without PUE."""
        return self.energy.kwh

    @property
    def energy_low_j(self) -> float | None:
        """Lower end of the 95 % interval from tick, edges and gaps (the sensors' bias apart)."""
        return self.energy.low_j

    @property
    def energy_high_j(self) -> float | None:
        """Upper end of that interval."""
        return self.energy.high_j

    @property
    def bias_j(self) -> float | None:
        """95 % half-width of the sensors' and models' own systematic error."""
        return self.energy.bias_j

    @property
    def uncertainty(self) -> Uncertainty:
        """Interval, bias and both together."""
        energy = self.energy
        return Uncertainty(energy.low_j, energy.high_j, energy.bias_j, energy.error_j, energy.relative_error)

    @property
    def modelled_j(self) -> float | None:
        """The part of `energy_j` that models gave."""
        return self.energy.modelled_j

    @property
    def psys_j(self) -> float | None:
        """What the platform domain saw; its reach differs from board to board."""
        return self.measured.psys_j

    @property
    def wall_j(self) -> float | None:
        """What a wattmeter or the board's controller saw."""
        return self.measured.wall_j

    @property
    def rest_j(self) -> float | None:
        """`wall_j` less `energy_j`: fans, drives, network, losses of the supplies, parts without a sensor. `None` where
        either is not known for the whole time."""
        return self.measured.rest_j

    @property
    def share(self) -> ShareFields | None:
        """Whose energy it is; `None` where no share was asked for (scope "machine"). Joules, `None` where not known:
        `share_j` the tracked consumer's, in it `idle_j` by the idle policy; `others_j`; `machine_idle_j` nobody's by
        that policy; `unattributed_j` where use was not known. share, others, machine_idle and unattributed add up to
        the energy. `scope`, `whose`, `idle_policy`; `cpu_s` of `machine_cpu_s`; `half_width_j`, `bias_j`, `quality`;
        `devices`: the same by device; `reasons`: why something is not known."""
        share = self.measured.share
        if share is None:
            return None
        fields = _fields(ShareFields, share)
        fields["devices"] = [_fields(DeviceShareFields, device) for device in share.devices]
        return fields

    @property
    def share_j(self) -> float | None:
        """The tracked consumer's part of `energy_j` in joules, its idle part included; `None` where not known."""
        share = self.measured.share
        return None if share is None else share.share_j

    @property
    def duration_s(self) -> float:
        """Length in seconds of the monotonic clock."""
        return self.measured.duration_s

    @property
    def start_ns(self) -> int:
        """Begin, CLOCK_MONOTONIC nanoseconds."""
        return self.measured.start_ns

    @property
    def stop_ns(self) -> int:
        """End, CLOCK_MONOTONIC nanoseconds; of what still runs: now."""
        return self.measured.stop_ns

    @property
    def power_w(self) -> float | None:
        """Mean power in watts."""
        return self.energy_j / self.duration_s if self.energy_j is not None and self.duration_s > 0 else None

    @property
    def quality(self) -> Quality:
        """That of the worst part: measured, modelled, estimated, stale, missing."""
        return self.energy.quality

    @property
    def coverage(self) -> float | None:
        """Part of the duration that readings cover, 0 to 1."""
        return self.measured.coverage

    @property
    def partial(self) -> bool:
        """Whether parts of the machine are missing in the sum."""
        return self.energy.partial

    @property
    def provisional(self) -> bool:
        """Whether lagging sensors may still change it until the tracker stops."""
        return self.measured.provisional

    @property
    def edges(self) -> str:
        """How the edges were taken: "plain" or "tick"."""
        return self.measured.edges

    @property
    def notes(self) -> list[str]:
        """Findings in words."""
        return self.measured.notes

    @property
    def channels(self) -> list[ChannelFields]:
        """One entry a channel: id, source, device, domain, unit, in_total, quality, energy_j or value, half_width_j."""
        beside_an_energy = frozenset({"value"})
        return [
            _fields(ChannelFields, channel, beside_an_energy if channel.measures_energy else _OF_ENERGY)
            for channel in self.measured.channels
        ]

    @property
    def devices(self) -> dict[str, float | None]:
        """Energy in joules by device, of the channels that the total sums; `None` where none of them was measured."""
        return self.measured.devices

    @property
    def utilisation(self) -> dict[str, float | None]:
        """Means over the time: `cpu` (CPUs busy at once, of all), `gpu:…` (0 to 1), `memory_used_bytes` of the host."""
        return self.measured.utilisation

    @property
    def weighing(self) -> Weighing:
        """PUE and intensity that the carbon rests on; without any, PUE 1 and the world's average."""
        if self._weighing is None:
            from ..weighing import Weighing

            self._weighing = Weighing()
        return self._weighing

    @property
    def carbon(self) -> Impact:
        """Carbon with range, quality, formula and sources: energy × PUE × intensity."""
        if self._carbon is None:
            self._carbon = self.energy.carbon(self.weighing)
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

    def weigh(
        self, *, zone: str | None = None, intensity_g_per_kwh: float | Factor | None = None, pue: float | None = None
    ) -> Self:
        """The same energy under another PUE or intensity; what is not given stays."""
        from ..weighing import Reweighing

        weighing = self.weighing.changed(Reweighing(zone, intensity_g_per_kwh, pue))
        return type(self)(self.measured, weighing, self.health)

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON: keys with units, `None` where nothing was measured."""
        fields = {name: getattr(self, name) for name in FIELDS}
        fields["uncertainty"] = self.uncertainty._asdict()
        fields["carbon"] = self.carbon.as_dict()
        fields["pue"] = self.weighing.pue
        fields["zone"] = self.weighing.zone
        cleaned: dict[str, Any] = _clean(fields)
        return cleaned

    def to_json(self, indent: int | None = 2) -> str:
        """`to_dict` as a JSON text."""
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False, allow_nan=False)

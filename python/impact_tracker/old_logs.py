"""Logs of experiment-impact-tracker: `data.json` (JSON Lines) and `info.pkl`, read without running anything in them.

Energy is what that tool computed: each sample's power held over the time since the sample before it, the last one held
to the experiment's end. Two of its faults are mended, and the findings say so: at interpreter exit it rewrote an end,
long after the last sample, and it may have read a start in another time zone than it was written in.
"""

from __future__ import annotations

import json
import math
import pickle
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import IO, NamedTuple

from .values import QUALITIES, Energy, Quality, kwh_of, total, worst_quality

PUE = 1.58  # the factor that tool put on every energy
FOLDER = "impacttracker"
_LARGEST_INFO = 64 * 2**20  # bytes; real ones have 0.1 to 3 MB
_CPU, _GPU = "rapl_estimated_attributable_power_draw", "nvidia_estimated_attributable_power_draw"
# The whole machine's power, which stands in where a sample has no attributable one.
_ABSOLUTE = {_CPU: "rapl_power_draw_absolute", _GPU: "nvidia_draw_absolute"}
QUALITY_KEYS = {_CPU: "rapl_quality", _GPU: "nvidia_quality"}  # of this package's exports alone


Sample = Mapping[str, object]


class Stub:
    """Stands for an object whose class is not loaded: it takes whatever its pickle gives and does nothing."""

    kind = "?"

    def __new__(cls, *args: object, **kwargs: object) -> Stub:
        return object.__new__(cls)

    def __init__(self, *args: object, **kwargs: object) -> None: ...

    def __setstate__(self, state: object) -> None:
        # Attributes help to read such an object by hand (a package's name and version).
        attributes = state if isinstance(state, dict) else {}
        self.__dict__.update({str(name): value for name, value in attributes.items()})

    def __setitem__(self, key: object, value: object) -> None: ...

    def append(self, item: object) -> None: ...

    def extend(self, items: object) -> None: ...

    def add(self, item: object) -> None: ...

    def __repr__(self) -> str:
        return f"<{self.kind}, not loaded>"


def _reconstructor(cls: object, base: object, state: object) -> object:
    """What copy_reg does for objects without a state of their own, for stubs alone."""
    return cls() if isinstance(cls, type) and issubclass(cls, Stub) else Stub()


def _encode(text: object, encoding: object = "latin1") -> bytes:
    return str(text).encode("latin1", "replace")  # how protocol 2 spells bytes


_ALLOWED: dict[tuple[str, str], object] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("_codecs", "encode"): _encode,
    ("copy_reg", "_reconstructor"): _reconstructor,
    ("copyreg", "_reconstructor"): _reconstructor,
    **{("datetime", kind.__name__): kind for kind in (date, datetime, time, timedelta, timezone)},
    **{("builtins", kind.__name__): kind for kind in (set, frozenset, complex, object)},
}


class _Reader(pickle._Unpickler):  # the compiled one allocates whatever size a damaged file names
    """Loads plain values and dates. Every other class or function becomes a stub: nothing is imported or called."""

    def find_class(self, module: str, name: str) -> object:
        if (module, name) in _ALLOWED:
            return _ALLOWED[module, name]
        return type(name.rpartition(".")[2] or "Stub", (Stub,), {"kind": f"{module}.{name}"})

    def persistent_load(self, pid: object) -> object:
        return Stub()


def read_pickle(stream: IO[bytes]) -> object:
    """What a pickle holds, with stubs for all that is no plain value. ValueError where it cannot be read."""
    try:
        return _Reader(stream).load()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except Exception as error:  # a damaged pickle raises almost anything
        raise ValueError(f"{type(error).__name__}: {error}") from None


def read_info(path: Path) -> dict[str, object]:
    """`info.pkl` as a dict. ValueError with the path where it is none; OSError where it cannot be read."""
    if path.stat().st_size > _LARGEST_INFO:
        raise ValueError(f"{path} is larger than an info.pkl can be ({path.stat().st_size} bytes)")
    with path.open("rb") as stream:
        try:
            info = read_pickle(stream)
        except ValueError as error:
            raise ValueError(f"{path} is damaged or no pickle: {error}") from None
    if not isinstance(info, dict):
        raise ValueError(f"{path} holds no dict but a {type(info).__name__}")
    return info


def read_samples(path: Path) -> tuple[list[dict[str, object]], str | None]:
    """The lines of `data.json`, and where a damage ended the reading; `None` without damage."""
    samples: list[dict[str, object]] = []
    with path.open(encoding="utf-8", errors="replace") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                sample = json.loads(line)
            except (ValueError, RecursionError):
                return samples, f"{path} line {number}: not JSON; everything before it was read"
            if not isinstance(sample, dict):
                return samples, f"{path} line {number}: no object; everything before it was read"
            samples.append(sample)
    return samples, None


def number_of(sample: Sample, key: str) -> float | None:
    """A finite number of a sample; `None` where it is absent or something else ("n/a")."""
    value = sample.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


class OldLog(NamedTuple):
    """One experiment.

    `cpu`, `gpu`: energies without the PUE. `grams_per_pue`: grams of CO2e that are still to be multiplied by the PUE;
    `None` where no energy or no intensity was recorded. `findings`: what had to be mended or is missing.
    """

    path: Path
    cpu: Energy
    gpu: Energy
    grams_per_pue: float | None
    duration_s: float
    findings: tuple[str, ...]

    @property
    def energy(self) -> Energy:
        """CPU and GPU together, without the PUE."""
        return total([self.cpu, self.gpu])


def find_old_logs(place: Path) -> list[Path]:
    """Directories below a place that hold an old log, sorted."""
    return sorted({path.parent for path in place.rglob("data.json") if FOLDER in str(path.parent)})


def _spans(times: list[float], info: Sample, findings: list[str]) -> tuple[list[float], float]:
    """Seconds that each sample stands for, one more for the tail after the last; and the experiment's seconds."""
    begin, end = info.get("experiment_start"), info.get("experiment_end")
    lead = 0.0
    start = times[0]
    if isinstance(begin, datetime):
        lead = times[0] - begin.timestamp()
        if not 0 <= lead < 900:
            findings.append("its start was written in another time zone; shifted by whole quarters of an hour")
            lead %= 900
        start = times[0] - lead
    spans = [lead, *(later - earlier for earlier, later in zip(times, times[1:]))]
    if isinstance(end, datetime) and isinstance(begin, datetime):
        tail = start + (end - begin).total_seconds() - times[-1]
    else:
        findings.append("it has no end: counted up to its last sample")
        tail = 0.0
    longest = max(30.0, 3 * max(spans))
    if tail > longest:
        findings.append(
            f"its end lies {tail:.0f} s after its last sample, as that tool rewrote it when the program ended: "
            f"counted up to {max(spans):.0f} s after the last sample"
        )
        tail = max(spans)
    spans.append(max(tail, 0.0))
    return spans, sum(spans)


def read_old_log(folder: Path) -> OldLog:
    """The experiment in a directory, or in a file of samples of any name, which has no `info.pkl`.

    OSError or ValueError with the path where it cannot be read.
    """
    info_path, of_file = folder / "info.pkl", folder.is_file()
    info = read_info(info_path) if not of_file and info_path.exists() else {}
    samples, damage = read_samples(folder if of_file else folder / "data.json")
    findings = [damage] if damage else []
    samples = [sample for sample in samples if number_of(sample, "timestamp") is not None]
    if not samples:
        begin, end = info.get("experiment_start"), info.get("experiment_end")
        seconds = 0.0
        if isinstance(begin, datetime) and isinstance(end, datetime):
            seconds = (end - begin).total_seconds()
        missing = Energy.missing()
        return OldLog(folder, missing, missing, None, seconds, (*findings, "it holds no sample: nothing was measured"))
    times = [number_of(sample, "timestamp") or 0.0 for sample in samples]
    spans, seconds = _spans(times, info, findings)
    held = [*samples, samples[-1]]
    cpu, gpu = _energy(held, spans, _CPU), _energy(held, spans, _GPU)
    below = [name for name, energy in (("processors", cpu), ("cards", gpu)) if (energy.best_j or 0.0) < 0]
    findings += [f"its samples of the {name} sum to less than 0 J, which is not shown" for name in below]
    cpu, gpu = (Energy.missing() if (energy.best_j or 0.0) < 0 else energy for energy in (cpu, gpu))
    is_known = not below and not (cpu.is_missing and gpu.is_missing)
    grams = _grams(held, spans, info, findings) if is_known else None
    return OldLog(folder, cpu, gpu, grams, seconds, tuple(findings))


def _energy(samples: Sequence[Sample], spans: Sequence[float], key: str) -> Energy:
    powers = [_power(sample, key) for sample in samples]
    if all(power is None for power in powers):
        return Energy.missing()
    joules = math.fsum(power * seconds for power, seconds in zip(powers, spans) if power is not None)
    return Energy(joules, quality=_quality(samples, QUALITY_KEYS[key]))


def _power(sample: Sample, key: str) -> float | None:
    attributed = number_of(sample, key)
    return number_of(sample, _ABSOLUTE[key]) if attributed is None else attributed


def _quality(samples: Sequence[Sample], key: str) -> Quality:
    """The worst that the samples say, which only this package's exports do; that tool read counters alone."""
    words = {str(sample[key]) for sample in samples if key in sample}
    return worst_quality(word for word in words if word in QUALITIES[:-1])


def _filled(values: Sequence[float | None], otherwise: float | None) -> list[float | None]:
    """The values with each gap closed as that tool did: with the value before, with the first one, or with another."""
    known = next((value for value in values if value is not None), otherwise)
    filled = []
    for value in values:
        known = known if value is None else value
        filled.append(known)
    return filled


def _grams(samples: Sequence[Sample], spans: Sequence[float], info: Sample, findings: list[str]) -> float | None:
    estimate = info.get("region_carbon_intensity_estimate")
    regional = number_of(estimate, "carbonIntensity") if isinstance(estimate, dict) else None
    intensities = _filled([number_of(sample, "realtime_carbon_intensity") for sample in samples], regional)
    if any(intensity is None for intensity in intensities):
        findings.append("it names no carbon intensity: its carbon is not known")
        return None
    return math.fsum(
        kwh_of(((_power(sample, _CPU) or 0.0) + (_power(sample, _GPU) or 0.0)) * seconds) * (intensity or 0.0)
        for sample, seconds, intensity in zip(samples, spans, intensities)
    )

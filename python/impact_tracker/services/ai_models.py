"""Language models and electricity mixes of EcoLogits, read from the installed package: its data (MPL-2.0) stay there.

Its files are read without importing it, so that a version whose code needs more than is installed can be read too.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..factors import FactorError, UnknownFactorError, UnknownZoneError, zone_code
from ..factors.factor import did_you_mean, near_matches

REMEDY = "install it (pip install ecologits, Python 3.10 or later), or state the model with --active and --total"
# PUE and WUE (L/kWh) of the providers' sites and where most of them stand, as EcoLogits 0.11 has them from their
# reports: low and high. Cited values.
PROVIDERS: Mapping[str, tuple[str, tuple[float, float], tuple[float, float]]] = {
    "anthropic": ("USA", (1.09, 1.14), (0.13, 0.999)),
    "cohere": ("USA", (1.09, 1.09), (0.999, 0.999)),
    "google_genai": ("USA", (1.09, 1.09), (0.999, 0.999)),
    "huggingface_hub": ("USA", (1.09, 1.14), (0.13, 0.99)),
    "mistralai": ("SWE", (1.16, 1.16), (0.09, 0.09)),
    "openai": ("USA", (1.20, 1.20), (0.569, 0.569)),
}
_WARNINGS = {
    "model-arch-not-released": "its size was not released: the range is a guess of EcoLogits",
    "model-arch-multimodal": "it takes more than text: less precise",
    "electricity-mix-adpe-world": "depletion of the zone's electricity is the world's",
    "electricity-mix-pe-world": "primary energy of the zone's electricity is the world's",
    "electricity-mix-wue-world": "water of the zone's electricity is the world's",
}


@dataclass(frozen=True)
class AiModel:
    """A model of a provider: active and all parameters in 10^9 (low, high), tokens a second and seconds to the first
    token where its speed was measured, what to beware of."""

    provider: str
    name: str
    active_b: tuple[float, float]
    total_b: tuple[float, float]
    tokens_per_s: float | None = None
    first_token_s: float = 0.0
    notes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class ZoneMix:
    """What a kWh of a zone brings, as EcoLogits has it: g of CO2e, kg Sb, MJ, L of water."""

    zone: str
    carbon_g: float
    adp_kg_sb: float
    primary_energy_mj: float
    water_l: float
    notes: tuple[str, ...] = ()


def version() -> str:
    """The installed version, "" where it does not say one."""
    try:
        return importlib.metadata.version("ecologits")
    except importlib.metadata.PackageNotFoundError:
        return ""


def model_names(provider: str | None = None) -> list[str]:
    """`provider/name` of every model, aliases too. ImportError without the package."""
    return sorted(f"{p}/{name}" for p, name in _models() if provider in (None, p))


def find_model(name: str, provider: str | None = None) -> AiModel:
    """The model of this name, also as `provider/name`. UnknownFactorError with near names; FactorError where several
    providers have it; ImportError without the package."""
    if provider is not None and provider not in PROVIDERS:
        near = did_you_mean(near_matches(provider, PROVIDERS)) or f" There are {', '.join(PROVIDERS)}."
        raise UnknownFactorError(f"no provider {provider!r}.{near}")
    matches = _named(name, provider)
    stated, slash, rest = name.partition("/")
    if not matches and slash and stated in PROVIDERS:  # names of models hold a slash too
        provider, name = stated, rest
        matches = _named(name, provider)
    wanted = name.casefold()
    if not matches:
        names = [known for p, known in _models() if provider in (None, p)]
        alike = near_matches(name, names) or [known for known in names if wanted in known.casefold()][:4]
        hint = did_you_mean(alike) or " `impact-tracker request --list` shows all."
        raise UnknownFactorError(f"no model is known as {name!r}.{hint} Or state its size with --active and --total")
    if len(matches) > 1:
        raise FactorError(f"{name} is offered by {', '.join(m.provider for m in matches)}: name one with --provider")
    return matches[0]


def _named(name: str, provider: str | None) -> list[AiModel]:
    wanted = name.casefold()
    return [m for (p, known), m in _models().items() if known.casefold() == wanted and provider in (None, p)]


def zone_names() -> list[str]:
    """The zones' codes. ImportError without the package."""
    return sorted(_mixes())


def find_mix(zone: str) -> ZoneMix:
    """The mix of a country by name or code; "world" for the average. UnknownZoneError with near names."""
    mixes = _mixes()
    code = "WOR" if zone.casefold() == "world" else zone.upper()
    code = code if code in mixes else zone_code(zone)
    if code not in mixes:
        near = near_matches(zone, mixes)
        raise UnknownZoneError(f"EcoLogits has no electricity mix of {zone!r}.{did_you_mean(near)}", near)
    return mixes[code]


def _file(name: str) -> Path:
    spec = importlib.util.find_spec("ecologits")
    for place in (spec.submodule_search_locations or []) if spec else []:
        path = Path(place) / "data" / name
        if path.is_file():
            return path
    if spec is None:
        raise ImportError(f"requests to AI services are read from the package ecologits, which is not here: {REMEDY}")
    raise ImportError(f"the installed ecologits {version()} has no data/{name}: another version is needed, as 0.11")


@cache
def _read(path: Path) -> Mapping[str, list[Mapping[str, object]]]:
    loaded: Mapping[str, list[Mapping[str, object]]] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def _models() -> dict[tuple[str, str], AiModel]:
    path = _file("models.json")
    try:
        document = _read(path)
        models = {(m.provider, m.name): m for m in map(_model, document["models"])}
        for alias in document.get("aliases") or []:
            known = models.get((str(alias["provider"]), str(alias["alias"])))
            if known is not None:
                models[known.provider, str(alias["name"])] = known
    except (ValueError, KeyError, TypeError) as fault:
        raise FactorError(f"{path}: not in the form of EcoLogits 0.11: {fault!r}") from fault
    return models


def _model(entry: Mapping[str, object]) -> AiModel:
    architecture = _table(entry["architecture"])
    parameters = architecture["parameters"]
    if isinstance(parameters, Mapping) and "total" in parameters:
        active, total = _ends(parameters["active"]), _ends(parameters["total"])
    else:
        active = total = _ends(parameters)
    deployment = _table(entry.get("deployment") or {})
    speed, first = deployment.get("tps"), deployment.get("ttft")
    return AiModel(
        str(entry["provider"]),
        str(entry["name"]),
        active,
        total,
        _number(speed) if speed else None,
        _number(first) if first else 0.0,
        _notes(entry),
        tuple(map(str, _list(entry.get("sources")))),
    )


def _mixes() -> dict[str, ZoneMix]:
    path = _file("electricity_mixes.json")
    try:
        return {
            str(m["name"]): ZoneMix(
                str(m["name"]),
                _number(m["gwp"]) * 1000.0,
                _number(m["adpe"]),
                _number(m["pe"]),
                _number(m["wue"]),
                _notes(m),
            )
            for m in _read(path)["electricity_mixes"]
        }
    except (ValueError, KeyError, TypeError) as fault:
        raise FactorError(f"{path}: not in the form of EcoLogits 0.11: {fault!r}") from fault


def _notes(entry: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(_WARNINGS.get(str(code), str(code)) for code in _list(entry.get("warnings")))


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []


def _table(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise TypeError(f"a table was expected, not {value!r}")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"a number was expected, not {value!r}")
    return float(value)


def _ends(value: object) -> tuple[float, float]:
    if isinstance(value, Mapping):
        return _number(value["min"]), _number(value["max"])
    return _number(value), _number(value)

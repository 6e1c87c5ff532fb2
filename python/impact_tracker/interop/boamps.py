"""BoAmps 1.1.0 reports (Boavizta), both ways. Its `powerConsumption` is an energy in kWh, whatever the name says."""

from __future__ import annotations

import json
import math
import uuid
from datetime import datetime, timezone
from pathlib import Path

from .. import file_text
from ..estimators import Use
from ..factors import Factor
from ..hostinfo import Hardware
from ..values import QUALITIES, Energy, Quality, joules_of, kwh_of, quality_of
from .boamps_rules import MEASURE, SPECIFICATION, VERSION, faults_of
from .json_table import JsonObject, JsonTable
from .statement import InteropError, Site, Stated, Statement, faults_of_file, known_zone
from .words import cards_named, cards_of

_UNIT = "unit"
_MOST_PARTS = 100_000  # a larger number of parts is a slip, not a machine
_KWH = {"wh": 1e-3, "kwh": 1.0, "mwh": 1e3, "gwh": 1e6} | {
    prefix + word: kwh_of(joules)
    for prefix, joules in (("", 1.0), ("k", 1e3), ("m", 1e6), ("g", 1e9))
    for word in ("j", "joule", "joules")
}
_ACCURACY = {"measured": "high", "modelled": "medium", "estimated": "low", "stale": "low"}


def to_report(run: Statement, instance: str | None = None, **task: object) -> JsonObject:
    """A report of one run; InteropError where its energy is not known (the format cannot say so).

    `task`: taskStage, taskFamily, dataset, algorithms, nbRequest, confidentialityLevel and the task's other fields;
    without them the report says "training", "other", one dataset of type other. `instance`: of a cloud. Impacts that
    the format lacks stand under `impacts`.
    """
    if run.energy.is_missing:
        raise InteropError(f"{run.name}: a BoAmps report needs an energy, and none was measured")
    site, hardware = run.site, run.hardware
    level = task.pop("confidentialityLevel", "internal")
    defaults: JsonObject = {"taskStage": "training", "taskFamily": "other", "algorithms": [{}]}
    report: JsonObject = {
        "header": _header(run, level),
        "task": {**defaults, "dataset": [{"dataUsage": "input", "dataType": "other"}], **task},
        "measures": [_measure(run)],
        "infrastructure": _infrastructure(run, instance),
        "impacts": _impacts(run),
    }
    if hardware.kernel:
        report["system"] = _known({"os": hardware.kernel, "distribution": hardware.system})
    if hardware.python:
        report["software"] = {"language": "python", "version": hardware.python}
    if site.zone_name or site.zone:
        value = None if site.intensity is None else site.intensity.value
        report["environment"] = _known({"country": site.zone_name or site.zone, "powerSourceCarbonIntensity": value})
    accuracy = _accuracy(run.energy)
    if accuracy is not None:
        report["quality"] = accuracy
    faults = faults_of(report)
    if faults:
        raise InteropError(f"{run.name}: the report would not be valid: {'; '.join(faults)}")
    return report


def _accuracy(energy: Energy) -> str | None:
    """The word for the energy's error (high within 10 %, medium within 25 %), else for its quality."""
    error = energy.relative_error
    if error is not None:
        return "high" if error <= 0.10 else "medium" if error <= 0.25 else "low"
    return _ACCURACY.get(energy.quality)


def _header(run: Statement, level: object) -> JsonObject:
    identity = f"{run.tool}/{run.run_id or run.name}/{run.started_at}"
    return {
        "formatVersion": VERSION,
        "formatVersionSpecificationUri": SPECIFICATION,
        "reportId": str(uuid.uuid5(uuid.NAMESPACE_URL, identity)),
        "reportDatetime": _stamp(run.ended_at or datetime.now(timezone.utc)),
        "reportStatus": "final",
        "publisher": {"projectName": run.name, "confidentialityLevel": level},
    }


def _measure(run: Statement) -> JsonObject:
    return _known(
        {
            "measurementMethod": run.tool,
            "version": run.tool_version or None,
            "cpuTrackingMode": run.quality_in_words,
            "averageUtilizationCpu": run.use.cpu,
            "averageUtilizationGpu": run.use.gpu,
            "powerConsumption": run.energy.kwh,
            "measurementDuration": run.duration_s,
            "measurementDateTime": _stamp(run.started_at) if run.started_at else None,
        }
    )


def _infrastructure(run: Statement, instance: str | None = None) -> JsonObject:
    provider, hardware = run.site.cloud_provider, run.hardware
    components: list[JsonObject] = [_component("cpu", hardware.sockets or 1, hardware.cpu)]
    components += [_component("gpu", count, name or None) for name, count in cards_of(hardware).items()]
    if run.memory_gb:
        components.append({"componentType": "ram", "nbComponent": 1, "memorySize": run.memory_gb})
    kind = "publicCloud" if provider else "onPremise" if instance is None else "publicCloud"
    return _known({"infraType": kind, "cloudProvider": provider, "cloudInstance": instance, "components": components})


def _component(kind: str, count: int, name: str | None) -> JsonObject:
    return _known({"componentType": kind, "nbComponent": count, "componentName": name})


def _impacts(run: Statement) -> JsonObject:
    grams = run.carbon
    numbers: JsonObject = {"carbon_g": grams.value, "carbon_g_low": grams.low, "carbon_g_high": grams.high}
    numbers |= {"pue": run.site.pue if run.site.pue_is_stated else None, "quality": grams.quality}
    if run.energy.error_j is not None and run.energy.range_j is not None:
        numbers |= {
            "energy_kwh_low": kwh_of(run.energy.range_j.low),
            "energy_kwh_high": kwh_of(run.energy.range_j.high),
        }
    return _known({**numbers, "sources": list(grams.sources) or None})


def to_json(run: Statement, instance: str | None = None, **task: object) -> str:
    """The report as a JSON text."""
    return json.dumps(to_report(run, instance, **task), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_json(path: str | Path) -> list[Statement]:
    """The measures of a report, one run each. InteropError names the file and what breaks the schema."""
    source = Path(path)
    report = file_text.json_of(source, InteropError)
    faults = faults_of(report)
    if faults:
        raise InteropError(f"{source}: not a valid BoAmps report: {'; '.join(faults)}")
    with faults_of_file(source):
        document = JsonTable(report)
        measures = enumerate(document.tables("measures"), 1)
        return [_statement(document, measure, f"{source}, measure {number}") for number, measure in measures]


def _statement(report: JsonTable, measure: JsonTable, where: str) -> Statement:
    place, header, impacts = report.table("environment"), report.table("header"), report.table("impacts")
    kwh = (measure.number("powerConsumption") or 0.0) * _kwh_of_unit(measure, where)  # a number, as the schema requires
    if not 0 <= kwh < math.inf:
        raise InteropError(f"{where}: a negative or infinite energy ({kwh:g} kWh), which the schema lets pass")
    method, country = measure.text("measurementMethod") or "", place.text("country")
    # The table `impacts` is our extension: no field of the format says carbon or PUE.
    pue, carbon_g = impacts.number("pue"), impacts.number("carbon_g")
    unknown = sorted(set(measure.fields) - set(MEASURE.fields) - {_UNIT})
    notes = [] if pue is not None else ["a BoAmps report does not say whether a PUE is in its energy"]
    notes += [f"{where} has fields of no known meaning, which are not read: {', '.join(unknown)}"] if unknown else []
    run = Statement(
        name=header.table("publisher").text("projectName") or report.table("task").text("taskFamily") or "",
        tool=method,
        tool_version=measure.text("version") or "",
        started_at=_time(measure.text("measurementDateTime")),
        duration_s=measure.number("measurementDuration"),
        energy=Energy(joules_of(kwh), quality=_quality(method, measure.text("cpuTrackingMode"))),
        site=Site(
            pue=pue if pue is not None and pue >= 1 else 1.0,
            pue_source="stated in the report" if pue is not None and pue >= 1 else None,
            intensity=_intensity(place.number("powerSourceCarbonIntensity")),
            zone=known_zone(country),
            zone_name=country,
            location=place.text("location"),
            cloud_provider=report.table("infrastructure").text("cloudProvider"),
        ),
        hardware=_hardware(report),
        use=Use(measure.number("averageUtilizationCpu"), measure.number("averageUtilizationGpu")),
        stated=Stated(carbon_g=carbon_g if carbon_g is not None and carbon_g >= 0 else None),
        run_id=header.text("reportId"),
        notes=tuple(notes),
        origin=where,
    )
    return run.placed()


def _kwh_of_unit(measure: JsonTable, where: str) -> float:
    """Before its version 1.0 the format had a unit beside the number, and any unit; since then it is kWh."""
    unit = measure.fields.get(_UNIT, "kWh")
    scale = _KWH.get(unit.casefold()) if isinstance(unit, str) else None
    if scale is None:
        raise InteropError(f"{where}: its unit is no energy that is known: {unit!r}; known are {', '.join(_KWH)}")
    return scale


def _time(stamp: str | None) -> datetime | None:
    try:
        began = datetime.fromisoformat(stamp or "")
        return began if began.tzinfo else began.replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def _intensity(stated: float | None) -> Factor | None:
    if stated is None or stated < 0:
        return None
    return Factor.stated(stated, "g/kWh", "carbon intensity of electricity", "stated in the BoAmps report")


def _hardware(report: JsonTable) -> Hardware:
    parts = report.table("infrastructure").tables("components")
    chips, cards, memory = (
        [part for part in parts if (part.text("componentType") or "").casefold() == kind]
        for kind in ("cpu", "gpu", "ram")
    )
    if any(part.count("nbComponent") > _MOST_PARTS for part in parts):
        raise ValueError(f"more than {_MOST_PARTS:,} of one component in a machine")
    sizes = [part.number("memorySize") for part in memory]
    gigabytes = sum(size * part.count("nbComponent") for part, size in zip(memory, sizes) if size is not None)
    return Hardware(
        cpu=chips[0].text("componentName") if chips else None,
        sockets=sum(part.count("nbComponent") for part in chips) or None,
        memory_bytes=round(gigabytes * 1e9) or None,
        gpus=tuple(
            name for part in cards for name in cards_named(part.text("componentName"), part.count("nbComponent"))
        ),
        kernel=report.table("system").text("os"),
        system=report.table("system").text("distribution"),
        python=report.table("software").text("version"),
    )


def _quality(method: str, mode: str | None) -> Quality:
    """This package's reports tell it in their tracking mode; of other tools' energies it is "estimated"."""
    word = (mode or "").partition(":")[0]
    return quality_of(word) if method == "impact-tracker" and word in QUALITIES[:-1] else "estimated"


def _known(fields: JsonObject) -> JsonObject:
    return {name: value for name, value in fields.items() if value is not None}


def _stamp(at: datetime) -> str:
    return at.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")

"""BoAmps 1.1.0 reports (Boavizta), both ways. Its `powerConsumption` is an energy in kWh, whatever the name says."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..factors import QUALITIES, Factor
from .boamps_rules import SPECIFICATION, VERSION, faults_of
from .run import InteropError, Run

_ACCURACY = {"measured": "high", "modelled": "medium", "estimated": "low", "stale": "low"}


def to_report(run: Run, **task: Any) -> dict[str, Any]:
    """A report of one run; InteropError where its energy is not known (the format cannot say so).

    `task`: taskStage, taskFamily, dataset, algorithms, confidentialityLevel and the task's other fields; without them
    the report says "training", "other", one dataset of type other. Impacts that the format lacks stand under
    `impacts`.
    """
    if run.energy_kwh is None:
        raise InteropError(f"{run.name}: a BoAmps report needs an energy, and none was measured")
    level = task.pop("confidentialityLevel", "internal")
    told = {"taskStage": "training", "taskFamily": "other", "algorithms": [{}]}
    report: dict[str, Any] = {
        "header": _header(run, level),
        "task": {**told, "dataset": [{"dataUsage": "input", "dataType": "other"}], **task},
        "measures": [_measure(run)],
        "infrastructure": _infrastructure(run),
        "impacts": _impacts(run),
    }
    if run.os:
        report["system"] = _known({"os": run.os, "distribution": run.system})
    if run.python:
        report["software"] = {"language": "python", "version": run.python}
    if run.zone_name or run.zone:
        value = None if run.intensity is None else run.intensity.value
        report["environment"] = _known({"country": run.zone_name or run.zone, "powerSourceCarbonIntensity": value})
    accuracy = _accuracy(run)
    if accuracy is not None:
        report["quality"] = accuracy
    faults = faults_of(report)
    if faults:
        raise InteropError(f"{run.name}: the report would not be valid: {'; '.join(faults)}")
    return report


def _accuracy(run: Run) -> str | None:
    """high within 10 %, medium within 25 %, low beyond, by the energy's interval; by its quality where it has none."""
    if run.energy_kwh and run.energy_high_kwh is not None:
        spread = run.energy_high_kwh / run.energy_kwh - 1.0
        return "high" if spread <= 0.10 else "medium" if spread <= 0.25 else "low"
    return _ACCURACY.get(run.quality)


def _header(run: Run, level: str) -> dict[str, Any]:
    identity = f"{run.tool}/{run.run_id or run.name}/{run.started_at}"
    return {
        "formatVersion": VERSION,
        "formatVersionSpecificationUri": SPECIFICATION,
        "reportId": str(uuid.uuid5(uuid.NAMESPACE_URL, identity)),
        "reportDatetime": _stamp(run.ended_at or datetime.now(timezone.utc)),
        "reportStatus": "final",
        "publisher": {"projectName": run.name, "confidentialityLevel": level},
    }


def _measure(run: Run) -> dict[str, Any]:
    return _known(
        {
            "measurementMethod": run.tool,
            "version": run.tool_version or None,
            "cpuTrackingMode": run.quality_in_words,
            "averageUtilizationCpu": run.cpu_utilisation,
            "averageUtilizationGpu": run.gpu_utilisation,
            "powerConsumption": run.energy_kwh,
            "measurementDuration": run.duration_s,
            "measurementDateTime": _stamp(run.started_at) if run.started_at else None,
        }
    )


def _infrastructure(run: Run) -> dict[str, Any]:
    kind = "publicCloud" if run.cloud_provider else "onPremise"
    return _known({"infraType": kind, "cloudProvider": run.cloud_provider, "components": _components(run)})


def _impacts(run: Run) -> dict[str, Any]:
    grams = run.carbon
    numbers = {"carbon_g": grams.value, "carbon_g_low": grams.low, "carbon_g_high": grams.high, "pue": run.pue}
    return _known({**numbers, "sources": list(grams.sources) or None})


def to_json(run: Run, **task: Any) -> str:
    """The report as a JSON text."""
    return json.dumps(to_report(run, **task), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_json(path: str | Path) -> list[Run]:
    """The measures of a report, one run each. InteropError names the file and what breaks the schema."""
    source = Path(path)
    try:
        report = json.loads(source.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise InteropError(f"{source}: {fault}") from fault
    faults = faults_of(report)
    if faults:
        raise InteropError(f"{source}: not a valid BoAmps report: {'; '.join(faults)}")
    return [_run(report, measure, f"{source}, measure {index + 1}") for index, measure in enumerate(report["measures"])]


def _run(report: dict[str, Any], measure: dict[str, Any], where: str) -> Run:
    place = report.get("environment", {})
    header = report.get("header", {})
    kwh = float(measure["powerConsumption"])
    if kwh < 0:
        raise InteropError(f"{where}: a negative energy ({kwh:g} kWh), which the schema lets pass")
    stated = place.get("powerSourceCarbonIntensity")
    intensity = None
    if isinstance(stated, (int, float)) and stated >= 0:
        intensity = Factor(
            stated, "g/kWh", stated, stated, "stated in the BoAmps report", name="carbon intensity of electricity"
        )
    cards, chips, memory = (_components_of(report, kind) for kind in ("gpu", "cpu", "ram"))
    duration = measure.get("measurementDuration")
    ours = report.get("impacts")
    impacts = ours if isinstance(ours, dict) else {}  # an extension: no field of the format says carbon or PUE
    pue = impacts.get("pue")
    return Run(
        name=header.get("publisher", {}).get("projectName") or report["task"]["taskFamily"],
        tool=measure["measurementMethod"],
        tool_version=measure.get("version", ""),
        duration_s=duration,
        energy_kwh=kwh,
        pue=pue if isinstance(pue, (int, float)) and pue >= 1 else 1.0,
        intensity=intensity,
        stated_carbon_g=_number(impacts.get("carbon_g")),
        zone=place.get("country"),
        zone_name=place.get("country"),
        location=place.get("location"),
        quality=_quality(measure),
        cpu_model=_name(chips),
        cpu_sockets=_pieces(chips),
        gpu_model=_name(cards),
        gpu_count=_pieces(cards),
        ram_gb=sum(part["memorySize"] * part["nbComponent"] for part in memory if "memorySize" in part) or None,
        cpu_utilisation=measure.get("averageUtilizationCpu"),
        gpu_utilisation=measure.get("averageUtilizationGpu"),
        os=report.get("system", {}).get("os"),
        system=report.get("system", {}).get("distribution"),
        python=report.get("software", {}).get("version"),
        cloud_provider=report["infrastructure"].get("cloudProvider"),
        run_id=header.get("reportId"),
        origin=where,
        extra={"task": report["task"]},
        notes=() if pue is not None else ("a BoAmps report does not say whether a PUE is in its energy",),
    )


def _components(run: Run) -> list[dict[str, Any]]:
    parts = [_known({"componentType": "cpu", "nbComponent": run.cpu_sockets or 1, "componentName": run.cpu_model})]
    if run.gpu_model or run.gpu_count:
        parts.append(
            _known({"componentType": "gpu", "nbComponent": run.gpu_count or 1, "componentName": run.gpu_model})
        )
    if run.ram_gb:
        parts.append({"componentType": "ram", "nbComponent": 1, "memorySize": run.ram_gb})
    return parts


def _quality(measure: dict[str, Any]) -> str:
    """Ours says it in its tracking mode; no other tool's word is as sure."""
    mode = str(measure.get("cpuTrackingMode")).partition(":")[0]
    return mode if measure["measurementMethod"] == "impact-tracker" and mode in QUALITIES else "estimated"


def _components_of(report: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [part for part in report["infrastructure"]["components"] if part["componentType"].casefold() == kind]


def _name(parts: list[dict[str, Any]]) -> str | None:
    return parts[0].get("componentName") if parts else None


def _pieces(parts: list[dict[str, Any]]) -> int | None:
    return sum(part["nbComponent"] for part in parts) if parts else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0 else None


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _stamp(at: datetime) -> str:
    return at.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")

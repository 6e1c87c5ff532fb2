"""The rules of a BoAmps 1.1.0 report (Boavizta, CC-BY-4.0), written as a table of this project's own, and their
check."""

from __future__ import annotations

from typing import Any

VERSION = "1.1.0"
SPECIFICATION = "https://github.com/Boavizta/BoAmps/tree/main/model"

_TEXT, _NUMBER, _WHOLE = {"type": "text"}, {"type": "number"}, {"type": "whole"}
_SHARE = {"type": "number", "from": 0, "to": 1}


def _one_of(words: str) -> dict[str, Any]:
    return {"type": "text", "one_of": tuple(words.split())}


def _list(of: Any) -> dict[str, Any]:
    return {"type": "list", "at_least": 1, "of": of}


def _object(required: str, texts: str = "", numbers: str = "", **others: Any) -> dict[str, Any]:
    """An object with fields that are texts, fields that are numbers, and others with a rule of their own."""
    fields = {**dict.fromkeys(texts.split(), _TEXT), **dict.fromkeys(numbers.split(), _NUMBER), **others}
    return {"type": "object", "required": tuple(required.split()), "fields": fields}


_ALGORITHM = _object(
    "",
    "trainingType algorithmType algorithmName algorithmUri foundationModelName foundationModelUri framework"
    " frameworkVersion classPath optimizer quantization",
    "parametersNumber layersNumber epochsNumber",
)
_DATASET = _object(
    "dataUsage dataType",
    "shape sourceUri owner",
    "dataSize dataQuantity",
    dataUsage=_one_of("input output"),
    dataType=_one_of("tabular audio boolean image video object text token word other"),
    source=_one_of("public private other"),
)
_MEASURE = _object(
    "measurementMethod powerConsumption",
    "measurementMethod manufacturer version cpuTrackingMode gpuTrackingMode measurementDateTime",
    "powerCalibrationMeasurement durationCalibrationMeasurement powerConsumption measurementDuration",
    averageUtilizationCpu=_SHARE,
    averageUtilizationGpu=_SHARE,
)
_HARDWARE = _object(
    "componentType nbComponent",
    "componentName componentType manufacturer family series",
    "memorySize",
    nbComponent=_WHOLE,
    share=_SHARE,
)
_HEADER = _object(
    "reportDatetime",
    "licensing formatVersion formatVersionSpecificationUri reportId reportDatetime",
    reportStatus=_one_of("draft final corrective other"),
    publisher=_object(
        "confidentialityLevel",
        "name division projectName publicKey",
        confidentialityLevel=_one_of("public internal confidential secret"),
    ),
)
_TASK = _object(
    "taskStage taskFamily algorithms dataset",
    "taskStage taskFamily taskDescription",
    "nbRequest",
    algorithms=_list(_ALGORITHM),
    dataset=_list(_DATASET),
    measuredAccuracy=_SHARE,
    estimatedAccuracy=_one_of("veryPoor poor average good veryGood"),
)
_INFRASTRUCTURE = _object(
    "infraType components",
    "cloudProvider cloudInstance cloudService",
    infraType=_one_of("publicCloud privateCloud onPremise other"),
    components=_list(_HARDWARE),
)
_ENVIRONMENT = _object(
    "country",
    "country location",
    "latitude longitude powerSourceCarbonIntensity",
    powerSupplierType=_one_of("public private internal other"),
    powerSource=_one_of("solar wind nuclear hydroelectric gas coal other"),
)
REPORT = _object(
    "task measures infrastructure",
    header=_HEADER,
    task=_TASK,
    measures=_list(_MEASURE),
    system=_object("os", "os distribution distributionVersion"),
    software=_object("language", "language version"),
    infrastructure=_INFRASTRUCTURE,
    environment=_ENVIRONMENT,
    quality=_one_of("high medium low"),
)


def faults_of(report: Any) -> list[str]:
    """What in a report breaks the schema, each with its place (`measures[0].powerConsumption`); empty for a valid
    one.

    Fields that the schema does not know are allowed anywhere, as it allows them.
    """
    found: list[str] = []
    _check(report, REPORT, "report", found)
    return found


def _check(value: Any, rule: dict[str, Any], where: str, found: list[str]) -> None:
    kind = rule["type"]
    if kind == "object":
        _check_object(value, rule, where, found)
    elif kind == "list":
        if not isinstance(value, list):
            found.append(f"{where} must be a list")
        elif len(value) < rule["at_least"]:
            found.append(f"{where} must hold at least {rule['at_least']}")
        else:
            for index, item in enumerate(value):
                _check(item, rule["of"], f"{where}[{index}]", found)
    elif kind == "text":
        if not isinstance(value, str):
            found.append(f"{where} must be a text, not {value!r}")
        elif "one_of" in rule and value not in rule["one_of"]:
            found.append(f"{where} must be one of {', '.join(rule['one_of'])}, not {value!r}")
    else:
        _check_number(value, rule, where, found)


def _check_object(value: Any, rule: dict[str, Any], where: str, found: list[str]) -> None:
    if not isinstance(value, dict):
        found.append(f"{where} must be an object")
        return
    found.extend(f"{where} lacks {name}" for name in rule["required"] if name not in value)
    for name, part in rule["fields"].items():
        if name in value:
            _check(value[name], part, f"{where}.{name}", found)


def _check_number(value: Any, rule: dict[str, Any], where: str, found: list[str]) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        found.append(f"{where} must be a number, not {value!r}")
    elif rule["type"] == "whole" and not isinstance(value, int):
        found.append(f"{where} must be a whole number, not {value!r}")
    elif not rule.get("from", value) <= value <= rule.get("to", value):
        found.append(f"{where} must lie between {rule['from']} and {rule['to']}, not {value!r}")

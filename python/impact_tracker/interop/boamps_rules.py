"""The rules of a BoAmps 1.1.0 report (Boavizta, CC-BY-4.0), written as a table of this project's own, and their
check."""

from __future__ import annotations

from typing import Any

VERSION = "1.1.0"
SPECIFICATION = "https://github.com/Boavizta/BoAmps/tree/main/model"

_TEXT, _NUMBER, _WHOLE = {"type": "text"}, {"type": "number"}, {"type": "whole"}
_SHARE = {"type": "number", "from": 0, "to": 1}


def _one_of(*words: str) -> dict[str, Any]:
    return {"type": "text", "one_of": words}


def _object(required: str, **fields: Any) -> dict[str, Any]:
    return {"type": "object", "required": tuple(required.split()), "fields": fields}


def _list(of: Any) -> dict[str, Any]:
    return {"type": "list", "at_least": 1, "of": of}


_ALGORITHM = _object(
    "",
    trainingType=_TEXT,
    algorithmType=_TEXT,
    algorithmName=_TEXT,
    algorithmUri=_TEXT,
    foundationModelName=_TEXT,
    foundationModelUri=_TEXT,
    parametersNumber=_NUMBER,
    framework=_TEXT,
    frameworkVersion=_TEXT,
    classPath=_TEXT,
    layersNumber=_NUMBER,
    epochsNumber=_NUMBER,
    optimizer=_TEXT,
    quantization=_TEXT,
)
_DATASET = _object(
    "dataUsage dataType",
    dataUsage=_one_of("input", "output"),
    dataType=_one_of("tabular", "audio", "boolean", "image", "video", "object", "text", "token", "word", "other"),
    dataSize=_NUMBER,
    dataQuantity=_NUMBER,
    shape=_TEXT,
    source=_one_of("public", "private", "other"),
    sourceUri=_TEXT,
    owner=_TEXT,
)
_MEASURE = _object(
    "measurementMethod powerConsumption",
    measurementMethod=_TEXT,
    manufacturer=_TEXT,
    version=_TEXT,
    cpuTrackingMode=_TEXT,
    gpuTrackingMode=_TEXT,
    averageUtilizationCpu=_SHARE,
    averageUtilizationGpu=_SHARE,
    powerCalibrationMeasurement=_NUMBER,
    durationCalibrationMeasurement=_NUMBER,
    powerConsumption=_NUMBER,
    measurementDuration=_NUMBER,
    measurementDateTime=_TEXT,
)
_HARDWARE = _object(
    "componentType nbComponent",
    componentName=_TEXT,
    componentType=_TEXT,
    nbComponent=_WHOLE,
    memorySize=_NUMBER,
    manufacturer=_TEXT,
    family=_TEXT,
    series=_TEXT,
    share=_SHARE,
)
_PUBLISHER = _object(
    "confidentialityLevel",
    name=_TEXT,
    division=_TEXT,
    projectName=_TEXT,
    publicKey=_TEXT,
    confidentialityLevel=_one_of("public", "internal", "confidential", "secret"),
)
_HEADER = _object(
    "reportDatetime",
    licensing=_TEXT,
    formatVersion=_TEXT,
    formatVersionSpecificationUri=_TEXT,
    reportId=_TEXT,
    reportDatetime=_TEXT,
    reportStatus=_one_of("draft", "final", "corrective", "other"),
    publisher=_PUBLISHER,
)
REPORT = _object(
    "task measures infrastructure",
    header=_HEADER,
    task=_object(
        "taskStage taskFamily algorithms dataset",
        taskStage=_TEXT,
        taskFamily=_TEXT,
        nbRequest=_NUMBER,
        algorithms=_list(_ALGORITHM),
        dataset=_list(_DATASET),
        measuredAccuracy=_SHARE,
        estimatedAccuracy=_one_of("veryPoor", "poor", "average", "good", "veryGood"),
        taskDescription=_TEXT,
    ),
    measures=_list(_MEASURE),
    system=_object("os", os=_TEXT, distribution=_TEXT, distributionVersion=_TEXT),
    software=_object("language", language=_TEXT, version=_TEXT),
    infrastructure=_object(
        "infraType components",
        infraType=_one_of("publicCloud", "privateCloud", "onPremise", "other"),
        cloudProvider=_TEXT,
        cloudInstance=_TEXT,
        cloudService=_TEXT,
        components=_list(_HARDWARE),
    ),
    environment=_object(
        "country",
        country=_TEXT,
        latitude=_NUMBER,
        longitude=_NUMBER,
        location=_TEXT,
        powerSupplierType=_one_of("public", "private", "internal", "other"),
        powerSourceCarbonIntensity=_NUMBER,
        powerSource=_one_of("solar", "wind", "nuclear", "hydroelectric", "gas", "coal", "other"),
    ),
    quality=_one_of("high", "medium", "low"),
)


def faults_of(report: Any) -> list[str]:
    """What in a report breaks the schema, each with its place (``measures[0].powerConsumption``); empty for a valid
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

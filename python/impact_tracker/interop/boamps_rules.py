"""The rules of a BoAmps 1.1.0 report (Boavizta, CC-BY-4.0), written as a table of this project's own, and their
check."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

VERSION = "1.1.0"
SPECIFICATION = "https://github.com/Boavizta/BoAmps/tree/main/model"


@dataclass(frozen=True)
class Rule:
    """What a value must be: "text" (one of some words), "number" or "whole" number (within bounds), "list" (of at least
    one item) or "object"."""

    type: str
    words: tuple[str, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    items: Rule | None = None
    required: tuple[str, ...] = ()
    fields: Mapping[str, Rule] = field(default_factory=dict)


_TEXT, _NUMBER, _WHOLE = Rule("text"), Rule("number"), Rule("whole")
_SHARE = Rule("number", low=0, high=1)


def _one_of(words: str) -> Rule:
    return Rule("text", words=tuple(words.split()))


def _list(items: Rule) -> Rule:
    return Rule("list", items=items)


def _object(required: str, texts: str = "", numbers: str = "", **others: Rule) -> Rule:
    """An object with fields that are texts, fields that are numbers, and others with a rule of their own."""
    fields = {**dict.fromkeys(texts.split(), _TEXT), **dict.fromkeys(numbers.split(), _NUMBER), **others}
    return Rule("object", required=tuple(required.split()), fields=fields)


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
MEASURE = _object(
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
    measures=_list(MEASURE),
    system=_object("os", "os distribution distributionVersion"),
    software=_object("language", "language version"),
    infrastructure=_INFRASTRUCTURE,
    environment=_ENVIRONMENT,
    quality=_one_of("high medium low"),
)


def faults_of(report: object) -> list[str]:
    """What in a report breaks the schema, each with its place (`measures[0].powerConsumption`); empty for a valid one.

    Fields that the schema does not know are allowed anywhere, as it allows them.
    """
    return list(_faults(report, REPORT, "report"))


def _faults(value: object, rule: Rule, where: str) -> Iterator[str]:
    if rule.type == "object":
        yield from _faults_of_object(value, rule, where)
    elif rule.items is not None:
        if not isinstance(value, list):
            yield f"{where} must be a list"
        elif not value:
            yield f"{where} must hold at least 1"
        else:
            for index, item in enumerate(value):
                yield from _faults(item, rule.items, f"{where}[{index}]")
    elif rule.type == "text":
        if not isinstance(value, str):
            yield f"{where} must be a text, not {value!r}"
        elif rule.words and value not in rule.words:
            yield f"{where} must be one of {', '.join(rule.words)}, not {value!r}"
    elif isinstance(value, bool) or not isinstance(value, (int, float)):
        yield f"{where} must be a number, not {value!r}"
    elif rule.type == "whole" and not isinstance(value, int):
        yield f"{where} must be a whole number, not {value!r}"
    elif not rule.low <= value <= rule.high:
        yield f"{where} must lie between {rule.low} and {rule.high}, not {value!r}"


def _faults_of_object(value: object, rule: Rule, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where} must be an object"
        return
    yield from (f"{where} lacks {name}" for name in rule.required if name not in value)
    for name, part in rule.fields.items():
        if name in value:
            yield from _faults(value[name], part, f"{where}.{name}")

"""BoAmps: the smallest valid report, the negative cases, and our own reports both ways."""

import copy
import json
import math
from dataclasses import replace

import pytest

from impact_tracker.interop import InteropError, boamps
from impact_tracker.interop.boamps_rules import REPORT, faults_of
from impact_tracker.values import Energy, joules_of

SMALLEST = {
    "task": {
        "taskStage": "training",
        "taskFamily": "textGeneration",
        "algorithms": [{}],
        "dataset": [{"dataUsage": "input", "dataType": "text"}],
    },
    "measures": [{"measurementMethod": "mytool", "powerConsumption": 2.28}],
    "infrastructure": {"infraType": "onPremise", "components": [{"componentType": "gpu", "nbComponent": 1}]},
}


def changed(change):
    report = copy.deepcopy(SMALLEST)
    change(report)
    return report


def test_the_smallest_report_is_valid():
    assert faults_of(SMALLEST) == []


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda r: r["measures"][0].update(averageUtilizationCpu=2), "averageUtilizationCpu"),
        (lambda r: r["infrastructure"]["components"][0].update(nbComponent=1.5), "nbComponent"),
        (lambda r: r.update(measures=[]), "measures must hold"),
        (lambda r: r.update(header={}), "reportDatetime"),
        (lambda r: r["infrastructure"].update(infraType="cloud"), "infraType"),
        (lambda r: r.pop("task"), "lacks task"),
        (lambda r: r["task"]["algorithms"].append({"quantization": 8}), "quantization must be a text"),
        (lambda r: r.update(quality="best"), "quality"),
    ],
)
def test_what_breaks_the_schema_is_named(change, where):
    assert any(where in fault for fault in faults_of(changed(change)))


def test_what_the_schema_lets_pass_passes():
    assert faults_of(changed(lambda r: r.update(impacts={"carbon_g": 5}))) == []
    assert faults_of(changed(lambda r: r["measures"][0].update(powerConsumption=-1))) == []
    assert faults_of([]) and faults_of(None)


def test_our_report_is_valid_and_comes_back(climatebert, tmp_path):
    report = boamps.to_report(climatebert, taskStage="finetuning", taskFamily="textClassification")
    assert faults_of(report) == [] and report["measures"][0]["powerConsumption"] == pytest.approx(33.6)
    assert report["impacts"]["carbon_g"] == pytest.approx(15_792.0) and report["quality"] == "high"
    path = tmp_path / "report.json"
    path.write_text(boamps.to_json(climatebert), encoding="utf-8")
    back = boamps.read_json(path)[0]
    assert back.energy.kwh == pytest.approx(33.6) and back.carbon.value == pytest.approx(15_792.0)
    assert back.hardware.gpus == ("NVIDIA RTX A5000",) * 2 and back.site.zone == "Germany"


@pytest.mark.parametrize(("spread", "accuracy"), [(0.05, "high"), (0.2, "medium"), (0.7, "low")])
def test_accuracy_is_that_of_the_interval(climatebert, spread, accuracy):
    energy = Energy(joules_of(33.6), half_j=joules_of(33.6 * spread), quality="modelled")
    assert boamps.to_report(replace(climatebert, energy=energy))["quality"] == accuracy


def test_pue_hardware_and_quality_come_back(climatebert, tmp_path):
    path = tmp_path / "report.json"
    run = replace(
        climatebert,
        energy=replace(climatebert.energy, quality="modelled"),
        site=replace(climatebert.site, pue=1.5),
        hardware=climatebert.hardware._replace(sockets=2),
    )
    path.write_text(boamps.to_json(run), encoding="utf-8")
    back = boamps.read_json(path)[0]
    assert back.site.pue == 1.5 and back.carbon.value == pytest.approx(15_792.0 * 1.5)
    assert back.energy.quality == "modelled" and back.notes == ()
    assert (back.hardware.cpu, back.hardware.sockets, back.memory_gb) == ("AMD EPYC 7543", 2, 256.0)


def test_our_report_against_json_schema(climatebert):
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft4Validator(as_json_schema(REPORT)).validate(boamps.to_report(climatebert))


def as_json_schema(rule):
    """The rules as a JSON schema: a second check that does not use ours."""
    names = {"text": "string", "number": "number", "whole": "integer", "object": "object", "list": "array"}
    schema = {"type": names[rule.type]}
    if rule.words:
        schema["enum"] = list(rule.words)
    if math.isfinite(rule.low):
        schema.update(minimum=rule.low, maximum=rule.high)
    if rule.items:
        schema.update(minItems=1, items=as_json_schema(rule.items))
    if rule.type == "object":
        schema["properties"] = {name: as_json_schema(part) for name, part in rule.fields.items()}
        if rule.required:
            schema["required"] = list(rule.required)
    return schema


def test_no_energy_no_report(unmeasured):
    with pytest.raises(InteropError, match="none was measured"):
        boamps.to_report(unmeasured)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Expecting"),
        ("{}", "lacks task"),
        (json.dumps(changed(lambda r: r["measures"][0].update(powerConsumption=-1))), "negative"),
    ],
)
def test_reports_that_cannot_be_read(tmp_path, text, message):
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(InteropError, match=message) as caught:
        boamps.read_json(path)
    assert "report.json" in str(caught.value)

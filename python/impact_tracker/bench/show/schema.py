"""The JSON Schema of results.json, made from the classes that it is made of."""

from __future__ import annotations

from ...values.statistics import Mean
from ..analyse.analysis import Answer
from ..analyse.cells import Cell
from ..analyse.roof import MeasuredRoof
from ..analyse.scores import Scores
from ..analyse.sweeps import SweepPlace
from ..analyse.targets import Reached
from ..plan.axes import Axes
from ..plan.settings import Settings
from ..row.columns import FlatParts
from ..row.row import Epoch
from ..row.schema import DRAFT, Definitions, Schema, flat_parts, line_schema, nullable, row_schema

WHAT = ("results", "line")
_ABOUT: Schema = {
    name: {"type": ["string", "null"]}
    for name in ("began_at", "host", "architecture", "python", "torch_version", "blas", "allocator")
}


def schema_of(what: str) -> Schema:
    """Of results.json, or of a line of rows.jsonl."""
    return line_schema() if what == "line" else results_schema()


def results_schema() -> Schema:
    """Everything that results.json holds, of campaigns of every suite and mode."""
    definitions = Definitions()
    definitions.made["Mean"] = _mean(definitions)
    columns = definitions.parts_of(FlatParts).properties
    definitions.made["Row"] = row_schema(definitions, {"valid": {"type": "boolean"}, **columns})
    interval = nullable(definitions.of("tuple[float, float]", Cell.__module__))
    bootstrap: Schema = {"type": "object", "additionalProperties": interval}
    definitions.made["Summary"] = definitions.parts_of(Cell).with_more({"bootstrap": bootstrap}).schema
    definitions.made["Epoch"] = flat_parts(definitions, Epoch).schema
    properties: Schema = {
        "schema": {"type": "integer"},
        "settings": _settings(definitions),
        **_ABOUT,
        "devices": {"type": "array", "items": {"type": "string"}},
        "worker_threads": {"type": "integer"},
        "weighed_with": {"type": "object"},
        "summary": _each("Summary"),
        "caveats": {"type": "array", "items": {"type": "string"}},
        "rows": _each("Row"),
        "superseded": _each("Row"),
        "outcome": _outcome(),
        "answers": {"type": "array", "items": definitions.reference(Answer)},
        "scores": nullable(definitions.reference(Scores)),
        "targets": {"type": "array", "items": definitions.reference(Reached)},
        "epochs": _each("Epoch"),
        "sweeps": {"type": "array", "items": _sweep(definitions)},
        "roof": _roof(definitions),
    }
    optional = (*_ABOUT, "devices", "worker_threads", "weighed_with", "targets", "epochs", "sweeps", "roof")
    return {
        "$schema": DRAFT,
        "title": "A campaign's results.json",
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "$defs": definitions.made,
    }


def _each(name: str) -> Schema:
    return {"type": "array", "items": {"$ref": f"#/$defs/{name}"}}


def _mean(definitions: Definitions) -> Schema:
    """A mean as it is written: `low` and `high` are the ends of its 95 % interval, which texts print too."""
    end = definitions.of("float | None", Cell.__module__)
    return definitions.parts_of(Mean).with_more({"low": end, "high": end}, "low", "high").schema


def _settings(definitions: Definitions) -> Schema:
    """What was asked. An axis that is not varied is left out."""
    return definitions.parts_of(Settings).with_more({"axes": definitions.parts_of(Axes).schema}).schema


def _sweep(definitions: Definitions) -> Schema:
    """One network's sweep: its points with time and energy of one input."""
    place = definitions.parts_of(SweepPlace, ("test", "point", "seconds", "joules", "quality", "bias", "front", "knee"))
    names: Schema = {name: {"type": "string"} for name in ("model", "title", "phase", "unit")}
    properties: Schema = {**names, "places": {"type": "array", "items": place.schema}}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _roof(definitions: Definitions) -> Schema:
    """The most that the machine does: `memory` and `arithmetic` name the kinds that went fastest."""
    kind: Schema = {"type": ["string", "null"]}
    return definitions.parts_of(MeasuredRoof).with_more({"memory": kind, "arithmetic": kind}).schema


def _outcome() -> Schema:
    count: Schema = {"type": "integer", "minimum": 0}
    properties: Schema = {
        "done": count,
        "total": count,
        "failed": {"type": "object", "additionalProperties": {"type": "string"}},
        "without_valid_run": {"type": "array", "items": {"type": "string"}},
    }
    return {"type": "object", "properties": properties, "required": list(properties)}

"""The JSON Schema of rows and results, made from the classes that hold them: there is one list of fields.

What validates is read (`row/codec.py`). Names that a schema does not list are allowed: a newer version writes more.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import NamedTuple

from ...values import QUALITIES
from . import row as types
from .codec import PARTS, names_of
from .origin import Origin
from .roof_run import RoofRun
from .row import Epoch, Row, TaskEnd

DRAFT = "https://json-schema.org/draft/2020-12/schema"
LARGEST = sys.float_info.max / 4  # differences of two such numbers are numbers too
_PLAIN: dict[str, dict[str, object]] = {
    "int": {"type": "integer", "minimum": -LARGEST, "maximum": LARGEST},
    "float": {"type": "number", "minimum": -LARGEST, "maximum": LARGEST},
    "str": {"type": "string"},
    "bool": {"type": "boolean"},
    "object": {},
    "Quality": {"enum": list(QUALITIES)},
}
_OF_ENERGY = ("energy_j", "bias_j", "modelled_j", "kwh", "j_per_image", "images_per_s")

Schema = dict[str, object]


class ClassSchema(NamedTuple):
    """What a class gives to a schema: what it is, its attributes, and those that must be there."""

    description: str
    properties: Schema
    required: list[str]

    def with_more(self, properties: Schema, *required: str) -> ClassSchema:
        """With properties that the class itself does not hold."""
        return self._replace(properties={**self.properties, **properties}, required=[*required, *self.required])

    @property
    def schema(self) -> Schema:
        """As it stands in a document."""
        return {"type": "object", **self._asdict()}


class Definitions:
    """Schemas of the classes that a document holds, each once, by their names."""

    def __init__(self) -> None:
        self.made: Schema = {}

    def of(self, wanted: str, module: str) -> Schema:
        """The schema of an annotation in this module."""
        if wanted.endswith(" | None"):
            return nullable(self.of(wanted[: -len(" | None")], module))
        if wanted in _PLAIN:
            return dict(_PLAIN[wanted])
        if wanted.startswith("tuple[") and not wanted.endswith(", ...]"):
            parts = [self.of(part.strip(), module) for part in wanted[len("tuple[") : -1].split(",")]
            return {"type": "array", "prefixItems": parts, "minItems": len(parts), "maxItems": len(parts)}
        if wanted.startswith(("tuple[", "list[", "Sequence[")):
            inner = wanted[wanted.index("[") + 1 : -1]
            item = inner[: -len(", ...")] if inner.endswith(", ...") else inner
            return {"type": "array", "items": self.of(item, module)}
        if wanted.startswith(("Mapping[str, ", "dict[str, ")):
            values = self.of(wanted[wanted.index(", ") + 2 : -1], module)
            return {"type": "object", "additionalProperties": values}
        return self.reference(vars(sys.modules[module])[wanted])

    def reference(self, kind: type[object]) -> Schema:
        """A reference to the schema of a class."""
        if kind.__name__ not in self.made:
            self.made[kind.__name__] = {}  # what holds itself refers to itself
            self.made[kind.__name__] = self.parts_of(kind).schema
        return {"$ref": f"#/$defs/{kind.__name__}"}

    def parts_of(self, kind: type[object], names: Sequence[str] | None = None) -> ClassSchema:
        """What a class gives to a schema, these of its attributes alone where they are named."""
        properties: Schema = {}
        required = []
        for name, wanted, has_default in _attributes(kind):
            if names is None or name in names:
                schema = self.of(wanted, kind.__module__)
                properties[name] = nullable(schema) if has_default else schema
                if not has_default and not wanted.endswith(" | None"):
                    required.append(name)
        text = " ".join((kind.__doc__ or "").split())
        return ClassSchema(text, properties, required)


def _attributes(kind: type[object]) -> list[tuple[str, str, bool]]:
    """Names and annotations of a class, and whether an attribute may be left out."""
    if is_dataclass(kind):
        return [
            (item.name, str(item.type), item.default is not MISSING or item.default_factory is not MISSING)
            for item in fields(kind)
        ]
    annotations: Mapping[str, object] = kind.__annotations__
    defaults: Mapping[str, object] = getattr(kind, "_field_defaults", {})  # of a named tuple
    texts = {name: str(getattr(wanted, "__forward_arg__", wanted)) for name, wanted in annotations.items()}
    return [(name, text, name in defaults) for name, text in texts.items()]


def nullable(schema: Schema) -> Schema:
    """The schema that allows null too."""
    kinds = schema.get("type")
    if isinstance(kinds, str):
        return {**schema, "type": [kinds, "null"]}
    if isinstance(kinds, list) or not schema:
        return schema
    return {"anyOf": [schema, {"type": "null"}]} if "anyOf" not in schema else schema


def row_schema(definitions: Definitions, more: Schema | None = None) -> Schema:
    """A row: one phase of one run, or the idle machine. Its parts stand side by side in a line, and `more` beside
    them."""
    properties: Schema = {"kind": {"const": "row"}, **(more or {})}
    required = ["kind", "status"]
    kinds: list[type[object]] = [Row, *PARTS.values()]
    for kind in kinds:
        names = ("status", "reason", "failure") if kind is Row else names_of(kind)
        part = definitions.parts_of(kind, names)
        properties.update(part.properties)
        required += [name for name in part.required if name not in required]
    properties.update({name: {"type": ["number", "null"]} for name in _OF_ENERGY})
    for name in ("energy_j", "bias_j", "modelled_j"):
        properties[name] = definitions.of("float | None", types.__name__)
    properties["bias_j"] = {**_PLAIN["float"], "type": ["number", "null"], "minimum": 0}
    properties["quality"] = nullable(dict(_PLAIN["Quality"]))
    of_a_test = {name: {"type": "string"} for name in ("test", "model", "title")}
    return {
        "type": "object",
        "description": " ".join((Row.__doc__ or "").split()),
        "properties": properties,
        "required": required,
        "allOf": [
            {
                "if": {"properties": {"phase": {"const": "idle"}}},
                "else": {"properties": of_a_test, "required": list(of_a_test)},
            },
            {
                "if": {"properties": {"energy_j": {"type": "number"}}, "required": ["energy_j"]},
                "then": {"properties": {"quality": {"not": {"const": "missing"}}}},
            },
        ],
    }


def flat_parts(definitions: Definitions, kind: type[object]) -> ClassSchema:
    """An epoch or the end of a task, whose origin's names stand beside its own."""
    origin = definitions.parts_of(Origin, names_of(Origin))
    return definitions.parts_of(kind, names_of(kind, "origin")).with_more(origin.properties)


def line_schema() -> Schema:
    """One line of rows.jsonl: a row, an epoch, the end of a task, or what a newer version writes."""
    definitions = Definitions()
    kinds: Schema = {"row": row_schema(definitions)}
    parts: list[tuple[str, type[object]]] = [("epoch", Epoch), ("task", TaskEnd), ("roof", RoofRun)]
    for word, kind in parts:
        kinds[word] = flat_parts(definitions, kind).with_more({"kind": {"const": word}}, "kind").schema
    return {
        "$schema": DRAFT,
        "title": "One line of a campaign's rows.jsonl",
        "type": "object",
        "allOf": [
            {"if": {"properties": {"kind": {"const": word}}, "required": ["kind"]}, "then": schema}
            for word, schema in kinds.items()
        ],
        "$defs": definitions.made,
    }

"""The published JSON Schema: everything that campaigns write validates, and everything that validates is read."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from impact_tracker.bench import Settings
from impact_tracker.bench.row.codec import decode, encode
from impact_tracker.bench.row.log import line_of
from impact_tracker.bench.row.row import Epoch, Row, TaskEnd
from impact_tracker.bench.row.schema import LARGEST
from impact_tracker.bench.show.schema import WHAT, schema_of
from impact_tracker.cli import main
from python.bench import made

jsonschema = pytest.importorskip("jsonschema")
GOLDEN = Path(__file__).parents[2] / "data" / "golden" / "bench"
LINE = schema_of("line")
KINDS = {branch["if"]["properties"]["kind"]["const"]: branch["then"] for branch in LINE["allOf"]}  # type: ignore[attr-defined]


@cache
def validator(what: str) -> Any:
    schema = schema_of(what)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def values(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Documents that a schema of this kind allows."""
    if "$ref" in schema:
        return values(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of([values(each, definitions) for each in schema["anyOf"]])
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return st.one_of([values({**schema, "type": kind}, definitions) for kind in kinds])
    if kinds == "array":
        if "prefixItems" in schema:
            return st.tuples(*[values(item, definitions) for item in schema["prefixItems"]]).map(list)
        return st.lists(values(schema["items"], definitions), max_size=3)
    if kinds == "object":
        if "properties" not in schema:
            return st.dictionaries(st.text(max_size=5), values(schema["additionalProperties"], definitions), max_size=3)
        parts = {name: values(each, definitions) for name, each in schema["properties"].items()}
        needed = {name: parts.pop(name) for name in schema["required"]}
        return st.fixed_dictionaries(needed, optional=parts)
    most = schema.get("maximum", LARGEST)
    plain: dict[str | None, st.SearchStrategy[Any]] = {
        "integer": st.integers() | st.integers(-(2**40), 2**40).map(float),
        "number": st.floats(schema.get("minimum", -most), most) | st.integers(0),
        "string": st.text(max_size=12),
        "boolean": st.booleans(),
        "null": st.none(),
        None: st.none() | st.text(max_size=5) | st.integers(),
    }
    return plain[kinds]


@pytest.mark.parametrize("what", WHAT)
def test_the_command_prints_the_schema(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "schema", what]) == 0
    assert json.loads(capsys.readouterr().out) == schema_of(what)


def test_every_pinned_result_and_line_validates() -> None:
    results, lines = validator("results"), validator("line")
    for path in GOLDEN.glob("*/results.json"):
        results.validate(json.loads(path.read_text(encoding="utf-8")))
    for path in GOLDEN.glob("*/*.jsonl"):
        for text in path.read_text(encoding="utf-8").splitlines():
            lines.validate(json.loads(text))


@pytest.mark.parametrize(
    "asked",
    [
        {"suite": "ai-benchmark", "repeats": 2},
        {"suite": "ai-benchmark", "mode": "paper", "models": ("vgg-16", "srcnn")},
        {"suite": "fashion-mnist", "mode": "work"},
        {"suite": "modern", "mode": "submission", "repeats": 1},
        {"suite": "fashion-mnist", "axes": {"batch": [1, 4], "classes": [10, 1001]}},
    ],
)
def test_results_of_every_suite_and_mode_validate(asked: dict[str, Any], tmp_path: Path) -> None:
    view = made.campaign(tmp_path / "a", Settings.from_dict(asked), joules=lambda name: 2.0)
    validator("results").validate(made.dumped(view.to_dict()))
    lines = validator("line")
    for text in (tmp_path / "a/rows.jsonl").read_text().splitlines():
        lines.validate(json.loads(text))


@pytest.mark.parametrize("kind", ["row", "epoch", "task"])
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(data=st.data())
def test_what_validates_is_read_and_written_so_that_it_validates(kind: str, data: st.DataObject) -> None:
    lines = validator("line")
    document = data.draw(values(KINDS[kind], LINE["$defs"]))  # type: ignore[arg-type]
    if not lines.is_valid(document):  # a row of a test says which, and an energy is not missing
        document.update(test="a", model="a", title="A", quality="measured")
    lines.validate(document)
    line = decode(document)
    assert isinstance(line, {"row": Row, "epoch": Epoch, "task": TaskEnd}[kind])
    lines.validate(json.loads(json.dumps(encode(line))))
    assert line_of(json.dumps(document).encode()) is not None


def golden_row() -> dict[str, Any]:
    path = GOLDEN / "fashion" / "rows.jsonl"
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return next(row for row in rows if row.get("phase") == "inference" and row["status"] == "ok")


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(golden_row())), st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just([])
)
def test_a_row_with_a_changed_value_is_refused_or_read(name: str, value: object) -> None:
    document = copy.deepcopy(golden_row())
    document[name] = value
    if validator("line").is_valid(document):
        assert line_of(json.dumps(document).encode()) is not None


def test_other_types_do_not_validate() -> None:
    lines = validator("line")
    for name, value in (("task", 5), ("batch", "4"), ("energy_j", "12 J"), ("checks", {}), ("quality", "good")):
        assert not lines.is_valid({**golden_row(), name: value}), name
    assert not lines.is_valid({key: value for key, value in golden_row().items() if key != "task"})

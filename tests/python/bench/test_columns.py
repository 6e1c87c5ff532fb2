"""results.csv holds what a row says, one number a cell: columns, results.json and the schema come from one list."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from impact_tracker.bench import Settings
from impact_tracker.bench.row.codec import CSV_NAMES, NAMES
from impact_tracker.bench.row.columns import FLAT_NAMES
from impact_tracker.bench.show.files import rows_csv
from impact_tracker.bench.show.schema import schema_of
from impact_tracker.bench.show.view import read
from python.bench.flat import append, flat, row_of
from python.bench.made import campaign

# What a row holds that no cell can: lists of structures, of which columns of their own say the most.
NESTED = {
    "swept", "counter_and_gauge", "sources", "observed", "pass_s", "latency", "pass_ns", "worker_ns", "machine",
    "checks",
    "budget", "budget_j", "over_budget_j", "ended_by", "checkpoint", "budget_why",  # of campaigns that have a budget
}  # fmt: skip

MACHINE = {
    "governor": "performance", "boost": False, "clock_mhz": 3210.5, "clock_low_mhz": 3000.0, "clock_high_mhz": 3400.0,
    "clock_floor_mhz": 800.0, "clock_ceiling_mhz": 3600.0, "missing": {"power_limits": "no permission"},
    "power_limits": [{"device": "cpu:0", "name": "long_term", "limit_w": 95.0}],
}  # fmt: skip
LATENCY = {
    "passes": 400,
    "quantiles": [
        {"share": share, "ms": ms, "low_ms": ms - 1, "high_ms": ms + 2}
        for share, ms in ((0.5, 10.0), (0.95, 20.0), (0.99, 30.0))
    ],
}


def columns_of(*lines: dict[str, Any]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(rows_csv([row_of(line) for line in lines]))))


def test_nothing_that_fits_into_a_cell_is_without_a_column() -> None:
    assert set(NAMES) - set(CSV_NAMES) == NESTED
    names = [*CSV_NAMES, *FLAT_NAMES]
    assert len(names) == len(set(names))


def test_machine_latency_and_the_stated_pue_have_columns_with_units() -> None:
    swept = {"batch": 4, "threads": 2}
    (line,) = columns_of({"machine": MACHINE, "latency": LATENCY, "pue": 1.2, "pue_is_stated": True, "swept": swept})
    assert (line["pue_is_stated"], line["machine_governor"], line["machine_boost"]) == ("true", "performance", "false")
    assert (line["machine_clock_mhz"], line["machine_clock_ceiling_mhz"]) == ("3210.5", "3600.0")
    assert line["machine_power_limits_w"] == "cpu:0 long_term 95"
    assert line["machine_missing"] == "power_limits: no permission"
    assert [line[f"latency_{name}_ms"] for name in ("p50", "p95", "p99")] == ["10.0", "20.0", "30.0"]
    assert (line["latency_p99_low_ms"], line["latency_p99_high_ms"], line["latency_passes"]) == ("29.0", "32.0", "400")
    assert line["point"] == "batch=4,threads=2"


def test_what_is_not_known_is_empty() -> None:
    short = {"passes": 10, "quantiles": LATENCY["quantiles"][:1]}  # type: ignore[index]
    (line,) = columns_of({"latency": short})
    assert line["latency_p50_ms"] == "10.0"
    assert {line[name] for name in FLAT_NAMES if not name.startswith(("latency_p50", "latency_passes"))} == {""}
    assert line["pue_is_stated"] == ""


def test_csv_json_and_schema_have_the_same_names(tmp_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    pytest.importorskip("scipy")
    view = campaign(tmp_path / "a", Settings(models=("small-cnn",), repeats=2), joules=lambda name: 0.5)
    with view.storage as storage:
        for row in flat(view):
            append(storage, {**row, "attempt": 2, "machine": MACHINE, "latency": LATENCY, "pue_is_stated": False})
    again = read(tmp_path / "a")
    document = json.loads(json.dumps(again.to_dict()))
    schema = schema_of("results")
    jsonschema.Draft202012Validator(schema).validate(document)
    properties = schema["$defs"]["Row"]["properties"]  # type: ignore[index]
    lines = list(csv.DictReader(io.StringIO(rows_csv(again.rows))))
    assert set(lines[0]) <= set(properties)
    for line, row in zip(lines, document["rows"]):
        for name in FLAT_NAMES:
            assert (line[name] == "") == (row.get(name) is None), name
        assert float(line["latency_p95_ms"]) == row["latency_p95_ms"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(st.sampled_from(["gpu:0", "gpu:1"]), st.floats(0, 1) | st.none(), max_size=2),
    st.lists(st.text('abc;,"\n', max_size=5), max_size=3),
    st.booleans() | st.none(),
)
def test_every_line_has_every_column(gpu_use: dict[str, float | None], notes: list[str], stated: bool | None) -> None:
    lines = columns_of({"gpu_use": gpu_use, "notes": notes, "pue_is_stated": stated}, {})
    assert [set(line) for line in lines] == [{*CSV_NAMES, *FLAT_NAMES}] * 2
    assert None not in lines[0].values()

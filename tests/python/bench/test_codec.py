"""Lines of rows.jsonl as types: what was read is written as it was, by whatever version it was written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from impact_tracker.bench.row.codec import CSV_NAMES, NAMES, as_line, decode, encode, value_of
from impact_tracker.bench.row.row import Epoch, Key, Row, TaskEnd, Unknown
from python.golden import FOLDER

LINES = [line for path in sorted((FOLDER / "bench").glob("*/*.jsonl")) for line in path.read_text().splitlines()]


EARLY = Path(__file__).parents[2] / "data" / "rows" / "v1" / "rows.jsonl"  # of schema 1, before rows had types


def row_of(**fields: Any) -> Row:
    line = {"kind": "row", "task": "small-cnn.r1", "phase": "training", "attempt": 1, "status": "ok", **fields}
    row = decode({"test": "small-cnn", "model": "small-cnn", "title": "Small CNN", **line})
    assert isinstance(row, Row)
    return row


def test_every_line_is_written_as_it_was_read() -> None:
    assert len(LINES) > 500
    kinds = set()
    for text in LINES:
        line = decode(json.loads(text))
        kinds.add(type(line))
        assert as_line(line) == text + "\n"
    assert kinds == {Row, Epoch, TaskEnd}


def test_rows_of_schema_1_stay_readable() -> None:
    """Their workers did not say yet what they were seen to run in, on which devices, with which optimizer."""
    texts = EARLY.read_text().splitlines()
    lines = [decode(json.loads(text)) for text in texts]
    assert [as_line(line) for line in lines] == [text + "\n" for text in texts]
    rows = [line for line in lines if isinstance(line, Row)]
    assert {row.phase for row in rows} == {"idle", "load", "warm-up", "training", "evaluation"}
    training = next(row for row in rows if row.phase == "training")
    assert (training.setup.observed, training.setup.devices, training.work.optimizer) == (None, None, None)
    assert training.energy.quality == "modelled"
    assert training.invalid_because is None


def test_what_a_line_says_is_an_attribute() -> None:
    text = next(line for line in LINES if '"phase":"training"' in line and '"schema":1' in line)
    row = decode(json.loads(text))
    assert isinstance(row, Row)
    encoded = encode(row)
    assert (row.energy.best_j, row.energy.bias_j) == (encoded["energy_j"], encoded["bias_j"])
    assert row.measured.energy_low_j == encoded["energy_low_j"]
    assert row.energy.quality == encoded["quality"]
    assert row.energy.kwh == encoded["kwh"]
    assert [check.name for check in row.verdict.checks] == [check["name"] for check in encoded["checks"]]  # type: ignore[attr-defined]
    assert {name: value_of(row, name) for name in NAMES if name in ("task", "images", "pue", "threads_by", "of")} == {
        name: encoded[name] for name in ("task", "images", "pue", "threads_by", "of")
    }


def test_every_column_is_a_name_of_a_line() -> None:
    assert set(CSV_NAMES) - set(NAMES) == {"valid"}
    with pytest.raises(KeyError):
        value_of(row_of(), "energy_kj")


def test_a_name_of_a_newer_version_stays_where_it_was() -> None:
    line = {"kind": "row", **encode(row_of(energy_j=5.0, quality="measured", colour={"is": "blue"}, images=2))}
    assert encode(replace(decode(line), reason="why")) == {**line}  # type: ignore[type-var]
    assert list(line)[-2:] == ["colour", "images"]
    weather = {"kind": "weather", "task": 3, "sun": True}
    assert isinstance(decode(weather), Unknown)
    assert encode(decode(weather)) == weather


def test_a_row_of_an_early_version_has_what_it_says_and_no_more() -> None:
    row = row_of(energy_j=None, gpu_use=None, checks=None, batch=None)
    assert row.energy.is_missing
    assert (row.measured.gpu_use, row.verdict.checks, row.setup.batch, row.around.silent) == ({}, (), None, None)
    assert encode(row_of(energy_j=90, quality="measured"))["energy_j"] == 90
    assert row_of(energy_j=90.0).energy.quality == "stale"  # an energy without a word on its quality


def test_a_row_that_was_never_in_a_file_says_what_it_knows() -> None:
    row = Row(Key("a.r1", "load", 1), "ok")
    assert encode(row) == {
        "kind": "row",
        "status": "ok",
        "task": "a.r1",
        "phase": "load",
        "attempt": 1,
        "quality": "missing",
    }


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"task": 3}, "Key.task is 3"),
        ({"attempt": "1"}, "Key.attempt"),
        ({"attempt": True}, "Key.attempt is True"),
        ({"status": None}, "Row.status is missing"),
        ({"energy_j": "much"}, "energy_j is much, which is no float"),
        ({"sources": [{"device": "cpu"}]}, "Source.id is missing"),
        ({"quality": "splendid", "energy_j": 1.0}, "unknown quality"),
        ({"title": None}, "what test"),
    ],
)
def test_a_value_of_another_type_is_damage(fields: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        row_of(**fields)


def test_an_epoch_and_an_end_have_their_own_types() -> None:
    epoch = {"kind": "epoch", "task": "a.r1", "test": "a", "attempt": 1, "epoch": 2, "value": 0.5}
    assert encode(decode(epoch)) == epoch
    fresh = Epoch("a.r1", "a", "a", 1, 1, 1, 2, "loss", 0.5, *(None,) * 11)
    assert list(encode(fresh))[:9] == [
        "kind",
        "task",
        "test",
        "model",
        "repeat",
        "attempt",
        "session",
        "epoch",
        "metric",
    ]
    end = TaskEnd("a.r1", 1, 1, "ok", None, ("load",))
    assert as_line(end) == (
        '{"kind":"task","task":"a.r1","attempt":1,"session":1,"status":"ok","reason":null,"phases":["load"]}\n'
    )
    with pytest.raises(ValueError, match=r"Epoch\.epoch"):
        decode({**epoch, "epoch": "2"})

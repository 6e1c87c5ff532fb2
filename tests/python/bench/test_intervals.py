"""A mean is the same in text, JSON and CSV: its interval has two ends, positive where the quantity is, within 0 and 1
where it is a share."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact_tracker.bench import Settings
from impact_tracker.bench.analyse.cells import energy_with_interval, with_interval
from impact_tracker.bench.show.schema import schema_of
from impact_tracker.values.statistics import Mean, mean_of
from python.bench.made import campaign

pytest.importorskip("scipy")
POSITIVE = st.lists(st.floats(1e-3, 1e5), min_size=1, max_size=8)
SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=6)


def mean(values: list[float]) -> Mean:
    made = mean_of(values)
    assert made is not None
    return made


def ends_of(text: str) -> tuple[float, float, float]:
    """The value and both ends of a text, as a reader takes them."""
    plain = re.fullmatch(r"([\d.]+)(?: ± ([\d.]+))?", text)
    if plain is not None:
        value, half = float(plain[1]), float(plain[2] or 0)
        return value, value - half, value + half
    ends = re.fullmatch(r"([\d.]+) \(([\d.]+) to ([\d.]+)\)", text)
    assert ends is not None, text
    return float(ends[1]), float(ends[2]), float(ends[3])


@given(POSITIVE)
def test_ends_of_what_is_positive_are_positive_and_hold_the_mean(values: list[float]) -> None:
    document = mean(values).to_dict()
    low, high = document["low"], document["high"]
    if len(values) == 1:
        assert low is high is document["half_width"] is None
    else:
        assert low is not None and high is not None
        assert 0 < low <= mean(values).value <= high


@given(POSITIVE)
def test_text_and_json_tell_the_same_interval(values: list[float]) -> None:
    made = mean(values)
    document = made.to_dict()
    value, low, high = ends_of(with_interval(made))
    half = document["half_width"] or 0.0
    assert value == pytest.approx(made.value, abs=0.5 * half + 0.006 * made.value)
    if document["low"] is not None and document["high"] is not None and half > 1e-4 * made.value:
        assert 0 < low <= high
        assert low == pytest.approx(document["low"], abs=0.5 * half + 0.06 * low)
        assert high == pytest.approx(document["high"], abs=0.5 * half + 0.06 * high)
    numbers = re.findall(r"[\d.]+", energy_with_interval(made))
    assert len(numbers) == len(re.findall(r"[\d.]+", with_interval(made))) or document["half_width"] == 0


@given(SHARES)
def test_no_end_of_a_share_is_below_0_or_above_1(values: list[float]) -> None:
    made = mean(values)
    document = made.to_dict(1.0)
    value, low, high = ends_of(with_interval(made, 100, most=1.0)) if made.value > 1e-3 else (0.0, 0.0, 0.0)
    assert 0 <= value <= 100.5
    assert -1e-9 <= low <= high <= 100.5
    if len(values) > 1:
        assert document["low"] is not None and document["high"] is not None
        assert 0 <= document["low"] <= document["high"] <= 1


def means_of(document: Any) -> Iterator[dict[str, Any]]:
    """Every mean of a document, however deep."""
    if isinstance(document, dict):
        if {"value", "half_width", "runs"} <= set(document):
            yield document
        for each in document.values():
            yield from means_of(each)
    elif isinstance(document, list):
        for each in document:
            yield from means_of(each)


@pytest.mark.parametrize(("repeats", "scatter"), [(1, 0.1), (2, 0.3), (3, 0.02), (10, 0.3)])
def test_every_mean_that_a_campaign_writes_has_both_ends_by_the_schema(
    tmp_path: Path, repeats: int, scatter: float
) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    asked = Settings(suite="fashion-mnist", mode="work", repeats=repeats)
    view = campaign(tmp_path / "a", asked, scatter=scatter, seed=repeats, joules=lambda name: 2.0)
    view.write_files()
    document = json.loads((tmp_path / "a" / "results.json").read_text())
    schema = schema_of("results")
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(document)
    assert {"low", "high"} <= set(schema["$defs"]["Mean"]["required"])  # type: ignore[index]
    told = list(means_of(document))
    assert told
    for each in told:
        if repeats == 1:
            assert each["low"] is each["high"] is each["half_width"] is None
        else:
            assert each["low"] <= each["value"] <= each["high"]
            assert each["low"] > 0 or each["value"] == 0
    with (tmp_path / "a" / "summary.csv").open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    for line, cell in zip(lines, document["summary"]):
        for name in ("kwh", "j_per_image", "seconds", "accuracy"):
            for end in ("low", "high"):
                written = line[f"{name}_{end}"]
                told_end = None if cell[name] is None else cell[name][end]
                assert (float(written) if written else None) == told_end
    first = next(each for each in told if each["value"] != 0)
    del first["low"]
    assert not validator.is_valid(document)


@settings(max_examples=30)
@given(st.floats(0.5, 0.999), st.floats(0.02, 0.3), st.integers(2, 5))
def test_a_shares_interval_is_told_by_its_ends_where_it_would_pass_them(value: float, spread: float, runs: int) -> None:
    made = mean([min(1.0, value + spread * math.sin(run)) for run in range(runs)])
    text = with_interval(made, 100, most=1.0)
    if made.half_width is not None and not made.half_width <= made.value <= 1 - made.half_width:
        assert "to" in text
    if made.half_width is not None and made.half_width < 0.5 * min(made.value, 1 - made.value):
        assert "to" not in text

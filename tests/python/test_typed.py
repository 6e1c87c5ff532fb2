"""Objects from what JSON holds: each value is held to the type of its attribute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from impact_tracker.typed import built


@dataclass(frozen=True)
class Part:
    name: str
    watts: float | None = None


@dataclass(frozen=True)
class Whole:
    count: int
    parts: tuple[Part, ...] = ()
    by_name: Mapping[str, Part] = field(default_factory=dict)
    busy: bool | None = None
    anything: object = None


def test_what_json_holds_becomes_objects() -> None:
    given = {"count": 2, "parts": [{"name": "cpu", "watts": 3}], "by_name": {"gpu": {"name": "a", "more": 1}}}
    made = built(Whole, {**given, "anything": [1], "unknown": 5})
    assert made == Whole(2, (Part("cpu", 3.0),), {"gpu": Part("a")}, None, [1])


def test_null_is_the_default_of_what_is_never_none() -> None:
    assert built(Whole, {"count": 1, "parts": None, "by_name": None, "busy": None}) == Whole(1)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "Whole.count is missing"),
        ({"count": None}, "Whole.count is missing"),
        ({"count": 1.5}, "Whole.count is 1.5, which is no int"),
        ({"count": True}, "Whole.count is True, which is no int"),
        ({"count": 1, "busy": 1}, "Whole.busy is 1, which is no bool"),
        ({"count": 1, "parts": {"name": "cpu"}}, "Whole.parts is .* which is no tuple"),
        ({"count": 1, "parts": [{"watts": 1.0}]}, "Whole.parts Part.name is missing"),
        ({"count": 1, "by_name": {"a": 5}}, "Whole.by_name is 5, which is no Part"),
    ],
)
def test_a_value_of_another_type_is_named(given: Mapping[str, object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        built(Whole, given)

"""Objects from what JSON holds, by the annotations of their dataclass: each value is held to its attribute's type."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import NamedTuple, TypeVar

_Class = TypeVar("_Class")
_PLAIN: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}
Reader = Callable[[object], object]


class Attribute(NamedTuple):
    """One attribute of a dataclass: its name, what reads its value, whether it may be left out."""

    name: str
    read: Reader
    has_default: bool


_KNOWN: dict[type[object], tuple[Attribute, ...]] = {}


def attributes_of(kind: type[object]) -> tuple[Attribute, ...]:
    """The attributes of a dataclass whose annotations are str, int, float, bool, object, other dataclasses of its
    module, `X | None`, `tuple[X, ...]` or `Mapping[str, X]` of these."""
    if kind not in _KNOWN:
        _KNOWN[kind] = tuple(
            Attribute(
                item.name,
                reader_of(str(item.type), kind.__module__),
                item.default is not MISSING or item.default_factory is not MISSING,
            )
            for item in fields(kind)  # type: ignore[arg-type]
        )
    return _KNOWN[kind]


def built(kind: type[_Class], given: Mapping[str, object]) -> _Class:
    """An object of a class; what the class does not know is left out. ValueError names the attribute that is missing or
    of another type. Null for an attribute that is never `None` is its default."""
    values: dict[str, object] = {}
    for name, read, has_default in attributes_of(kind):
        if name not in given:
            if not has_default:
                values[name] = _read(kind, name, read, None)
        elif given[name] is not None or not has_default:
            values[name] = _read(kind, name, read, given[name])
    return kind(**values)


def _read(kind: type[object], name: str, read: Reader, value: object) -> object:
    try:
        return read(value)
    except ValueError as error:
        raise ValueError(f"{kind.__name__}.{name} {error}") from None


@cache
def reader_of(wanted: str, module: str) -> Reader:
    """What turns a value into the type that an annotation of this module names, or raises ValueError."""
    if wanted.endswith(" | None"):
        inner = reader_of(wanted[: -len(" | None")], module)
        return lambda value: None if value is None else inner(value)
    if wanted == "object":
        return lambda value: value
    if wanted.startswith("tuple["):
        item_type = wanted[len("tuple[") : -len(", ...]")]
        item, plain = reader_of(item_type, module), frozenset(_PLAIN.get(item_type, ()))

        def items_of(value: object) -> object:
            items: list[object] = _of_type(value, (list, tuple), wanted)  # type: ignore[assignment]
            # Thousands of times of passes are read while a phase is measured: one look at all of their types is fast.
            return tuple(items) if plain.issuperset(map(type, items)) else tuple(map(item, items))

        return items_of
    if wanted.startswith(("Mapping[str, ", "dict[str, ")):
        content = reader_of(wanted[wanted.index(", ") + 2 : -1], module)
        return lambda value: {str(key): content(each) for key, each in _of_type(value, (dict,), wanted).items()}  # type: ignore[attr-defined]
    if wanted in _PLAIN:
        return lambda value: _plain(value, wanted)
    kind = vars(sys.modules[module])[wanted]
    return lambda value: value if is_dataclass(value) else built(kind, _of_type(value, (dict,), wanted))  # type: ignore[arg-type]


def _plain(value: object, wanted: str) -> object:
    if wanted == "int" and isinstance(value, float) and value.is_integer():
        return int(value)  # JSON knows numbers alone: 2.0 is a whole one
    if isinstance(value, bool) is not (wanted == "bool"):
        raise ValueError(f"is {str(value)[:80]}, which is no {wanted}")
    return _of_type(value, _PLAIN[wanted], wanted)


def _of_type(value: object, allowed: tuple[type, ...], wanted: str) -> object:
    if not isinstance(value, allowed):
        raise ValueError("is missing" if value is None else f"is {str(value)[:80]}, which is no {wanted}")
    return value

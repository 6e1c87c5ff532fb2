"""Objects of a JSON document, read field by field with the type that is looked for."""

from __future__ import annotations

import sys
from collections.abc import Mapping

JsonObject = dict[str, object]


class JsonTable:
    """An object of a document. A field that is absent or of another type is `None`, an empty table or an empty list."""

    def __init__(self, value: object) -> None:
        """What is no object has no fields."""
        self.fields: Mapping[str, object] = value if isinstance(value, Mapping) else {}

    def text(self, name: str) -> str | None:
        """A field that is a text."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else None

    def number(self, name: str) -> float | None:
        """A field that is a number a float can hold, as it was written: whole numbers stay whole."""
        value = self.fields.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > sys.float_info.max:
            return None
        return value

    def count(self, name: str) -> int:
        """A field that counts something; 0 where it is absent."""
        return int(self.number(name) or 0)

    def table(self, name: str) -> JsonTable:
        """A field that is an object."""
        return JsonTable(self.fields.get(name))

    def tables(self, name: str) -> list[JsonTable]:
        """The objects of a field that is a list."""
        value = self.fields.get(name)
        return [JsonTable(item) for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []

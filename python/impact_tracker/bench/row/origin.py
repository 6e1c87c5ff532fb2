"""Where a line comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Origin:
    """Where a line comes from: host, region and record; `of`: mark of the settings that it was measured with.

    `names`: what its line says, in the line's order; `others`: what a newer version wrote and this one does not know.
    """

    schema: int | None = None
    host: str | None = None
    region: str | None = None
    record: str | None = None
    of: str | None = None
    written_at: str | None = None
    names: tuple[str, ...] = ()
    others: Mapping[str, object] = field(default_factory=dict)


UNSAID = Origin()

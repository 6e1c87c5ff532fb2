"""The files that are made of a campaign: one that the disk refuses keeps no other from being written, and is named."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..row.storage import Storage

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Output:
    """`written`: files, oldest first; `refused`: names of those that could not be written, with the reason."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.written: list[Path] = []
        self.refused: dict[str, OSError] = {}

    def text(self, name: str, text: str) -> None:
        """Writes a file of text."""
        self._keep(name, partial(self._storage.write, name, text))

    def figure(self, figure: Figure | None, name: str) -> None:
        """Writes a figure as PNG and SVG; nothing where there is nothing to draw."""
        from .figures import save

        if figure is not None:
            for kind in ("png", "svg"):
                self._keep(f"{name}.{kind}", partial(save, figure, self._storage.folder / f"{name}.{kind}"))

    def _keep(self, name: str, write: Callable[[], Path]) -> None:
        try:
            self.written.append(write())
        except OSError as error:
            self.refused[name] = error

    @property
    def unwritten(self) -> str | None:
        """What the disk refused, why, and what makes it anew; None where it took everything."""
        if not self.refused:
            return None
        why = next(iter(self.refused.values()))
        again = f"then `impact-tracker bench report {self._storage.folder}` makes them anew"
        return f"{why}; {again}. Not written, or still of before: {', '.join(self.refused)}"

    @property
    def place(self) -> str:
        """Where everything lies, and what does not."""
        names = {path.name for path in self.written}
        kinds = {
            "summary": "summary.csv" in names,
            "tables": "tables.md" in names,
            "figures": any(name.endswith(".svg") for name in names),
        }
        written = ", ".join(["rows", "records", *(kind for kind, there in kinds.items() if there)])
        missing = f" (not written, or still of before: {', '.join(self.refused)})" if self.refused else ""
        return f"{written}: {self._storage.folder}{missing}"

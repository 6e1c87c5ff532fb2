"""A campaign read back: rows that count, their summary, and everything that is made of them."""

from __future__ import annotations

import os
from functools import cached_property
from typing import Any

from ..report.page import Page
from .files import results, write_files
from .page import campaign_page, caveats
from .rows import Row, current
from .settings import Settings
from .storage import Outcome, Storage, outcome_of
from .summary import Cell, summarise


class View:
    """What a campaign's folder holds, also while it is being run."""

    def __init__(self, storage: Storage, olympic: bool = False) -> None:
        self.storage = storage
        self.head = storage.head()
        self.settings = Settings.from_dict(self.head["settings"])
        self.lines: list[Row] = storage.lines()
        self.rows: list[Row] = current(self.lines)
        self.olympic = olympic

    @cached_property
    def cells(self) -> list[Cell]:
        """One a test and phase."""
        return summarise(self.rows, olympic=self.olympic)

    @cached_property
    def outcome(self) -> Outcome:
        """How far it is."""
        return outcome_of(self.storage.folder, self.head["tasks"], self.lines)

    @property
    def caveats(self) -> list[str]:
        """What a reader must know."""
        return caveats(self.settings, self.cells, self.rows, self.outcome)

    def page(self) -> Page:
        """For the console."""
        return campaign_page(self.settings, self.cells, self.rows, self.outcome)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return results(self.head, self.cells, self.rows, self.caveats)

    def write_files(self) -> str | None:
        """Writes JSON, CSV and figures into the folder; what could not be made, in words."""
        try:
            write_files(self.storage, self.cells, self.rows, self.caveats)
        except ImportError as error:
            return str(error)
        return None


def read(folder: str | os.PathLike[str], *, olympic: bool = False) -> View:
    """The campaign in a folder. FileNotFoundError where there is none."""
    return View(Storage(folder), olympic)

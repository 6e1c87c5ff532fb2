"""Exports to and imports from the formats of journals, hubs, standards and other trackers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazy_names

if TYPE_CHECKING:
    from .cards import Study, climate_card_latex, climate_card_markdown, hugging_face, latex_statement, neurips
    from .forms import FORMS, Form, write
    from .from_records import from_record, from_result
    from .once import each_once
    from .sources import read_runs
    from .standards import Need, frugal_statement, open_metrics, sci, sci_json
    from .statement import InteropError, Parts, Site, Stated, Statement

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        ".cards": "Study climate_card_latex climate_card_markdown hugging_face latex_statement neurips",
        ".forms": "FORMS Form write",
        ".from_records": "from_record from_result",
        ".once": "each_once",
        ".sources": "read_runs",
        ".standards": "Need frugal_statement open_metrics sci sci_json",
        ".statement": "InteropError Parts Site Stated Statement",
    },
)

__all__ = [
    "FORMS",
    "Form",
    "InteropError",
    "Need",
    "Parts",
    "Site",
    "Stated",
    "Statement",
    "Study",
    "climate_card_latex",
    "climate_card_markdown",
    "each_once",
    "from_record",
    "from_result",
    "frugal_statement",
    "hugging_face",
    "latex_statement",
    "neurips",
    "open_metrics",
    "read_runs",
    "sci",
    "sci_json",
    "write",
]

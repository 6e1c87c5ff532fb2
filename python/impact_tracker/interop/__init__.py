"""Exports to and imports from the formats of journals, hubs, standards and other trackers."""

from . import boamps, carbontracker, codecarbon, eit
from .cards import Study, climate_card_latex, climate_card_markdown, hugging_face, latex_statement, neurips
from .forms import FORMS, Form, write
from .from_records import from_record, from_result
from .sources import read_runs
from .standards import Need, frugal_statement, open_metrics, sci, sci_json
from .statement import InteropError, Parts, Site, Stated, Statement

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
    "boamps",
    "carbontracker",
    "climate_card_latex",
    "climate_card_markdown",
    "codecarbon",
    "eit",
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

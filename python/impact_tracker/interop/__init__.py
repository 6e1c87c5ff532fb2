"""Exports to and imports from the formats of journals, hubs, standards and other trackers."""

from . import boamps, carbontracker, codecarbon, eit
from .cards import Study, climate_card_latex, climate_card_markdown, hugging_face, latex_statement, neurips
from .forms import FORMS, Form, write
from .run import InteropError, Run, from_record, from_result
from .sources import read_runs
from .standards import Need, frugal_statement, open_metrics, sci, sci_json

__all__ = [
    "FORMS",
    "Form",
    "InteropError",
    "Need",
    "Run",
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

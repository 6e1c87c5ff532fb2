"""Tables and figures of records: pure functions of what was read, and the ways to show them."""

from .runs import Run, Total, load_runs, total

__all__ = ["Run", "Total", "load_runs", "total"]

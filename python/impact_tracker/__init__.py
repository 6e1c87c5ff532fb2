"""Measures what training and running models costs in energy and in impact on the world.

    >>> from impact_tracker import ImpactTracker
    >>> with ImpactTracker("runs/resnet") as tracker:
    ...     train()
    >>> tracker.result.energy_j

Importing this module imports no other: a name's module is loaded when the name is first used.
"""

TYPE_CHECKING = False  # typing's own would cost its import; type checkers know the name

if TYPE_CHECKING:
    from typing import Any

    from IPython.core.interactiveshell import InteractiveShell

    from ._core import NoSourceError, __version__
    from .data_interface import DataInterface
    from .errors import ImpactWarning
    from .pages import html_report, write_html_report
    from .record import Record, find_records, read_record
    from .region import Region
    from .result import Result
    from .runner import Runner
    from .tracker import ImpactTracker

_HOMES = {
    "DataInterface": "data_interface",
    "ImpactTracker": "tracker",
    "ImpactWarning": "errors",
    "NoSourceError": "_core",
    "Record": "record",
    "Region": "region",
    "Result": "result",
    "Runner": "runner",
    "__version__": "_core",
    "find_records": "record",
    "html_report": "pages",
    "read_record": "record",
    "write_html_report": "pages",
}

__all__ = [
    "DataInterface",
    "ImpactTracker",
    "ImpactWarning",
    "NoSourceError",
    "Record",
    "Region",
    "Result",
    "Runner",
    "__version__",
    "find_records",
    "html_report",
    "read_record",
    "write_html_report",
]


def load_ipython_extension(shell: "InteractiveShell") -> "None":
    """`%load_ext impact_tracker`: the magic `%%impact`."""
    from .hooks import ipython

    ipython.load_ipython_extension(shell)


def __getattr__(name: "str") -> "Any":
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> "list[str]":
    return sorted({*globals(), *__all__})

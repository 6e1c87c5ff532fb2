"""IPython and Jupyter: `%load_ext impact_tracker`, then `%%impact` before a cell, and a live indicator."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING

from ..errors import complain
from ..tracker import ImpactTracker

try:
    from IPython.core.magic import Magics, line_cell_magic, magics_class
    from IPython.display import display
except ImportError:
    raise ImportError("this needs IPython: pip install ipython") from None

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ..result import Result


class _Words(argparse.ArgumentParser):
    """Its errors are the magic's, not the kernel's end."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise ValueError(f"%%impact: {message}; %impact --help shows what it takes")

    def exit(self, status: int = 0, message: str | None = None) -> None:  # type: ignore[override]
        raise _Shown


class _Shown(Exception):  # noqa: N818
    """The help was shown, and that was all."""


def words() -> argparse.ArgumentParser:
    """What the magic takes."""
    parser = _Words(prog="%%impact", description="Measures a cell, or the statement behind it.")
    parser.add_argument("-o", "--output", metavar="DIR", help="folder of the record (impact)")
    parser.add_argument("-n", "--name", default="cell", help="name of the region (cell)")
    parser.add_argument("-z", "--zone", help="country of the electricity")
    parser.add_argument("-s", "--save", metavar="VARIABLE", help="put the result into a variable")
    parser.add_argument("-q", "--quiet", action="store_true", help="show nothing")
    parser.add_argument("--live", action="store_true", help="an indicator of the power, as long as the tracker runs")
    parser.add_argument("--stop", action="store_true", help="end the record, and show the whole")
    return parser


@magics_class
class ImpactMagics(Magics):
    """One tracker for a notebook: the first use starts it, and each cell is a region of it."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self.tracker: ImpactTracker | None = None
        self._place: tuple[str, str | None] = ("impact", None)

    def _running(self, output: str | None, zone: str | None) -> ImpactTracker:
        place = (output or self._place[0], zone or self._place[1])
        if self.tracker is None or not self.tracker.running or place != self._place:
            if self.tracker is not None:
                self.tracker.stop()
            self.tracker = ImpactTracker(place[0], zone=place[1]).start()
            self._place = place
        return self.tracker

    @line_cell_magic  # type: ignore[untyped-decorator,unused-ignore]
    def impact(self, line: str, cell: str | None = None) -> Result | None:
        """Measures the cell below it, or the statement behind it; alone it shows what was used so far."""
        assert self.shell is not None
        # Options come first; the statement behind them is left as it stands.
        try:
            options, rest = words().parse_known_args(shlex.split(line)) if cell is not None else self._split(line)
        except _Shown:
            return None
        if options.stop:
            return self._stop()
        code = cell if cell is not None else rest
        tracker = self._running(options.output, options.zone)
        if options.live:
            from .indicator import show_indicator

            show_indicator(tracker)
        if not isinstance(code, str) or not code.strip():
            return None if options.live else tracker.result
        region = tracker.region(options.name)
        with region:
            self.shell.run_cell(code, store_history=False)  # type: ignore[no-untyped-call,unused-ignore]
        result = region.result
        if options.save:
            self.shell.user_ns[options.save] = result
        if result is None:
            complain("the cell was not measured")
        elif not options.quiet:
            display(result)  # type: ignore[no-untyped-call,unused-ignore]
        return None  # an error of the cell has been shown already

    @staticmethod
    def _split(line: str) -> tuple[argparse.Namespace, str]:
        """The options at the beginning of a line, and the statement behind them."""
        parser, rest = words(), line.lstrip()
        options: list[str] = []
        takes_value = {"-o", "--output", "-n", "--name", "-z", "--zone", "-s", "--save"}
        while rest.startswith("-"):
            word, _, rest = rest.partition(" ")
            rest = rest.lstrip()
            options.append(word)
            if word in takes_value:
                value, _, rest = rest.partition(" ")
                options += [value] if value else []
        return parser.parse_args(options), rest

    def _stop(self) -> Result | None:
        if self.tracker is None:
            return None
        result, self.tracker = self.tracker.stop(), None
        return result


def load_ipython_extension(shell: InteractiveShell) -> None:
    """IPython's door."""
    shell.register_magics(ImpactMagics)

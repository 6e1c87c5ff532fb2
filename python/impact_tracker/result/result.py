"""A result as users hold it: the numbers, and how they print."""

from __future__ import annotations

from ..plain_text import printable
from . import view
from .weighed import WeighedResult


class Result(WeighedResult):
    __doc__ = WeighedResult.__doc__
    __slots__ = ()

    def __repr__(self) -> str:
        return printable(view.text(self))

    def _repr_html_(self) -> str:
        return view.html(self)

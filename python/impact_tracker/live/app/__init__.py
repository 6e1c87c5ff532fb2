"""The live view in a terminal, on Textual: only who has it imports this folder."""

try:
    import textual  # noqa: F401
except ImportError:
    raise ImportError("the live view needs Textual: pip install 'impact-tracker[live]'") from None

from .top import TopApp

__all__ = ["TopApp"]

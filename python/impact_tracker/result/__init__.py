"""What a run or a region used: energy with its error, quality and parts, and the carbon that follows from it."""

from .result import Result
from .weighed import CSV_FIELDS, FIELDS, ROW_FIELDS, ChannelFields, ShareFields, Uncertainty

__all__ = ["CSV_FIELDS", "FIELDS", "ROW_FIELDS", "ChannelFields", "Result", "ShareFields", "Uncertainty"]

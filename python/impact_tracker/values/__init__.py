"""Values that every part of the package shares: energies with their error, ranges, qualities."""

from .energy import JOULES_PER_KWH, Energy, WeighsEnergy, joules_of, kwh_of, sum_if_known, total, total_if_known
from .quality import QUALITIES, Quality, quality_of, worst_quality
from .range import Range

__all__ = [
    "JOULES_PER_KWH",
    "QUALITIES",
    "Energy",
    "Quality",
    "Range",
    "WeighsEnergy",
    "joules_of",
    "kwh_of",
    "quality_of",
    "sum_if_known",
    "total",
    "total_if_known",
    "worst_quality",
]

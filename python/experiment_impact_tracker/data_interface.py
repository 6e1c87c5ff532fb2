"""`DataInterface([paths])`: `kg_carbon`, `total_power` (kWh, PUE in it), `PUE`, `exp_len_hours`."""

from impact_tracker import DataInterface

__all__ = ["DataInterface"]

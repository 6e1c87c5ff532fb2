"""Services on the network: an inventory of all that a visit takes (terminal, network, hosting, inference, a share of
the training), weighed for a visit and for a year; and requests to language models of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazy_names

if TYPE_CHECKING:
    from .inventory import Electricity, Entry, FunctionalUnit, Inventory, Medium, SharedEquipment
    from .inventory_file import read_inventory
    from .weighed import WeighedService, weigh

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        ".inventory": "Electricity Entry SharedEquipment FunctionalUnit Inventory Medium",
        ".inventory_file": "read_inventory",
        ".weighed": "WeighedService weigh",
    },
)

__all__ = [
    "Electricity",
    "Entry",
    "FunctionalUnit",
    "Inventory",
    "Medium",
    "SharedEquipment",
    "WeighedService",
    "read_inventory",
    "weigh",
]

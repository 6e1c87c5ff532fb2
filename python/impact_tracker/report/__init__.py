"""Tables and figures of records: pure functions of what was read, and the ways to show them."""

from .nodes import Node, nodes_of, total
from .runs import ReadRecord, Total, load_runs

__all__ = ["Node", "ReadRecord", "Total", "load_runs", "nodes_of", "total"]

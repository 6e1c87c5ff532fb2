"""What a report says about its input: rows kept aside, and facts that make a number less than it seems."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RejectedRow:
    """A row that no number was taken from. `line` counts from 1 in `source`; `text` is its beginning, at most 200
    characters."""

    source: str
    line: int
    reason: str
    text: str = ""


@dataclass(frozen=True)
class ClusterFinding:
    """Something about the input that a reader of the report has to know.

    `kind`: a short word for programs ("shared_node", "wrong_unit", "clock_offset" …); `subject`: the job, node or file
    it is about; `text`: a sentence with the remedy; `energy_j`: the energy that it concerns, `None` where unknown;
    `count`: how many rows it stands for.
    """

    kind: str
    subject: str
    text: str
    energy_j: float | None = None
    count: int = 1

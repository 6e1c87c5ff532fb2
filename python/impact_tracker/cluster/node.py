"""What is known of a node apart from its power over time."""

from __future__ import annotations

from dataclasses import dataclass

MOST_OF_ANYTHING = 1e9  # cores, cards, GB, W, seconds of a node or a job: more is a slip of whoever wrote it


@dataclass(frozen=True)
class NodeRating:
    """A node's size and its powers in W. What is not known is `None` and is taken from the power series where it can.

    `idle_w`: switched on, without a job; `standby_w`: switched off, its management controller alone; `rated_w`: the
    most it can draw. `core_w`, `gpu_w`, `memory_w_per_gb`: power of work, only weights of jobs on a shared node.
    `meter_error`: 95 % relative error that all readings of its meter share. `clock_offset_s`: the meter's clock minus
    the scheduler's.
    """

    node: str
    cores: float | None = None
    gpus: float | None = None
    gpu_model: str = ""
    memory_gb: float | None = None
    idle_w: float | None = None
    standby_w: float | None = None
    rated_w: float | None = None
    core_w: float | None = None
    gpu_w: float | None = None
    memory_w_per_gb: float | None = None
    meter_error: float | None = None
    clock_offset_s: float = 0.0

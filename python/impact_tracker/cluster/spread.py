"""How well a job's expected work tells its measured work, learned from jobs that were alone on a node."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .splitting import WorkSpread

if TYPE_CHECKING:
    from .integral import Numbers

_LEAST_JOBS, _LEAST_S = 20, 120.0


def learned_spread(alone: Sequence[Mapping[str, Numbers]]) -> WorkSpread:
    """The spread over all nodes; the default of a kind of jobs (with and without cards) that was too seldom alone."""
    import numpy as np

    if not alone:
        return WorkSpread()
    columns = {name: np.concatenate([of_node[name] for of_node in alone]) for name in alone[0]}
    use = (columns["covered_s"] >= _LEAST_S) & (columns["expected_j"] > 0.0) & (columns["work_j"] > 0.0)
    ratios = np.log(columns["work_j"][use] / columns["expected_j"][use])
    with_gpus = columns["gpus"][use] > 0.0
    default = WorkSpread()
    core, core_middle = _spread(ratios[~with_gpus], default.core)
    gpu, gpu_middle = _spread(ratios[with_gpus], default.gpu)
    known = core_middle is not None and gpu_middle is not None
    scale = math.exp((gpu_middle or 0.0) - (core_middle or 0.0)) if known else 1.0
    return WorkSpread(core, gpu, scale, int(np.count_nonzero(use)))


def _spread(ratios: Numbers, default: float) -> tuple[float, float | None]:
    """Standard deviation, with the tails in it, and the median."""
    import numpy as np

    if len(ratios) < _LEAST_JOBS:
        return default, None
    middle = float(np.median(ratios))
    low, high = np.quantile(ratios - middle, (0.05, 0.95))
    robust = 1.4826 * float(np.median(np.abs(ratios - middle)))
    return max(robust, (float(high) - float(low)) / 3.29, 0.02), middle

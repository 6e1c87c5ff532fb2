"""Arrays for the simulator: numpy is an extra, imported where it is used."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


def require_numpy() -> None:
    """ImportError names the extra that brings numpy."""
    if importlib.util.find_spec("numpy") is None:
        raise ImportError("the simulator needs numpy: pip install 'impact-tracker[studies]'")

"""Gates of a series over a threshold: utilisation of cards, power of a part of a node, whatever a store holds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..frames import GATES, conformed, empty, polars, schema
from ..gate import Gate
from ..integral import PERIODS_OF_A_GAP
from ..store import PowerPiece, PowerStore

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from ..integral import Numbers, Times

# What may stand behind a threshold: of which kind of series, and by how much its number is multiplied.
_UNITS = {"": ("", 1.0), "%": ("share", 0.01), "W": ("power", 1.0), "kW": ("power", 1e3)}
_THRESHOLD = re.compile(r"\s*([0-9.]+(?:[eE][-+]?\d+)?)\s*(.*)")


def threshold_gate(name: str, series: str, threshold: str, store: PowerStore) -> Gate:
    """Open while a series of the store (its part: gpu_use, gpu, node …) is over a threshold: a share from 0 to 1 or in
    %, or W. ValueError for a series that is not there or is of another kind, with what there is."""
    match = _THRESHOLD.fullmatch(threshold)
    if not match or match[2] not in _UNITS:
        units = ", ".join(filter(None, _UNITS))
        raise ValueError(f"a threshold is a number, with {units} or a share from 0 to 1, not {threshold!r}")
    kind, scale = _UNITS[match[2]]
    limit = float(match[1]) * scale
    pieces = store.pieces(series)
    if not pieces:
        parts = ", ".join(sorted(store.index()["part"].unique().to_list()))
        raise ValueError(
            f"there is no series {series!r} in the power; there are: {parts}. Utilisation is imported with "
            "impact-tracker cluster import --part gpu_use --unit %"
        )
    kinds = {piece.kind for listed in pieces.values() for piece in listed}
    has = "share" if kinds == {"share"} else "power"
    if kind and kind != has:
        raise ValueError(f"{series} is a {'share of use' if has == 'share' else 'power in W'}: {threshold!r} is none")
    if has == "share" and not 0.0 <= limit <= 1.0:
        raise ValueError(f"{series} is a share from 0 to 1, so a threshold of {threshold} means {threshold}%: say so")
    gates = [_of_node(node, listed, limit) for node, listed in pieces.items()]
    shown = f"{limit:.4g}" if has == "share" else f"{limit:.4g} W"
    library = polars()
    return Gate(
        name,
        f"open while {series} of the node is over {shown}",
        library.concat([inside for inside, _ in gates]),
        library.concat([known for _, known in gates]),
    )


def _of_node(node: str, pieces: Sequence[PowerPiece], limit: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    import numpy as np

    read = [piece.read() for piece in pieces]
    times = np.concatenate([each[0] for each in read])
    values = np.concatenate([each[1] for each in read])
    if pieces[0].kind == "energy" and len(times) > 1:
        # A counter's mean power holds from each reading to the next.
        steps = np.diff(times) / 1e9
        values = np.append(np.diff(values) / np.where(steps > 0.0, steps, np.nan), np.nan)
    highest = 1.0 + 1e-9 if pieces[0].kind == "share" else np.inf
    good = np.isfinite(values) & (values >= 0.0) & (values <= highest)
    return over(node, times[good], values[good], limit)


def over(node: str, times_ns: Times, values: Numbers, limit: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """When a series is over a limit, and when it is known. Each value holds until the next reading, and of readings
    before a hole for one period: a hole of more than three periods is not known."""
    import numpy as np

    if len(times_ns) < 2:
        return empty(GATES), empty(GATES)
    steps = np.diff(times_ns)
    period = int(np.median(steps))
    holes = steps > PERIODS_OF_A_GAP * period * (1.0 + 1e-6)
    ends = times_ns + np.append(np.where(holes, period, steps), period)
    is_open = values > limit
    is_new = np.append(True, holes)
    changes = np.append(True, is_open[1:] != is_open[:-1]) | is_new
    return _runs(node, times_ns, ends, changes, is_open), _runs(node, times_ns, ends, is_new, None)


def _runs(
    node: str, begins: Times, ends: Times, first: NDArray[np.bool_], is_open: NDArray[np.bool_] | None
) -> pl.DataFrame:
    """Rows from the first reading of each run to the end of its last one; with `is_open` of the open runs alone."""
    import numpy as np

    starts = np.flatnonzero(first)
    stops = np.append(starts[1:], len(begins)) - 1
    if is_open is not None:
        wanted = is_open[starts]
        starts, stops = starts[wanted], stops[wanted]
    columns = {"node": [node] * len(starts), "begin_ns": begins[starts], "end_ns": ends[stops]}
    columns["value"] = np.ones(len(starts))
    frame = polars().DataFrame(columns, schema={name: schema(GATES)[name] for name in columns})
    return conformed(frame, GATES)

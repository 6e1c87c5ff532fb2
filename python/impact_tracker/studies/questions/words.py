"""Words that all answers share: rows of tables, caveats, JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict

from ...digits import percent
from ...values.statistics import Mean
from ..points.point import StudyRun
from .groups import PointGroup, mean_score, most_of
from .means import carbon_text, energy_text, quantity_text, time_text

BUSY = 0.25  # of the processors' time: above it other programs are in the energies


def plain(mean: Mean | None, most: float | None = None) -> dict[str, float | int | None] | None:
    """A mean for JSON, with the ends of its interval; of a share up to `most`."""
    return None if mean is None else mean.to_dict(most)


def finite(value: float | None) -> float | None:
    """For JSON, which has no infinity."""
    return value if value is not None and math.isfinite(value) else None


def group_dict(group: PointGroup) -> dict[str, object]:
    """A group for JSON; units in the names."""
    return {
        "point": group.point.to_dict(),
        "title": group.title,
        "runs": group.runs,
        "failed": group.failed,
        "metric": group.metric,
        "score": plain(group.score, most_of(group.metric)),
        "training_j": plain(group.energy),
        "training_s": plain(group.seconds),
        "carbon_g": plain(group.carbon_g),
        "j_per_prediction": plain(group.prediction_j),
        "examples_seen": plain(group.seen),
        "peak_memory_bytes": plain(group.memory),
        "core_hours": plain(group.core_hours),
        "gpu_hours": plain(group.gpu_hours),
        "parameters": group.parameters,
        "bytes": group.bytes,
        "macs_per_prediction": group.macs,
        "training_macs": plain(group.training_macs),
        "quality": group.quality,
        "bias_relative": group.bias,
        "modelled_share": group.modelled,
        "others_share": group.others,
        "reached": group.reached,
    }


COLUMNS = ("model", ">energy of training", ">time", ">score", ">J a prediction", ">carbon", ">runs")


def cells_of(group: PointGroup) -> tuple[str, ...]:
    """A group as a row under `COLUMNS`."""
    return (
        group.title,
        energy_text(group.energy),
        time_text(group.seconds),
        mean_score(group),
        quantity_text(group.prediction_j, "J"),
        carbon_text(group.carbon_g),
        f"{group.runs}" + (f" ({group.failed} failed)" if group.failed else ""),
    )


def with_origin(sentence: str, groups: Sequence[PointGroup]) -> str:
    """The answer with what has to be said of its energies: where a model gave them, its error, common to all."""
    known = [group for group in groups if group.energy is not None and (group.modelled or 0.0) > 0]
    if not known:
        return sentence
    bias = max((group.bias for group in known if group.bias is not None), default=None)
    share = max(group.modelled or 0.0 for group in known)
    what = "Energy is" if share > 0.99 else f"Up to {percent(share)} of an energy is"
    error = "" if bias is None else f" (± {percent(bias)}, common to all)"
    return f"{sentence} {what} modelled by load and time, not measured{error}."


def caveats_of(groups: Sequence[PointGroup], runs: Sequence[StudyRun]) -> list[str]:
    """What a reader has to know before these numbers are believed."""
    caveats = []
    modelled = max((group.modelled or 0.0 for group in groups), default=0.0)
    bias = percent(max((group.bias for group in groups if group.bias is not None), default=None))
    if modelled > 0:
        text = "the energy is modelled by load and hardware, not measured" if modelled > 0.99 else (
            f"up to {percent(modelled)} of an energy is modelled, not measured"
        )  # fmt: skip
        caveats.append(f"{text}: joules may be wrong by ± {bias}, all alike, so ratios are better than that.")
    if any(group.energy is None and group.runs for group in groups):
        caveats.append("some energies are missing: nothing was measured or modelled (`impact-tracker doctor`).")
    over = [
        group
        for group in groups
        if group.energy is not None and group.point.budget_j and group.energy.value > 1.05 * group.point.budget_j
    ]
    if over:
        names = ", ".join(dict.fromkeys(f"{group.title} on {group.data_title}" for group in over))
        caveats.append(f"these passed a budget by more than 5 %: {names}.")
    others = max((group.others or 0.0 for group in groups), default=0.0)
    if others > BUSY:
        caveats.append(
            f"other programs had up to {percent(others)} of the processors' busy time, and their energy is in these "
            "joules: run the study on a machine of its own."
        )
    if any(group.carbon_g is not None and group.runs > 1 for group in groups):
        caveats.append("carbon's interval is that of the runs' energies: the error of the intensity comes beside it.")
    if groups and max((group.runs for group in groups), default=0) == 1:
        caveats.append("one run a point: no interval, and an order may be chance (--repeats 3).")
    elif any(group.runs == 2 for group in groups):
        caveats.append("two runs a point: intervals are wide, as two runs tell little of their spread.")
    reasons: dict[str, list[str]] = {}
    for run in runs:
        if not run.is_good:
            reasons.setdefault(run.reason or "unknown", []).append(run.task)
    for reason, tasks in reasons.items():
        caveats.append(
            f"left out: {tasks[0]}" + (f" and {len(tasks) - 1} more" if len(tasks) > 1 else "") + f": {reason}"
        )
    return caveats


def run_dicts(runs: Sequence[StudyRun]) -> list[dict[str, object]]:
    """Runs for JSON."""
    return [asdict(run) for run in runs]

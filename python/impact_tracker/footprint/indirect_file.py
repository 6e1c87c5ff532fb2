"""A declared tree of consequences from the user's own file.

reference = "the same letters sorted by hand"

[effects."the service"]
order = 1                                  # 1 its own life cycle, 2 what it replaces, 3 rebound and structure
amount_kg = [80, 100, 130]                 # kg CO2e a year: a number, or low, best, high; below 0 is avoided
source = "our own footprint of the service"

[effects."vans not driven"]
order = 2
amount_kg = -1000

[effects."more letters"]
order = 3
causes = {"vans not driven" = [-0.5, -0.3, -0.1]}   # each a ratio to another effect: this eats 30 % of it
"""

from __future__ import annotations

from pathlib import Path

from ..factors.factor import FactorError, did_you_mean, near_matches
from ..factors.user_file import UserFile
from .indirect import Consequences, Effect, consequences

_FIELDS = ("order", "amount_kg", "causes", "source")
_GRAMS = 1000.0


def read_consequences(path: str | Path, *, draws: int = 4000, seed: int = 0) -> Consequences:
    """The file's consequences. FactorError with file and line: no reference scenario, an unknown cause, a range out of
    order, a loop that grows."""
    file = UserFile(path, "file of consequences")
    file.check_names([], ("reference", "effects"))
    if not str(file.tables.get("reference", "")).strip():
        raise file.fault(["reference"], 'it lacks reference = "what would be without the solution"')
    reference = file.text(file.tables["reference"], ["reference"])
    declared = file.table("effects")
    if not declared:
        raise file.fault(["effects"], "it declares no effect")
    effects = [_effect(file, name, list(declared)) for name in declared]
    try:
        return consequences(reference, effects, draws=draws, seed=seed)
    except ValueError as fault:
        raise FactorError(f"{file.path}: {fault}") from fault


def _effect(file: UserFile, name: str, declared: list[str]) -> Effect:
    where = ["effects", name]
    file.check_names(where, _FIELDS)
    fields = file.table(*where)
    order = fields.get("order")
    if isinstance(order, bool) or order not in (1, 2, 3):
        raise file.fault([*where, "order"], f"{name}: order is 1, 2 or 3, not {order!r}")
    if "amount_kg" not in fields and "causes" not in fields:
        raise file.fault(where, f"{name} has neither amount_kg nor causes: what it does is not declared")
    low, best, high = file.span(fields.get("amount_kg", 0), [*where, "amount_kg"])
    causes = _causes(file, [*where, "causes"], fields.get("causes", {}), declared)
    source = file.text(fields["source"], [*where, "source"]) if "source" in fields else ""
    return Effect(name, order, (low * _GRAMS, best * _GRAMS, high * _GRAMS), causes, source)


def _causes(
    file: UserFile, where: list[str], causes: object, declared: list[str]
) -> tuple[tuple[str, tuple[float, float, float]], ...]:
    if not isinstance(causes, dict):
        raise file.fault(where, "causes must be a table of ratios to other effects")
    for cause in causes:
        if cause not in declared:
            near = did_you_mean(near_matches(cause, declared)) or f" Declared are {', '.join(declared)}."
            raise file.fault([*where, cause], f"the cause {cause!r} is not declared.{near}")
    return tuple((cause, file.span(ratio, [*where, cause])) for cause, ratio in causes.items())

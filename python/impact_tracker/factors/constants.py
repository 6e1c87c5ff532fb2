"""The smaller tables: one kind of factor each, one name a row."""

from __future__ import annotations

from .assumed import with_range
from .factor import Factor, FactorError, did_you_mean, near_matches
from .hardware_names import bare_name
from .overrides import active_overrides, overridden
from .tables import Row, Table, published, table


class UnknownFactorError(FactorError):
    """A factor that no table holds: the impact that needs it is missing, with this reason."""


def names(kind: str) -> list[str]:
    """The names a kind has, the user's own first."""
    overrides = active_overrides()
    own = overrides.names(kind) if overrides else []
    return own + list(_rows(kind)["rows"])


def constant(kind: str, name: str) -> Factor:
    """The factor of a kind by its name (case and spelling of brands do not matter); UnknownFactorError with near
    names."""
    wanted = bare_name(name)
    own = overridden(kind, wanted)
    if own:
        return own
    rows = _rows(kind)
    for known, row in rows["rows"].items():
        if bare_name(known) == wanted:
            return _factor(kind, known, row, rows)
    near = near_matches(name, rows["rows"])
    remedy = f' A value of your own goes under [{kind}."{name}"] of the file of factors'
    raise UnknownFactorError(f"no {rows['what']} is known for {name!r}.{did_you_mean(near)}{remedy}")


def _rows(kind: str) -> Table:
    kinds = table("constants")["kinds"]
    if kind not in kinds:
        raise FactorError(f"unknown kind of factor {kind!r}." + did_you_mean(near_matches(kind, kinds)))
    rows: Table = kinds[kind]
    return rows


def _factor(kind: str, name: str, row: Row, rows: Table) -> Factor:
    value, low, high, year, source, note = row
    origin = table("constants")["sources"][source]
    what = f"{rows['what']}, {name}"
    stated = published(origin, value, rows["unit"], what, low=low, high=high, year=year, note=note)
    return with_range(stated, kind, name)

"""The convention of an intensity, as its method says it: values of two conventions do not compare."""

from __future__ import annotations

from dataclasses import dataclass

from .factor import Factor, FactorError

LIFE_CYCLE, DIRECT = "life cycle", "direct"
PRODUCTION, CONSUMPTION = "production", "consumption"

# Words of a method -> what they say. A method is free text, so a user's file or a service may say less.
_SCOPES = {"lifecycle": LIFE_CYCLE, "life cycle": LIFE_CYCLE, "direct": DIRECT, "at the stack": DIRECT}
_BALANCES = {"production": PRODUCTION, "consumption": CONSUMPTION, "flow-traced": CONSUMPTION}


@dataclass(frozen=True)
class Convention:
    """`scope`: life cycle or direct; `balance`: what a zone produces or what it consumes; "" for what nobody said."""

    scope: str = ""
    balance: str = ""

    @property
    def words(self) -> str:
        """For a sentence: "life cycle, production"."""
        return ", ".join(filter(None, [self.scope, self.balance])) or "not stated"

    def differs_from(self, other: Convention) -> bool:
        """Whether both say something and it is not the same: what nobody said is not held against a value."""
        pairs = ((self.scope, other.scope), (self.balance, other.balance))
        return any(mine and theirs and mine != theirs for mine, theirs in pairs)


def convention_of(factor: Factor) -> Convention:
    """The convention that a factor's method says."""
    text = factor.method.casefold()
    scope = next((meaning for word, meaning in _SCOPES.items() if word in text), "")
    balance = next((meaning for word, meaning in _BALANCES.items() if word in text), "")
    return Convention(scope, balance)


def words_of_place(factor: Factor) -> str:
    """An intensity in a line: whose, how much, of which year and convention, and what was not as asked for."""
    name = factor.name.rpartition("carbon intensity of electricity, ")[2] or factor.source
    parts = [f"{name} {factor.value:.4g} {factor.unit}"]
    parts += [str(factor.year)] if factor.year else []
    parts += [convention_of(factor).words if factor.method else "convention not stated"]
    return ", ".join(parts) + (f" ({factor.note})" if factor.note else "")


def check_one_convention(before: Factor, after: Factor) -> None:
    """FactorError where two intensities are of unlike conventions: their difference would be the methods', not the
    places'."""
    first, second = convention_of(before), convention_of(after)
    if first.differs_from(second):
        raise FactorError(
            f"{before.name or before.source} ({first.words}) and {after.name or after.source} ({second.words}) are of"
            " two conventions and do not compare: take both from one table, or put one of them under [intensity.ZONE]"
            " of your file of factors with the method of the other"
        )

"""What a footprint is of beyond one computer's run: computers alike, a cluster's standing draw, other runs."""

from __future__ import annotations

from dataclasses import dataclass

from ..factors import Factor, FactorError


@dataclass(frozen=True)
class Extent:
    """`nodes` computers alike, whose energy is given together and whose making is described of one.

    `dynamic_ratio`: all that the cluster draws (work, idle computers, cooling, network) over what the work draws.
    `development`: all runs of the project over this one. `None` for either where nobody stated it: then it is 1.
    FactorError for fewer than one node, a ratio or a development below 1.
    """

    nodes: int = 1
    dynamic_ratio: Factor | None = None
    development: Factor | None = None

    def __post_init__(self) -> None:
        if isinstance(self.nodes, bool) or self.nodes != int(self.nodes) or self.nodes < 1:
            raise FactorError(f"a number of nodes is a whole number above 0, not {self.nodes!r}")
        for factor, what in (
            (self.dynamic_ratio, "a dynamic ratio is all that a cluster draws over what the work draws"),
            (self.development, "a development factor is all runs of a project over the final one"),
        ):
            if factor is not None and (factor.unit != "1" or factor.low < 1.0):
                raise FactorError(f"{what}: 1 or more, not {factor.low:g}")

    @classmethod
    def stated(
        cls,
        nodes: int = 1,
        dynamic_ratio: tuple[float, float, float] | None = None,
        development: tuple[float, float, float] | None = None,
        source: str = "stated by the user",
    ) -> Extent:
        """With what is stated as low, best, high."""

        def ratio(span: tuple[float, float, float] | None, name: str) -> Factor | None:
            return None if span is None else Factor(span[1], "1", span[0], span[2], source, name=name)

        return cls(
            nodes,
            ratio(dynamic_ratio, "all that the cluster draws over what the work draws"),
            ratio(development, "all runs of the project over this one"),
        )

    def as_dict(self) -> dict[str, object]:
        """For JSON; `None` for what nobody stated."""
        return {
            "nodes": self.nodes,
            "dynamic_ratio": None if self.dynamic_ratio is None else self.dynamic_ratio.value,
            "development": None if self.development is None else self.development.value,
        }

"""What a generated site is like."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SiteSpec:
    """A site drawn from `seed`. Everything has a value; the defaults make a small site with every fault.

    `gpu_nodes`, `shared`, `several_nodes`: shares of nodes with cards, of jobs that share a node, of jobs on two nodes
    or more. `gain_error`: standard deviation of a meter's scale, known as its 95 % error; `noise`: of each reading,
    relative. `holes`: gaps for each node and week; `offset_nodes`: share of nodes whose meter's clock is wrong;
    `nonsense`: share of readings that are no power, and of jobs whose scheduler's energy is none.
    """

    seed: int = 1
    nodes: int = 24
    days: float = 7.0
    jobs: int = 4000
    users: int = 20
    start_s: int = 1_735_689_600  # 2025-01-01
    period_s: float = 5.0
    gpu_nodes: float = 0.4
    shared: float = 0.5
    several_nodes: float = 0.1
    failing: float = 0.15
    gain_error: float = 0.005
    noise: float = 0.005
    holes: float = 1.0
    offset_nodes: float = 0.1
    switched_off: float = 0.25
    nonsense: float = 2e-5

    def __post_init__(self) -> None:
        """ValueError for a site that cannot be."""
        if self.nodes < 1 or self.jobs < 0 or self.users < 1:
            raise ValueError("a site has a node and a user at least, and no negative number of jobs")
        if not (0.0 < self.days <= 1e5 and 0.0 < self.period_s <= 1e9):
            raise ValueError(
                "a site's days are more than 0 and at most 100000, its meters' period above 0 s up to 1e9 s"
            )
        for name in ("gpu_nodes", "shared", "several_nodes", "failing", "offset_nodes", "switched_off", "nonsense"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} is a share from 0 to 1, not {getattr(self, name)!r}")

    @property
    def end_s(self) -> float:
        """When it ends, as seconds since 1970."""
        return self.start_s + self.days * 86_400.0

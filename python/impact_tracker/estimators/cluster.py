"""Training on a cluster of nodes, making included (Morand, Névéol, Ligozat 2024, hal-04643414; written anew).

    direct   = nodes × P_dynamic × hours × (total / dynamic) × intensity × PSF
    P_dynamic = processors × TDP × usage + cards × TDP × usage + memory × 0.3725 W/GB
    making   = making of the nodes × hours / (lifetime × 8760 × utilisation)

The ratio of total to dynamic consumption is 200/109, from BLOOM's cluster (infrastructure 27, idle 64, work 109 kWh).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..factors import Factor, cpu, gpu_tdp, ram_power
from ..footprint import Allocation, Impact, Machine, Term, carbon_of, depletion, embodied, making_total, primary_energy
from ..values import Energy, joules_of
from .estimate import energy, number
from .simple import grid_of

DYNAMIC_RATIO = 200.0 / 109.0
OLD_MEMORY = Factor(0.625, "GB/cm2", 0.625, 0.625, "UBA 2021", licence="cited value", name="density of memory")


@dataclass(frozen=True)
class Cluster:
    """`nodes` alike; `machine` describes one of them for its making."""

    nodes: int
    machine: Machine
    cpu_model: str
    gpu_model: str | None = None
    cpu_usage: float = 1.0
    gpu_usage: float = 1.0

    def dynamic_w(self) -> float:
        """Power of the work on one node in W."""
        watts = self.machine.cpus * cpu(self.cpu_model).tdp.value * number(self.cpu_usage, "cpu_usage", 0.0, 1.0)
        if self.machine.gpus and self.gpu_model:
            watts += self.machine.gpus * gpu_tdp(self.gpu_model).value * number(self.gpu_usage, "gpu_usage", 0.0, 1.0)
        return watts + self.machine.ram_gb * ram_power().value


@dataclass(frozen=True)
class ClusterImpact:
    """`direct` and `dynamic` carbon of use, carbon of making, and over both: primary energy, depletion; energy in
    kWh."""

    energy_kwh: float
    direct: Impact
    dynamic: Impact
    making: Impact
    primary_energy: Impact
    adp: Impact

    @property
    def carbon(self) -> Impact:
        """Use and making."""
        return self.direct + self.making


def cluster_training(
    cluster: Cluster,
    *,
    hours: float,
    zone: str,
    intensity_g_per_kwh: float | Factor | None = None,
    allocation: Allocation | None = None,
    dynamic_ratio: float = DYNAMIC_RATIO,
    repeats: float = 1.0,
    cards: str = "components",
) -> ClusterImpact:
    """The training's impacts. Lifetime 6 years, 85 % used, memory of 0.625 GB/cm2: the tool's own defaults."""
    from ..footprint import zone_factor

    shares = allocation or Allocation.fixed(6.0, 0.85)
    node_kwh = cluster.dynamic_w() * number(hours, "hours") * number(repeats, "repeats", 1.0) / 1000.0
    dynamic_kwh = Factor.stated(cluster.nodes * node_kwh, "kWh", "energy of the work", "thermal design power × usage")
    ratio = Factor.stated(
        number(dynamic_ratio, "dynamic_ratio", 1.0), "1", "total over dynamic energy", "BLOOM's cluster"
    )
    grid = grid_of(zone, intensity_g_per_kwh)
    direct = carbon_of(energy([Term(1.0, ((dynamic_kwh, 1), (ratio, 1)))]), grid)
    dynamic = carbon_of(energy([Term(1.0, ((dynamic_kwh, 1),))]), grid)
    machine = replace(cluster.machine, ram_density=OLD_MEMORY)
    used_kwh = dynamic_kwh.value * ratio.value
    used = Energy(joules_of(used_kwh), quality="modelled")

    def made(indicator: str) -> Impact:
        return embodied(making_total(machine, indicator, cards), hours * repeats, shares) * float(cluster.nodes)

    of_primary_energy, of_depletion = (zone_factor(kind, zone) for kind in ("primary_energy", "adp"))
    primary = made("primary_energy")
    if of_primary_energy is not None:
        primary = primary_energy(used, factor=of_primary_energy) + primary
    scarce = made("adp")
    if of_depletion is not None:
        scarce = depletion(used, factor=of_depletion) + scarce
    return ClusterImpact(used_kwh, direct, dynamic, made("carbon"), primary, scarce)

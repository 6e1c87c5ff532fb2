"""BLOOM on its cluster, as Morand et al. 2024 weigh it."""

import pytest

from impact_tracker.estimators import Cluster, cluster_training
from impact_tracker.factors import Factor
from impact_tracker.footprint import Allocation, Machine, embodied, making_total, person_years

NODE = Machine(cpus=2, cpu_cores=32, ram_gb=518, ssds=1, ssd_gb=1000, gpus=8, gpu_die_cm2=8.26, gpu_memory_gb=80)
BLOOM = Cluster(48, NODE, "EPYC 7543", "NVIDIA A100 SXM4 80GB", cpu_usage=0.0)
HOURS = 118 * 24 + 5 + 41 / 60


def test_bloom():
    estimate = cluster_training(BLOOM, hours=HOURS, zone="FR", intensity_g_per_kwh=51.28)
    assert BLOOM.dynamic_w() / 1000 == pytest.approx(3.392955)
    assert estimate.energy_kwh == pytest.approx(848_000, abs=500)
    assert estimate.direct.value / 1e6 == pytest.approx(43.5, abs=0.05)
    assert estimate.dynamic.value / 1e6 == pytest.approx(23.7, abs=0.05)
    assert estimate.making.value / 1e6 == pytest.approx(15, abs=0.5)
    assert round(estimate.carbon.value / 1e6) == 59
    assert estimate.primary_energy.value == pytest.approx(9.8e6, abs=0.05e6)
    assert estimate.adp.value == pytest.approx(1.2, abs=0.05)
    assert int(person_years(estimate.carbon).value) == 59
    assert round(person_years(estimate.adp).value) == 38
    assert int(estimate.carbon.value / 2e6) == 29


def test_blooms_servers_and_cards_apart():
    old = Factor(0.625, "GB/cm2", 0.625, 0.625, "UBA 2021")
    life = Allocation.fixed(6, 0.85)
    servers = Machine(cpus=2, cpu_cores=32, ram_gb=518, ssds=1, ssd_gb=1000, ram_density=old)
    cards = Machine(cpus=0, gpus=8, gpu_die_cm2=8.26, gpu_memory_gb=80, psus=0, chassis="none", ram_density=old)
    made = embodied(making_total(servers, "carbon"), HOURS, life).value * 48 / 1e6
    assert made == pytest.approx(7.0, abs=0.05)
    from impact_tracker.footprint import making

    assert embodied(making(cards, "carbon", "components")["gpu"], HOURS, life).value * 48 / 1e6 == pytest.approx(
        8.1, abs=0.06
    )

"""Strubell's and Patterson's tables, MLCO2, hour factors, clouds, jobs of a scheduler, requests to language models."""

import pytest

from impact_tracker.estimators import (
    EstimateError,
    Job,
    Mix,
    accelerator_days,
    clock_hours,
    cloud,
    ga4hpc,
    hour_factor,
    llm_request,
    memory_gb,
    mlco2,
    strubell,
)
from impact_tracker.factors import UnknownFactorError


@pytest.mark.parametrize(
    ("watts", "hours", "kwh", "pounds", "kilograms"),
    [
        (1415.78, 12, 26.84, 25.61, 11.62),
        (1515.43, 84, 201.13, 191.88, 87.03),
        (517.66, 336, 274.82, 262.17, 118.92),
        (12041.51, 79, 1503.02, 1433.88, 650.40),
        (1515.43, 274_120, 656_347.28, 626_155.31, 284_019),
    ],
    ids=["Transformer base", "Transformer big", "ELMo", "BERT base", "NAS"],
)
def test_strubells_table(watts, hours, kwh, pounds, kilograms):
    estimate = strubell(hours=hours, gpu_w=watts)
    assert estimate.energy_kwh == pytest.approx(kwh, rel=3e-3)
    assert estimate.as_dict()["carbon_lb"] == pytest.approx(pounds, rel=3e-3)
    assert estimate.carbon_g / 1000 == pytest.approx(kilograms, rel=3e-3)


@pytest.mark.parametrize(
    ("chips", "days", "watts", "pue", "published_mwh"),
    [
        (512, 20, 310, 1.12, 85.7),
        (1024, 30, 289, 1.09, 232),
        (1024, 3.1, 288, 1.09, 24.1),
        (1024, 27, 245, 1.10, 179),
        (10_000, 14.8, 330, 1.10, 1287),
    ],
    ids=["T5", "Meena", "GShard-600B", "Switch", "GPT-3"],
)
def test_pattersons_table(chips, days, watts, pue, published_mwh):
    estimate = accelerator_days(chips=chips, days=days, chip_w=watts, pue=pue, zone="US")
    assert estimate.energy_kwh / 1000 == pytest.approx(published_mwh, rel=0.01)


def test_llama_7b():
    estimate = accelerator_days(chips=1, days=82_432 / 24, chip_w=400, pue=1.1, zone="US")
    assert estimate.energy_kwh == pytest.approx(36_270.08, abs=0.005)


def test_gpt_3_in_tonnes():
    estimate = accelerator_days(chips=10_000, days=14.8, chip_w=330, pue=1.1, intensity_g_per_kwh=429)
    assert estimate.carbon_g / 1e6 == pytest.approx(552.1, rel=0.01)


def test_mlco2_rounds_to_the_hundredth():
    estimate = mlco2(hours=100, gpu_model="Tesla T4", intensity_g_per_kwh=432)
    assert estimate.energy_kwh == 7.0 and estimate.carbon_g == pytest.approx(3024.0)
    assert mlco2(hours=0.5, tdp_gpu_w=33, zone="FR").energy_kwh == 0.02
    with pytest.raises(EstimateError, match="either"):
        mlco2(hours=1)
    with pytest.raises(UnknownFactorError):
        mlco2(hours=1, gpu_model="Voodoo 2")


def test_a_thousand_core_hours():
    estimate = hour_factor(hours=1, units=1000)
    assert estimate.carbon_g == pytest.approx(4680.0) and estimate.energy.value == pytest.approx(22.5)
    assert hour_factor(hours=10, g_per_hour=3.0).carbon_g == pytest.approx(30.0)
    with pytest.raises(UnknownFactorError, match="gricad"):
        hour_factor(hours=1, factor="core gricard")


def test_cloud_between_idle_and_full():
    estimate = cloud(provider="AWS", hours=10, vcpus=8, utilisation=(0.0, 0.5, 1.0), pue=1.2, zone="FR")
    assert estimate.energy_kwh == pytest.approx(10 * 8 * (0.74 + 0.5 * 2.76) * 1.2 / 1000)
    assert estimate.energy.low == pytest.approx(10 * 8 * 0.74 * 1.2 / 1000)
    assert estimate.energy.high == pytest.approx(10 * 8 * 3.5 * 1.2 / 1000)
    full = cloud(
        provider="gcp",
        hours=1,
        vcpus=0,
        cards=2,
        card="A100",
        utilisation=(1, 1, 1),
        memory_gb=10,
        ssd_tb=1,
        hdd_tb=1,
        network_gb=5,
        pue=1.0,
        zone="FR",
    )
    assert full.energy_kwh == pytest.approx(0.814 + 0.00392 + 0.00185 + 0.005)
    assert sum(full.parts_kwh.values()) == pytest.approx(full.energy_kwh)
    for wrong in (
        {"provider": "moon", "vcpus": 1},
        {"provider": "aws", "vcpus": 0},
        {"provider": "aws", "vcpus": 1, "cards": 1},
    ):
        with pytest.raises(EstimateError):
            cloud(hours=1, **wrong)


def test_jobs_of_a_scheduler():
    job = Job("1", wallclock_h=2.0, cores=4, cpu_time_h=6.0, memory_requested_gb=64, gpus=1, max_rss_gb=13)
    estimate = ga4hpc(job, tdp_core_w=10, tdp_gpu_w=300, pue=1.67, intensity_g_per_kwh=467)
    it = 6 * 10 / 1000 + 2 * 300 / 1000 + 2 * 64 * 0.3725 / 1000
    assert estimate.energy_kwh == pytest.approx(it * 1.67)
    assert estimate.as_dict()["wasted_kwh"] == pytest.approx(2 * (64 - 18) * 0.3725 / 1000 * 1.67)


def test_jobs_without_cpu_time_or_that_failed():
    idle = ga4hpc(Job("2", 1.0, 8, 0.0, 1.0), tdp_core_w=10, pue=1.0, zone="GB")
    assert idle.energy_kwh == pytest.approx(0.08 + 0.0003725) and any("fully used" in note for note in idle.notes)
    for state in ("COMPLETING", "SUSPENDED", "RESIZING", "STOPPED", "CONFIGURING", "CD", "CG", "completed"):
        assert not Job("3", 1.0, 8, 2.0, 1.0, state=state).failed, state
    for state in ("TIMEOUT", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "F", "TO", "CA"):
        assert Job("3", 1.0, 8, 2.0, 1.0, state=state).failed, state
    failed = ga4hpc(Job("3", 1.0, 8, 2.0, 1.0, state="CANCELLED by 1001"), tdp_core_w=10, zone="GB")
    assert failed.as_dict()["wasted_kwh"] == pytest.approx(failed.energy_kwh)


def test_a_thousand_core_hours_of_a_job():
    estimate = ga4hpc(Job("4", 10.0, 100, 1000.0, 0.0), tdp_core_w=10, pue=1.67, intensity_g_per_kwh=467)
    assert estimate.energy_kwh == pytest.approx(16.7) and estimate.carbon_g == pytest.approx(16.7 * 467)


@pytest.mark.parametrize(
    ("text", "gigabytes"),
    [
        ("4Gc", 32),
        ("64Gn", 128),
        ("1500M", 1500 / 1024),
        ("2T", 2048),
        ("1048576K", 1),
        ("", None),
        ("?", None),
        ("1.2.3G", None),
        ("16G", 16),
        ("512", 0.5),
    ],
)
def test_memory_as_schedulers_write_it(text, gigabytes):
    assert memory_gb(text, nodes=2, cores=8) == (None if gigabytes is None else pytest.approx(gigabytes))


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("1-02:03:04", 26 + 3 / 60 + 4 / 3600),
        ("02:30:00", 2.5),
        ("30:00", 0.5),
        ("00:00:01.800", 0.0005),
        ("", None),
        ("UNLIMITED", None),
    ],
)
def test_times_as_schedulers_write_them(text, hours):
    assert clock_hours(text) == (None if hours is None else pytest.approx(hours))


MIX = Mix(gwp_kg=0.590478, adp_kg_sb=7.37708e-8, primary_energy_mj=9.988, water_l=5.04, pue=1.26, wue=0.37)


@pytest.mark.parametrize(
    ("model", "kwh", "use", "making", "water"),
    [
        (
            (7.3, 7.3, 200, 5),
            1.536244e-5,
            (9.07118e-6, 1.1333e-12, 1.5344e-4),
            (7.23793e-7, 4.2404e-11, 8.7351e-6),
            8.19379e-5,
        ),
        (
            (12.9, 46.7, 200, 10),
            3.994122e-5,
            (2.35844e-5, 2.9465e-12, 3.98933e-4),
            (2.79037e-6, 1.63475e-10, 3.36754e-5),
            2.13033e-4,
        ),
    ],
    ids=["7.3 B", "12.9 of 46.7 B"],
)
def test_requests_to_language_models(model, kwh, use, making, water):
    active, total, tokens, latency = model
    estimate = llm_request(
        active_parameters_b=active, total_parameters_b=total, output_tokens=tokens, latency_s=latency, mix=MIX
    )
    assert estimate.energy_kwh == pytest.approx(kwh, rel=1e-6)
    digits = 6e-5  # the printed ones
    assert tuple(estimate.use.values()) == pytest.approx(use, rel=digits)
    assert tuple(estimate.making.values()) == pytest.approx(making, rel=digits)
    assert estimate.water_l == pytest.approx(water, rel=3e-6)


def test_a_model_has_at_least_its_active_parameters():
    with pytest.raises(EstimateError, match="at least"):
        llm_request(active_parameters_b=9, total_parameters_b=8, output_tokens=1, latency_s=1, mix=MIX)

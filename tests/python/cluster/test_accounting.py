"""The accounts of small sites by hand and of generated ones against their truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from impact_tracker.cluster import ClusterJob, Gate, NodeRating, NodeShare
from impact_tracker.cluster.accounting import account
from impact_tracker.cluster.accounts import Accounts, StepCurve, Wanted
from impact_tracker.cluster.closing import node_balances, site_balance
from impact_tracker.cluster.executor import LocalThreads
from impact_tracker.cluster.frames import GATES, POWER, schema, table_of
from impact_tracker.cluster.job_energies import job_energies, job_frame
from impact_tracker.cluster.reports.figures import node_day
from impact_tracker.cluster.simulate import SiteSpec, draw_jobs, node_power, readings_of
from impact_tracker.cluster.simulate.files import table_of_site
from impact_tracker.cluster.store import PowerStore, store_of_frame

S = 10**9


def power(node: str, values: dict[float, float], part: str = "node", kind: str = "power") -> pl.DataFrame:
    rows = [(node, part, kind, int(time * S), value) for time, value in values.items()]
    return pl.DataFrame(rows, schema=schema(POWER), orient="row")


def constant(node: str, watts: float, first: int = 0, last: int = 100) -> pl.DataFrame:
    return power(node, {float(time): watts for time in range(first, last + 1)})


def job(job_id: str, start: float, end: float | None, *shares: NodeShare, **more: object) -> ClusterJob:
    stop = None if end is None else int(end * S)
    return ClusterJob(job_id, int(start * S), stop, shares, **more)  # type: ignore[arg-type]


def accounts_of(
    tmp_path: Path, jobs: list[ClusterJob], samples: list[pl.DataFrame], nodes: list[NodeRating], **wanted: object
) -> Accounts:
    store = store_of_frame(pl.concat(samples), tmp_path / "power")
    stated = {node.node: node for node in nodes}
    return account(table_of(jobs), store, nodes=stated, wanted=Wanted(**wanted), executor=LocalThreads(1))  # type: ignore[arg-type]


def energies(accounts: Accounts, column: str = "energy_j", **options: str) -> dict[str, float]:
    frame = job_frame(accounts, **options)
    return dict(zip(frame["job_id"], frame[column]))


FOUR = NodeRating("n", cores=4.0, idle_w=40.0, rated_w=400.0, standby_w=5.0)


def test_a_job_alone_has_its_node_and_the_rest_is_idle(tmp_path: Path) -> None:
    accounts = accounts_of(tmp_path, [job("1", 10, 30, NodeShare("n", cores=4))], [constant("n", 100.0)], [FOUR])
    assert energies(accounts) == {"1": pytest.approx(2000.0)}
    (balance,) = node_balances(accounts)
    assert (balance.total_j, balance.jobs_j, balance.idle_j) == pytest.approx((10_000, 2000, 8000))
    assert site_balance(accounts).is_closed


def test_a_shared_node_is_split_and_never_doubled(tmp_path: Path) -> None:
    jobs = [job("a", 10, 30, NodeShare("n", cores=3)), job("b", 20, 40, NodeShare("n", cores=1))]
    accounts = accounts_of(tmp_path, jobs, [constant("n", 100.0)], [FOUR])
    # 10 to 20: a alone, 3/4 of 40 W and all 60 W of work; 20 to 30 both; 30 to 40: b alone, 1/4 and all work.
    assert energies(accounts) == {"a": pytest.approx(900 + 750), "b": pytest.approx(250 + 700)}
    assert energies(accounts, "node_j") == {"a": pytest.approx(2000), "b": pytest.approx(2000)}
    balance = site_balance(accounts)
    assert balance.jobs_j == pytest.approx(2600.0)
    assert balance.idle_j == pytest.approx(7400.0)
    assert balance.error <= 1e-12
    assert {finding.kind for finding in accounts.findings} == {"shared_idle"}


def test_jobs_without_a_core_share_the_work_and_do_not_make_the_site_unknown(tmp_path: Path) -> None:
    alone = accounts_of(tmp_path / "1", [job("a", 10, 30, NodeShare("n", cores=0))], [constant("n", 100.0)], [FOUR])
    assert energies(alone) == {"a": pytest.approx(1200.0)} and site_balance(alone).is_closed
    jobs = [job("a", 10, 30, NodeShare("n", cores=0)), job("b", 10, 30, NodeShare("n", cores=0))]
    two = accounts_of(tmp_path / "2", jobs, [constant("n", 100.0)], [FOUR])
    assert energies(two) == {"a": pytest.approx(600.0), "b": pytest.approx(600.0)} and site_balance(two).is_closed
    node = NodeRating("n", cores=4.0, gpus=2.0, idle_w=40.0, rated_w=900.0)
    samples = [constant("n", 300.0), power("n", {float(t): 150.0 for t in range(101)}, "gpu")]
    cards = accounts_of(tmp_path / "3", [job("a", 10, 30, NodeShare("n", cores=0, gpus=1))], samples, [node])
    assert site_balance(cards).is_closed and energies(cards)["a"] > 5200.0


def test_a_node_of_which_a_part_of_a_card_was_seen_has_a_whole_one(tmp_path: Path) -> None:
    jobs = [job("a", 10, 30, NodeShare("n", cores=4, gpus=2 / 7))]
    accounts = accounts_of(tmp_path, jobs, [constant("n", 100.0)], [NodeRating("n", idle_w=40.0, rated_w=400.0)])
    assert accounts.surveys["n"].rating.gpus == 1.0
    # 60 W of work, and of 40 W idle the part of four cores of 8 W and 2/7 of a card of 300 W.
    part = (4 * 8.0 + 300.0 * 2 / 7) / (4 * 8.0 + 300.0)
    assert energies(accounts) == {"a": pytest.approx(20 * (60.0 + 40.0 * part))}


def test_overbooked_cores_are_scaled_to_the_node(tmp_path: Path) -> None:
    jobs = [job("a", 0, 100, NodeShare("n", cores=4)), job("b", 0, 100, NodeShare("n", cores=4))]
    accounts = accounts_of(tmp_path, jobs, [constant("n", 100.0)], [FOUR])
    assert energies(accounts) == {"a": pytest.approx(5000), "b": pytest.approx(5000)}
    assert "overbooked" in {finding.kind for finding in accounts.findings}


def test_a_nodes_day_has_no_power_where_nothing_was_read(tmp_path: Path) -> None:
    """Four hours at 100 W, a sample a minute, none from 55 to 125 min; a job of all cores from 60 min on."""
    samples = power("n", {60.0 * minute: 100.0 for minute in range(241) if not 55 < minute < 125})
    accounts = accounts_of(tmp_path, [job("a", 3600, 14_400, NodeShare("n", cores=4))], [samples], [FOUR])
    bins = node_day(accounts, PowerStore(tmp_path / "power"), "n", 0)
    powers = (
        bins.group_by("time_ns").agg(pl.col("power_w").sum(), dark=pl.col("power_w").is_null().all()).sort("time_ns")
    )
    assert powers.height == 144
    is_dark = powers["dark"].to_list()
    assert [place for place in range(24) if is_dark[place]] == list(range(6, 12)) and all(is_dark[24:])
    assert powers.filter(~pl.col("dark"))["power_w"].to_list() == pytest.approx([100.0] * 18)


def test_intervals_are_half_open(tmp_path: Path) -> None:
    jobs = [job("a", 10, 20, NodeShare("n")), job("b", 20, 30, NodeShare("n"))]
    values = {float(time): 100.0 if time < 20 else 300.0 for time in range(101)}
    accounts = accounts_of(tmp_path, jobs, [power("n", values)], [FOUR], mode="hold")
    assert energies(accounts) == {"a": pytest.approx(1000), "b": pytest.approx(3000)}


def test_a_gap_is_uncovered_and_widens_the_interval(tmp_path: Path) -> None:
    samples = pl.concat([constant("n", 100.0, 0, 40), constant("n", 100.0, 60, 100)])
    jobs = [job("a", 30, 70, NodeShare("n", cores=4)), job("b", 45, 55, NodeShare("n", cores=4))]
    accounts = accounts_of(tmp_path, jobs[:1], [samples], [FOUR])
    (energy,) = job_energies(job_frame(accounts))
    assert energy.energy_j == pytest.approx(2000)
    assert energy.coverage == pytest.approx(0.5)
    assert energy.low_j is not None and energy.low_j < 2000 + 20 * 40 + 1
    assert energy.high_j is not None and energy.high_j >= 2000 + 20 * 400
    dark = accounts_of(tmp_path / "2", jobs[1:], [samples], [FOUR])
    (energy,) = job_energies(job_frame(dark))
    assert (energy.energy_j, energy.quality, energy.coverage) == (None, "missing", 0.0)
    assert site_balance(dark).uncovered_s == pytest.approx(20.0)


def test_a_counter_across_a_gap_is_in_the_balance_apart(tmp_path: Path) -> None:
    values = {float(time): 100.0 * time for time in [*range(41), *range(60, 101)]}
    accounts = accounts_of(
        tmp_path, [job("a", 30, 70, NodeShare("n", cores=4))], [power("n", values, kind="energy")], [FOUR]
    )
    balance = site_balance(accounts)
    assert energies(accounts) == {"a": pytest.approx(2000)}
    assert balance.uncovered_j == pytest.approx(2000)
    assert balance.total_j == pytest.approx(10_000)
    assert balance.is_closed


def test_standby_is_told_from_idle(tmp_path: Path) -> None:
    values = {float(time): 40.0 if time <= 50 else 5.0 for time in range(101)}
    accounts = accounts_of(tmp_path, [], [power("n", values)], [FOUR], mode="hold")
    balance = site_balance(accounts)
    assert balance.standby_j == pytest.approx(245.0, abs=6.0)
    assert balance.idle_j == pytest.approx(2040.0, abs=6.0)
    assert balance.is_closed


def test_a_job_on_several_nodes_has_the_sum_and_a_dark_node_is_said(tmp_path: Path) -> None:
    shares = (NodeShare("n", cores=4), NodeShare("m", cores=4), NodeShare("dark", cores=4))
    other = NodeRating("m", cores=4.0, idle_w=40.0, rated_w=400.0)
    accounts = accounts_of(
        tmp_path, [job("a", 0, 100, *shares)], [constant("n", 100.0), constant("m", 50.0)], [FOUR, other]
    )
    (energy,) = job_energies(job_frame(accounts))
    assert energy.energy_j == pytest.approx(15_000)
    assert energy.coverage == pytest.approx(2 / 3)
    assert energy.high_j is None
    assert [(finding.kind, finding.subject) for finding in accounts.findings] == [("no_power", "dark")]


def test_a_running_job_counts_until_the_window_ends(tmp_path: Path) -> None:
    accounts = accounts_of(
        tmp_path, [job("a", 50, None, NodeShare("n"))], [constant("n", 100.0)], [FOUR], begin_ns=0, end_ns=80 * S
    )
    assert energies(accounts) == {"a": pytest.approx(3000)}
    assert site_balance(accounts).total_j == pytest.approx(8000)


def test_values_in_kilowatts_are_a_finding_and_no_energy(tmp_path: Path) -> None:
    accounts = accounts_of(tmp_path, [job("a", 10, 30, NodeShare("n"))], [constant("n", 0.1)], [FOUR])
    assert energies(accounts) == {"a": None}
    assert [finding.kind for finding in accounts.findings] == ["wrong_unit", "no_power"][:1]
    assert "--unit kW" in accounts.findings[0].text


def test_idle_is_handed_out_by_each_rule_and_shown_apart(tmp_path: Path) -> None:
    jobs = [job("a", 0, 30, NodeShare("n", cores=4)), job("b", 30, 40, NodeShare("n", cores=4))]
    accounts = accounts_of(tmp_path, jobs, [constant("n", 100.0)], [FOUR])
    assert energies(accounts, "handed_j", idle="none") == {"a": None, "b": None}
    assert energies(accounts, "handed_j", idle="use") == {"a": pytest.approx(4500), "b": pytest.approx(1500)}
    assert energies(accounts, "handed_j", idle="allocation") == {"a": pytest.approx(4500), "b": pytest.approx(1500)}
    assert energies(accounts, "handed_j", idle="equal") == {"a": pytest.approx(3000), "b": pytest.approx(3000)}
    assert energies(accounts, idle="use") == energies(accounts)
    with pytest.raises(ValueError, match="none, use, allocation, equal"):
        job_frame(accounts, idle="all")


def test_gates_count_what_falls_into_them(tmp_path: Path) -> None:
    rows = [("n", "a", 10 * S, 15 * S, 1.0), ("n", None, 0, 12 * S, 0.5), (None, "zz", 0, 100 * S, 1.0)]
    gate = Gate("phase", "the training phase", pl.DataFrame(rows, schema=schema(GATES), orient="row"))
    jobs = [job("a", 10, 30, NodeShare("n", cores=4)), job("b", 0, 10, NodeShare("n", cores=4))]
    accounts = accounts_of(tmp_path, jobs, [constant("n", 100.0)], [FOUR], gates=(gate,))
    assert energies(accounts, "gate_phase_j") == {"a": pytest.approx(500), "b": pytest.approx(500)}
    assert site_balance(accounts).is_closed


def test_carbon_is_matched_in_time(tmp_path: Path) -> None:
    curve = StepCurve(np.array([0, 20 * S]), np.array([1.0, 3.0]))
    accounts = accounts_of(
        tmp_path, [job("a", 10, 30, NodeShare("n", cores=4))], [constant("n", 100.0)], [FOUR], curve=curve
    )
    assert energies(accounts, "carbon_g") == {"a": pytest.approx(1000 + 3000)}


def test_cards_with_a_meter_of_their_own_are_split_by_cards(tmp_path: Path) -> None:
    node = NodeRating("n", cores=4.0, gpus=2.0, idle_w=40.0, rated_w=900.0)
    samples = [
        constant("n", 340.0),
        constant("n", 40.0, 0, 9),
        power("n", {float(t): 200.0 for t in range(101)}, "gpu"),
    ]
    jobs = [
        job("cards", 0, 100, NodeShare("n", cores=2, gpus=2)),
        job("cores", 0, 100, NodeShare("n", cores=2, gpus=0)),
    ]
    accounts = accounts_of(tmp_path, jobs, samples[::2], [node])
    shares = energies(accounts)
    assert sum(shares.values()) == pytest.approx(34_000)
    assert shares["cards"] - shares["cores"] > 19_000
    assert energies(accounts, "gpu_j") == {"cards": pytest.approx(20_000), "cores": pytest.approx(0.0)}


def test_pieces_and_days_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impact_tracker.cluster.store.ROWS_OF_A_PIECE", 1)
    spec = SiteSpec(seed=5, nodes=3, days=3.0, jobs=120, period_s=30.0)
    site = draw_jobs(spec)
    table = table_of_site(site)
    samples = []
    for node, rating in enumerate(site.ratings):
        times, values = readings_of(site, node)
        samples.append(
            pl.DataFrame({"time_ns": times, "value": values})
            .with_columns(node=pl.lit(rating.node), part=pl.lit("node"), kind=pl.lit("power"))
            .select(list(POWER))
        )
    frame = pl.concat(samples)
    stated = {rating.node: rating for rating in site.ratings}
    by_day = account(table, store_of_frame(frame, tmp_path / "days"), nodes=stated)
    monkeypatch.setattr("impact_tracker.cluster.store.ROWS_OF_A_PIECE", 1 << 30)
    together = account(table, store_of_frame(frame, tmp_path / "together"), nodes=stated)
    assert len(PowerStore(tmp_path / "days").pieces()[site.ratings[0].node]) >= 3
    first, second = job_frame(by_day), job_frame(together)
    assert first["energy_j"].to_numpy() == pytest.approx(second["energy_j"].to_numpy(), rel=1e-9, nan_ok=True)
    assert site_balance(by_day).total_j == pytest.approx(site_balance(together).total_j, rel=1e-12)


@pytest.mark.parametrize("seed", [3, 11])
def test_a_generated_site_closes_and_its_intervals_hold_the_truth(tmp_path: Path, seed: int) -> None:
    spec = SiteSpec(seed=seed, nodes=40, days=4.0, jobs=4000, period_s=10.0)
    site = draw_jobs(spec)
    store, rows = PowerStore(tmp_path), []
    for node, rating in enumerate(site.ratings):
        times, values = readings_of(site, node)
        rows += store.write_series(rating.node, "node", "power", pl.DataFrame({"time_ns": times, "value": values}))
    store.write_index(rows)
    accounts = account(table_of_site(site), store, nodes={rating.node: rating for rating in site.ratings})
    balance = site_balance(accounts)
    assert balance.error <= 1e-9
    truth = sum(node_power(site, node).energy_j(spec.start_s, spec.end_s) for node in range(spec.nodes))
    assert balance.total_j == pytest.approx(truth, rel=0.01)
    frame = job_frame(accounts)
    energies = site.job_energy_j()[frame["job"].to_numpy()]
    inside = (frame["low_j"].to_numpy() <= energies) & (energies <= frame["high_j"].to_numpy())
    assert 0.93 <= inside.mean() <= 0.98, inside.mean()

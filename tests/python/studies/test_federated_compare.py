"""The simulator fed from records, κ and the machine's account: on made runs, whose answers are known."""

from __future__ import annotations

import importlib.util
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("impact_tracker._core", reason="the core is not built")

from impact_tracker import cli
from impact_tracker.factors import Factor
from impact_tracker.studies.federated.compare import compared, rates_of
from impact_tracker.studies.federated.findings import (
    account_of,
    accuracy_spread,
    findings_of,
    rounds_text,
    sentence,
    skew_of,
    skew_text,
    summaries_of,
)
from impact_tracker.studies.federated.images import ImageSet, write_images
from impact_tracker.studies.federated.outcome import ActorUse, MachineUse, RoundUse, RunOutcome, StudyOutcome
from impact_tracker.studies.federated.plan import (
    ActorEnd,
    ClientAccuracy,
    EvaluatedRound,
    FederatedSettings,
    LocalTraining,
    RunEnd,
    Traffic,
    TrainingRound,
    append_line,
    read_lines,
)
from impact_tracker.studies.federated.scenario_text import scenario_text
from impact_tracker.studies.federated.show import as_dict, page_of
from impact_tracker.studies.federated.split import DataSplit, parse_split
from impact_tracker.studies.paradigms.breakeven import advice
from impact_tracker.studies.paradigms.scenario_file import read_scenario
from impact_tracker.values import Energy

MODEL_BYTES = 40_000
GRID = Factor(300.0, "g/kWh", 200.0, 400.0, "a test", name="intensity")


def joules(value: float) -> Energy:
    return Energy(value, 0.05 * value, 0.1 * value, quality="estimated")


def made_client(number: int, batch_j: float, handling_j: float, batches: int, taken: list[int]) -> ActorUse:
    """A client whose every batch and every round cost the same."""
    training, testing = batch_j * batches, 0.3
    rounds = {
        row: RoundUse(joules(training + testing + handling_j), joules(training), joules(testing)) for row in taken
    }
    local = tuple(LocalTraining(row, batches, batches * 8, 0.01 * batches, 1.0, 0.5) for row in taken)
    total_j = sum(use.energy.best_j or 0.0 for use in rounds.values()) + 5.0
    return ActorUse(
        "client", number, 0, batches * 8, batches * 8 * 785, local, rounds, joules(5.0), joules(total_j), 1.0, True
    )


def made_run(
    seed: int, clients: int, rounds: int, *, active: int | None = None, split: str = "iid", reached: int | None = None
) -> RunOutcome:
    """A run with constant rates, drawn by the seed; it reaches the target in the given round."""
    draw = random.Random(seed)
    settings = FederatedSettings(clients=clients, active=active or clients, rounds=rounds, target=0.8, seed=1)
    chosen = [tuple(sorted(draw.sample(range(clients), settings.active))) for _ in range(rounds)]
    users = tuple(
        made_client(
            number, draw.uniform(0.01, 5), draw.uniform(0.01, 2), draw.randint(1, 50),
            [row + 1 for row, those in enumerate(chosen) if number in those],
        )
        for number in range(clients)
    )  # fmt: skip
    server_j = draw.uniform(0.1, 3)
    served = {row + 1: RoundUse(joules(server_j), Energy.missing(), None) for row in range(rounds)}
    total_j = joules(4.0 + server_j * rounds)
    server = ActorUse("server", 0, 0, 0, 0, (), served, joules(4.0), total_j, 0.5, True)
    trained = tuple(
        TrainingRound(
            row + 1, 0, 1, those, those,
            tuple(Traffic(number, MODEL_BYTES + 300, MODEL_BYTES + 200, MODEL_BYTES, MODEL_BYTES) for number in those),
        )
        for row, those in enumerate(chosen)
    )  # fmt: skip
    correct = [90 if reached is not None and row >= reached else 50 for row in range(1, rounds + 1)]
    tested = tuple(
        EvaluatedRound(row, tuple(ClientAccuracy(number, 100, right - number) for number in range(clients)))
        for row, right in enumerate(correct, 1)
    )
    study = joules(sum(user.total.best_j or 0.0 for user in (*users, server)) + 7.0)
    machine = MachineUse(joules((study.best_j or 0.0) + 50.0), study, 30.0, 20.0, 0.0, 60.0, GRID)
    ends = tuple(ActorEnd(user.role, user.number, 0) for user in (server, *users))
    images = tuple(user.images for user in users)
    end = RunEnd(ends, images, images, tuple(user.data_bytes for user in users), 10_000, "1.42.0")
    name = f"{split.replace(':', '-')}-seed1"
    return RunOutcome(name, parse_split(split), settings, end, server, users, trained, tested, machine)


def made_centre(rounds: int, reached: int | None) -> RunOutcome:
    """The same in one place."""
    run = made_run(3, 1, rounds, reached=reached)
    return replace(run, name="centralised-seed1", split=None, leader=run.clients[0], clients=())


def study_of(*runs: RunOutcome) -> StudyOutcome:
    federated = tuple(run for run in runs if run.split is not None)
    return StudyOutcome(Path("runs/fed"), runs[0].settings, federated, tuple(run for run in runs if run.split is None))


@given(st.integers(0, 2**31), st.integers(1, 6), st.integers(1, 9))
def test_constant_rates_are_simulated_to_the_last_joule(seed: int, clients: int, rounds: int) -> None:
    """Every client in every round: half of the rounds tell all of them."""
    comparison = compared(made_run(seed, clients, rounds))
    for row in (*comparison.rows, *comparison.clients):
        assert row.difference == pytest.approx(0.0, abs=1e-9), row.term
        if rounds > 1:
            assert row.unseen.difference == pytest.approx(0.0, abs=1e-9), row.term
            assert row.forecast.difference == pytest.approx(0.0, abs=1e-9), row.term
        else:
            assert row.unseen.difference is None
    assert comparison.fed_from == tuple(range(1, rounds + 1, 2))


@given(st.integers(0, 2**31), st.integers(2, 6), st.integers(4, 12))
def test_training_of_those_who_were_active_is_simulated_to_the_last_joule(seed: int, clients: int, rounds: int) -> None:
    run = made_run(seed, clients, rounds, active=max(1, clients - 1))
    seen = run.rounds[::2]
    comparison = compared(run)
    for client in run.clients:
        if client.batches(seen) == 0:
            return  # nothing of it was seen: it is taken for one like the others
    assert comparison.row("learners").difference == pytest.approx(0.0, abs=1e-9)
    assert comparison.row("server").difference is not None


def test_what_the_first_rounds_do_not_show_is_a_difference() -> None:
    run = made_run(5, 2, 4)
    slower = {
        number: use if number <= 2 else RoundUse(*(part.scaled(2.0) for part in vars(use).values()))
        for number, use in run.clients[0].rounds.items()
    }  # fmt: skip
    comparison = compared(replace(run, clients=(replace(run.clients[0], rounds=slower), run.clients[1])))
    assert comparison.clients[0].forecast.difference == pytest.approx(-0.5)
    # Of two rounds at the old rate and two at twice of it every other one shows one of each: it is not wrong there.
    assert comparison.clients[0].difference == pytest.approx(0.0, abs=1e-9)
    assert comparison.clients[1].difference == pytest.approx(0.0, abs=1e-9)


def test_without_energies_nothing_is_simulated_and_it_is_told() -> None:
    run = made_run(1, 2, 3)
    nothing = {number: RoundUse(*[Energy.missing()] * 3) for number in (1, 2, 3)}
    blind = [
        replace(actor, rounds=nothing, start=Energy.missing(), total=Energy.missing())
        for actor in (run.leader, *run.clients)
    ]
    machine = replace(run.machine, energy=Energy.missing(), study=Energy.missing())
    findings = findings_of(study_of(replace(run, leader=blind[0], clients=tuple(blind[1:]), machine=machine)))
    row = findings.comparisons[0].row("clients")
    assert (row.simulated_j, row.measured.best_j, row.difference) == (None, None, None)
    page = page_of(findings)
    assert any("no energy was measured" in caveat for caveat in page.caveats)
    assert "not measured" in page.headline
    json.dumps(as_dict(findings), allow_nan=False)


def test_a_killed_clients_energy_is_counted_and_named() -> None:
    run = made_run(7, 3, 4)
    rounds = {1: run.clients[1].rounds[1]}
    left = replace(run.clients[1], code=-9, complete=False, rounds=rounds, total=joules(50.0))
    left = replace(left, local=left.local[:1])
    trained = (run.trained[0], *(replace(row, delivered=(0, 2)) for row in run.trained[1:]))
    run = replace(run, clients=(run.clients[0], left, run.clients[2]), trained=trained)
    findings = findings_of(study_of(run))
    caveat = next(text for text in page_of(findings).caveats if "client 1" in text)
    assert "by signal 9 after round 1" in caveat
    assert left.lost.best_j == pytest.approx(50.0 - 5.0 - (rounds[1].energy.best_j or 0.0))
    assert account_of(run).rows[0].energy.best_j == pytest.approx(sum(row.total.best_j or 0.0 for row in run.clients))
    assert findings.comparisons[0].row("learners").difference == pytest.approx(0.0, abs=1e-9)


@given(st.integers(0, 2**31), st.integers(1, 4), st.integers(4, 9), st.data())
def test_a_round_whose_training_is_missing_is_no_handling(
    seed: int, clients: int, rounds: int, data: st.DataObject
) -> None:
    """Its energy was shown as that of models and waiting, and made every later round's dear."""
    run = made_run(seed, clients, rounds)
    before = run.clients[0]
    lost = data.draw(st.integers(1, rounds))
    use = replace(before.rounds[lost], training=Energy.missing())
    assert use.handling.is_missing
    assert replace(use, training=joules(1.0), evaluation=None).handling.best_j == pytest.approx(
        (use.energy.best_j or 0.0) - 1.0
    )
    client = replace(before, rounds={**before.rounds, lost: use})
    for name in ("training", "handling"):
        known = (before.part(name).best_j or 0.0) * (rounds - 1) / rounds
        assert client.part(name).best_j == pytest.approx(known)
        assert client.part(name).partial
    assert not client.part("energy").partial
    findings = findings_of(study_of(replace(run, clients=(client, *run.clients[1:]))))
    for row in (*findings.comparisons[0].rows, *findings.comparisons[0].clients):
        assert row.difference == pytest.approx(0.0, abs=1e-9), row.term
    page = page_of(findings)
    assert "its clients used at least" in page.headline
    assert any(f"client 0's energy was training is not known of round {lost}:" in text for text in page.caveats)


@pytest.mark.parametrize(
    ("even", "uneven", "text"),
    [(4, 6, "1.5"), (4, 4, "1"), (4, None, "> 2"), (None, 6, "not known"), (None, None, "not known")],
)
def test_kappa_is_censored_with_the_targets(even: int | None, uneven: int | None, text: str) -> None:
    runs = (made_run(1, 2, 8, reached=even), made_run(2, 2, 8, split="dirichlet:0.3", reached=uneven))
    study = study_of(*runs)
    assert skew_text(skew_of(study, runs[1])) == text
    assert skew_of(study, runs[0]).value == 1.0
    assert rounds_text(runs[1]) == ("> 8" if uneven is None else str(uneven))


def test_batches_of_which_no_energy_is_known_make_no_other_cheap() -> None:
    """A client that was killed wrote its batches of a round that was never closed."""
    run = made_run(3, 4, 6)
    killed = run.clients[1]
    rounds = {number: use for number, use in killed.rounds.items() if number < 5}
    cut = replace(killed, rounds=rounds, code=-9)
    clients = (run.clients[0], cut, *run.clients[2:])
    assert rates_of([cut], run.rounds).batch_j == pytest.approx(rates_of([killed], run.rounds).batch_j)
    assert rates_of([cut], run.rounds).batch_s == pytest.approx(rates_of([killed], run.rounds).batch_s)
    uncut, with_cut = compared(run), compared(replace(run, clients=clients))
    assert abs(uncut.row("learners").difference or 0.0) < 1e-6
    assert abs(with_cut.row("learners").difference or 1.0) < 1e-6
    for row in with_cut.clients:
        assert row.simulated_j == pytest.approx(row.measured.best_j, rel=0.2)


def test_kappa_without_an_even_split_says_what_to_add() -> None:
    run = made_run(2, 2, 8, split="shards:2", reached=3)
    assert "--split iid" in skew_of(study_of(run), run).reason


@given(st.integers(0, 2**31), st.integers(1, 6))
def test_the_account_adds_up(seed: int, clients: int) -> None:
    run = made_run(seed, clients, 3)
    account = account_of(run)
    assert sum(row.energy.best_j or 0.0 for row in account.rows) == pytest.approx(account.machine.best_j)
    assert account.counted_twice_j == 0.0


def test_several_seeds_are_averaged_unless_one_is_censored() -> None:
    def of_seed(run: RunOutcome, seed: int) -> RunOutcome:
        return replace(run, settings=replace(run.settings, seed=seed))

    pytest.importorskip("scipy", reason="intervals need it")
    runs = [of_seed(made_run(seed, 2, 9, reached=reached), seed) for seed, reached in ((1, 4), (2, 6), (3, 8))]
    uneven = [
        of_seed(made_run(seed, 2, 9, split="dirichlet:1", reached=reached), seed)
        for seed, reached in ((1, 8), (2, None), (3, 8))
    ]
    even, other = summaries_of(findings_of(study_of(*runs, *uneven)))
    assert (even.runs, even.reached) == (3, 3)
    assert even.rounds is not None
    assert even.rounds.value == 6
    assert even.rounds.half_width == pytest.approx(4.303 * 2 / 3**0.5, rel=1e-3)
    assert (other.reached, other.rounds, other.skew) == (2, None, None)
    page = page_of(findings_of(study_of(*runs, *uneven)))
    assert any("Over the seeds" in table.title for table in page.tables)
    json.dumps(as_dict(findings_of(study_of(*runs, *uneven))), allow_nan=False)


def test_energy_that_is_claimed_twice_is_told() -> None:
    run = made_run(3, 2, 3)
    run = replace(run, machine=replace(run.machine, study=joules((run.machine.study.best_j or 0.0) * 0.5)))
    twice_j = account_of(run).counted_twice_j
    assert twice_j is not None
    assert twice_j > 0
    assert any("claim" in caveat for caveat in page_of(findings_of(study_of(run))).caveats)


def test_the_sentence_and_the_spread() -> None:
    study = study_of(made_run(1, 3, 6, reached=4), made_centre(5, 2))
    text = sentence(findings_of(study))
    assert "3 clients (IID, seed 1), small-cnn reached 80 % in round 4" in text
    assert "fed from the records of every other round" in text
    assert "took 2 rounds" in text
    assert accuracy_spread(study.federated[0]) == (0.88, 0.9)


def test_the_scenario_is_the_simulators(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = (
        made_run(1, 3, 8, reached=4), made_run(2, 3, 8, split="dirichlet:0.3", reached=6), made_centre(5, 2)
    )  # fmt: skip
    file = tmp_path / "fed.yaml"
    file.write_text(scenario_text(study_of(*runs), runs[1]))
    scenario = read_scenario(file)
    values = {name: factor.value for name, factor in scenario.common.items()}
    assert (values["rounds_centralised"], values["rounds_federated"], values["skew"]) == (2, 4, 1.5)
    assert values["model_bits"] == 8 * MODEL_BYTES
    assert advice(scenario)
    assert cli.main(["study", "paradigms", str(file)]) == 0
    assert "the least energy has" in capsys.readouterr().out


def test_a_scenario_that_cannot_be_written_says_why() -> None:
    run, missed = made_run(1, 2, 8, reached=4), made_run(1, 2, 8)
    with pytest.raises(ValueError, match="needs the centralised run"):
        scenario_text(study_of(run), run)
    with pytest.raises(ValueError, match="did not reach the target"):
        scenario_text(study_of(missed, made_centre(5, 2)), missed)
    with pytest.raises(ValueError, match="did not reach the target"):
        scenario_text(study_of(run, made_centre(5, None)), run)


def test_lines_come_back_and_a_torn_last_one_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "rounds.jsonl"
    lines = made_run(1, 2, 3).trained
    for line in lines:
        append_line(file, line)
    append_line(file, EvaluatedRound(1, (ClientAccuracy(0, 10, 9),)))
    with file.open("a") as stream:
        stream.write('{"line": "TrainingRound", "rou')
    assert tuple(read_lines(file, TrainingRound)) == lines
    assert [row.accuracy for row in read_lines(file, EvaluatedRound)] == [0.9]
    assert list(read_lines(tmp_path / "none", TrainingRound)) == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "give the study's folder"),
        (["-o", "a", "--read", "b"], "or --read"),
        (["--read", "nowhere"], "holds no federated study"),
        (["-o", "a", "--clients", "0"], "clients is a whole number"),
        (["-o", "a", "--clients", "2", "--active", "3"], "more than the 2 clients"),
        (["-o", "a", "--split", "dirichlet"], "as in dirichlet:0.3"),
        (["-o", "a", "--repeats", "0"], "--repeats is 1 or more"),
        (["-o", "a", "--figure", "a.exe"], "a figure is a"),
        (["-o", "a", "--data-folder", "nowhere"], "dataset-fashion-mnist"),
    ],
)
def test_bad_input_is_told_with_the_remedy(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if importlib.util.find_spec("flwr") is None:
        pytest.skip("Flower is not installed")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["study", "federated", *words]) != 0
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []  # nothing is begun


def test_without_flower_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "flwr" else real(name, *more))
    assert cli.main(["study", "federated", "-o", str(tmp_path / "a")]) != 0
    assert "impact-tracker[federated]" in capsys.readouterr().err


def test_a_split_has_its_title() -> None:
    assert DataSplit("dirichlet", 0.3).title == "Dirichlet α = 0.3"


def test_a_missing_worker_is_told_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if importlib.util.find_spec("flwr") is None:
        pytest.skip("Flower is not installed")
    import numpy as np

    images = ImageSet(np.zeros((64, 28, 28), np.uint8), np.arange(64, dtype=np.uint8) % 10)
    for part in ("train", "test"):
        write_images(images, part, tmp_path / "images")
    monkeypatch.setenv("IMPACT_TRACKER_WORKER", str(tmp_path / "none"))
    words = ["-o", str(tmp_path / "a"), "--data-folder", str(tmp_path / "images"), "--clients", "2"]
    assert cli.main(["study", "federated", *words]) != 0
    assert "which is no file" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()

"""Writers and readers that are killed at random: nothing that was written is lost, nothing is there twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from impact_tracker.ledger import Ledger
from python.ledger.killing import check, write_and_kill
from python.ledger.test_index import content


def trial(tmp_path: Path, writers: int, runs: int, seed: int, readers: int = 1) -> None:
    folder, told = tmp_path / "ledger", tmp_path / "told"
    kills = write_and_kill(folder, told, writers, runs, seed, readers=readers)
    assert kills  # how many depends on how busy the machine is
    with Ledger.open(folder) as ledger:
        assert ledger.set_aside() == {}
        check(ledger, told, writers, runs)
        grown = content(ledger)
        ledger.rebuild()
        assert content(ledger) == grown


@pytest.mark.parametrize("seed", [1])
def test_a_few_writers(tmp_path: Path, seed: int) -> None:
    trial(tmp_path, writers=4, runs=30, seed=seed)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_sixteen_writers_of_a_thousand_runs_each(tmp_path: Path) -> None:
    trial(tmp_path, writers=16, runs=1000, seed=2, readers=3)

"""Ranks read from what launchers set, as each of them sets it."""

from __future__ import annotations

import multiprocessing
import os

import pytest

from fakes.pool_process import key_and_rank
from impact_tracker.ranks import VARIABLES, Rank, read_rank, run_key

SLURM = {
    "SLURM_JOB_ID": "4711",
    "SLURM_STEP_ID": "0",
    "SLURM_PROCID": "9",
    "SLURM_LOCALID": "1",
    "SLURM_NTASKS": "12",
    "SLURM_NODEID": "1",
    "SLURM_STEP_TASKS_PER_NODE": "8,4",
}
OPENMPI = {
    "OMPI_COMM_WORLD_RANK": "3",
    "OMPI_COMM_WORLD_LOCAL_RANK": "3",
    "OMPI_COMM_WORLD_SIZE": "8",
    "OMPI_COMM_WORLD_LOCAL_SIZE": "8",
    "OMPI_COMM_WORLD_NODE_RANK": "3",
    "PMIX_RANK": "3",
}
TORCHRUN = {
    "RANK": "5",
    "LOCAL_RANK": "1",
    "WORLD_SIZE": "8",
    "LOCAL_WORLD_SIZE": "4",
    "GROUP_RANK": "1",
    "TORCHELASTIC_RUN_ID": "none",
    "MASTER_ADDR": "node-1",
    "MASTER_PORT": "29400",
}
BATCH = {"SLURM_JOB_ID": "4711", "SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NTASKS": "8", "SLURM_NODEID": "0"}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, Rank()),
        (SLURM, Rank("slurm", 9, 1, 12, 4, 1, "slurm:4711", "0")),
        (BATCH, Rank(job="slurm:4711")),
        ({**BATCH, "SLURM_STEP_ID": "4294967291"}, Rank(job="slurm:4711")),
        (OPENMPI, Rank("openmpi", 3, 3, 8, 8)),
        # mpirun inside a batch job, and under srun: its own ranks count, not its daemon's place.
        ({**BATCH, **OPENMPI}, Rank("openmpi", 3, 3, 8, 8, None, "slurm:4711")),
        ({**SLURM, **OPENMPI}, Rank("openmpi", 3, 3, 8, 8, None, "slurm:4711", "0")),
        ({**SLURM, **TORCHRUN}, Rank("torchrun", 5, 1, 8, 4, 1, "slurm:4711", "0")),
        (
            {"PMI_RANK": "2", "PMI_SIZE": "4", "MPI_LOCALRANKID": "2", "MPI_LOCALNRANKS": "4"},
            Rank("hydra", 2, 2, 4, 4),
        ),
        # Slurm speaks PMI as well: it knows more.
        ({**SLURM, "PMI_RANK": "9", "PMI_SIZE": "12"}, Rank("slurm", 9, 1, 12, 4, 1, "slurm:4711", "0")),
        (
            {
                "MV2_COMM_WORLD_RANK": "1",
                "MV2_COMM_WORLD_LOCAL_RANK": "1",
                "MV2_COMM_WORLD_SIZE": "2",
                "MV2_COMM_WORLD_LOCAL_SIZE": "2",
            },
            Rank("mvapich", 1, 1, 2, 2),
        ),
        ({"OAR_JOB_ID": "12"}, Rank(job="oar:12")),
        ({"LOCAL_RANK": "2", "WORLD_SIZE": "4"}, Rank("torchrun", None, 2, 4)),
        # Names that anybody may use for anything.
        ({"RANK": "captain"}, Rank()),
        ({"RANK": "7", "WORLD_SIZE": "4"}, Rank()),
        ({"RANK": "1"}, Rank()),
        ({"RANK": "-1", "WORLD_SIZE": "²"}, Rank()),
        ({"RANK": "0", "WORLD_SIZE": "99999999999999999999"}, Rank()),
    ],
)
def test_each_launcher(environment: dict[str, str], expected: Rank) -> None:
    assert read_rank(environment) == expected


@pytest.mark.parametrize(
    ("text", "node", "tasks"),
    [("8(x2),4", 0, 8), ("8(x2),4", 1, 8), ("8(x2),4", 2, 4), ("8(x2),4", 3, None), ("3", 0, 3), ("x", 0, None)],
)
def test_tasks_of_a_node(text: str, node: int, tasks: int | None) -> None:
    environment = {**SLURM, "SLURM_NODEID": str(node), "SLURM_STEP_TASKS_PER_NODE": text}
    assert read_rank(environment).local_world_size == tasks


def test_only_what_is_known_goes_into_the_record() -> None:
    assert Rank().as_info() == {}
    assert Rank("slurm", 0, job="slurm:1").as_info() == {"launcher": "slurm", "rank": 0, "job": "slurm:1"}
    for rank in (Rank(), Rank("slurm", 9, 1, 12, 4, 1, "slurm:4711", "0")):
        assert Rank.of_info(rank.as_info()) == rank
    for odd in (None, [], "x", {"rank": "1", "world_size": True, "job": 7, "more": 1}):
        assert Rank.of_info(odd) == Rank()
    assert not any(word in name for name in VARIABLES for word in ("TOKEN", "SECRET", "PASSWORD", "KEY"))


def test_ranks_of_one_run_share_and_two_runs_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def key(environment: dict[str, str]) -> str:
        with monkeypatch.context() as only:
            for name, value in environment.items():
                only.setenv(name, value)
            return run_key()

    assert key({}) == ""
    assert key(BATCH) == ""  # one process, whatever the job asks for
    assert key({**OPENMPI, "OMPI_COMM_WORLD_SIZE": "1", "OMPI_COMM_WORLD_RANK": "0"}) == ""
    other_rank = {**SLURM, "SLURM_PROCID": "8", "SLURM_LOCALID": "0"}
    assert key(SLURM) == key(other_rank) != ""
    assert key(SLURM) != key({**SLURM, "SLURM_STEP_ID": "1"})
    assert key(SLURM) != key({**SLURM, "SLURM_JOB_ID": "4712"})
    assert key(TORCHRUN) == key({**TORCHRUN, "RANK": "4", "LOCAL_RANK": "0"})
    assert key(TORCHRUN) != key({**TORCHRUN, "MASTER_PORT": "29401"})
    assert f"parent={os.getppid()}" in key(OPENMPI)


def test_processes_of_a_pool_share() -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        keys_and_ranks = pool.map(key_and_rank, range(4))
    assert {key for key, _ in keys_and_ranks} == {f"parent={os.getpid()}"}
    assert {rank for _, rank in keys_and_ranks} == {Rank()}


def test_a_process_group_that_the_program_made(monkeypatch: pytest.MonkeyPatch) -> None:
    class Distributed:
        ready = True

        def is_available(self) -> bool:
            return True

        def is_initialized(self) -> bool:
            return self.ready

        def get_rank(self) -> int:
            return 2

        def get_world_size(self) -> int:
            if not self.ready:
                raise RuntimeError("no group")
            return 4

    distributed = Distributed()
    monkeypatch.setitem(__import__("sys").modules, "torch.distributed", distributed)
    assert read_rank() == Rank("torch.distributed", 2, None, 4)
    distributed.ready = False
    assert read_rank() == Rank()

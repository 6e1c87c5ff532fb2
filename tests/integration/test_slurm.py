"""Campaigns as job arrays, with the real worker: on commands like Slurm's, and on a real Slurm of one machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from fakes.slurm_commands import fake_slurm
from integration.one_slurm import NoSlurmError, OneSlurm, missing
from integration.tracked import command
from waiting import until

pytest.importorskip("impact_tracker._core", reason="the core is not built")
pytest.importorskip("submitit")

from impact_tracker import Record
from impact_tracker.bench.row.row import Row
from impact_tracker.bench.row.storage import Storage
from impact_tracker.bench.show.view import read
from python.bench.flat import flat

pytestmark = pytest.mark.usefixtures("worker", "fashion_mnist")

SMALL = ("--models", "small-cnn", "--images", "192", "--test-images", "128", "--threads", "1", "--idle", "0.1")


def bench(environment: Mapping[str, str], *arguments: str) -> subprocess.Popen[str]:
    full = {**environment, "OMP_NUM_THREADS": "1"}
    words = command("bench", *arguments)
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=full)


def finished(program: subprocess.Popen[str], seconds: float = 280.0) -> tuple[int, str, str]:
    try:
        out, err = program.communicate(timeout=seconds)
    finally:
        program.kill()
    return program.returncode, out, err


def started(folder: Path) -> bool:
    """Whether a first phase is on the disk."""
    return any(isinstance(line, Row) for line in Storage(folder).lines())


def is_gathered(folder: Path, tasks: int) -> None:
    """Every task is there, with a record and rows of its own, and the report holds them."""
    view = read(folder)
    assert (view.outcome.done, view.outcome.total, view.outcome.failed) == (tasks, tasks, {})
    assert len(list((folder / "parts").glob("*.jsonl"))) == tasks
    records = {row["record"] for row in flat(view)}
    assert len(records) == tasks
    assert all(Record(folder / record).complete for record in records)
    phases = {row["phase"] for row in flat(view)}
    assert phases >= {"load", "warm-up", "training", "evaluation", "inference", "idle"}
    report = command("bench", "report", folder, "--json")
    done = subprocess.run(report, capture_output=True, text=True, check=True)
    cells = {cell["phase"]: cell for cell in json.loads(done.stdout)["summary"]}
    assert cells["training"]["runs"] == tasks


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[dict[str, str]]:
    with fake_slurm(tmp_path / "slurm") as variables:
        yield {**os.environ, **variables}


def test_a_campaign_as_a_job_array(fake: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "a campaign"
    options = ("--repeats", "2", "--minutes", "5", "--partition", "all", *SMALL)
    code, out, err = finished(bench(fake, "-o", str(folder), "--slurm", *options))
    assert code == 0, err
    assert "2 tasks submitted" in err
    assert "ccounting" not in err
    assert "small-cnn.r1: done" in err
    assert "Small CNN" in out
    is_gathered(folder, 2)
    script = (tmp_path / "slurm" / "state" / "1" / "script").read_text()
    assert "#SBATCH --array=0-1%2" in script
    assert "#SBATCH --partition=all" in script
    assert "#SBATCH --exclusive" in script


def test_an_element_that_is_killed_ends_the_waiting_and_resume_does_it_again(
    fake: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "a"
    driver = bench(fake, "-o", str(folder), "--slurm", "--repeats", "2", *SMALL)
    assert until(lambda: started(folder), 120)
    subprocess.run(["scancel", "1_0"], env=fake, check=True)
    code, _, err = finished(driver)
    assert code == 1, err
    assert "small-cnn.r1: its job failed: its job ended without a word (killed" in err
    view = read(folder)
    assert (view.outcome.done, view.outcome.failed) == (1, {})
    code, _, err = finished(bench(fake, "--resume", str(folder), "--slurm"))
    assert code == 0, err
    assert "1 tasks submitted" in err
    is_gathered(folder, 2)


def test_interrupted_it_leaves_the_jobs_and_says_how_to_gather(fake: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "a"
    driver = bench(fake, "-o", str(folder), "--slurm", "--repeats", "1", *SMALL)
    assert until(lambda: started(folder), 120)
    driver.send_signal(signal.SIGTERM)
    code, _, err = finished(driver, 60)
    assert code == 143
    assert "the jobs go on (scancel 1 ends them)" in err
    assert "bench report" in err
    assert until(lambda: read(folder).outcome.done == 1, 120)


@pytest.fixture(scope="module")
def slurm() -> Iterator[OneSlurm]:
    absent = missing()
    if absent:
        pytest.skip(f"not installed: {', '.join(absent)} (apt install slurmctld slurmd slurm-client munge)")
    with ExitStack() as stack:
        try:
            machine = stack.enter_context(OneSlurm())
        except NoSlurmError as error:
            pytest.skip(f"no Slurm can run here: {error}")
        yield machine


@pytest.mark.long
def test_a_real_slurm_runs_the_campaign(slurm: OneSlurm, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    options = ("--repeats", "2", "--minutes", "10", "--partition", "all", *SMALL)
    code, out, err = finished(bench(slurm.environment, "-o", str(folder), "--slurm", *options))
    assert code == 0, err
    assert "Small CNN" in out
    is_gathered(folder, 2)
    assert slurm.jobs() == []


def element_of(folder: Path) -> int:
    """The process that is a first array element of this campaign."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            variables = (process / "environ").read_bytes().split(b"\0")
            if any(word.startswith(bytes(folder)) for word in words) and b"SLURM_ARRAY_TASK_ID=0" in variables:
                return int(process.name)
    raise AssertionError("no element runs")


@pytest.mark.long
def test_a_job_that_is_killed_is_told_and_done_again(slurm: OneSlurm, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    driver = bench(slurm.environment, "-o", str(folder), "--slurm", "--repeats", "2", "--minutes", "10", *SMALL)
    assert until(lambda: started(folder), 120)
    os.kill(element_of(folder), signal.SIGKILL)
    code, _, err = finished(driver)
    assert code == 1, err
    assert "its job failed: its job ended without a word" in err
    assert read(folder).outcome.done == 1
    code, _, err = finished(bench(slurm.environment, "--resume", str(folder), "--slurm", "--minutes", "10"))
    assert code == 0, err
    is_gathered(folder, 2)

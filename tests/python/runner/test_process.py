"""The worker's process as a stream of lines, with shells in the worker's place."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time

import pytest

from impact_tracker.runner import WorkerError
from impact_tracker.runner.process import KEPT_STDERR, Ending, WorkerProcess
from waiting import is_gone, until

ECHO = 'while read line; do echo "got $line"; done; echo bye'
FLOOD = "head -c 70000000 /dev/zero | tr '\\0' x; exec sleep 600"


def shell(script: str) -> WorkerProcess:
    return WorkerProcess(["/bin/sh", "-c", script], {"GREETING": "hello"})


def next_line(process: WorkerProcess) -> str:
    try:
        line = process.next(30)
    except EOFError:
        return "<ended>"
    assert line is not None, "nothing came within 30 s"
    return line[0]


def test_lines_go_both_ways_and_its_end_is_told() -> None:
    process = shell(ECHO)
    assert process.send("one") and process.send("two")
    assert [next_line(process), next_line(process)] == ["got one", "got two"]
    assert process.ending() is None
    assert process.close(10) == process.close(10) == Ending(0, None)
    assert not process.send("too late")
    assert is_gone(process.pid)


def test_times_lie_on_one_clock_in_order() -> None:
    process = shell(ECHO)
    before_ns = time.monotonic_ns()
    process.send("go")
    line = process.next(30)
    assert line is not None and before_ns <= line[1] <= time.monotonic_ns()
    process.close(10)


def test_many_lines_in_one_piece_and_one_line_in_many_pieces() -> None:
    process = shell(r"printf 'a\nb\nlong'; sleep 0.05; printf ' line\n'; printf 'without end'")
    assert [next_line(process) for _ in range(4)] == ["a", "b", "long line", "<ended>"]
    process.close(10)


def test_nothing_comes_in_time() -> None:
    process = shell(ECHO)
    assert process.next(0.0) is None and process.next(0.01) is None
    process.close(10)


def test_lines_before_the_end_are_handed_out() -> None:
    process = shell("echo last; exit 9")
    assert [next_line(process) for _ in range(3)] == ["last", "<ended>", "<ended>"]
    assert process.close(10) == Ending(9, None)


def test_what_does_not_listen_is_killed() -> None:
    process = shell("trap '' TERM; while true; do sleep 0.1; done")
    assert process.close(0.05) == Ending(None, signal.SIGKILL)


def test_a_worker_that_never_stops_writing_is_killed() -> None:
    assert shell("exec yes").close(0.1) == Ending(None, signal.SIGKILL)


def test_a_worker_that_is_blocked_on_writing_is_drained() -> None:
    assert shell("yes event | head -n 200000; exit 4").close(60) == Ending(4, None)


def test_a_line_without_end_ends_the_worker_whoever_finds_it() -> None:
    process = shell(FLOOD)
    with pytest.raises(WorkerError, match="a line without end"):
        process.next(60)
    assert process.close(10) == shell(FLOOD).close(60) == Ending(None, signal.SIGKILL)


def test_a_worker_that_reads_nothing_is_given_up() -> None:
    process = shell("exec sleep 600")
    assert not process.send("x" * (16 << 20), timeout_s=0.05)
    process.close(0)


def test_a_worker_that_closed_its_stream_takes_nothing() -> None:
    process = shell("exec 0<&- 1>&-; exec sleep 600")
    assert next_line(process) == "<ended>"
    assert not process.send("x" * (1 << 20), timeout_s=30)
    process.close(0)


def test_kill_from_another_thread_ends_the_wait() -> None:
    process = shell("echo up; exec sleep 600")
    assert next_line(process) == "up"
    thread = threading.Thread(target=process.kill)
    thread.start()
    assert next_line(process) == "<ended>"
    thread.join()
    assert process.close(10) == Ending(None, signal.SIGKILL)


def test_the_last_of_standard_error_is_kept() -> None:
    process = shell("head -c 5000 /dev/zero | tr '\\0' x >&2; echo last words >&2")
    assert next_line(process) == "<ended>"
    assert until(lambda: process.ending() is not None, 30)
    process.close(0)
    assert process.error_output().endswith("xxx\nlast words\n".replace("\n", "", 1))
    assert len(process.error_output()) == KEPT_STDERR


def test_the_worker_gets_its_environment_and_its_parents_number() -> None:
    process = shell("echo $GREETING $IMPACT_WORKER_PARENT")
    assert next_line(process) == f"hello {os.getpid()}"
    process.close(10)


def test_no_descriptor_is_inherited() -> None:
    """Else the first worker would not see the end of its input while a later one lives."""
    read_end, write_end = os.pipe()
    os.set_inheritable(read_end, True)
    first, second = (shell("ls /proc/self/fd | wc -l; read line") for _ in range(2))
    os.close(read_end)
    os.close(write_end)
    assert next_line(first) == next_line(second) == "4"  # three standard streams, and the folder that is listed
    first.close(10)
    second.close(10)


def test_a_worker_that_is_forgotten_leaves_no_process() -> None:
    process = shell("exec sleep 600")
    pid = process.pid
    del process
    gc.collect()
    assert is_gone(pid)


def test_a_forked_copy_touches_nothing() -> None:
    process = shell(ECHO)
    child = os.fork()
    if child == 0:
        process.kill()
        process.close(0)
        del process
        gc.collect()
        os._exit(0)
    os.waitpid(child, 0)
    assert process.send("alive") and next_line(process) == "got alive"
    process.close(10)


def test_an_end_that_somebody_else_waited_for_is_unseen() -> None:
    process = shell("exit 5")
    os.waitpid(process.pid, 0)
    assert process.ending() == Ending(None, None)
    assert process.close(10) == Ending(None, None)


def test_a_program_that_cannot_be_started_is_named() -> None:
    with pytest.raises(FileNotFoundError, match="/no/such/worker"):
        WorkerProcess(["/no/such/worker"], {})
    with pytest.raises(PermissionError, match="/etc/passwd"):
        WorkerProcess(["/etc/passwd"], {})

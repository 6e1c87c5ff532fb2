"""The real worker: small phases on one thread, its errors, and that it never outlives anybody."""

from __future__ import annotations

import json
import os
import platform
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("impact_tracker._core", reason="the core is not built")

from impact_tracker.runner import PhaseProgress, Runner, WorkerEndedError, WorkerError
from waiting import is_gone, until

pytestmark = pytest.mark.usefixtures("worker")
needs_fashion = pytest.mark.usefixtures("fashion_mnist")


def start(**environment: str) -> Runner:
    return Runner(environment={"OMP_NUM_THREADS": "1", **environment})


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with start() as worker:
        yield worker


@pytest.fixture
def loaded(runner: Runner) -> Runner:
    runner.load("small-cnn", batch=8, seed=1, threads=1)
    return runner


def tensors(path: Path) -> dict[str, bytes]:
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    return {
        name: data[8 + length :][entry["data_offsets"][0] : entry["data_offsets"][1]]
        for name, entry in header.items()
        if name != "__metadata__"
    }


def write_image(path: Path, values: list[float], shape: list[int]) -> None:
    body = struct.pack(f"<{len(values)}f", *values)
    header = json.dumps({"input": {"dtype": "F32", "shape": shape, "data_offsets": [0, len(body)]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + body)


def test_hello_names_what_runs(runner: Runner) -> None:
    assert runner.hello.pid == runner.pid
    assert "cpu" in runner.devices
    assert runner.hello.torch_version
    gpus = [device for device in runner.devices if device.startswith("cuda")]
    assert [gpu.device for gpu in runner.hello.gpus] == gpus
    assert (runner.hello.no_gpu is None) == bool(gpus)


def test_list_has_parameters_and_multiply_adds(runner: Runner) -> None:
    networks = {network.name: network for network in runner.capabilities().networks}
    assert networks["mobilenet-v2"].parameters == 3_506_153
    assert networks["mobilenet-v2"].gmac == pytest.approx(0.3008, abs=5e-5)
    assert runner.capabilities("small-cnn").networks[0].parameters == 421_738


def test_the_words_that_options_take_are_asked_from_the_worker(runner: Runner) -> None:
    choices = runner.capabilities("small-cnn").choices
    assert choices["layout"] == ("auto", "nchw", "channels_last")
    assert {"precision", "batch_norm", "data", "loss", "optimizer", "lr_schedule"} <= set(choices)
    with pytest.raises(WorkerError, match="one of " + ", ".join(choices["precision"])):
        runner.load("small-cnn", precision="fp13")


def test_no_signal_is_blocked_whatever_the_parent_blocks() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2, signal.SIGTERM})
    try:
        with start() as runner:
            status = Path(f"/proc/{runner.pid}/status").read_text()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert "SigBlk:\t0000000000000000" in status


def test_load_tells_what_it_became(runner: Runner) -> None:
    facts = runner.load("mobilenet-v2", batch=2, size=32, threads=1, layout="nchw", batch_norm="frozen")
    assert facts.input == (3, 32, 32) and facts.output == (1, 1001)
    assert (facts.layout, facts.threads, facts.device, facts.batch_norm) == ("nchw", 1, "cpu", "frozen")
    result = runner.infer(passes=2).run()
    assert (result.images, result.layout, result.device) == (4, "nchw", "cpu")


@pytest.mark.parametrize(("layout", "precision"), [("nchw", "fp32"), ("channels_last", "bf16")])
def test_a_phase_tells_what_it_was_seen_to_run_in(runner: Runner, layout: str, precision: str) -> None:
    try:
        runner.load("small-cnn", batch=8, seed=1, threads=1, layout=layout, precision=precision)
    except WorkerError as refused:
        if "cannot compute in bf16" not in refused.what:
            raise
        pytest.skip(refused.what)
    for prepare in (runner.infer, runner.train):
        seen = prepare(passes=2).run().observed
        assert seen is not None and (seen.layout, seen.precision) == (layout, precision)
        assert seen.layout_shares == {layout: 1.0} and seen.precision_shares == {precision: 1.0}
        assert seen.threads in (1, None) and (seen.busy_cpus is None) == (seen.threads is None)


def test_libraries_get_their_settings_unless_the_user_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    with start() as worker:
        assert "glibc.malloc.hugetlb=1" in (worker.hello.allocator or "")
        assert worker.hello.pid == worker.pid, "it started itself again as the same process"
        assert Path(f"/proc/{worker.pid}/comm").read_text().strip() == "impact-worker"
        blas = worker.hello.blas or ""
        assert not blas.endswith("(Prescott)") or "avx2" not in Path("/proc/cpuinfo").read_text()
    with start(GLIBC_TUNABLES="glibc.malloc.check=0", OPENBLAS_CORETYPE="Prescott") as worker:
        assert worker.hello.allocator == "glibc.malloc.check=0"
        if blas.startswith("OpenBLAS") and platform.machine() == "x86_64":
            assert (worker.hello.blas or "").endswith("(Prescott)")


def test_inference_runs_exactly_what_was_asked(loaded: Runner) -> None:
    assert loaded.warm_up(1) > 0
    result = loaded.infer(passes=5).run()
    assert (result.passes, result.images, result.limit) == (5, 40, "passes")
    assert result.go_ns and result.done_ns
    assert result.go_ns <= result.begin_ns < result.end_ns <= result.done_ns
    assert len(result.pass_ns) == 5
    assert sum(result.pass_ns) <= result.end_ns - result.begin_ns
    assert result.peak_memory_bytes is not None and result.peak_memory_bytes > 1 << 20
    timed = loaded.infer(seconds=0.05, min_passes=2).run()
    assert timed.passes >= 2 and timed.limit in ("seconds", "passes")


def test_training_on_synthetic_data_has_no_accuracy(loaded: Runner) -> None:
    result = loaded.train(passes=3, lr=1e-4).run()
    assert result.accuracy is None and result.loss is not None
    assert result.loss_function == "sum_of_squares"


@needs_fashion
def test_training_learns_and_the_seed_decides(loaded: Runner) -> None:
    def losses(seed: int) -> list[float]:
        loaded.load("small-cnn", batch=32, seed=seed, threads=1)
        result = loaded.train(epochs=2, data="fashion-mnist", subset=320).run()
        assert result.images == 640 and result.passes == 20
        return [epoch.loss for epoch in result.epochs or () if epoch.loss is not None]

    first = losses(1)
    assert first[1] < first[0]
    assert losses(1) == first
    assert losses(2) != first
    evaluation = loaded.evaluate(subset=100).run()
    assert evaluation.images == 100 and evaluation.accuracy is not None and evaluation.accuracy > 0.3


@needs_fashion
def test_images_for_validation_are_kept_from_the_training(loaded: Runner) -> None:
    assert loaded.evaluate(part="validation", validation=0.1).run().images == 6000
    assert loaded.train(images=20, data="fashion-mnist", subset=54_000, validation=0.1).run().images == 20
    with pytest.raises(WorkerError, match="54000 train images"):
        loaded.train(images=20, data="fashion-mnist", subset=54_001, validation=0.1)
    with pytest.raises(WorkerError, match="share between 0 and 1"):
        loaded.evaluate(part="validation")


@needs_fashion
def test_a_phase_on_images_ends_at_that_many(loaded: Runner) -> None:
    result = loaded.train(images=20, data="fashion-mnist", subset=100).run()
    assert result.images == 20 and result.limit == "images"


def test_stop_ends_before_the_next_batch(loaded: Runner) -> None:
    phase = loaded.train(passes=10**9)
    phase.go()
    assert isinstance(next(iter(phase)), PhaseProgress)
    phase.stop()
    for _ in phase:
        pass
    assert phase.result is not None and phase.result.stopped and phase.result.limit == "stop"
    assert loaded.infer(passes=1).run().passes == 1  # and the session goes on


def test_the_learning_rate_can_be_set_while_it_runs(loaded: Runner) -> None:
    phase = loaded.train(passes=10**9, lr=1e-3)
    phase.go()
    events = iter(phase)
    next(events)
    loaded.set_lr(1e-5)
    next(events)
    phase.stop()
    for _ in events:
        pass
    assert phase.result is not None and phase.result.lr == 1e-5


def test_abort_and_then_another_phase(loaded: Runner) -> None:
    loaded.infer(passes=1).abort()
    assert loaded.infer(passes=1).run().passes == 1


def test_saved_weights_give_equal_outputs(loaded: Runner, tmp_path: Path) -> None:
    write_image(tmp_path / "in", [i / 784 for i in range(784)], [1, 1, 28, 28])
    loaded.forward(tmp_path / "in", tmp_path / "a")
    loaded.save(tmp_path / "weights.safetensors")
    loaded.load("small-cnn", batch=8, seed=99, threads=1)
    loaded.forward(tmp_path / "in", tmp_path / "b")
    loaded.restore_weights(tmp_path / "weights.safetensors")
    loaded.forward(tmp_path / "in", tmp_path / "c")
    a, b, c = (tensors(tmp_path / name)["output"] for name in "abc")
    assert a == c and a != b
    assert sum(len(value) for value in tensors(tmp_path / "weights.safetensors").values()) >= 4 * 421_738


def test_a_checkpoint_goes_on_as_if_nothing_had_been(loaded: Runner, tmp_path: Path) -> None:
    loaded.train(passes=6, loss="cross_entropy").run()
    loaded.save(tmp_path / "whole")
    loaded.load("small-cnn", batch=8, seed=1, threads=1)
    loaded.train(passes=3, loss="cross_entropy").run()
    loaded.checkpoint(tmp_path / "half")
    loaded.load("small-cnn", batch=8, seed=7, threads=1)
    loaded.resume(tmp_path / "half")
    loaded.train(passes=3, loss="cross_entropy", resume=True, data_seed=1).run()
    loaded.save(tmp_path / "resumed")
    assert tensors(tmp_path / "whole") == tensors(tmp_path / "resumed")


@pytest.mark.parametrize(
    ("command", "kind", "words"),
    [
        ({"network": "mobilenet"}, "unknown-network", "mobilenet-v2"),
        ({"network": "small-cnn", "device": "cuda:99"}, "no-device", "sees: cpu"),
        ({"network": "small-cnn", "batch": -1}, "bad-value", "at least 1"),
        ({"network": "small-cnn", "precision": "fp13"}, "bad-value", "bf16"),
    ],
)
def test_bad_loads_are_refused_with_the_remedy(runner: Runner, command: dict[str, Any], kind: str, words: str) -> None:
    with pytest.raises(WorkerError, match=words) as caught:
        runner.load(**command)
    assert caught.value.kind == kind


def test_bad_commands_leave_the_session_alive(loaded: Runner) -> None:
    for line, words in [
        ('{"cmd":"trian"}', "did you mean train"),
        ("not json", "no JSON object"),
        ('{"cmd":"go"}', "no phase waits"),
        ('{"cmd":"infer"}', "no end"),
        ('{"cmd":"infer","passes":1,"sseconds":2}', "did you mean seconds"),
    ]:
        loaded._connection._process.send(line)
        with pytest.raises(WorkerError, match=words):
            loaded._connection.expect("nothing", 30)
    assert loaded.infer(passes=1).run().passes == 1


def test_a_missing_data_set_is_named() -> None:
    with start(IMPACT_TRACKER_DATA="/no/such/folder") as runner:
        runner.load("small-cnn", threads=1)
        with pytest.raises(WorkerError, match=r"/no/such/folder.*dataset-fashion-mnist") as caught:
            runner.train(passes=1, data="fashion-mnist")
        assert caught.value.kind == "no-data"


def test_nothing_is_loaded_yet() -> None:
    with start() as runner, pytest.raises(WorkerError, match="load first"):
        runner.infer(passes=1)


def test_kill_of_the_worker_is_told() -> None:
    with start() as runner:
        runner.load("small-cnn", threads=1)
        phase = runner.train(passes=10**9)
        phase.go()
        events = iter(phase)
        next(events)
        os.kill(runner.pid, signal.SIGKILL)
        with pytest.raises(WorkerEndedError) as caught:
            for _ in events:
                pass
        assert caught.value.signal == signal.SIGKILL
        assert is_gone(runner.pid)


PARENT = """
import sys, threading
from impact_tracker.runner import Runner
runner = None
def begin():
    global runner
    runner = Runner(sys.argv[1])
thread = threading.Thread(target=begin)   # the thread ends, the worker must not
thread.start(); thread.join()
runner.load("small-cnn", threads=1, batch=64)
phase = runner.train(passes=10**9)
phase.go()
events = iter(phase)
next(events); next(events)
print(runner.pid, flush=True)
for _ in events: pass
"""


def test_kill_of_the_parent_ends_the_worker(worker: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(worker)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert until(lambda: is_gone(pid), 30)


def test_end_of_input_ends_the_worker(worker: Path) -> None:
    command = b'{"cmd":"list","network":"small-cnn"}\n'
    done = subprocess.run([worker], input=command, capture_output=True, timeout=120, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["event"] for line in lines] == ["hello", "networks"]
    assert done.returncode == 0


def write_idx(folder: Path, part: str, count: int) -> None:
    """Images that tell their class by their brightness, as the data set's own files hold them."""
    folder.mkdir(exist_ok=True)
    labels = bytes(number % 10 for number in range(count))
    pixels = b"".join(bytes([label * 25]) * 784 for label in labels)
    (folder / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">HBB3I", 0, 8, 3, count, 28, 28) + pixels)
    (folder / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">HBBI", 0, 8, 1, count) + labels)


def test_another_order_of_all_images_does_not_read_them_again(loaded: Runner, tmp_path: Path) -> None:
    """As a client of a federated run trains: each round in another order, on images that it read once."""
    write_idx(tmp_path / "own", "train", 64)
    options = {"data": "fashion-mnist", "data_folder": str(tmp_path / "own"), "optimizer": "sgd", "lr": 0.01}
    loaded.save(tmp_path / "w")
    losses = []
    loaded.train(epochs=1, data_seed=1, **options).abort()
    for file in (tmp_path / "own").iterdir():
        file.unlink()
    for seed in (1, 2, 1):
        loaded.restore_weights(tmp_path / "w")
        losses.append(loaded.train(epochs=1, data_seed=seed, **options).run().loss)
    assert losses[0] == losses[2] != losses[1]
    with pytest.raises(WorkerError) as refused:  # a seed that draws a part of the images needs their files
        loaded.train(epochs=1, subset=32, data_seed=3, **options)
    assert refused.value.kind == "no-data"


@needs_fashion
def test_a_training_in_pieces_is_the_training_that_is_not_interrupted(loaded: Runner, tmp_path: Path) -> None:
    data: dict[str, Any] = {"data": "fashion-mnist", "subset": 100, "validation": 0.1}
    assert loaded.examples(**data) == 100
    assert loaded.examples(data="fashion-mnist", validation=0.1) == 54_000
    assert loaded.examples(data="fashion-mnist", validation=0.1, part="validation") == 6_000
    epoch = loaded.train(epochs=1, **data).run()
    assert epoch.epochs_trained == 1
    loaded.save(tmp_path / "whole")
    loaded.load("small-cnn", batch=8, seed=1, threads=1)
    images, ends = 0, [3, 4, None]
    for number, passes in enumerate(ends):
        end = {} if passes is None else {"passes": passes}
        piece = loaded.train(epochs=1, resume=number > 0, continue_epoch=number > 0, **end, **data).run()
        images += piece.images
        assert piece.epochs_trained == pytest.approx(images / 100)
        loaded.evaluate(data="fashion-mnist", subset=50, part="validation", validation=0.1).run()
    assert images == 100
    loaded.save(tmp_path / "pieces")
    assert tensors(tmp_path / "pieces") == tensors(tmp_path / "whole")
    with pytest.raises(WorkerError, match="goes on with a training"):
        loaded.train(epochs=1, continue_epoch=True, **data)


def test_the_roof_counts_bytes_and_multiply_adds(runner: Runner) -> None:
    for kind in ("triad", "matmul"):
        done = runner.roof(kind, seconds=0.05, threads=1, **({"array_bytes": 1 << 20} if kind == "triad" else {})).run()
        assert done.roof is not None and done.roof.kind == kind
        amount = done.roof.bytes_per_pass if kind == "triad" else done.roof.macs_per_pass
        assert amount is not None and amount > 0
        assert done.passes >= 1 and done.pass_ns
    with pytest.raises(WorkerError, match="no network is loaded"):
        runner.infer(passes=1)

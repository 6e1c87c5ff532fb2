"""Events of the worker as types: what is missing or of another type is named, what is unknown is left out."""

from __future__ import annotations

import pytest

from impact_tracker.runner import Capabilities, EpochResult, Gpu, Hello, Observed, WorkerError
from impact_tracker.runner.messages import decoded

HELLO = {"event": "hello", "protocol": 1, "pid": 7, "torch_version": "2.7", "devices": ["cpu", "cuda:0"], "threads": 2}


def test_parts_have_their_types() -> None:
    hello = decoded(Hello, {**HELLO, "gpus": [{"device": "cuda:0", "memory_bytes": 5}], "later": "unknown"})
    assert hello.devices == ("cpu", "cuda:0")
    assert hello.gpus == (Gpu("cuda:0", memory_bytes=5),)
    assert hello.blas is None
    shares = {"nchw": 1, "channels_last": 0.0}
    observed = decoded(Observed, {"precision": "fp32", "precision_shares": {}, "layout_shares": shares})
    assert observed.layout_shares == {"nchw": 1.0, "channels_last": 0.0} and observed.threads is None
    choices = decoded(Capabilities, {"networks": [], "choices": {"precision": ["fp32", "bf16"]}}).choices
    assert choices == {"precision": ("fp32", "bf16")}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"pid": None}, "Hello.pid is missing"),
        ({"pid": True}, "Hello.pid is True, which is no int"),
        ({"devices": "cpu"}, "Hello.devices is cpu"),
        ({"devices": ["cpu", 1]}, "Hello.devices is 1, which is no str"),
        ({"gpus": [{"name": "A100"}]}, "Gpu.device is missing"),
        ({"gpus": [None]}, "Hello.gpus is missing"),
    ],
)
def test_what_does_not_fit_is_named(changed: dict[str, object], words: str) -> None:
    with pytest.raises(WorkerError, match=words) as caught:
        decoded(Hello, {**HELLO, **changed})
    assert caught.value.kind == "protocol" and "another version" in str(caught.value)


def test_a_number_that_may_be_unknown_is_never_left_out_as_zero() -> None:
    assert decoded(EpochResult, {"epoch": 1, "images": 2, "end_ns": 3}).loss is None

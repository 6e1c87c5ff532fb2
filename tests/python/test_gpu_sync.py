"""Waiting for the GPU at the edges of regions: only of what the program has imported, and never raising."""

from __future__ import annotations

import importlib.machinery
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from impact_tracker.gpu_sync import synchronise


def module(monkeypatch: pytest.MonkeyPatch, name: str, **members: Any) -> ModuleType:
    made = ModuleType(name)
    made.__spec__ = importlib.machinery.ModuleSpec(name, None)
    for member, value in members.items():
        setattr(made, member, value)
    monkeypatch.setitem(sys.modules, name, made)
    return made


@pytest.fixture(autouse=True)
def none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("torch", "jax", "cupy"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def cuda(waited: list[Any], *, initialized: bool = True, contexts: tuple[int, ...] = (0, 2)) -> dict[str, Any]:
    return {
        "cuda": SimpleNamespace(is_initialized=lambda: initialized, device_count=lambda: 3, synchronize=waited.append),
        "_C": SimpleNamespace(_cuda_hasPrimaryContext=lambda device: device in contexts),
    }


def test_nothing_is_imported_for_it() -> None:
    before = set(sys.modules)
    synchronise()
    assert set(sys.modules) == before


def test_devices_with_work_are_waited_for_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[Any] = []
    module(monkeypatch, "torch", **cuda(waited))
    synchronise()
    assert waited == [0, 2]


def test_a_torch_without_a_context_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[Any] = []
    module(monkeypatch, "torch", **cuda(waited, initialized=False))
    synchronise()
    assert waited == []


def test_jax_and_cupy(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[str] = []
    array = SimpleNamespace(is_deleted=lambda: False, block_until_ready=lambda: waited.append("array"))
    gone = SimpleNamespace(is_deleted=lambda: True, block_until_ready=lambda: waited.append("deleted"))
    module(monkeypatch, "jax", effects_barrier=lambda: waited.append("effects"), live_arrays=lambda: [gone, array])
    device = SimpleNamespace(synchronize=lambda: waited.append("cupy"))
    module(monkeypatch, "cupy", cuda=SimpleNamespace(Device=lambda: device))
    synchronise()
    assert waited == ["effects", "array", "cupy"]


def test_a_lost_device_is_not_ours_to_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost() -> None:
        raise RuntimeError("CUDA error: device lost")

    waited: list[str] = []
    module(monkeypatch, "torch", cuda=SimpleNamespace(is_initialized=lost))
    device = SimpleNamespace(synchronize=lambda: waited.append("cupy"))
    module(monkeypatch, "cupy", cuda=SimpleNamespace(Device=lambda: device))
    synchronise()
    assert waited == ["cupy"]


def test_a_module_being_imported_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[Any] = []
    made = module(monkeypatch, "torch", **cuda(waited))
    made.__spec__._initializing = True  # type: ignore[union-attr]
    synchronise()
    assert waited == []


def test_regions_ask_for_it_where_it_is_set(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from impact_tracker.tracker import ImpactTracker

    calls: list[int] = []
    monkeypatch.setattr("impact_tracker.gpu_sync.synchronise", lambda: calls.append(1))
    with ImpactTracker("a", sync_gpu=True, config="none") as tracker, tracker.region("step"):
        pass
    assert len(calls) == 4  # both edges of the run and of the region
    calls.clear()
    with ImpactTracker("b", config="none") as tracker, tracker.region("step"):
        pass
    assert calls == []

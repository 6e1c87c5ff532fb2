"""Waits for GPU work that was launched and may not have run yet, so that a region holds the work that it started."""

from __future__ import annotations

import sys
from types import ModuleType


def _torch(torch: ModuleType) -> None:
    cuda = getattr(torch, "cuda", None)
    if cuda is not None and cuda.is_initialized():
        # A device without a context has no work, and waiting for it would make a context.
        has_context = getattr(torch._C, "_cuda_hasPrimaryContext", None)
        if has_context is None:
            cuda.synchronize()
        else:
            for device in filter(has_context, range(cuda.device_count())):
                cuda.synchronize(device)
    xpu = getattr(torch, "xpu", None)
    if xpu is not None and getattr(xpu, "is_initialized", bool)():
        xpu.synchronize()


def _jax(jax: ModuleType) -> None:
    jax.effects_barrier()
    for array in jax.live_arrays():
        if not array.is_deleted():
            array.block_until_ready()


def _cupy(cupy: ModuleType) -> None:
    cupy.cuda.Device().synchronize()  # without a number it is the device that this thread works on


_WAYS = {"torch": _torch, "jax": _jax, "cupy": _cupy}


def synchronise() -> None:
    """Wait for the devices of those of torch, jax and cupy that the program has imported.

    It imports nothing and never raises: where waiting fails, the region ends before its GPU work does.
    """
    for name, wait in _WAYS.items():
        module = sys.modules.get(name)
        if module is None or getattr(module, "__spec__", None) is None:
            continue
        spec = module.__spec__
        if getattr(spec, "_initializing", False):  # another thread is still importing it
            continue
        try:
            wait(module)
        except Exception:  # the program itself will find that a device is lost
            continue

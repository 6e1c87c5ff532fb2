"""The built package: its stub, its public names, how light its import is."""

from __future__ import annotations

import dataclasses
import importlib.util
import subprocess
import sys
import types
from pathlib import Path

import pytest

from architecture import public_names, stubs
from python import fake_core, fake_results

ROOT = Path(__file__).parents[2]
ALLOWED = Path(__file__).with_name("stubtest_allowed.txt")
STUB = ROOT / "python" / "impact_tracker" / "_core.pyi"
THIRD_PARTY = """
import sys
before = set(sys.modules)
import {module}
own = {{"impact_tracker", "experiment_impact_tracker"}}
heads = {{name.split(".")[0] for name in set(sys.modules) - before}}
print(*sorted(heads - own - sys.stdlib_module_names))
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=ROOT, timeout=240
    )


def is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def test_stub_and_module_have_the_same_names(core: types.ModuleType) -> None:
    faults = stubs.differences(STUB, core)
    assert not faults, "\n" + "\n".join(faults)


def test_stub_fits_the_module_by_mypy(core: types.ModuleType) -> None:
    done = run(
        "-m", "mypy.stubtest", "impact_tracker._core", "--ignore-missing-stub", "--concise", "--allowlist", str(ALLOWED)
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(sys.version_info < (3, 10), reason="sys.stdlib_module_names came with Python 3.10")
@pytest.mark.parametrize(
    "module", ["impact_tracker", "impact_tracker.cli", "experiment_impact_tracker.compute_tracker"]
)
def test_import_loads_no_third_party_package(module: str, request: pytest.FixtureRequest) -> None:
    if not is_there(module):
        pytest.skip("the package is not installed")
    if module.startswith("experiment"):
        request.getfixturevalue("core")
    done = run("-c", THIRD_PARTY.format(module=module))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


@pytest.mark.skipif(not public_names.GOLDEN.exists(), reason="nothing is announced yet")
def test_public_names_are_the_announced_ones(core: types.ModuleType) -> None:
    announced = set(public_names.GOLDEN.read_text().splitlines())
    present = set(public_names.public_names())
    lost, new = sorted(announced - present), sorted(present - announced)
    assert not lost and not new, (
        f"gone: {lost}\nnew: {new}\nannounce it: python tests/architecture/public_names.py --write"
    )


def test_a_stub_that_differs_is_found(tmp_path: Path) -> None:
    stub = tmp_path / "_core.pyi"
    stub.write_text(
        "x: int\ndef f() -> None: ...\nclass A:\n    def m(self) -> None: ...\n    def lost(self) -> None: ...\n"
    )
    module = types.ModuleType("_core")
    module.__dict__.update(x=1, g=len, A=type("A", (), {"m": lambda self: None, "extra": 1}))
    assert stubs.differences(stub, module) == [
        "f is in _core.pyi, not in the module",
        "g is in the module, not in _core.pyi",
        "A.lost is in _core.pyi, not in the module",
        "A.extra is in the module, not in _core.pyi",
    ]


@pytest.mark.parametrize("name", ["RegionResult", "ChannelResult", "Share", "DeviceShare", "United", "Left"])
def test_the_stand_in_of_the_core_has_the_results_of_the_stub(name: str) -> None:
    """What unit tests take for a result has the properties that the core's has, no more and no fewer."""
    stand_in: type = getattr(fake_core, name, None) or getattr(fake_results, name)
    fields = {field.name for field in dataclasses.fields(stand_in)} if dataclasses.is_dataclass(stand_in) else set()
    public = {member for member in vars(stand_in) if not member.startswith("_")}
    assert (public | fields) - {"from_json"} == stubs.stub_names(STUB)[name]

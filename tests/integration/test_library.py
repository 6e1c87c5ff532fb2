"""libimpact as other programs see it: its functions through ctypes, the examples built against an installed one."""

from __future__ import annotations

import ctypes
import json
import math
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import zones
from fakes.machine import FakeMachine
from fakes.plugin import MachineFactory
from impact_tracker import digits
from impact_tracker.record import Record
from integration.tracked import ROOT, environment, holds, the_result

HEADER = ROOT / "cpp/library/include/impact/impact.h"
pytestmark = pytest.mark.usefixtures("core")


class Energy(ctypes.Structure):
    """impact_energy of impact.h."""

    _fields_ = (
        *((name, ctypes.c_double) for name in ("best_j", "half_width_j", "bias_j", "modelled_j", "low_j", "high_j")),
        ("quality", ctypes.c_int32),
        ("partial", ctypes.c_int32),
    )


def built_library() -> Path:
    """The newest one of the build folders, of those that are no sanitizer's."""
    trees = [path.parents[2] for path in ROOT.glob("build/*/cpp/library/libimpact.so")]
    plain = [tree for tree in trees if "IMPACT_SANITIZE:STRING=\n" in (tree / "CMakeCache.txt").read_text()]
    if not plain:
        pytest.skip("libimpact is not built: cmake --build with IMPACT_BUILD_LIBRARY=ON")
    return max((tree / "cpp/library/libimpact.so" for tree in plain), key=lambda path: path.stat().st_mtime)


@pytest.fixture(scope="module")
def library() -> ctypes.CDLL:
    loaded = ctypes.CDLL(str(built_library()))
    for name in ("impact_last_error", "impact_version", "impact_tracker_path", "impact_result_json"):
        getattr(loaded, name).restype = ctypes.c_char_p
    loaded.impact_settings_new.restype = ctypes.c_void_p
    loaded.impact_energy_text.restype = ctypes.c_size_t
    loaded.impact_result_energy.restype = Energy
    loaded.impact_result_seconds.restype = ctypes.c_double
    loaded.impact_result_note.restype = ctypes.c_char_p
    return loaded


def text_of(library: ctypes.CDLL, energy: Energy) -> str:
    needed = library.impact_energy_text(ctypes.byref(energy), None, ctypes.c_size_t(0))
    text = ctypes.create_string_buffer(needed + 1)
    assert library.impact_energy_text(ctypes.byref(energy), text, ctypes.c_size_t(needed + 1)) == needed
    return text.value.decode()


def declared_functions() -> set[str]:
    return set(re.findall(r"IMPACT_API[^;]*?(impact_\w+)\(", HEADER.read_text()))


def test_only_the_functions_of_the_header_are_exported() -> None:
    listed = subprocess.run(
        ["nm", "-D", "--defined-only", built_library()], capture_output=True, text=True, check=True
    ).stdout
    exported = {line.split()[-1].partition("@")[0] for line in listed.splitlines()} - {"IMPACT_1"}
    assert exported == declared_functions()


def test_the_numbers_of_the_binary_interface_agree(library: ctypes.CDLL) -> None:
    (abi,) = re.findall(r"#define IMPACT_ABI (\d+)", HEADER.read_text())
    assert library.impact_abi() == int(abi)
    assert built_library().resolve().name.startswith(f"libimpact.so.{abi}.")


def test_structures_keep_their_form(tmp_path: Path) -> None:
    """What IMPACT_ABI 1 promises to programs that were compiled earlier: sizes and places, on 64-bit systems."""
    source = tmp_path / "form.c"
    promised = {
        "impact_energy": (56, ["best_j", "half_width_j", "bias_j", "modelled_j", "low_j", "high_j", "quality"]),
        "impact_device": (104, ["channel", "device", "source", "domain", "role", "energy"]),
        "impact_share": (128, []),
    }
    checks = []
    for name, (size, members) in promised.items():
        checks.append(f'_Static_assert(sizeof({name}) == {size}, "{name}");')
        checks += [f'_Static_assert(offsetof({name}, {m}) == {8 * i}, "{m}");' for i, m in enumerate(members)]
    checks += [
        '_Static_assert(offsetof(impact_device, coverage) == 96 && offsetof(impact_share, scope) == 104, "tails");',
        '_Static_assert(IMPACT_OK == 0 && IMPACT_FAILED == 6 && IMPACT_MISSING == 4, "words");',
    ]
    source.write_text("#include <impact/impact.h>\n" + "\n".join(checks) + "\nint main(void) { return 0; }\n")
    flags = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{HEADER.parents[1]}", "-fsyntax-only"]
    subprocess.run(["cc", *flags, source], check=True)
    source.write_text("#include <impact/impact.h>\nint main(void) { return impact_abi() - IMPACT_ABI; }\n")
    subprocess.run(["cc", *flags, "-std=c99", source], check=True)  # the header alone, as strict compilers take it


sizes = st.floats(1e-9, 1e13) | st.sampled_from([0.0])


@given(best=sizes, half=sizes | st.just(math.nan), bias=sizes | st.just(math.nan))
def test_energies_read_as_in_python(library: ctypes.CDLL, best: float, half: float, bias: float) -> None:
    known = [error for error in (half, bias) if not math.isnan(error)]
    error = math.hypot(*known) if known else None
    shown = text_of(library, Energy(best, half, bias, 0.0, 0.0, 0.0, 1, 0))
    assert shown == f"{digits.energy(best, error)}, modelled"


def test_what_was_not_measured_is_said(library: ctypes.CDLL) -> None:
    nothing = library.impact_result_energy(None)
    assert math.isnan(nothing.best_j) and nothing.quality == 4
    assert text_of(library, nothing) == "not measured"


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("interval_s", "0", "interval_s must lie between 0.0005 and 3600 seconds"),
        ("interval_s", "soon", 'interval_s must be a number of seconds, not "soon"'),
        ("interval_s", "nan", 'interval_s must be a number of seconds, not "nan"'),
        ("intervall_s", "1", 'there is no setting "intervall_s" (did you mean interval_s?)'),
        ("project", "asr", 'there is no setting "project"'),
        ("edges", "sharp", 'edges must be one of plain, tick, not "sharp"'),
        ("scope", "user", 'scope must be one of machine, process, cgroup, job, not "user"'),
        ("strict", "maybe", "strict must be true or false"),
        ("pue", "0.9", "pue must be 1 or more"),
        ("intensity_g_per_kwh", "-1", "intensity_g_per_kwh must be 0 or more"),
        ("share_of", "-3", "share_of must be"),
        ("tags", "novalue", "tags must be name=text,name=text"),
        ("rank", "1.5", "rank must be a number of 0 or more"),
        ("redfish_usr", "root", "(did you mean redfish_user?)"),
    ],
)
def test_a_wrong_setting_is_named(library: ctypes.CDLL, name: str, value: str, complaint: str) -> None:
    settings = ctypes.c_void_p(library.impact_settings_new())
    assert library.impact_settings_set(settings, name.encode(), value.encode()) == 1
    assert complaint in library.impact_last_error().decode()
    library.impact_settings_free(settings)


def test_null_pointers_do_no_harm(library: ctypes.CDLL) -> None:
    """Every function, all of its arguments null: a status, or an empty answer."""
    for name in sorted(declared_functions() - {"impact_settings_new"}):
        getattr(library, name)(None, None, None, None)
    assert library.impact_tracker_open(b"/nowhere", None, None) == 1
    assert library.impact_last_error() == b"tracker must not be a null pointer"


def opened(library: ctypes.CDLL, folder: Path, **values: str) -> ctypes.c_void_p:
    settings, tracker = ctypes.c_void_p(library.impact_settings_new()), ctypes.c_void_p()
    for name, value in values.items():
        assert library.impact_settings_set(settings, name.encode(), value.encode()) == 0, library.impact_last_error()
    status = library.impact_tracker_open(str(folder).encode(), settings, ctypes.byref(tracker))
    assert status == 0, library.impact_last_error()
    library.impact_settings_free(settings)
    return tracker


def test_a_record_says_what_the_python_package_wants_to_know(library: ctypes.CDLL, tmp_path: Path) -> None:
    tracker = opened(
        library,
        tmp_path,
        zone="FR",
        pue="1.3",
        tags="model=heat, grid = fine",
        rank="3",
        world_size="8",
        sources="ram_model",
    )
    assert library.impact_tracker_start(tracker) == 0
    assert library.impact_tracker_start(tracker) == 2  # once only
    region = ctypes.c_uint64()
    assert library.impact_region_enter(tracker, b"solve", ctypes.byref(region)) == 0
    assert library.impact_region_exit(tracker, region, None) == 0
    assert library.impact_region_exit(tracker, region, None) == 2
    run = ctypes.c_void_p()
    assert library.impact_tracker_stop(tracker, ctypes.byref(run)) == 0
    path = Path(library.impact_tracker_path(tracker).decode())
    told = json.loads(library.impact_result_json(run))
    library.impact_result_free(run)
    library.impact_tracker_close(tracker)

    record = Record(path)
    assert record.result is not None
    assert record.result.energy_j == told["energy_j"]
    assert record.header["tags"] == {"model": "heat", "grid": "fine"}
    assert record.header["rank"] == {"rank": 3, "world_size": 8}
    assert record.result.weighing.pue == 1.3 and record.result.weighing.pue_is_stated
    assert record.result.weighing.intensity.name == "carbon intensity of electricity, France"


def test_a_zone_that_no_table_has_does_not_become_another(library: ctypes.CDLL, tmp_path: Path) -> None:
    tracker = opened(library, tmp_path, zone="Atlantis", sources="ram_model")
    library.impact_tracker_start(tracker)
    library.impact_tracker_stop(tracker, None)
    path = Path(library.impact_tracker_path(tracker).decode())
    library.impact_tracker_close(tracker)
    result = Record(path).result
    assert result is not None
    assert "Atlantis" in result.weighing.intensity.note and result.weighing.intensity.quality == "estimated"


def test_settings_come_from_the_environment_too(
    library: ctypes.CDLL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMPACT_TRACKER_SOURCES", "ram_model")
    monkeypatch.setenv("IMPACT_TRACKER_TAGS", "cluster=north")
    monkeypatch.setenv("IMPACT_TRACKER_ZONE", "FR")
    tracker = opened(library, tmp_path, tags="run=1", intensity_g_per_kwh="50")
    path = Path(library.impact_tracker_path(tracker).decode())
    library.impact_tracker_close(tracker)
    header = Record(path).header
    assert header["tags"] == {"cluster": "north", "run": "1"}
    assert header["intensity"]["value"] == 50 and header["zone"] is None
    monkeypatch.setenv("IMPACT_TRACKER_INTERVAL_S", "never")
    wrong = ctypes.c_void_p()
    assert library.impact_tracker_open(str(tmp_path).encode(), None, ctypes.byref(wrong)) == 1
    assert b"(from IMPACT_TRACKER_INTERVAL_S)" in library.impact_last_error()


def test_a_folder_that_cannot_be_written_is_named(library: ctypes.CDLL, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    tracker = ctypes.c_void_p()
    assert library.impact_tracker_open(str(tmp_path / "file").encode(), None, ctypes.byref(tracker)) == 4
    assert not tracker and str(tmp_path / "file") in library.impact_last_error().decode()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `cmake --install` has put the library."""
    prefix = tmp_path_factory.mktemp("prefix")
    tree = built_library().parents[2]
    subprocess.run(
        ["cmake", "--install", tree, "--component", "library", "--prefix", prefix], check=True, capture_output=True
    )
    if not (prefix / "include/impact/impact.h").exists():
        pytest.fail("the library's headers were not installed")
    return prefix


def built_example(name: str, program: str, prefix: Path, folder: Path) -> Path:
    shutil.copytree(ROOT / "examples" / name, folder / name)
    tree = folder / name / "build"
    for command in (
        ["cmake", "-S", folder / name, "-B", tree, f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Release"],
        ["cmake", "--build", tree],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return tree / program


@pytest.fixture
def machine(fake_machine: MachineFactory) -> FakeMachine:
    return fake_machine(zones.server("constant:80", dram="constant:10"))


@pytest.mark.parametrize(("name", "program", "last"), [("c", "solve", "600"), ("cpp", "train", "150")])
def test_the_examples_measure_what_the_machine_used(
    installed: Path, machine: FakeMachine, tmp_path: Path, name: str, program: str, last: str
) -> None:
    example = built_example(name, program, installed, tmp_path)
    surroundings = environment(IMPACT_TRACKER_SOURCES=machine.reader)
    done = machine.run([example, tmp_path / "runs", last], env=surroundings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = the_result(tmp_path / "runs")
    told: dict[str, Any] = json.loads(json.dumps(result))
    assert holds(told, machine.truth.energy_j(told["start_ns"], told["stop_ns"]))
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("the run: ")]
    assert digits.energy(told["energy_j"], (told["energy_high_j"] - told["energy_low_j"]) / 2) in line


def test_pkg_config_finds_it(installed: Path) -> None:
    (folder,) = installed.glob("lib*/**/pkgconfig")
    done = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "impact"],
        env={**environment(), "PKG_CONFIG_PATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    (include,) = re.findall(r"-I(\S+)", done.stdout)
    assert Path(include).resolve() == installed / "include" and "-limpact" in done.stdout

"""What is in the sdist and the wheels that scripts/packages made: `IMPACT_PACKAGES` names their folder."""

from __future__ import annotations

import os
import re
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("IMPACT_PACKAGES", ROOT / "dist"))
WHEELS = sorted(FOLDER.glob("impact_tracker*.whl"))
CORE = [path for path in WHEELS if path.name.startswith("impact_tracker-")]
WORKERS = [path for path in WHEELS if path.name.startswith("impact_tracker_worker-")]
SDISTS = sorted(FOLDER.glob("impact_tracker-*.tar.gz"))
# What the policies of manylinux let a wheel take from the system.
ANYWHERE = {
    *(f"lib{name}.so.{number}" for name, number in (("c", 6), ("m", 6), ("pthread", 0), ("dl", 2), ("rt", 1))),
    *("libgcc_s.so.1", "libstdc++.so.6", "libz.so.1", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"),
}
TORCH = {"libtorch.so", "libtorch_cpu.so", "libc10.so"}


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def sources(sdist: Path) -> set[str]:
    with tarfile.open(sdist) as archive:
        return {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}


def version_of(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def elf_files(wheel: Path, folder: Path) -> list[Path]:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return [path for path in folder.rglob("*") if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]


def readelf(path: Path, *options: str) -> str:
    done = subprocess.run(["readelf", "-W", *options, path], capture_output=True, text=True, check=True)
    return done.stdout


def test_there_is_something_to_look_at() -> None:
    assert CORE and SDISTS, f"{FOLDER} holds no wheel or no sdist: scripts/wheels makes them"


@pytest.mark.parametrize("wheel", CORE, ids=lambda path: path.name)
def test_a_wheel_holds_the_whole_package_and_nothing_else(wheel: Path) -> None:
    """Every file of the sdist's two packages, the core, its metadata."""
    expected = {name.removeprefix("python/") for name in sources(SDISTS[0]) if name.startswith("python/")}
    held = {name for name in names(wheel) if ".dist-info/" not in name and not name.endswith("/")}
    assert expected <= held, sorted(expected - held)
    (core,) = held - expected
    python = wheel.name.split("-")[2]
    machine = "aarch64" if wheel.stem.endswith("aarch64") else "x86_64"
    assert core == f"impact_tracker/_core.cpython-{python[2:]}-{machine}-linux-gnu.so"
    for needed in ("pages/assets/", "factors/data/", "factors/data/examples/", "py.typed"):
        assert any(name.startswith(f"impact_tracker/{needed}") for name in held), needed


@pytest.mark.parametrize("wheel", CORE, ids=lambda path: path.name)
def test_a_wheel_carries_the_notices_of_what_is_inside(wheel: Path) -> None:
    info = next(name.partition("/")[0] for name in names(wheel) if ".dist-info/" in name)
    with zipfile.ZipFile(wheel) as archive:
        for file, holder in (("LICENSE", "Apache"), ("fmt/LICENSE", "Zverovich"), ("nlohmann_json/LICENSE", "Lohmann")):
            assert holder in archive.read(f"{info}/licenses/{file}").decode()
        assert "impact-tracker = impact_tracker.cli:main" in archive.read(f"{info}/entry_points.txt").decode()
        metadata = archive.read(f"{info}/METADATA").decode()
    assert not re.findall(r"^Requires-Dist: (?!.*extra ==).*$", metadata, re.MULTILINE), "it needs no other package"


@pytest.mark.parametrize("wheel", WHEELS, ids=lambda path: path.name)
def test_a_wheels_programs_run_where_its_tag_says(wheel: Path, tmp_path: Path) -> None:
    """Libraries that every such system has, symbols no newer than the tag, no path of the machine that built it."""
    tags = re.findall(r"manylinux_(\d+)_(\d+)_(x86_64|aarch64)", wheel.name)
    assert tags, "a manylinux tag"
    allowed = max((int(major), int(minor)) for major, minor, _ in tags)
    if wheel in CORE:
        assert allowed <= (2, 28), "systems of 2018 and later"
    files = elf_files(wheel, tmp_path)
    assert len(files) == 1
    for path in files:
        assert {"x86_64": "X86-64", "aarch64": "AArch64"}[tags[0][2]] in readelf(path, "-h")
        dynamic = readelf(path, "-d")
        needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic))
        assert needed <= ANYWHERE | (TORCH if wheel in WORKERS else set()), needed
        places = [place for paths in re.findall(r"R(?:UN)?PATH\).*\[(.*)\]", dynamic) for place in paths.split(":")]
        assert places == (["$ORIGIN/../../torch/lib"] if wheel in WORKERS else [])
        symbols = {version_of(text) for text in re.findall(r"GLIBC_([\d.]+)", readelf(path, "-V"))}
        assert max(symbols) <= allowed, f"needs glibc {max(symbols)}"
        content = path.read_bytes()
        assert b".debug_info" not in content
        for folder in (str(ROOT), str(Path.home())):
            assert folder.encode() + b"/" not in content, f"{path.name} names {folder}"


@pytest.mark.parametrize("wheel", WORKERS, ids=lambda path: path.name)
def test_the_workers_wheel_is_the_program_and_asks_for_torch(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        files = [name for name in archive.namelist() if not name.endswith("/")]
        held = {name: archive.getinfo(name) for name in files if ".dist-info/" not in name}
        info = next(name.partition("/")[0] for name in files if ".dist-info/" in name)
        metadata = archive.read(f"{info}/METADATA").decode()
        for file in ("LICENSE", "nlohmann_json/LICENSE"):
            assert archive.read(f"{info}/licenses/{file}")
    assert set(held) == {"impact_tracker_worker/__init__.py", "impact_tracker_worker/bin/impact-worker"}
    assert held["impact_tracker_worker/bin/impact-worker"].external_attr >> 16 & 0o111, "it may be started"
    assert "-py3-none-" in wheel.name
    assert len(re.findall(r"^Requires-Dist: (?:impact-tracker|torch)==", metadata, re.MULTILINE)) == 2


@pytest.mark.parametrize("sdist", SDISTS, ids=lambda path: path.name)
def test_an_sdist_holds_what_a_build_needs_and_no_build(sdist: Path) -> None:
    held = sources(sdist)
    listed = subprocess.run(
        ["git", "ls-files", "python", "cpp", "cmake"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert set(listed.stdout.split()) <= held, "made from these sources"
    for needed in (
        "pyproject.toml", "CMakeLists.txt", "LICENSE", "README.md", "PKG-INFO", "cmake/ImpactReleases.cmake",
        "cpp/bindings/module.cpp", "cpp/worker/main.cpp", "packaging/worker/pyproject.toml", "third_party/README",
        "third_party/fmt/src/format.cc", "third_party/fmt/LICENSE", "third_party/fmt/include/fmt/format.h",
        "third_party/nlohmann_json/LICENSE", "third_party/nlohmann_json/include/nlohmann/json.hpp",
    ):  # fmt: skip
        assert needed in held, needed
    heads = {name.partition("/")[0] for name in held}
    assert not heads & {"build", "tests", "dist", ".venv", ".git", "benchmarks", "notebooks"}
    assert not {name for name in held if name.endswith((".so", ".pyc", ".o"))}

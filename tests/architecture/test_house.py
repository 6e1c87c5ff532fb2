"""The repository keeps the house's rules, and each check bites on a small tree that breaks them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from architecture import counts, cpp_layers, python_floors, sizes, tested_by

ROOT = Path(__file__).parents[2]
CHECKS: list[Callable[[Path], list[str]]] = [
    cpp_layers.include_violations,
    cpp_layers.target_violations,
    python_floors.floor_violations,
    python_floors.circle_violations,
    python_floors.heavy_violations,
    sizes.file_violations,
    sizes.function_violations,
    sizes.constructor_violations,
    counts.count_violations,
    tested_by.untested_sources,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_repository_keeps_the_rule(check: Callable[[Path], list[str]]) -> None:
    if check is python_floors.heavy_violations and sys.version_info < (3, 10):
        pytest.skip("sys.stdlib_module_names came with Python 3.10")
    violations = check(ROOT)
    assert not violations, "\n" + "\n".join(violations)


def plant(root: Path, path: str, text: str) -> None:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


BAD_CPP = [
    ("impact/core/a.hpp", '#include "impact/host/file.hpp"', "core may not use host/file.hpp"),
    ("impact/core/a.hpp", "#include <unistd.h>", "only host talks to the operating system"),
    ("impact/core/a.hpp", "#  include <mutex>", "neither threads nor files"),
    ("impact/core/a.hpp", "#include <fmt/format.h>", "standard library alone"),
    ("impact/model/a.cpp", "auto t = std::chrono::steady_clock::now();", "asks a clock"),
    ("impact/host/a.cpp", '#include "impact/sources/source.hpp"', "host may not use sources/source.hpp"),
    ("impact/host/a.cpp", "#include <Python.h>", "bindings alone"),
    ("impact/sources/a.cpp", "#include <sys/ioctl.h>", "only host"),
    ("impact/sources/a.cpp", "#include <nvml.h>", "vendor headers"),
    ("impact/sampling/a.cpp", '#include "impact/sources/rapl.hpp"', "sampling may not use sources/rapl.hpp"),
    ("impact/sampling/a.cpp", '#include "impact/record/writer.hpp"', "sampling may not use record/writer.hpp"),
    ("impact/tracker/a.cpp", '#include "impact/model/gate.hpp"', "tracker may not use model/gate.hpp"),
    ("impact/tracker/a.cpp", '#include "../record/writer.hpp"', "spelled"),
    ("impact/tracker/a.cpp", "#include <torch/torch.h>", "worker alone"),
    ("worker/a.cpp", '#include "impact/tracker/tracker.hpp"', "worker may not use tracker/tracker.hpp"),
    ("worker/serve.cpp", "#include <unistd.h>", "only host"),
    ("bindings/a.cpp", "#include <ATen/ATen.h>", "worker alone"),
]


@pytest.mark.parametrize(("path", "line", "expected"), BAD_CPP)
def test_an_include_against_the_table_is_found(tmp_path: Path, path: str, line: str, expected: str) -> None:
    plant(tmp_path, f"cpp/{path}", f"#pragma once\n{line}\n")
    (violation,) = cpp_layers.include_violations(tmp_path)
    assert expected in violation
    assert f"cpp/{path}" in violation


def test_a_reader_that_uses_another_reader_is_found(tmp_path: Path) -> None:
    plant(tmp_path, "cpp/impact/sources/rapl.cpp", "Result open_rapl(const Host& host) {}\n")
    plant(
        tmp_path,
        "cpp/impact/sources/msr.cpp",
        '#include "impact/sources/rapl.hpp"\nResult open_msr(const Host& host) {}\n',
    )
    (violation,) = cpp_layers.include_violations(tmp_path)
    assert "another reader's file, rapl" in violation


def test_includes_within_the_table_pass(tmp_path: Path) -> None:
    plant(tmp_path, "cpp/impact/sampling/a.cpp", '#include <mutex>\n#include "impact/sources/source.hpp"\n')
    plant(tmp_path, "cpp/impact/host/a.cpp", '#include <unistd.h>\n#include "impact/core/units.hpp"\n')
    plant(tmp_path, "cpp/impact/core/a.hpp", "#include <chrono>  // no steady_clock::now() here\n")
    plant(tmp_path, "cpp/worker/process.cpp", "#include <unistd.h>\n")
    plant(tmp_path, "cpp/worker/a.cpp", '#include <torch/torch.h>\n#include "impact/core/units.hpp"\n')
    assert cpp_layers.include_violations(tmp_path) == []


def test_a_target_that_links_too_much_is_found(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "cpp/CMakeLists.txt",
        "impact_layer(core)\nimpact_layer(host USES impact::core)\nimpact_layer(model USES impact::host)\n",
    )
    assert cpp_layers.target_violations(tmp_path) == ["cpp/CMakeLists.txt: model links host"]
    plant(tmp_path, "cpp/CMakeLists.txt", "impact_layer(host USES impact::core)\nimpact_layer(core)\n")
    assert cpp_layers.target_violations(tmp_path) == ["cpp/CMakeLists.txt: host is above core"]


BAD_PYTHON = [
    ("record.py", "from impact_tracker.tracker import ImpactTracker", "record (floor 6) imports tracker"),
    ("report/table.py", "from ..tracker import X", "report never imports tracker"),
    ("report/table.py", "from .. import ledger", "report (floor 9) imports ledger"),
    ("tracker.py", "def f():\n    import impact_tracker.bench", "tracker (floor 8) imports bench"),
    ("bench/run/a.py", "from impact_tracker.cli import main", "nothing imports cli"),
    ("bench/run/a.py", "from ..analyse.cells import Cell", "bench.run (floor 4) imports bench.analyse (floor 4)"),
    ("bench/judge/a.py", "from ..run import meter", "bench.judge (floor 3) imports bench.run (floor 4)"),
    ("bench/run/a.py", "from experiment_impact_tracker import utils", "old import paths"),
    ("novelty.py", "", "stands on no floor"),
    (
        "hostinfo.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .record import Record",
        "hostinfo (floor 1) imports record",
    ),
]


@pytest.mark.parametrize(("path", "text", "expected"), BAD_PYTHON)
def test_an_import_up_the_stairs_is_found(tmp_path: Path, path: str, text: str, expected: str) -> None:
    plant(tmp_path, f"python/impact_tracker/{path}", text)
    (violation,) = python_floors.floor_violations(tmp_path)
    assert expected in violation


def test_imports_down_the_stairs_pass(tmp_path: Path) -> None:
    text = "from typing import TYPE_CHECKING\nfrom . import record\nif TYPE_CHECKING:\n    from .result import Result\n"
    plant(tmp_path, "python/impact_tracker/tracker.py", text)
    plant(
        tmp_path,
        "python/impact_tracker/cli/__init__.py",
        "from impact_tracker import ImpactTracker\nfrom . import run\n",
    )
    assert python_floors.floor_violations(tmp_path) == []


def test_floors_inside_a_folder(tmp_path: Path) -> None:
    floors = {"values": 0, "tower": 1, "tower.cellar": 1, "tower.attic": 2, "tower.hall": 1}
    plant(tmp_path, "python/impact_tracker/tower/__init__.py", "from .attic import a\n")
    plant(tmp_path, "python/impact_tracker/tower/attic.py", "from .. import values\nfrom . import cellar\n")
    plant(tmp_path, "python/impact_tracker/tower/cellar/a.py", "def f():\n    from ..attic import a\n")
    plant(tmp_path, "python/impact_tracker/tower/hall/a.py", "from impact_tracker.tower.cellar.b import x\n")
    plant(tmp_path, "python/impact_tracker/tower/stray.py", "")
    cellar, hall, stray = sorted(python_floors.floor_violations(tmp_path, floors))
    assert cellar.endswith("cellar/a.py:2: tower.cellar (floor 1) imports tower.attic (floor 2)")
    assert hall.endswith("hall/a.py:1: tower.hall (floor 1) imports tower.cellar (floor 1)")
    assert "tower.stray stands on no floor" in stray


def test_a_circle_is_found_also_through_types_alone(tmp_path: Path) -> None:
    types = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .{} import X\n"
    plant(tmp_path, "python/impact_tracker/tower/__init__.py", "from .a import X\n")
    plant(tmp_path, "python/impact_tracker/tower/a.py", "from . import b\n")
    plant(tmp_path, "python/impact_tracker/tower/b.py", types.format("c"))
    plant(tmp_path, "python/impact_tracker/tower/c.py", "def f():\n    from .a import X\n")
    plant(tmp_path, "python/impact_tracker/tower/d.py", "from . import a\n")
    circles = python_floors.circle_violations(tmp_path)
    assert [circle.split(",")[0].replace("impact_tracker.tower.", "") for circle in circles] == [
        "a imports b",
        "b imports c",
        "c imports a",
    ]


@pytest.mark.skipif(sys.version_info < (3, 10), reason="sys.stdlib_module_names came with Python 3.10")
def test_a_heavy_package_at_module_level_is_found(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "python/impact_tracker/report/a.py",
        "import json\ntry:\n    import numpy as np\nexcept ImportError:\n    pass\n",
    )
    plant(tmp_path, "python/impact_tracker/report/b.py", "def f():\n    import numpy as np\n")
    assert python_floors.heavy_violations(tmp_path) == [
        "python/impact_tracker/report/a.py:3: imports numpy at module level"
    ]


def test_what_is_too_long_is_found(tmp_path: Path) -> None:
    plant(tmp_path, "cpp/impact/core/a.hpp", "\n" * 251)
    plant(tmp_path, "cpp/impact/core/a.cpp", "\n" * 400)
    plant(tmp_path, "cpp/bindings/module.cpp", "\n" * 41)
    plant(tmp_path, "python/impact_tracker/a.py", "def f():\n" + '    """Doc."""\n' + "    x = 1\n" * 61)
    plant(tmp_path, "python/impact_tracker/b.py", "def f():\n" + '    """Doc."""\n' + "    x = 1\n" * 60)
    assert len(sizes.file_violations(tmp_path)) == 2
    (violation,) = sizes.function_violations(tmp_path)
    assert "a.py:1: f has 61 lines" in violation


def test_a_constructor_of_many_arguments_is_found(tmp_path: Path) -> None:
    eight, nine = (", ".join(f"a{i}" for i in range(count)) for count in (8, 9))
    text = f"class A:\n    def __init__(self, {eight}, **more): ...\nclass B:\n    def __init__(self, *, {nine}): ...\n"
    plant(tmp_path, "python/impact_tracker/a.py", text)
    assert sizes.constructor_violations(tmp_path) == ["python/impact_tracker/a.py:4: B is made of 9 arguments"]


COUNTED = [
    ("any", "from typing import Any\n", 1),
    ("joules_per_kwh", "KWH, ALSO, OTHER = 3.6e6, 3600000, 3.6\n", 2),
    ("vague_names", "def f(one):\n    found = [one for one in () if one]\n    return found\n", 3),
    ("docstrings", '"""Said well, in one sentence."""\n', 0),
    ("docstrings", '"""Said with ``two`` backticks."""\n', 1),
    ("docstrings", "'''Quoted otherwise.'''\n", 1),
    ("docstrings", 'def f():\n    """no sentence"""\n', 1),
    ("lines", "a = 1\nb = 2\n", 2),
    ("shared_names", "class A: ...\nclass B: ...\nclass A: ...\n", 1),
]


@pytest.mark.parametrize(("name", "text", "expected"), COUNTED)
def test_what_is_counted(tmp_path: Path, name: str, text: str, expected: int) -> None:
    plant(tmp_path, "python/impact_tracker/a.py", text)
    assert len(counts.COUNTED[name](tmp_path)) == expected


def test_vague_names_are_counted_beside_the_package_too(tmp_path: Path) -> None:
    plant(tmp_path, "tests/python/test_a.py", "def test_a(said):\n    whole = said\n")
    plant(tmp_path, "benchmarks/b.py", "found = 1\n")
    plant(tmp_path, "python/impact_tracker/a.py", "found = 1\n")
    assert counts.vague_names_beside(tmp_path) == [
        "tests/python/test_a.py:1: said",
        "tests/python/test_a.py:2: whole",
        "benchmarks/b.py:1: found",
    ]


def test_more_than_the_ceiling_is_found(tmp_path: Path) -> None:
    plant(tmp_path, "python/impact_tracker/a.py", "x: Any\n" * 1000)
    (violation,) = counts.count_violations(tmp_path)
    assert violation.startswith("any: 1000, at most")


def test_a_source_without_a_test_is_found(tmp_path: Path) -> None:
    plant(tmp_path, "cpp/impact/core/a.cpp", "")
    plant(tmp_path, "cpp/impact/core/b.cpp", "")
    plant(tmp_path, "cpp/worker/networks/c.cpp", "")
    plant(tmp_path, "tests/cpp/core/a_test.cpp", "")
    plant(tmp_path, "tests/cpp/worker/all_test.cpp", "")
    table = {"worker/networks/*.cpp": "cpp/worker/all_test.cpp"}
    (fault,) = tested_by.untested_sources(tmp_path, table)
    assert "cpp/impact/core/b.cpp has no test: add tests/cpp/core/b_test.cpp" in fault
    table.update({"impact/core/b.cpp": "cpp/core/gone_test.cpp", "impact/core/a.cpp": "cpp/core/a_test.cpp"})
    assert [fault.partition(",")[0] for fault in tested_by.untested_sources(tmp_path, table)] == [
        "TESTED_BY: impact/core/b.cpp names tests/cpp/core/gone_test.cpp",
        "TESTED_BY: impact/core/a.cpp is no source without a test of its own",
    ]

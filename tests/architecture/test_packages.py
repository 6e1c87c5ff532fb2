"""The recipes of the packages say what pyproject.toml and CMake say. What they make is tried by `make test-long`."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomllib", reason="TOML takes Python 3.11")

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
WORKER: dict[str, Any] = tomllib.loads((PACKAGING / "worker/pyproject.toml").read_text())
VERSION: str = PROJECT["project"]["version"]
PYTHON: str = PROJECT["project"]["requires-python"].removeprefix(">=")


def name_and_bound(requirement: str) -> tuple[str, str | None]:
    """Of `scikit-build-core>=0.9` the name and the lower bound; of `numpy` no bound."""
    match = re.match(r"([A-Za-z0-9_.-]+?)(?:\[[^]]*\])? ?(?:>=([\d.]+))?(?:$|[;,<])", requirement)
    assert match, requirement
    return match[1].lower().replace("_", "-"), match[2]


def cmake_minimum(pattern: str, file: str = "cmake/ImpactDependencies.cmake") -> str:
    match = re.search(pattern, (ROOT / file).read_text())
    assert match, pattern
    return match[1]


CMAKE = PROJECT["tool"]["scikit-build"]["cmake"]["version"].removeprefix(">=")
FMT = cmake_minimum(r"find_package\(fmt ([\d.]+)")
JSON = cmake_minimum(r"find_package\(nlohmann_json ([\d.]+)")
BUILD = dict(name_and_bound(line) for line in PROJECT["build-system"]["requires"])
NATIVE = {"cmake": CMAKE, "fmt": FMT, "nlohmann-json": JSON}


# ---- wheels


def test_cibuildwheel_makes_a_wheel_for_every_python_from_the_first_on() -> None:
    table = PROJECT["tool"]["cibuildwheel"]
    minors = [int(re.fullmatch(r"cp3(\d+)-\*", tag)[1]) for tag in table["build"].split()]  # type: ignore[index]
    assert minors[0] == int(PYTHON.partition(".")[2])
    assert minors == list(range(minors[0], minors[-1] + 1))
    assert minors[-1] >= 13
    assert set(table["archs"]) == {"x86_64", "aarch64"}
    # A wheel holds no worker, links fmt statically, and is tried.
    assert table["config-settings"] == {
        "cmake.define.IMPACT_BUILD_WORKER": "OFF",
        "cmake.define.IMPACT_FETCH_DEPENDENCIES": "ON",
    }
    assert table["test-command"].startswith("impact-tracker doctor")


def test_every_setting_of_the_build_is_one_that_cmake_knows() -> None:
    written = "\n".join(
        path.read_text()
        for path in (ROOT / "pyproject.toml", ROOT / "scripts/wheels", *PACKAGING.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    )
    cmake = "\n".join(path.read_text() for path in (ROOT / "cmake").glob("*.cmake"))
    cmake += "".join((ROOT / path).read_text() for path in ("CMakeLists.txt", "cpp/worker/CMakeLists.txt"))
    known = set(re.findall(r"(?:option|set|find_program)\((IMPACT_\w+)", cmake))
    named = set(re.findall(r"\b(IMPACT_(?!TRACKER)\w+)", written)) - {"IMPACT_DEPENDENCY_MIRROR"}
    assert named <= known, sorted(named - known)


def test_an_sdist_holds_what_is_linked_statically_and_git_does_not() -> None:
    build = PROJECT["tool"]["scikit-build"]
    assert build["sdist"]["include"] == ["/third_party"]
    assert "/third_party/" in (ROOT / ".gitignore").read_text().splitlines()
    assert "packaging" not in " ".join(build["sdist"]["exclude"]), "the worker is built from an unpacked sdist too"


def test_the_workers_wheel_is_of_this_version_and_of_one_torch() -> None:
    project = WORKER["project"]
    assert project["version"] == VERSION
    assert project["requires-python"] == PROJECT["project"]["requires-python"]
    assert project["license"] == PROJECT["project"]["license"]
    own, torch = project["dependencies"]
    assert own == f"impact-tracker=={VERSION}"
    assert torch in WORKER["build-system"]["requires"], "libtorch's binary interface is that of one minor version"
    match = re.fullmatch(r"torch==(\d+)\.(\d+)\.\*", torch)
    assert match, torch
    least = cmake_minimum(r"ImpactTorch_VERSION VERSION_LESS ([\d.]+)\)\n", "cmake/FindImpactTorch.cmake")
    assert (int(match[1]), int(match[2])) >= tuple(map(int, least.split(".")))
    build = WORKER["tool"]["scikit-build"]
    assert (PACKAGING / "worker" / build["cmake"]["source-dir"]).resolve() == ROOT
    assert build["wheel"]["py-api"] == "py3"


def test_the_program_is_installed_where_it_is_looked_for() -> None:
    from impact_tracker.runner import runner

    cmake = (ROOT / "cpp/worker/CMakeLists.txt").read_text()
    assert f"DESTINATION {runner.WHEEL}/bin COMPONENT worker" in cmake
    assert WORKER["tool"]["scikit-build"]["wheel"]["packages"] == [runner.WHEEL]
    assert WORKER["tool"]["scikit-build"]["build"]["targets"] == [runner.NAME]
    assert f"`pip install {WORKER['project']['name']}`" == runner.INSTALL
    # Beside it in the same environment: site-packages/impact_tracker_worker/bin → site-packages/torch/lib.
    assert 'INSTALL_RPATH "$ORIGIN/../../torch/lib"' in cmake


@pytest.mark.parametrize("script", ["wheels", "packages"])
def test_the_scripts_say_what_they_do(script: str) -> None:
    done = subprocess.run([ROOT / "scripts" / script, "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"scripts/{script} ")
    wrong = subprocess.run([ROOT / "scripts" / script, "--no-such-thing"], capture_output=True, text=True, check=False)
    assert wrong.returncode != 0
    assert "--no-such-thing" in wrong.stderr


# ---- Spack: the recipe is run against a stand-in of Spack's words, which writes down what is said


class Recipe:
    """What a recipe for Spack declares."""

    def __init__(self, path: Path) -> None:
        self.versions: list[str] = []
        self.variants: set[str] = set()
        self.licenses: list[str] = []
        self.dependencies: list[tuple[str, tuple[str, ...], str | None]] = []
        self._condition: str | None = None
        words = types.ModuleType("spack.package")
        words.__dict__.update(
            PythonPackage=object,
            version=lambda name, **_: self.versions.append(name),
            variant=lambda name, **_: self.variants.add(name),
            license=self.licenses.append,
            depends_on=self._depends,
            conflicts=lambda *_, **__: None,
            requires=lambda *_, **__: None,
            when=self._when,
            join_path=lambda *parts: "/".join(parts),
        )
        space: dict[str, Any] = {}
        before = {name: sys.modules.get(name) for name in ("spack", "spack.package")}
        sys.modules.update({"spack": types.ModuleType("spack"), "spack.package": words})
        try:
            exec(compile(path.read_text(), str(path), "exec"), space)
        finally:
            for name, module in before.items():
                if module is None:
                    del sys.modules[name]
                else:
                    sys.modules[name] = module
        self.package = next(value for name, value in space.items() if name.startswith("PyImpact"))

    def _depends(self, spec: str, type: str | tuple[str, ...] = ("build", "link")) -> None:
        kinds = (type,) if isinstance(type, str) else type
        self.dependencies.append((spec, kinds, self._condition))

    def _when(self, condition: str) -> Any:
        recipe = self

        class When:
            def __enter__(self) -> None:
                recipe._condition = condition

            def __exit__(self, *_: object) -> None:
                recipe._condition = None

        return When()

    def bounds(self, condition: str | None) -> dict[str, str | None]:
        pairs = [spec.partition("@") for spec, _, when in self.dependencies if when == condition]
        return {name: at.rstrip(":") or None for name, _, at in pairs}


@pytest.fixture(scope="module")
def spack() -> Recipe:
    return Recipe(PACKAGING / "spack/packages/py-impact-tracker/package.py")


def test_spack_has_the_version_the_licence_and_the_needs(spack: Recipe) -> None:
    assert spack.versions == [VERSION]
    assert spack.licenses == [PROJECT["project"]["license"]]
    plain = spack.bounds(None)
    assert plain.pop("python") == PYTHON
    for name, bound in NATIVE.items():
        assert plain.pop(name) == bound, name
    for name, bound in BUILD.items():
        assert plain.pop(f"py-{name}") == bound, name
    assert set(plain) == {"c", "cxx", "ninja"}, "pip needs nothing else either"
    assert PROJECT["project"]["dependencies"] == []


def test_spacks_variants_are_the_extras_and_the_worker(spack: Recipe) -> None:
    assert spack.variants == {"report", "worker"}
    report = dict(name_and_bound(line) for line in PROJECT["project"]["optional-dependencies"]["report"])
    assert spack.bounds("+report") == {f"py-{name}": bound for name, bound in report.items()}
    least = cmake_minimum(r"ImpactTorch_VERSION VERSION_LESS ([\d.]+)\)\n", "cmake/FindImpactTorch.cmake")
    assert spack.bounds("+worker")["py-torch"] == least


@pytest.mark.parametrize("worker", [True, False])
def test_spack_builds_a_worker_only_where_it_is_asked_for(spack: Recipe, worker: bool) -> None:
    class Spec(dict[str, Any]):
        def satisfies(self, spec: str) -> bool:
            assert spec == "+worker"
            return worker

    package = types.SimpleNamespace(platlib="lib/python3.11/site-packages")
    spec = Spec({"py-torch": types.SimpleNamespace(prefix="/torch"), "python": types.SimpleNamespace(package=package)})
    settings = spack.package().config_settings(spec, "/prefix")
    assert settings["cmake.define.IMPACT_BUILD_WORKER"] == ("ON" if worker else "OFF")
    assert settings.get("cmake.define.IMPACT_TORCH_ROOT") == (
        "/torch/lib/python3.11/site-packages/torch" if worker else None
    )


# ---- conda


def test_conda_has_the_version_the_licence_and_the_needs() -> None:
    yaml = pytest.importorskip("yaml")
    path = PACKAGING / "conda/recipe.yaml"
    recipe = yaml.safe_load(path.read_text())
    assert recipe["context"]["version"] == VERSION
    assert recipe["about"]["license"] == PROJECT["project"]["license"]
    assert recipe["about"]["summary"] == PROJECT["project"]["description"]
    assert (path.parent / recipe["source"]["path"]).resolve() == ROOT
    assert (ROOT / recipe["about"]["license_file"]).is_file()
    needs = recipe["requirements"]
    named = [line.replace(" ", "") for line in needs["build"] + needs["host"] if "${{" not in line]
    bounds = dict(name_and_bound(line) for line in named)
    assert {bounds.pop("python"), bounds.pop("pip"), bounds.pop("ninja")} == {None}
    assert bounds == {**NATIVE, **BUILD}
    assert needs["run"] == ["python"], "the package itself needs nothing"
    report = dict(name_and_bound(line) for line in PROJECT["project"]["optional-dependencies"]["report"])
    for line in needs["run_constraints"]:
        name, bound = name_and_bound(line.replace(" ", ""))
        assert report[name.removesuffix("-base")] == bound


def commands() -> list[str]:
    """Every `impact-tracker …` of the recipes that tries the package."""
    lines = [path.read_text() for path in (PACKAGING / "conda/recipe.yaml", PACKAGING / "container/impact-tracker.def")]
    tried = re.findall(r"^ *(?:- |/opt\S*/)(impact-tracker .*)$", "\n".join(lines), re.MULTILINE)
    return tried + PROJECT["tool"]["cibuildwheel"]["test-command"].split(" && ")


@pytest.mark.parametrize("command", commands())
def test_what_the_recipes_try_is_a_command(command: str) -> None:
    from impact_tracker.cli import COMMANDS, parser_of

    name, *words = shlex.split(command)[1:]
    assert name in COMMANDS
    parser_of(name).parse_args([name, *words])


# ---- containers


def test_the_container_file_copies_what_is_made_and_starts_what_is_installed() -> None:
    text = (PACKAGING / "container/Containerfile").read_text().replace("\\\n", " ")
    words = [line.split(maxsplit=1)[0] for line in text.splitlines() if line and not line.startswith("#")]
    assert set(words) <= {"ARG", "FROM", "COPY", "RUN", "ENV", "WORKDIR", "ENTRYPOINT", "CMD"}
    assert words.index("ARG") < words.index("FROM"), "the base is the builder's choice"
    (copied,) = re.findall(r"^COPY (\S+) ", text, re.MULTILINE)
    assert copied.startswith("dist/impact_tracker-"), "where scripts/wheels puts the core's wheels"
    (script,) = re.findall(r'^ENTRYPOINT \["(.*)"\]$', text, re.MULTILINE)
    assert script in PROJECT["project"]["scripts"]


def test_both_containers_begin_with_one_image() -> None:
    container = (PACKAGING / "container/Containerfile").read_text()
    apptainer = (PACKAGING / "container/impact-tracker.def").read_text()
    (image,) = re.findall(r"^ARG BASE=docker\.io/library/(.*)$", container, re.MULTILINE)
    assert re.findall(r"^From: (.*)$", apptainer, re.MULTILINE) == [image]

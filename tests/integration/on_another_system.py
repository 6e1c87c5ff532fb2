"""What test_other_systems.py runs in a child: on_another_system.py SYSTEM TASK ARGUMENT..."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import io
import json
import pkgutil
import sys
import warnings
from pathlib import Path

from fakes import foreign_system

SYSTEM, TASK, *ARGUMENTS = sys.argv[1:]
# What the package uses of others is imported on the system that it is made for.
LOADED = """numpy scipy.stats matplotlib.pyplot polars textual.app rich.console sqlite3 asyncio multiprocessing
subprocess ctypes concurrent.futures getpass webbrowser tempfile"""
for name in LOADED.split():
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
foreign_system.enter(SYSTEM)

import experiment_impact_tracker  # noqa: E402
import impact_tracker  # noqa: E402
from impact_tracker.cli import COMMANDS, main, parser_of  # noqa: E402


def imports() -> dict[str, object]:
    """Every module; every help text, those of commands below commands too."""
    failed, count = {}, 0
    for package in (impact_tracker, experiment_impact_tracker):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith("__main__"):
                continue
            count += 1
            try:
                importlib.import_module(module.name)
            except ImportError as error:
                missing = (error.name or "").partition(".")[0]
                is_other = missing and missing not in sys.stdlib_module_names and missing not in foreign_system.PACKAGES
                if not (is_other or "pip install" in str(error)):  # a package that is not here on any system
                    failed[module.name] = repr(error)
            except Exception as error:
                failed[module.name] = repr(error)
    texts: list[str] = []

    def visit(parser: argparse.ArgumentParser) -> None:
        texts.append(parser.format_help())
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for below in action.choices.values():
                    visit(below)

    for command in COMMANDS:
        visit(parser_of(command))
    return {"failed": failed, "modules": count, "helps": len(texts)}


def quietly(*words: str) -> tuple[int, str]:
    """A command's exit code and what it said."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        try:
            code = main(words)
        except SystemExit as end:
            code = int(end.code or 0)
    return code, output.getvalue()


def commands(record: str, folder: str) -> dict[str, object]:
    """Reading, reporting, weighing, estimating: exit codes by command."""
    place = Path(folder)
    ledger = ("--ledger", str(place / "ledger"))
    asked = [
        ("report", record),
        ("report", record, "--json"),
        ("report", record, "--csv", "--regions"),
        ("report", record, "--plot", str(place / "power.svg")),
        ("report", record, "--html", str(place / "report.html")),
        ("compare", record, record),
        ("footprint", record, "--zone", "FR"),
        ("footprint", "--workload", "bloom"),
        ("what-if", record, "--to-zone", "FR"),
        ("estimate", "--hours", "12", "--gpus", "8", "--gpu", "A100 SXM4 80GB", "--zone", "US"),
        ("estimate", "--method", "hour-factor", "--hours", "10", "--cores", "100"),
        ("service", "stable-diffusion"),
        ("export", "--list"),
        ("export", record, "--to", "latex"),
        ("export", record, "--to", "hugging-face"),
        ("lint", record),
        ("top", record, "--once"),
        ("ledger", "add", record, "--project", "asr", *ledger),
        ("ledger", "list", *ledger),
        ("ledger", "report", "asr", *ledger),
        ("doctor", "--settings"),
        ("completion", "bash"),
        ("serve", "--board"),
    ]  # fmt: skip
    codes, texts = {}, {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for words in asked:
            label = " ".join(words).replace(record, "RECORD").replace(folder, "DIR")
            codes[label], texts[label] = quietly(*words)
    for label, code in codes.items():
        if code:
            print(label, texts[label], file=sys.stderr)
    encodings = [str(w.filename) for w in caught if w.category.__name__ == "EncodingWarning"]
    ours = sorted({path for path in encodings if "impact_tracker" in path})
    energy_j = impact_tracker.read_record(record).result.energy_j
    has_region = "époque" in texts["report RECORD --csv --regions"]
    return {"codes": codes, "energy_j": energy_j, "has_region": has_region, "encodings": ours}


def runs(folder: str) -> dict[str, object]:
    """Commands under the tracker."""

    def run(*words: str) -> int:
        return quietly("run", "-o", folder, "--", *words)[0]

    good = run(sys.executable, "-c", "pass")
    bad = run(sys.executable, "-c", "raise SystemExit(7)")
    missing = run("no-such-program-anywhere")
    paths = impact_tracker.find_records(folder)
    header = impact_tracker.Record(paths[0]).header
    host = header["host"]
    return {
        "good": good, "bad": bad, "missing": missing, "records": len(paths),
        "header": {"hostname": header["hostname"], "kernel": host["kernel"], "cpus": host["logical_cpus"]},
    }  # fmt: skip


def refusals(folder: str) -> dict[str, object]:
    """What needs Linux, or a program that does."""
    socket = str(Path(folder) / "reader.sock")
    asked = [
        ("doctor", "--setup", "--yes"),
        ("serve", "--reader", "--socket", socket),
        ("serve", "--from", socket, "--once"),
    ]
    return {" ".join(words).replace(folder, "DIR"): quietly(*words) for words in asked}


def doctor() -> str:
    """Its page."""
    code, text = quietly("doctor")
    assert code == 0, text
    return text


if TASK == "doctor":
    print(doctor())
else:
    print(json.dumps(globals()[TASK](*ARGUMENTS)))
assert asyncio.AbstractEventLoop  # it is imported before the other system begins

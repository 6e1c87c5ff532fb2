"""The house's rules as tables: who may use whom, how long a file may be. The checks beside this file read them."""

from __future__ import annotations

# ---- C++: what a folder of cpp/impact (and worker, bindings) may include: whole layers, or single headers of one
LAYERS: dict[str, frozenset[str]] = {
    "core": frozenset(),
    "host": frozenset({"core"}),
    "model": frozenset({"core"}),
    "sources": frozenset({"core", "host"}),
    "record": frozenset({"core", "host"}),
    "attribution": frozenset({"core", "host", "sources/source.hpp"}),
    "sampling": frozenset({"core", "host", "sources/source.hpp"}),
    "tracker": frozenset({"core", "host", "sources", "sampling", "attribution", "record"}),
    "worker": frozenset({"core"}),
    "bindings": frozenset({"core", "host", "model", "sources", "record", "attribution", "sampling", "tracker"}),
    "library": frozenset({"core", "host", "sources", "attribution", "tracker"}),
}

# Headers outside the project, as regular expressions over the name between the brackets, and who may include them.
EVERYWHERE = frozenset(LAYERS)
FOREIGN_HEADERS: tuple[tuple[str, frozenset[str], str], ...] = (
    (r"Python\.h|pybind11/.*", frozenset({"bindings"}), "Python is seen by bindings alone"),
    (r"(torch|ATen|c10|caffe2)/.*", frozenset({"worker"}), "libtorch is seen by the worker alone"),
    (
        r"(unistd|fcntl|dlfcn|pthread|signal|sched|poll|spawn|termios|netdb)\.h|csignal|(sys|arpa|net|netinet)/.*"
        r"|(windows|winsock2|io|process|share|direct)\.h|(mach|IOKit|CoreFoundation)/.*",
        frozenset({"host"}),
        "only host talks to the operating system",
    ),
    (
        r"curl/.*",
        frozenset({"host"}),
        "host alone compares libcurl's numbers with its header, where that is present",
    ),
    (
        r"nvml\.h|level_zero/.*|(rocm|amd)_smi/.*|cuda.*\.h",
        frozenset({"worker"}),
        "vendor headers stay outside: declare what is needed",
    ),
    (
        r"thread|mutex|shared_mutex|condition_variable|future|stop_token|semaphore|latch|barrier"
        r"|iostream|istream|ostream|fstream|cstdio|stdio\.h|filesystem|syncstream",
        EVERYWHERE - {"core", "model"},
        "core and model know neither threads nor files",
    ),
    (r"(fmt|nlohmann)/.*", EVERYWHERE - {"core"}, "core needs the standard library alone"),
)
# What libimpact shows to other programs: its own sources see it, and nothing else of the house.
PUBLIC_HEADERS = frozenset({"impact/impact.h", "impact/impact.hpp"})
# The worker is a program of its own and may not link host: its one door to the operating system is this file.
WORKER_DOOR = "cpp/worker/process.cpp"
CLOCKLESS = frozenset({"core", "model"})  # may compute with times, never ask for one

# ---- Python: floors of the package; a module uses lower floors, or itself. Imports for type checkers count. A dotted
# name is a floor inside a folder ("bench.row": 1 below "bench.run": 2) and compares with others of that folder alone.
FLOORS: dict[str, int] = {
    "_core": 0,
    "values": 0,  # the algebra of energies and qualities: the standard library alone
    "plain_text": 0,  # what a stream cannot show, spelt otherwise: the standard library alone
    "system": 0,  # what operating systems name differently or lack: the standard library alone
    "control_groups": 0,  # the kernel's files of limits: the standard library alone
    "decorate": 1,
    "descendants": 1,
    "digits": 1,
    "errors": 1,
    "file_text": 1,
    "figures": 1,  # what all pictures share: needs matplotlib when it draws, and nothing of the house
    "gpu_sync": 1,
    "health": 1,
    "hostinfo": 1,
    "lazy": 1,
    "ledger_words": 1,
    "masking": 1,
    "modelled": 2,
    "old_logs": 1,
    "overlap": 1,  # the one place that decides what is counted twice: above values alone
    "paths": 1,
    "probes": 1,
    "ranks": 1,
    "typed": 1,
    "whole_file": 1,  # a file that is written whole or not at all: the standard library alone
    "spool": 2,  # a run's one file in the ledger's spool: types, codec and the write that is whole or not at all
    "budget": 2,
    "budget_notes": 2,  # a budget as a record keeps it
    "runner": 2,  # the worker's process: needs no core
    "reader_settings": 2,  # above errors
    "setting_values": 3,
    "settings": 4,
    "config": 5,
    "factors": 2,
    "footprint": 3,
    "weighing": 4,  # a record's or a tracker's energies as the series that footprint weighs
    "core_guard": 5,
    "result": 5,
    "result.weighed": 1,
    "result.view": 2,
    "result.result": 3,
    "record": 6,  # its result is weighed when asked, never stored: hence above footprint
    "runinfo": 6,
    "pacing": 6,
    "budgeted": 7,
    "project_energy": 6,
    "region": 7,
    "tracked_run": 7,  # a tracker's run on its way into the spool
    "tracker": 8,
    "field_report": 9,
    "estimators": 7,
    "data_interface": 9,
    "report": 9,
    "hooks": 9,
    "live": 10,  # above report, whose page one look is
    "interop": 8,
    "services": 10,
    "ledger": 10,
    "bench": 10,
    "bench.plan": 1,
    "bench.row": 2,
    "bench.run": 4,
    "bench.judge": 3,
    "bench.analyse": 4,
    "bench.show": 5,
    "cluster": 11,
    "exporter": 11,  # the service: metrics, and the reader with privileges
    "pages": 11,  # reports as one HTML file
    "studies": 11,
    "cli": 12,
}
NEVER: frozenset[tuple[str, str]] = frozenset({("report", "tracker")})
# Folders with floors inside that still hold modules outside those. This list only ever shrinks.
STILL_FLAT: frozenset[str] = frozenset()

# ---- Sizes: lines at most
MAX_LINES = {".hpp": 250, ".cpp": 400, ".py": 400}
MAX_PYTHON_FUNCTION = 60
MAX_CONSTRUCTOR_ARGUMENTS = 8
MAX_MODULE_CPP = 40  # bindings/module.cpp is a table of contents

# ---- Counts over the package: (what is counted, ceiling, goal). A ceiling is lowered whenever its count has fallen,
# and is not raised but for lines, where a new capability needs room; the goal stays.
CEILINGS: tuple[tuple[str, int, int], ...] = (
    ("lines", 41_240, 22_000),  # Python lines of impact_tracker without the folders of LATER_FOLDERS
    ("any", 42, 99),  # the word Any in impact_tracker, imports and comments included
    ("joules_per_kwh", 1, 1),  # places that spell 3.6e6; values/energy.py is the one
    ("vague_names", 0, 0),  # variables and parameters with a name of VAGUE_NAMES
    ("vague_names_beside", 0, 0),  # the same in tests, benchmarks, scripts and docs
    ("docstrings", 0, 0),  # docstrings in another style than the house's
    ("shared_names", 0, 0),  # classes with the name of another class of the package
)
# Capabilities that came after the house.
LATER_FOLDERS = frozenset({"cluster", "exporter", "hooks", "ledger", "live", "pages", "services", "studies"})
VAGUE_NAMES = frozenset(
    {"found", "got", "one", "said", "whole"}
)  # a variable is named after the quantity that it holds

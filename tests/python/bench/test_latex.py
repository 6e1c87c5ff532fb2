"""LaTeX takes the tables, and no line of them leaves the page."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from impact_tracker.bench import Settings
from impact_tracker.bench.show.suite_files import write_suite
from python.bench.flat import append, flat
from python.bench.made import campaign

pytest.importorskip("scipy.stats")

DOCUMENT = r"""\documentclass{article}
\usepackage[margin=2cm]{geometry}
\usepackage{booktabs}
\usepackage[utf8]{inputenc}
\usepackage{textcomp}
\begin{document}
\input{tables}
\end{document}
"""


def has_latex() -> bool:
    if shutil.which("pdflatex") is None or shutil.which("kpsewhich") is None:
        return False
    lookups = [subprocess.run(["kpsewhich", name], capture_output=True, check=False) for name in ("booktabs.sty",)]
    return all(lookup.returncode == 0 for lookup in lookups)


@pytest.mark.skipif(not has_latex(), reason="pdflatex with booktabs is not installed")
def test_a_campaign_s_tables_compile(tmp_path: Path) -> None:
    view = campaign(tmp_path / "a", Settings(suite="ai-benchmark", mode="work", repeats=3))
    odd = "50 % of it & a_b {c} ~ #1 $2^3$ \\ `impact-tracker doctor` ≥ 2 µs – “as” it is"
    with view.storage as storage:
        append(storage, {**flat(view)[0], "attempt": 2, "invalid": [odd]})
    write_suite(type(view)(view.storage))
    (tmp_path / "a" / "document.tex").write_text(DOCUMENT)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "document.tex"]
    done = subprocess.run(command, cwd=tmp_path / "a", capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    log = (tmp_path / "a" / "document.log").read_text(errors="replace")
    wide = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt too wide\) in alignment", log)]
    assert max(wide, default=0.0) < 10.0

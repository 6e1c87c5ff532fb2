"""The documentation as a site: `make docs`, then build/docs/html/index.html, which needs no network."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_extensions"))

from impact_tracker.cli import COMMANDS  # noqa: E402

project = "impact-tracker"
author = "The impact-tracker authors"
copyright = "The impact-tracker authors, Apache-2.0"
version = release = next(
    line.split('"')[1]
    for line in (HERE.parent / "pyproject.toml").read_text().splitlines()
    if line.startswith("version = ")
)
extensions = ["myst_parser", "sphinx.ext.autodoc", "house"]
exclude_patterns = ["_extensions", "pictures"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
# Names of files of the repository, which the site does not hold, are shown as they stand.
suppress_warnings = ["myst.header"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
default_role = "code"
html_theme = "furo"
html_title = "impact-tracker"
html_copy_source = False
html_show_sphinx = False
# No font, script or picture comes from elsewhere.
html_theme_options = {"source_repository": "", "top_of_page_buttons": []}
man_pages = [
    (f"reference/generated/{name}", f"impact-tracker-{name}", about, author, 1) for name, about in COMMANDS.items()
]
nitpicky = False

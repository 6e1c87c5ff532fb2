"""Reports as one file for a browser: `html_report` makes the text, `write_html_report` the file."""

from .report import ReportInput, html_of_input, html_of_statements, html_report, is_other, read_input, write_html_report

__all__ = [
    "ReportInput",
    "html_of_input",
    "html_of_statements",
    "html_report",
    "is_other",
    "read_input",
    "write_html_report",
]

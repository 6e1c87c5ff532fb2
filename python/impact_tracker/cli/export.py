"""Runs in the forms of journals, hubs and standards."""

from __future__ import annotations

import argparse
import sys

from ..whole_file import write_whole_text
from .any_runs import add_runs, runs_of

EIT = "eit"  # this form is made from the samples of a record, and the others from statements


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The place, the form, and what the form needs beside the run."""
    parser.epilog = """examples:
  impact-tracker export --list                                         # every form, and the fields it takes
  impact-tracker export runs/a --to hugging-face --field training_type=fine-tuning
  impact-tracker export runs/a --to latex -o energy.tex"""
    add_runs(parser, optional=True)
    parser.add_argument("--to", metavar="FORM", help="the form (--list shows them)")
    parser.add_argument("-o", "--output", metavar="FILE", help="where to; standard output without it")
    parser.add_argument(
        "--field",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="what the form asks for beside the run (--list names it); may be repeated",
    )
    parser.add_argument("--explain", action="store_true", help="the formula behind each carbon, on standard error")
    parser.add_argument("--list", action="store_true", help="list the forms with their fields, and end")


def run(args: argparse.Namespace) -> int:
    """Writes the form; 2 where that is impossible, with the reason on standard error. No half-written file stays."""
    from ..footprint import explain
    from ..interop.eit import record_as_data_json
    from ..interop.forms import FORMS, write
    from ..interop.once import doubts

    if args.list:
        for name, form in FORMS.items():
            fields = f"  fields: {', '.join(form.fields)}" if form.fields else ""
            print(f"{name:<28} {form.what}{fields}")
        print(f"{EIT:<28} data.json of experiment-impact-tracker, from a record")
        return 0
    if not args.to:
        raise ValueError("give a form with --to; --list shows them")
    if not args.place:
        raise ValueError("give the place of the runs: a logdir, a record, or a file or folder of another tracker")
    if args.to == EIT:
        text = record_as_data_json(args.place)
    else:
        runs = runs_of(args, apart=args.to in FORMS and FORMS[args.to].single)
        text = write(args.to, runs, _fields(args.field))
        if FORMS[args.to].single and len(runs) > 1 and not args.newest:
            print(f"impact-tracker export: {runs[0].name} alone, the newest of {len(runs)} runs", file=sys.stderr)
        print("".join(f"impact-tracker export: {doubt}\n" for doubt in doubts(runs)), end="", file=sys.stderr)
        if args.explain:
            print("\n".join(line for run in runs for line in (run.name, *explain(run.carbon))), file=sys.stderr)
    if args.output:
        write_whole_text(args.output, text)
    else:
        sys.stdout.write(text)
    return 0


def _fields(given: list[str]) -> dict[str, str]:
    fields = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not equals:
            raise ValueError(f"--field takes NAME=VALUE, not {item!r}")
        fields[name.strip()] = value
    return fields

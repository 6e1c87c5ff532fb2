"""Requests to an AI service, by EcoLogits' method: energy, carbon, depletion, primary energy, water, with ranges.

Models and electricity mixes are read from an installed ecologits (pip install ecologits); without it, a model is stated
by its size and this package's tables weigh it.

examples:
  impact-tracker request --model gpt-4o --tokens 400
  impact-tracker request --model mistralai/mistral-large-latest --tokens 400 --zone FR --requests 1000000
  impact-tracker request --active 8 --total 8 --tokens 400 --zone FR --pue 1.2 --wue 0.3
  impact-tracker request --list claude           # models whose name holds a word
  impact-tracker request --zones                 # zones with a mix
"""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from .options import add_explain, add_json, print_json

if TYPE_CHECKING:
    from ..services.ai_models import AiModel
    from ..services.ai_request import AiRequest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model, what it was asked, where it stands."""
    parser.add_argument("--model", metavar="NAME", help="as in gpt-4o, or PROVIDER/NAME")
    parser.add_argument("--provider", metavar="NAME", help="openai, anthropic, mistralai, google_genai, cohere …")
    parser.add_argument("--active", type=float, metavar="1E9", help="active parameters of a model that is not listed")
    parser.add_argument("--total", type=float, metavar="1E9", help="all its parameters (those active without it)")
    parser.add_argument("--tokens", type=float, metavar="N", help="tokens that one request generates")
    parser.add_argument("--latency", type=float, metavar="S", help="seconds that one took; modelled without it")
    parser.add_argument("--requests", type=float, default=1.0, metavar="N", help="how many (1)")
    parser.add_argument("--zone", help="where it is answered; where most sites of the provider stand without it")
    parser.add_argument("--pue", type=float, help="of the site; the provider's own without it")
    parser.add_argument("--wue", type=float, metavar="L_PER_KWH", help="water on site; the provider's own without it")
    parser.add_argument(
        "--mix", choices=("ecologits", "tables"), help="whose electricity: EcoLogits' or this package's tables"
    )
    parser.add_argument("--factors", metavar="FILE", help="your own factors; they win over this package's tables")
    parser.add_argument(
        "--list", nargs="?", const="", metavar="WORD", help="show the models, those with a word in them"
    )
    parser.add_argument("--zones", action="store_true", help="show the zones that have a mix")
    add_explain(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Prints the requests' impact, or the models and zones that there are. ValueError, ImportError: why not."""
    from ..factors import use_overrides
    from ..report.page import show
    from ..services.ai_models import model_names, zone_names
    from ..services.request_page import page_of

    if args.list is not None or args.zones:
        names = zone_names() if args.zones else [n for n in model_names(args.provider) if args.list in n]
        print(json.dumps(names) if args.json else "\n".join(names))
        return 0
    if args.factors:
        use_overrides(args.factors)
    request = _request(args)
    if args.json:
        print_json(request.as_dict())
    else:
        show(page_of(request, args.explain))
    return 0


def _request(args: argparse.Namespace) -> AiRequest:
    from ..services.ai_request import ai_request, site_of

    if args.tokens is None:
        raise ValueError("--tokens is needed: how many tokens one request generates")
    model = _model(args)
    tables = args.mix == "tables" or (args.mix is None and args.active is not None)
    site = site_of(model.provider, args.zone, args.pue, args.wue, tables=tables)
    return ai_request(model, site, tokens=args.tokens, latency_s=args.latency, requests=args.requests)


def _model(args: argparse.Namespace) -> AiModel:
    from ..services.ai_models import AiModel, find_model

    if (args.model is None) == (args.active is None):
        raise ValueError("give either --model NAME, or --active (and --total) of a model that is not listed")
    if args.model is not None:
        return find_model(args.model, args.provider)
    if args.zone is None:
        raise ValueError("a model that is not listed needs --zone: where it is answered")
    total = args.active if args.total is None else args.total
    return AiModel(args.provider or "", "a model of stated size", (args.active,) * 2, (total,) * 2)

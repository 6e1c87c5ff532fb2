"""Secrets out of argument lists, environments and texts, before they reach a record.

A value is a secret by the name it stands under (`--api-key`, `HF_TOKEN=`, `"password":`), by its own shape (keys of
well-known services, JSON web tokens, key blocks) or by its place in a URL (`user:secret@host`, `?signature=`). In
doubt it is masked: a masked batch size costs a look into the shell's history, a published key costs more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

MASK = "***"

_STRONG = (
    r"pass(?:word|wd|phrase|code)?|pwd|secrets?|credentials?|creds?|cookies?|jwt|otp|bearer|authorization|signature|sig"
    r"|(?:api|access|secret|private|auth|account|encryption|signing|ssh|license|storage|app)[._-]?keys?|session[._-]?id"
    r"|connection[._-]?string|dsn|auth|netrc"
)
_STRONG_NAME = re.compile(rf"(?:^|[^a-z0-9])(?:{_STRONG})(?:$|[^a-z0-9])|passw(?:or)?d|secret|apikey", re.IGNORECASE)
_TOKEN_NAME = re.compile(r"token", re.IGNORECASE)
_KEY_NAME = re.compile(r"(?:^|[^a-z0-9])key$", re.IGNORECASE)
# These names end in "key" or hold "token", and mean data and not access.
_HARMLESS = re.compile(
    r"(?:sort|group|primary|foreign|monitor|metric|dict|batch|image|label|text|feature|input|output|data|query|target"
    r"|cache|index|partition|column|row|loss)[._-]?key$|tokeni[sz]|token[._-]?(?:type|count|len|ids?|budget|level|class)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[+-]?\d{1,12}(?:[._]\d+)*(?:e[+-]?\d+)?[kKmMbB]?")
_KNOWN_SHAPES = re.compile(
    r"""
      \bsk-(?:[A-Za-z]+-)*[A-Za-z0-9_-]{16,}            # OpenAI, Anthropic and the like
    | \b(?:hf|ghp|gho|ghu|ghs|ghr|npm|dop_v1|pat|shpat|glsa|r8)_[A-Za-z0-9_]{16,}
    | \bgithub_pat_[A-Za-z0-9_]{20,}
    | \bgl(?:pat|dt|rt|soat)-[A-Za-z0-9_-]{16,}
    | \bxox[a-z]-[A-Za-z0-9-]{10,}
    | \b(?:AKIA|ASIA)[A-Z0-9]{16}\b
    | \bAIza[A-Za-z0-9_-]{30,}
    | \bya29\.[A-Za-z0-9_-]{20,}
    | \beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?
    | -----BEGIN[ ][A-Z ]*PRIVATE[ ]KEY-----.*?(?:-----END[ ][A-Z ]*PRIVATE[ ]KEY-----|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)
_URL_USER = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<user>[^\s/?#@:]*):(?P<secret>[^\s/?#]*)@")
_URL_BARE = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<secret>[^\s/?#@:]{20,})@")
_SCHEME_WORD = r"(?:(?:bearer|basic|token|digest|negotiate)\s+)?"
_VALUE = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"'&;,]+)"""
_ASSIGNED = re.compile(
    rf"""(?P<quote>["']?)(?P<name>[A-Za-z0-9_.+-]+)(?P=quote)(?P<equals>\s*[=:]\s*)(?P<value>{_SCHEME_WORD}{_VALUE})""",
    re.IGNORECASE,
)
_OPTION = re.compile(rf"(?P<name>(?<![\w-])--?[A-Za-z+][\w.+-]*)(?P<space>\s+)(?P<value>(?!-){_VALUE})")
_BEARER = re.compile(r"\b(?P<word>bearer|basic)\s+(?P<value>[A-Za-z0-9._~+/=-]{8,})", re.IGNORECASE)


def is_secret_name(name: str, value: str = "") -> bool:
    """Whether the value of this name is a secret. A number is none under `max_tokens`; under `token` it is one."""
    bare = name.strip("\"'-+ ")
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", bare)  # hfToken, apiKey
    if _STRONG_NAME.search(spaced):
        return True
    if _HARMLESS.search(spaced):
        return False
    if _KEY_NAME.search(spaced):
        return True
    if not _TOKEN_NAME.search(spaced):
        return False
    counted = not spaced.lower().endswith("token") and _NUMBER.fullmatch(value.strip())
    return not counted


def mask_text(text: str) -> str:
    """The text with `***` in place of every secret; all other words stay."""
    text = _KNOWN_SHAPES.sub(MASK, text)
    text = _URL_USER.sub(rf"\g<scheme>\g<user>:{MASK}@", text)
    text = _URL_BARE.sub(rf"\g<scheme>{MASK}@", text)

    def assigned(match: re.Match[str]) -> str:
        if match["value"].startswith("//") or not is_secret_name(match["name"], match["value"].strip("\"'")):
            return match[0]
        return f"{match['quote']}{match['name']}{match['quote']}{match['equals']}{MASK}"

    def option(match: re.Match[str]) -> str:
        hidden = is_secret_name(match["name"], match["value"].strip("\"'"))
        return f"{match['name']}{match['space']}{MASK}" if hidden else match[0]

    text = _ASSIGNED.sub(assigned, text)
    text = _OPTION.sub(option, text)
    return _BEARER.sub(rf"\g<word> {MASK}", text)


def mask_value(name: str, value: str) -> str:
    """The value of a name: `***` where the name is that of a secret, else the value without secrets in it."""
    return MASK if value and is_secret_name(name, value) else mask_text(value)


def mask_argv(arguments: Iterable[str]) -> list[str]:
    """An argument list without its secrets: `--name=value`, `--name value`, `name=value`, URLs, known shapes."""
    masked = []
    option = ""
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if option and not (argument.startswith("-") and is_option(argument)):
            masked.append(MASK if is_secret_name(option, argument) else mask_text(argument))
            option = ""
        elif equals and " " not in name and is_secret_name(name, value):
            masked.append(f"{name}={MASK}")
            option = ""
        else:
            masked.append(mask_text(argument))
            option = argument if is_option(argument) and not equals else ""
    return masked


def is_option(argument: str) -> bool:
    """Whether an argument is spelled as an option: `-x`, `--name`; not a negative number, not text behind a dash."""
    return re.fullmatch(r"--?[A-Za-z+][\w.+-]*(?:=.*)?", argument, re.DOTALL) is not None


def mask_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Names and values with the secrets masked."""
    return {name: mask_value(name, value) for name, value in environment.items()}

"""No secret reaches a record, and what is none stays readable."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.masking import MASK, is_secret_name, mask_argv, mask_environment, mask_text, mask_value

SECRET_NAMES = [
    "password", "passwd", "db_password", "PGPASSWORD", "api-key", "api_key", "apikey", "OPENAI_API_KEY", "hf-token",
    "HF_TOKEN", "hfToken", "token", "wandb_key", "secret", "client-secret", "AWS_SECRET_ACCESS_KEY", "auth",
    "access-token", "private-key", "credentials", "bearer", "model.hub_token", "+trainer.logger.api_key", "cookie",
]  # fmt: skip
HARMLESS = [
    "--max-tokens=512", "--tokenizer=bert", "--num_tokens=1e9", "--sort-key=loss", "--monitor_key=val", "--author=me",
    "--keys=a,b", "--lr=0.1", "--token-type=bpe", "--batch-size=128", "--keyframes=3", "--passes=3", "--compass=n",
    "--authors=two", "http://host:8080/path", "C:/data", "2026-01-02T03:04:05", "--signal=9",
]  # fmt: skip
# Long enough to be looked for, never a word that stands in the argument anyway.
SECRETS = st.text(string.ascii_letters + string.digits, min_size=8, max_size=40).map(lambda text: f"Zq{text}")
NAMES = st.sampled_from(SECRET_NAMES)


@given(NAMES, SECRETS)
def test_no_spelling_of_an_option_lets_a_secret_through(name: str, secret: str) -> None:
    for arguments in (
        [f"--{name}={secret}"],
        [f"--{name}", secret],
        [f"-{name}", secret],
        [f"{name}={secret}"],
        [f"{name}:{secret}"],
        [f'{{"{name}": "{secret}", "lr": 0.1}}'],
        [f"--config={{'{name}': '{secret}'}}"],
        ["sh", "-c", f"export {name.upper()}={secret}; python train.py --{name} {secret} --lr 1"],
        ["sh", "-c", f'tool --{name} "{secret}"'],
        ["-H", f"X-{name}: {secret}"],
        [f"https://host/path?{name}={secret}&x=1"],
    ):
        assert secret not in " ".join(mask_argv(arguments)), arguments


@given(SECRETS, st.sampled_from(["https", "postgresql", "s3", "redis", "mysql+pymysql"]))
def test_passwords_in_urls_are_masked(secret: str, scheme: str) -> None:
    for arguments in ([f"{scheme}://user:{secret}@host:5432/db"], ["--db", f"{scheme}://:{secret}@host"]):
        masked = " ".join(mask_argv(arguments))
        assert secret not in masked
        assert "@host" in masked
    assert mask_text(f"{scheme}://user:{secret}@host/db") == f"{scheme}://user:{MASK}@host/db"


@given(SECRETS)
def test_headers_with_a_scheme_word_are_masked(secret: str) -> None:
    for header in (f"Authorization: Bearer {secret}", f"authorization: token {secret}", f"Bearer {secret}"):
        assert secret not in " ".join(mask_argv(["curl", "-H", header, "http://x"]))


@pytest.mark.parametrize(
    "secret",
    [
        "sk-" + "a1B2" * 8,
        "sk-proj-" + "a1B2" * 8,
        "hf_" + "abCD12" * 6,
        "ghp_" + "abCD12" * 6,
        "github_pat_" + "abCD12" * 6,
        "glpat-" + "abCD12" * 4,
        "xoxb-123456789012-abcdef",
        "AKIA" + "ABCD1234" * 2,
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcDEF123",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_known_shapes_are_masked_wherever_they_stand(secret: str) -> None:
    for arguments in ([secret], ["--note", f"with {secret} in it"], [f"--name={secret}"], ["-c", f"x='{secret}'"]):
        assert secret not in " ".join(mask_argv(arguments))
    assert secret not in mask_value("note", f"see {secret}")


@pytest.mark.parametrize("argument", HARMLESS)
def test_what_is_no_secret_stays(argument: str) -> None:
    assert mask_argv(["train.py", argument, "--flag"]) == ["train.py", argument, "--flag"]
    if argument.startswith("--"):
        pair = list(argument.partition("=")[::2])
        assert mask_argv(pair) == pair


def test_options_around_a_secret_stay() -> None:
    arguments = ["train.py", "--api-key", "sesame", "--lr", "0.1", "data/"]
    assert mask_argv(arguments) == ["train.py", "--api-key", MASK, "--lr", "0.1", "data/"]
    assert mask_argv(["--token", "--lr", "0.1"]) == ["--token", "--lr", "0.1"]
    assert mask_argv(["--password", "-Zq12!x"]) == ["--password", MASK]


def test_a_number_is_a_secret_under_token_and_none_under_tokens() -> None:
    assert is_secret_name("hf_token", "123456")
    assert not is_secret_name("max_tokens", "512")
    assert is_secret_name("tokens", "abcdef")
    assert is_secret_name("password", "123456")


def test_environment_is_masked_by_name_and_by_value() -> None:
    masked = mask_environment({"WANDB_API_KEY": "sesame", "DATABASE_URL": "pg://u:sesame@h/d", "OMP_NUM_THREADS": "2"})
    assert masked == {"WANDB_API_KEY": MASK, "DATABASE_URL": f"pg://u:{MASK}@h/d", "OMP_NUM_THREADS": "2"}


@given(st.lists(st.text(max_size=60), max_size=8))
def test_any_argument_list_keeps_its_length(arguments: list[str]) -> None:
    assert len(mask_argv(arguments)) == len(arguments)


@given(st.text(max_size=200))
def test_masking_twice_changes_nothing_more(text: str) -> None:
    once = mask_text(text)
    assert mask_text(once) == once

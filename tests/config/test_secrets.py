"""Keys have no place in settings: refused in one line that shows none, before anything is printed or written."""

import os
import sys
from pathlib import Path

import pytest

from llavapose.config.checks.secrets import hidden, not_a_variable, not_an_address
from llavapose.config.compose import composed, settings
from llavapose.errors import ConfigError
from tests import warm

ROOT = Path(__file__).parents[2]
CANARY = "sk-canary-0123456789abcdef0123"
PLAIN = "Zu9vQx4LmT7aRb2KcW8n"
"""A key without a head by which it could be told."""

OVERRIDES = [
    f"teacher.endpoint.api_key={PLAIN}",
    f"+teacher.endpoint.api_key={PLAIN}",
    f"judge.endpoint.token={PLAIN}",
    f"answerer.endpoint.api_key={PLAIN}",
    f"+password={PLAIN}",
    f"teacher.endpoint.api_key_env={PLAIN}",
    f"judge.endpoint.api_key_env={CANARY}",
    f"teacher.endpoint.base_url=https://me:{PLAIN}@host/v1",
    f"teacher.endpoint.base_url=https://{PLAIN}@host/v1",
    f"teacher.endpoint.base_url='https://host/v1?api_key={PLAIN}'",
    f"teacher.endpoint.base_url='https://host/v1?x={PLAIN}'",
    f"teacher.endpoint.base_url='https://host/v1#{PLAIN}'",
    f"judge.endpoint.base_url=https://host/{CANARY}/v1",
    f"teacher.endpoint.model={CANARY}",
    f"teacher.endpoint.price_in={CANARY}",
    f"scenes.root={CANARY}",
    f"{CANARY}=1",
    f"modle={CANARY}",
    "teacher.endpoint.model=${oc.env:SOME_API_KEY}",
    "teacher.endpoint.model=x-In-The-Environment-77",
]


@pytest.mark.parametrize("override", OVERRIDES)
def test_what_looks_like_a_key_is_refused_and_not_shown(conf, override, monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "In-The-Environment-77")
    script = "evaluate" if "answerer" in override or "judge" in override else "generate"
    start = ["arm=x", "checkpoint=tiny", "judge.endpoint=vllm", "judge.endpoint.model=m"]
    start = start if script == "evaluate" else ["teacher=vllm", "teacher.endpoint.model=m"]
    with pytest.raises(ConfigError) as caught:
        composed(script, conf, [*start, override])
    lines = str(caught.value).splitlines()
    about = [line for line in lines if "variable" in line]
    assert about and all(
        "secret key" in line or "hold no keys" in line or "no name of a variable" in line or "a query" in line
        for line in about
    )
    for secret in (CANARY, PLAIN, "In-The-Environment-77"):
        assert secret not in str(caught.value)


@pytest.mark.parametrize(
    "override",
    [
        "teacher.endpoint.api_key=null",
        "teacher.endpoint.api_key_env=MY_OPENAI_KEY_2026_PRODUCTION",
        "teacher.endpoint.base_url=http://localhost:8000/v1",
        "teacher.endpoint.model=Qwen/Qwen2.5-7B-Instruct",
        "scenes.root=data/sk-learn",
    ],
)
def test_what_is_no_key_is_none(conf, override, monkeypatch):
    monkeypatch.setenv("HOME_OF_KEYS_PATH", "/data/sk-learn")
    try:
        composed("generate", conf, ["teacher.endpoint=vllm", "teacher.endpoint.model=m", override])
    except ConfigError as error:
        assert "api_key" in override and "nothing named teacher.endpoint.api_key" in str(error)


def test_a_variable_that_is_set_may_have_any_name(monkeypatch):
    assert not_a_variable("x", PLAIN)
    monkeypatch.setenv(PLAIN, "1")
    assert not not_a_variable("x", PLAIN) and not not_a_variable("x", None) and not not_a_variable("x", "openai_key")
    assert not_a_variable("x", "two words") and not_a_variable("x", "a3f09b7c44d1e8206f5a9b3c7d2e1f08")


def test_an_address_is_one():
    assert not_an_address("u", "http://u:p@h/v1") and not_an_address("u", "ftp://h") and not_an_address("u", "h:8000")
    assert not not_an_address("u", "https://h.example:8000/v1/") and not not_an_address("u", "http://h/a@b/v1")


def test_a_text_for_a_person_shows_no_key(monkeypatch):
    monkeypatch.setenv("SOME_TOKEN", "In-The-Environment-77")
    text = f"a {CANARY} b http://u:p@h/v1?api_key=1234&x=2 In-The-Environment-77 c"
    assert hidden(text) == "a *** b http://***h/v1?***&x=2 *** c"


def run(folder: Path, script: str, *arguments: str) -> str:
    """What a script says and leaves, all of it."""
    environment = os.environ | {"OPENAI_API_KEY": "x", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(ROOT / f"{script}.py"), *arguments]
    done = warm.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 1 and done.stderr.startswith("error: ") and "Traceback" not in done.stderr
    left = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return done.stdout + done.stderr + left.decode(errors="replace")


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("generate", ["teacher=gpt4o", "dry_run=true", f"teacher.endpoint.base_url=http://me:{PLAIN}@127.0.0.1:9/v1"]),
        ("train", ["-m", "teacher=gpt4o", "seed=0,1", f"teacher.endpoint.api_key={PLAIN}"]),
        ("train", ["--cfg", "job", f"teacher.endpoint.api_key={PLAIN}"]),
        ("evaluate", [f"--api_key={CANARY}"]),
    ],
)
def test_no_script_prints_or_writes_it(tmp_path, script, arguments):
    said = run(tmp_path, script, *arguments)
    assert PLAIN not in said and CANARY not in said


ASKS = "give a cap, e.g. {0}max_usd=10, or {0}max_usd=none"


@pytest.mark.parametrize(
    ("script", "overrides", "owner"),
    [
        ("generate", ["teacher=gpt4o"], ""),
        ("train", ["teacher=gpt4o"], ""),
        ("train", ["judge.endpoint=gpt4o"], "judge."),
        ("evaluate", ["arm=x", "checkpoint=tiny", "judge.endpoint=gpt4o"], "judge."),
        ("evaluate", ["arm=x", "answerer.endpoint=gpt4o"], "answerer."),
    ],
)
def test_who_costs_money_needs_a_cap_or_an_explicit_none(conf, script, overrides, owner, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    with pytest.raises(ConfigError) as caught:
        settings(script, conf, overrides)
    assert str(caught.value) == (
        f"{owner}max_usd has no value and gpt4o costs $2.5 and $10 per million tokens in and out; " + ASKS.format(owner)
    )
    for cap in ("none", "7", "0.5"):
        found = settings(script, conf, [*overrides, f"{owner}max_usd={cap}"])
        holder = getattr(found, owner.rstrip(".")) if owner else found
        assert str(holder.max_usd) == cap


@pytest.mark.parametrize(
    ("script", "overrides"),
    [
        ("generate", []),
        ("generate", ["teacher=gpt4o", "dry_run=true"]),
        ("generate", ["teacher=vllm", "teacher.endpoint.model=m"]),
        ("train", []),
        ("train", ["judge.endpoint=gpt4o", "evaluate=false"]),
        ("evaluate", ["arm=x", "answerer.endpoint=vllm", "answerer.endpoint.model=m"]),
    ],
)
def test_what_costs_nothing_is_asked_nothing(conf, script, overrides):
    settings(script, conf, overrides)

"""Keys have no place in settings: what looks like one is refused before it is printed or written down.

Settings are printed, kept beside results and sent to trackers; they hold the name of the environment variable that has
the key. Looked at are the command line, before anything else reads it, and every value of the composed settings.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

# The heads that services give their keys: OpenAI and its kin, Hugging Face, xAI, Groq, GitHub, GitLab, W&B, Google,
# AWS, Replicate, Perplexity, NVIDIA, and any JSON web token.
_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?:sk-|sk_live_|hf_|xai-|gsk_|gh[pousr]_|github_pat_|glpat-|wandb_v1_|AIza|AKIA|r8_|pplx-|nvapi-"
    r"|eyJ[\w-]{10,}\.)[\w-]{16,}"
)
_IN_URL = re.compile(
    r"(?<=://)[^/?#\s@]+@|(?<=[?&#])[\w.-]*(?:key|token|secret|sig|auth|pass|pwd)[\w.-]*=[^&#\s]+", re.IGNORECASE
)
_KEY_NAMES = {
    "api_key", "apikey", "api_token", "key", "token", "access_token", "auth_token", "hf_token", "secret", "password",
    "passwd", "authorization", "bearer",
}  # fmt: skip
_HAS_KEY = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
# Shorter values stand in a setting by chance: "x", "EMPTY", "local".
_SHORTEST = 12


def secret_overrides(overrides: Sequence[str]) -> list[str]:
    """A line for each setting of a command line that is, or holds, a key; the key is in none of them."""
    found = []
    for override in overrides:
        name, _, value = override.lstrip("+~").partition("=")
        leaf = re.split(r"[.@]", name)[-1].lower()
        if leaf in _KEY_NAMES and value not in ("", "null", "''", '""'):
            owner = name.rpartition(".")[0]
            where = f"{owner}.api_key_env" if owner.endswith("endpoint") else "the setting that takes such a name"
            found.append(
                f"{_plain(name)}: settings hold no keys; put it into an environment variable, its name in {where}"
            )
        elif _is_secret(value) or _is_secret(name):
            found.append(_line(_plain(name)))
    return found


def secrets_in(values: Any, name: str = "") -> Iterator[str]:
    """A line for each value inside that looks like a key."""
    if isinstance(values, Mapping):
        for key, inner in values.items():
            yield from secrets_in(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(values, list | tuple):
        for inner in values:
            yield from secrets_in(inner, name)
    elif isinstance(values, str | Path) and _is_secret(str(values)):
        yield _line(name)


def not_a_variable(name: str, value: str | None) -> list[str]:
    """A line for a name of an environment variable that is none: most likely the key itself."""
    if value is None or value in os.environ:
        return []
    long = len(value) >= 20 and any(sign.isdigit() for sign in value)
    mixed = any(sign.islower() for sign in value) and any(sign.isupper() for sign in value)
    if _VARIABLE.fullmatch(value) and not (long and (mixed or "_" not in value)) and not _is_secret(value):
        return []
    return [f"{name} is no name of a variable; put the key into one, e.g. OPENAI_API_KEY, and give that name"]


def not_an_address(name: str, value: str) -> list[str]:
    """A line for an address that is none, or that carries a user's name, a password or a query."""
    if "@" in value.partition("://")[2].partition("/")[0] or "?" in value or "#" in value:
        told = "holds a user name, a password or a query, which would be written down with the settings"
        return [f"{name} {told}; leave them out and give the variable that has the key in api_key_env"]
    if not re.match(r"https?://[^/\s]+", value):
        return [f"{name} is {hidden(value)!r}; expected an address such as https://api.openai.com/v1"]
    return []


def hidden(text: str) -> str:
    """A text for a person, every key in it replaced by stars."""
    for value in _values_of_keys():
        text = text.replace(value, "***")
    return _IN_URL.sub("***", _KEY.sub("***", text))


def _is_secret(text: str) -> bool:
    return bool(_KEY.search(text) or _IN_URL.search(text)) or any(value in text for value in _values_of_keys())


def _values_of_keys() -> list[str]:
    """The keys that lie in the environment."""
    return [
        value
        for name, value in os.environ.items()
        # Of a path, parts stand in many settings.
        if _HAS_KEY.search(name) and len(value) >= _SHORTEST and not value.startswith(("/", "."))
    ]


def _line(name: str) -> str:
    return f"{name} looks like a secret key; put it into an environment variable and give its name"


def _plain(name: str) -> str:
    """A setting's name, unless it is itself what must not be seen."""
    return name if re.fullmatch(r"[\w.@/-]{1,80}", name) and not _is_secret(name) else "a setting"

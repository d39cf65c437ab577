"""Models named as on the Hugging Face hub: whether they can be had, by network or from the cache.

Without network the hub's client tries each of a dozen files six times, minutes in all, also where every file lies in
its cache. So the hub is asked once, for a few seconds; a model that is cached is then read from the cache alone.
"""

import os
import re
import sys
import threading
import urllib.error
import urllib.request
from functools import cache
from pathlib import Path

from llavapose.errors import DataError
from llavapose.files import read_json

_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w.-]+")
_REACHED_WITHIN_S = 5.0
"""A hub that answers does so in a fraction of a second; a name that cannot be resolved may take longer to say so."""
_TRUE = {"1", "ON", "YES", "TRUE"}
"""What huggingface_hub reads as true."""


_NEEDS = ("config.json", "tokenizer_config.json")


def hub_problems(setting: str, model: str, *, needs: tuple[str, ...] = _NEEDS) -> list[str]:
    """A line where a model of the hub can be had neither from the cache nor from the hub.

    Where it is cached and the hub cannot be reached, this process and those that it starts are set to the cache alone.

    Args:
        setting: what the message calls it, e.g. "model.base".
        model: ``tiny``, a folder, or ``owner/name``, which is looked for.
        needs: its files besides the weights.
    """
    if model == "tiny" or Path(model).exists() or not _HUB_ID.fullmatch(model):
        return []
    cached = is_cached(model, needs=needs)
    if _is_set("HF_HUB_OFFLINE") or _is_set("TRANSFORMERS_OFFLINE"):
        if cached:
            return []
        variable = "HF_HUB_OFFLINE" if _is_set("HF_HUB_OFFLINE") else "TRANSFORMERS_OFFLINE"
        return [
            f"{setting}: {model} is not whole in the cache {cache_folder()}, and {variable} is set; unset it, or "
            f"download the model before: hf download {model}"
        ]
    answer = _answer(model)
    if cached:
        if answer is None:
            os.environ["HF_HUB_OFFLINE"] = "1"
            print(f"{setting}: {_endpoint()} cannot be reached; {model} is read from the cache", file=sys.stderr)
        return []
    if answer is None:
        return [
            f"{setting}: {model} is not in the cache {cache_folder()}, and {_endpoint()} cannot be reached; connect, "
            "give a folder, or use tiny, which ships with the package"
        ]
    if answer in (401, 403, 404) and not _has_token():
        return [
            f"{setting}: {_endpoint()} shows no model {model}; check the name, give a folder, or set HF_TOKEN if it "
            "is a private one"
        ]
    return []


def cache_folder() -> Path:
    """Where the hub's client keeps models (its own rule)."""
    home = os.environ.get("XDG_CACHE_HOME", "~/.cache") + "/huggingface"
    given = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    return Path(given or os.path.join(os.environ.get("HF_HOME", home), "hub")).expanduser()


def is_cached(model: str, *, needs: tuple[str, ...] = _NEEDS) -> bool:
    """Whether the newest version that was downloaded is there with the files it needs and all its weights."""
    folder = cache_folder() / f"models--{model.replace('/', '--')}"
    try:
        commit = (folder / "refs" / "main").read_text(encoding="utf-8").strip()
        files = folder / "snapshots" / commit
        index = files / "model.safetensors.index.json"
        weights = {"model.safetensors"}
        if index.is_file():
            weights = set(read_json(index, what="index of weights")["weight_map"].values())
    except (DataError, OSError, TypeError, KeyError, AttributeError):
        return False
    return all((files / name).is_file() for name in {*needs, *weights})


@cache
def _answer(model: str) -> int | None:
    """The hub's status about a model; None where it did not answer in time."""
    found: list[int] = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(f"{_endpoint()}/api/models/{model}", timeout=_REACHED_WITHIN_S) as reply:
                found.append(reply.status)
        except urllib.error.HTTPError as error:
            found.append(error.code)
        except (OSError, ValueError):
            return

    # A thread, because looking up a name heeds no time limit.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_REACHED_WITHIN_S)
    return found[0] if found else None


def _endpoint() -> str:
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def _has_token() -> bool:
    home = Path(os.environ.get("HF_HOME", cache_folder().parent)).expanduser()
    file = Path(os.environ.get("HF_TOKEN_PATH", home / "token")).expanduser()
    return bool(os.environ.get("HF_TOKEN") or os.environ.get("HUGGING_FACE_HUB_TOKEN")) or file.is_file()


def _is_set(variable: str) -> bool:
    return os.environ.get(variable, "").upper() in _TRUE

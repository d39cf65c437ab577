"""The key of a draw: what tells whose an answer is, ``rate/key.json``, beside the page that must not tell it.

::

    {"draw": "3fa9c1d2e4b5", "mode": "scale", "salt": "...", "seed": 0, "arms": ["baseline", "full"],
     "num_pictures": 20, "items": {"9f2c...": {
         "question_id": "17-conv", "scene_id": 17, "kind": "conv", "text": "How is the left elbow?",
         "arms": ["full"], "answers": ["84e9..."]}}}

``answers`` are hashes of the texts: a rating says nothing of one that has replaced them. The ``salt`` is the secret
behind the ids.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llavapose.config.choices import RateMode
from llavapose.errors import DataError
from llavapose.evaluation.judges.people.draw import Draw, blind_id
from llavapose.evaluation.judges.protocol import answer_hash
from llavapose.files import read_json, write_json

_KEY: Mapping[str, type] = {"draw": str, "mode": str, "salt": str, "arms": list, "num_pictures": int, "items": dict}
_ITEM: Mapping[str, type] = {
    "question_id": str, "scene_id": int, "kind": str, "text": str, "arms": list, "answers": list,
}  # fmt: skip


_NAME = re.compile(r"(?!\.)[^/\\\0]+")
"""Of an arm: its files are called so."""


def key_path(folder: Path) -> Path:
    """Where the key of a folder's draw lies."""
    return folder / "rate" / "key.json"


def read_key(folder: Path) -> dict[str, Any]:
    """The key of a folder's draw.

    Raises:
        DataError: none is there, or it is no key.
    """
    path = key_path(folder)
    if not path.is_file():
        raise DataError(
            f"rate: no {path}, the key of what was rated; write the page with report=rate, or bring it back"
        )
    key = read_json(path, what="key")
    if not (isinstance(key, dict) and _is_key(key)):
        raise DataError(f"rate: {path} is no key that report=rate wrote; bring that one back, or move rate/ away")
    return key


def _is_key(key: dict[str, Any]) -> bool:
    """Whether a key is as it was written: forms, names that stay in their folder, and every id that of its answers."""
    if not all(type(key.get(name)) is form for name, form in _KEY.items()) or key["mode"] not in list(RateMode):
        return False
    if not all(isinstance(arm, str) and _NAME.fullmatch(arm) for arm in key["arms"]):
        return False
    return all(isinstance(item, dict) and _is_item(name, item, key) for name, item in key["items"].items())


def _is_item(name: str, item: dict[str, Any], key: dict[str, Any]) -> bool:
    if not all(type(item.get(word)) is form for word, form in _ITEM.items()):
        return False
    arms, answers = item["arms"], item["answers"]
    if not all(isinstance(word, str) for word in (*arms, *answers)) or not set(arms) <= set(key["arms"]):
        return False
    if not len(arms) == len(answers) == (1 if key["mode"] == RateMode.scale else 2):
        return False
    return name == blind_id(key["salt"], item["question_id"], arms, answers)


def salt_of(folder: Path) -> str | None:
    """The secret behind the ids of a draw that was made before; None where there is none."""
    return str(read_key(folder)["salt"]) if key_path(folder).is_file() else None


def keep_key(folder: Path, draw: Draw) -> Path:
    """Write the key of a draw; one that is there stays.

    Raises:
        DataError: another draw's key lies there, whose ratings need it.
    """
    path = key_path(folder)
    if path.is_file():
        if (there := read_key(folder))["draw"] == draw.hash:
            return path
        raise DataError(
            f"rate: {path.parent} holds another draw ({there['mode']}, {there['num_pictures']} pictures, arms "
            f"{', '.join(map(str, there['arms']))}), whose ratings need its key; ask for the same, or move it away"
        )
    items = {
        one.id: {
            "question_id": one.question.id,
            "scene_id": one.unit,
            "kind": one.question.kind,
            "text": one.question.text,
            "arms": list(one.arms),
            "answers": [answer_hash(text) for text in one.texts],
        }
        for one in draw.items
    }
    told = {"draw": draw.hash, "mode": draw.mode.value, "salt": draw.salt, "seed": draw.seed, "arms": list(draw.arms)}
    write_json(path, {**told, "num_pictures": draw.num_pictures, "items": items})
    return path

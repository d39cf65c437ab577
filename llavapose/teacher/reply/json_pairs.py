"""Questions and answers out of JSON and its kin, whole or cut off, with prose around it.

[{"question": "Who sits?", "answer": "The man."}]  ->  Pair(question="Who sits?", answer="The man.")
"""

import ast
import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from llavapose.errors import DataError
from llavapose.plain_json import next_json, parse_json

_QUESTION_KEYS = ("question", "q", "user", "human", "prompt", "instruction", "input")
_ANSWER_KEYS = ("answer", "a", "assistant", "gpt", "ai", "response", "reply", "output")
_ROLE_KEYS, _TEXT_KEYS = ("role", "from", "speaker", "type"), ("content", "value", "text", "message")
_SPARE_COMMA = re.compile(r",(?=\s*[}\]])")
_MAX_STARTS = 300
_MAX_PYTHON = 20_000


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A question with its answer as found in a reply; "" for what is missing."""

    question: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class _Said:
    asks: bool
    text: str


def json_pairs(text: str) -> list[Pair]:
    """All pairs that the JSON in a text holds; none where there is no JSON of a known shape."""
    if "{" not in text and "[" not in text:
        return []
    for values in (_values(text), _values(_SPARE_COMMA.sub("", text)), _python_value(text)):
        pairs = _folded([said for value in values for said in _said(value)])
        if pairs:
            return pairs
    return []


def json_text(text: str) -> str | None:
    """The one text that a JSON object holds: {"description": "A man ..."}; None where it is no such object."""
    if not text.startswith("{"):
        return None
    try:
        value = parse_json(text, what="reply", where="JSON", strict=False)
    except DataError:
        return None
    if not isinstance(value, dict):
        return None
    texts = [inner for inner in value.values() if isinstance(inner, str)]
    return max(texts, key=len) if texts else None


def _values(text: str) -> Iterator[Any]:
    """Every complete JSON list or object, the outermost that are whole."""
    end = 0
    for number, start in enumerate(re.finditer(r"[\[{]", text)):
        if number >= _MAX_STARTS:
            return
        if start.start() < end:
            continue
        try:
            value, end = next_json(text, start.start(), what="reply", where="JSON", strict=False)
        except (json.JSONDecodeError, DataError):
            continue
        yield value


def _python_value(text: str) -> Iterator[Any]:
    """A list or dict as Python prints it."""
    opening = min((at for at in (text.find("["), text.find("{")) if at >= 0), default=len(text))
    region = text[opening : max(text.rfind("]"), text.rfind("}")) + 1]
    if not region or len(region) > _MAX_PYTHON or not re.search(r"'\s*:\s*['\"]", region):
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield ast.literal_eval(region)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return


def _said(value: Any) -> Iterator[_Said]:
    """Questions and answers in order."""
    if isinstance(value, Mapping):
        yield from _said_in_object({_key(key): inner for key, inner in value.items()}, value)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        if len(value) == 2 and all(isinstance(inner, str) for inner in value) and value[0].rstrip().endswith("?"):
            yield from (_Said(asks=True, text=value[0]), _Said(asks=False, text=value[1]))
            return
        for inner in value:
            yield from _said(inner)


def _said_in_object(known: dict[str, Any], value: Mapping[Any, Any]) -> Iterator[_Said]:
    role = next((known[key] for key in _ROLE_KEYS if isinstance(known.get(key), str)), None)
    text = next((known[key] for key in _TEXT_KEYS if isinstance(known.get(key), str)), None)
    if role is not None and text is not None:
        if _key(role) in (*_QUESTION_KEYS, *_ANSWER_KEYS):
            yield _Said(asks=_key(role) in _QUESTION_KEYS, text=text)
        return
    asked, answered = known.get("questions"), known.get("answers")
    if isinstance(asked, list) and isinstance(answered, list):
        for question, answer in zip_longest(asked, answered, fillvalue=""):
            yield from (_Said(asks=True, text=_text(question)), _Said(asks=False, text=_text(answer)))
        return
    for key, inner in value.items():
        name = _key(key)
        if name in _QUESTION_KEYS and _text(inner):
            yield _Said(asks=True, text=_text(inner))
        elif name in _ANSWER_KEYS and _text(inner):
            yield _Said(asks=False, text=_text(inner))
        elif isinstance(inner, str) and str(key).rstrip().endswith("?"):
            yield from (_Said(asks=True, text=str(key)), _Said(asks=False, text=inner))
        elif not isinstance(inner, str):
            yield from _said(inner)


def _key(key: Any) -> str:
    """The letters of a key or role: "question" for "Question 1" and "question_1"."""
    return re.sub(r"[\W\d_]+", "", str(key)).lower()


def _text(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(inner, str) for inner in value):
        return "\n".join(value)
    return value if isinstance(value, str) else ""


def _folded(said: Sequence[_Said]) -> list[Pair]:
    """Each question with the answer after it."""
    pairs: list[Pair] = []
    question = ""
    for one in said:
        if one.asks:
            if question:
                pairs.append(Pair(question=question, answer=""))
            question = one.text
        else:
            pairs.append(Pair(question=question, answer=one.text))
            question = ""
    if question:
        pairs.append(Pair(question=question, answer=""))
    return pairs

r"""A teacher's reply read as conversations, or the reason why it cannot be one.

"Q: Who sits?\nA: The man."  ->  ((Turn("user", "Who sits?"), Turn("assistant", "The man.")),)
"""

import re
from collections import Counter
from dataclasses import dataclass

from llavapose.errors import ReplyError
from llavapose.records import Turn
from llavapose.teacher.reply.faults import is_cut, is_foreign, refuses, same_words
from llavapose.teacher.reply.forms import Found, pairs_in, question_first
from llavapose.teacher.reply.json_pairs import Pair, json_pairs, json_text
from llavapose.teacher.reply.wrapping import cleaned, unquoted, without_closing, without_preamble

MIN_WORDS = 8
"""Fewest words of a description, and of an answer that reasons."""

# Four thousand tokens; the longest of the papers' replies has a fifth. What is longer is no sample of anything.
MAX_CHARACTERS = 16_384
"""Characters of a reply that is read."""


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """What one reply holds.

    Attributes:
        conversations: at least one; each of user and assistant in turn.
        left_out: reason -> pairs of the reply that are in none.
    """

    conversations: tuple[tuple[Turn, ...], ...]
    left_out: dict[str, int]


def parse_reply(
    text: str, kind: str, *, finish: str = "stop", conv_form: str = "pairs", instruction: str | None = None
) -> Parsed:
    """Read a reply; a pair that cannot be used is left out and counted, and the others stay.

    Args:
        text: what the teacher wrote.
        kind: "conv", "detail" or "complex".
        finish: why the teacher stopped: "stop", "length", "content_filter".
        conv_form: with "conv", whether each pair is a conversation ("pairs") or all are one ("dialogue").
        instruction: with "detail", the user's words.

    Raises:
        ReplyError: nothing of it can be used. The message, as a reason in ``left_out``, is one of: content filter,
            cut off, empty, refusal, no question and answer, one-sided, repeats the question, too short, too long,
            wrong language, asked twice, more than one question.
    """
    if len(text) > MAX_CHARACTERS:
        raise ReplyError("too long")
    if finish == "content_filter":
        raise ReplyError("content filter")
    body, cut = cleaned(text), finish == "length"
    if not body:
        raise ReplyError("cut off" if cut else "empty")
    if kind == "detail":
        assert instruction is not None, "a description needs the instruction that it follows"
        answer = _description(body, instruction, cut)
        return Parsed(conversations=(_turns(Pair(question=instruction, answer=answer)),), left_out={})
    good, left_out = _sorted_out(_found(body, kind, cut), body, kind, cut)
    if kind == "complex" and len(good) > 1:
        left_out["more than one question"] += len(good) - 1
        good = good[:1]
    if kind == "conv" and conv_form == "dialogue":
        conversations = (tuple(turn for pair in good for turn in _turns(pair)),)
    else:
        conversations = tuple(_turns(pair) for pair in good)
    return Parsed(conversations=conversations, left_out=dict(left_out))


def _found(body: str, kind: str, cut: bool) -> Found:
    """The pairs of a reply, whatever their form."""
    from_json = json_pairs(body)
    if from_json:
        # Only whole pairs are found in JSON: the one that was cut stands as an empty one at the end.
        rest = [Pair(question="", answer="")] if cut and from_json[-1].answer else []
        return Found(pairs=(*from_json, *rest), labelled=True)
    text = without_closing(body)
    found = pairs_in(text)
    if kind == "complex" and not found.labelled:
        first = question_first(without_preamble(text))
        return Found(pairs=(first,) if first else (), labelled=False, preamble=text)
    return found


def _sorted_out(found: Found, body: str, kind: str, cut: bool) -> tuple[list[Pair], Counter[str]]:
    """The pairs that can be used, and how many cannot for which reason."""
    if not found.pairs:
        raise ReplyError("refusal" if refuses(body) else "cut off" if cut else "no question and answer")
    if not found.labelled and refuses(found.preamble) and not found.preamble.endswith(":"):
        raise ReplyError("refusal")
    good: list[Pair] = []
    left_out: Counter[str] = Counter()
    for index, pair in enumerate(found.pairs):
        pair = _tidy(pair)
        is_last = index == len(found.pairs) - 1
        fault = _fault(pair, kind, cut=cut and is_last, is_last=is_last)
        if fault is None and any(same_words(pair.question, other.question) for other in good):
            fault = "asked twice"
        if fault is None:
            good.append(pair)
        else:
            left_out[fault] += 1
    if not good:
        raise ReplyError(left_out.most_common(1)[0][0])
    return good, left_out


def _tidy(pair: Pair) -> Pair:
    """The pair without the question said again before the answer."""
    question, answer = pair.question.strip(), pair.answer.strip()
    rest = answer[len(question) :].lstrip(" \n*-–—:")
    if question and rest and answer.lower().startswith(question.lower()):
        answer = rest
    return Pair(question=question, answer=answer)


def _fault(pair: Pair, kind: str, *, cut: bool, is_last: bool) -> str | None:
    """Why a pair cannot be used; None where it can."""
    question, answer = pair.question, pair.answer
    reasoning = kind == "complex"
    if cut:
        return "cut off"
    if not _has_words(question) or not _has_words(answer):
        return "one-sided"
    if refuses(answer):
        return "refusal"
    if same_words(question, answer):
        return "repeats the question"
    if is_last and is_cut(answer, prose=reasoning):
        return "cut off"
    if is_foreign(f"{question} {answer}"):
        return "wrong language"
    short = len(question.split()) < 2 or (reasoning and len(answer.split()) < MIN_WORDS)
    return "too short" if short else None


def _description(body: str, instruction: str, cut: bool) -> str:
    """The description itself."""
    if refuses(body):
        raise ReplyError("refusal")
    text = json_text(body) or body
    first, _, rest = text.partition("\n")
    if rest.strip() and same_words(first, instruction):
        text = rest.strip()
    text = unquoted(without_closing(without_preamble(text)))
    if cut or (text and is_cut(text, prose=True)):
        raise ReplyError("cut off")
    if same_words(text, instruction):
        raise ReplyError("repeats the question")
    if is_foreign(text):
        raise ReplyError("wrong language")
    if not _has_words(text) or len(text.split()) < MIN_WORDS:
        raise ReplyError("too short")
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)


def _has_words(text: str) -> bool:
    return any(sign.isalnum() for sign in text)


def _turns(pair: Pair) -> tuple[Turn, Turn]:
    return Turn(role="user", text=pair.question), Turn(role="assistant", text=pair.answer)

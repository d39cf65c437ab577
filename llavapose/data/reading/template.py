"""Any base's chat template -> its ``Wording``, by looking at what it makes of words that stand for texts."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from PIL import Image

from llavapose.data.conversation import Conversation, num_image_tokens
from llavapose.data.reading.timed import SAID, timed_heads
from llavapose.data.reading.wording import Wording
from llavapose.errors import DataError

DAY = date(2025, 1, 1)
"""What a template that writes the day is told: prefixes that change at midnight would be others when asked."""

_LITERAL_DAY = r"""strftime_now\s*\(\s*(?:'([^']*)'|"([^"]*)")\s*\)"""

QUESTIONS = ("Qxfirst", "Qxsecond", "Qxthird")
ANSWERS = ("Zxfirst", "Zxsecond", "Zxthird")
"""Words that stand for texts: no template writes them."""

TEXTS = {
    "a text of 3,000 characters": "A man with a blue cap reads. " * 103 + "A cap of blue.",
    "characters such as < > & { } _ or quotes": 'a <b> & "c" it\'s two_words {x} {{ y }} [z] 50% #1',
    "two spaces": "one  two",
    "two lines": "one\ntwo\n\nthree",
    "letters beyond ASCII": "naïve Ж 日本 🙂",
    "thoughts in marks": "<think>why</think> so",
}
"""What samples may hold, and what a template that changes it is told of by."""

TURNS = 8
"""Questions and answers of a long conversation."""

NUMBERED = 32
"""Pictures up to which a template that numbers them is looked at; one that does not is so by its first three."""


def conversation_of(processor: Any, *, own_words: bool, source: str) -> Conversation:
    """How a base's samples become tokens.

    Args:
        processor: the base's.
        own_words: whether it speaks LLaVA-1.5's words about squares; else the processor's own.
        source: the base, for messages.

    Raises:
        DataError: as ``wording_of``.
    """
    if own_words:
        return Conversation(processor.tokenizer, num_image_tokens(processor))
    words = wording_of(processor, source=source)
    return Conversation(processor.tokenizer, wording=words, text_prefix=encode_head(processor, words.text_lead, []))


def wording_of(processor: Any, *, source: str) -> Wording:
    """A processor's own conversation.

    Args:
        processor: the base's, with chat template and tokenizer.
        source: the base, for messages.

    Raises:
        DataError: a template that is missing, cannot be rendered, or cannot be trained with; says why in one line.
    """

    def render(turns: int, pictures: int = 0, times: Sequence[str] = (), *, prompt: bool = False) -> str:
        pairs = [text for pair in zip(QUESTIONS, ANSWERS, strict=True) for text in pair]
        return rendered(processor, pairs[:turns], pictures, times, prompt=prompt, source=source)

    def wrong(why: str) -> DataError:
        return DataError(f"base {source}: its chat template {why}; take another chat_template.jinja")

    asked_alone, single = render(1, prompt=True), render(2)
    text_head, asked = _split(asked_alone, QUESTIONS[:1], "a question", wrong)
    before, intro, tail = _split(single, (QUESTIONS[0], ANSWERS[0]), "an answer", wrong)
    rest = _split(render(6), _in_turn(3), "an answer", wrong)
    _prove_linear(rest, (text_head, before), intro, wrong)
    _prove_unchanged(lambda texts: rendered(processor, texts, 0, prompt=False, source=source), rest, processor, wrong)
    if (behind := intro.removeprefix(asked).strip()) and asked == _split(render(1), QUESTIONS[:1], "a question", wrong)[
        1
    ]:
        raise wrong(f"has no generation prompt: nothing writes {behind!r} before a model answers")
    replied, note = _replied(asked, intro, wrong)
    end, between, tail, dropped = _ends(processor.tokenizer, rest[2], tail, wrong)
    if _split(render(3, prompt=True), _in_turn(3)[:3], "an answer", wrong)[3] != asked:
        raise wrong("asks the second question otherwise than the first")
    heads = _heads(lambda pictures: render(1, pictures, prompt=True), asked, processor, wrong)
    text = _question_text(render(1, 1, prompt=True))
    marker, lead = _marker(processor, heads[0], text, wrong)
    timed, places_times = timed_heads(
        lambda num: _question_text(render(1, num, [SAID] * num, prompt=True)).removesuffix(QUESTIONS[0]),
        heads, text[len(heads[0]) :].removesuffix(QUESTIONS[0]),
        tokens=special_tokens(processor.tokenizer), numbered=NUMBERED,
    )  # fmt: skip
    cut = _end_of_last_token(processor.tokenizer, text_head)
    cut = cut or len(text_head.rstrip())
    return Wording(
        heads=heads, timed=timed, marker=marker, lead=lead, text_lead=text_head[:cut], text_gap=text_head[cut:],
        asked=asked, replied=replied, end=end, between=between, tail=tail, places_times=places_times,
        note="; ".join(one for one in (note, dropped) if one),
    )  # fmt: skip


def rendered(
    processor: Any, texts: Sequence[str], pictures: int, times: Sequence[str] = (), *, prompt: bool, source: str
) -> str:
    """A conversation by the processor's template, the pictures in front of the first question.

    Args:
        processor: the base's.
        texts: questions and answers in turn.
        pictures: how many.
        times: where they are frames: the text in front of each.
        prompt: whether the end asks for an answer.
        source: the base, for messages.

    Raises:
        DataError: the template is missing, or cannot be rendered.
    """
    template = getattr(processor, "chat_template", None) or getattr(processor.tokenizer, "chat_template", None)
    if not isinstance(template, str):
        raise DataError(f"base {source}: its processor has no chat template; copy chat_template.jinja of the published "
                        "checkpoint into the folder")  # fmt: skip
    if len(re.findall(r"strftime_now\s*\(", template)) != len(re.findall(_LITERAL_DAY, template)):
        raise DataError(f"base {source}: its chat template writes the time in a format that is not given as text; take "
                        "another chat_template.jinja")  # fmt: skip
    named: dict[str, Any] = {"enable_thinking": False} if "enable_thinking" in template else {}
    problem: Exception | None = None
    for as_parts in (True, False):
        try:
            return processor.apply_chat_template(
                _messages(texts, pictures, times, as_parts=as_parts), chat_template=_on_a_day(template), tokenize=False,
                add_generation_prompt=prompt, **named,
            )  # fmt: skip
        except TimeoutError:
            raise
        except Exception as error:
            # Some want an answer as a string and a question as parts.
            problem = problem or error
    told_why = re.sub(r"\s+", " ", str(problem))[:200]
    raise DataError(f"base {source}: its chat template cannot be rendered ({told_why}); take another "
                    "chat_template.jinja")  # fmt: skip


def _on_a_day(template: str) -> str:
    """The template with its day told: what it asks transformers for is no variable that can be given."""
    formats = dict.fromkeys(re.findall(_LITERAL_DAY, template))
    days = {one or other: DAY.strftime(one or other) for one, other in formats}
    if not days:
        return template
    return "{% macro strftime_now(asked) %}{{ " + json.dumps(days) + "[asked] }}{% endmacro %}" + template


def _messages(texts: Sequence[str], pictures: int, times: Sequence[str], *, as_parts: bool) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for number, text in enumerate(texts):
        is_user, shown = number % 2 == 0, picture_parts(pictures, times) if number == 0 else []
        parts: Any = [*shown, {"type": "text", "text": text}]
        found.append({"role": "user" if is_user else "assistant", "content": parts if as_parts or is_user else text})
    return found


def picture_parts(pictures: int, times: Sequence[str] = ()) -> list[dict[str, str]]:
    """A message's parts for pictures; of frames, each behind the text of its time."""
    if not times:
        return [{"type": "image"} for _ in range(pictures)]
    return [part for time in times for part in ({"type": "text", "text": time}, {"type": "image"})]


def _in_turn(num: int) -> tuple[str, ...]:
    return tuple(text for pair in zip(QUESTIONS[:num], ANSWERS[:num], strict=True) for text in pair)


def _split(text: str, words: Sequence[str], what: str, wrong: Callable[[str], DataError]) -> list[str]:
    """What stands around words, each once and in order."""
    found, at = [], 0
    for word in words:
        place = text.find(word, at)
        if place < 0 or text.count(word) != 1:
            lacking = "a question" if word in QUESTIONS else what
            raise wrong(f"leaves out {lacking}, changes it or writes it twice")
        found.append(text[at:place])
        at = place + len(word)
    return [*found, text[at:]]


def _question_text(text: str) -> str:
    return text[: text.index(QUESTIONS[0]) + len(QUESTIONS[0])]


def _prove_linear(rest: Sequence[str], heads: Sequence[str], intro: str, wrong: Callable[[str], DataError]) -> None:
    """Every turn is written alike, however many follow."""
    intros, betweens = {intro, *rest[1::2]}, {*rest[2:-1:2]}
    if len(intros) > 1:
        one, other = sorted(intros)[:2]
        raise wrong(f"writes what stands before an answer in different ways, {one!r} and {other!r}, so that earlier "
                    "answers would be trained otherwise than asked")  # fmt: skip
    if len(betweens) > 1:
        one, other = sorted(betweens)[:2]
        raise wrong(f"writes what stands between turns in different ways, {one!r} and {other!r}")
    if len({rest[0], *heads}) > 1:
        raise wrong("begins in different ways for one turn and for several")


def _prove_unchanged(
    render: Callable[[Sequence[str]], str], rest: Sequence[str], processor: Any, wrong: Callable[[str], DataError]
) -> None:
    """Texts stand as they are, whatever they hold and however many turns there are.

    Args:
        render: of questions and answers in turn.
        rest: what stands around three questions and answers.
        processor: the base's.
        wrong: makes the error.
    """
    head, intro, between, *_, tail = rest
    known = special_tokens(processor.tokenizer)
    for what, text in TEXTS.items():
        if any(one in text for one in known):
            continue
        texts = [f"{QUESTIONS[0]} {text} {QUESTIONS[0]}", f"{ANSWERS[0]} {text} {ANSWERS[0]}"] * 3
        around = [head, *[intro, between] * 2, intro, tail]
        if render(texts) != "".join(a + b for a, b in zip(around, [*texts, ""], strict=True)):
            raise wrong(f"changes what is said: {what}")
    texts = [*QUESTIONS[:1], *ANSWERS[:1]] * TURNS
    around = [head, *[intro, between] * (TURNS - 1), intro, tail]
    if render(texts) != "".join(a + b for a, b in zip(around, [*texts, ""], strict=True)):
        raise wrong(f"changes what is said: {TURNS} questions and answers, from the fourth on")


def _replied(asked: str, intro: str, wrong: Callable[[str], DataError]) -> tuple[str, str]:
    """What an answer begins with, and how an answer of the past differs from one that is asked for."""
    if intro.startswith(asked) and not intro.removeprefix(asked).strip():
        return intro.removeprefix(asked), ""
    if intro.split() == asked.split():
        return "", f"it asks with {asked!r} and writes {intro!r} before an answer of the past: trained as asked"
    raise wrong(f"asks with {asked!r} and writes {intro!r} before an answer, so that a model would be trained "
                "otherwise than asked")  # fmt: skip


def _ends(tokenizer: Any, between: str, tail: str, wrong: Callable[[str], DataError]) -> tuple[str, str, str, str]:
    """The end mark of an answer, what follows it in the middle and at the end, and what is to be said of it."""
    marks = [(between.find(one), one) for one in special_tokens(tokenizer) if one in between]
    at, mark = min(marks, default=(0, ""), key=lambda found: (found[0], -len(found[1])))
    end = between[: at + len(mark)]
    is_dropped = bool(mark) and not tail.strip() and mark == tokenizer.eos_token
    if not mark or not (tail.startswith(end) or is_dropped):
        raise wrong("puts no special token behind an answer, so that a model would not learn to end")
    if tail.startswith(end):
        return end, between[len(end) :], tail[len(end) :], ""
    return end, between[len(end) :], "", f"it leaves {end!r} away behind the last answer: trained with it"


def _heads(
    render: Callable[[int], str], asked: str, processor: Any, wrong: Callable[[str], DataError]
) -> tuple[str, ...]:
    """The texts in front of the first question with one picture, two, ..., each up to its last special token."""

    def head(pictures: int) -> str:
        text = render(pictures)
        before, behind = _split(text, QUESTIONS[:1], "a question", wrong)
        if behind != asked:
            raise wrong(f"puts pictures behind the question or asks otherwise with them, by {behind!r}")
        return before[: _end_of_last_token(processor.tokenizer, before)]

    found = [head(1)]
    try:
        found += [head(number) for number in (2, 3)]
    except DataError:
        return tuple(found[:1])
    if found[2] != found[1] + found[1].removeprefix(found[0]) or not found[1].startswith(found[0]):
        found += [head(number) for number in range(4, NUMBERED + 1)]
    return tuple(found)


def _marker(processor: Any, head: str, asked: str, wrong: Callable[[str], DataError]) -> tuple[str, str]:
    """The last special token before the first question, once pictures stand in their places, and what follows it.

    Args:
        processor: the base's.
        head: with one picture.
        asked: the same and the first question.
        wrong: makes the error.
    """
    tokenizer, special = processor.tokenizer, special_tokens(processor.tokenizer)
    picture = Image.new("RGB", (64, 64), (120, 120, 120))
    try:
        ids = encode_head(processor, asked, [picture])
    except Exception as error:
        raise wrong(f"leaves its pictures out, or its processor says no ({str(error)[:150]})") from None
    # A small one may take one token, its placeholder's own.
    grows = len(ids) > len(encode_head(processor.tokenizer, asked, []))
    if not grows and not {getattr(processor, "image_token_id", None)}.intersection(ids):
        raise wrong("leaves its pictures out")
    tokens = tokenizer.convert_ids_to_tokens(ids)
    last = max(at for at, token in enumerate(tokens) if token in special)
    marker, behind = tokens[last], ids[last + 1 :]
    spelt = tokenizer.decode(behind).removesuffix(QUESTIONS[0])
    for lead in dict.fromkeys((asked[len(head) :].removesuffix(QUESTIONS[0]), spelt, spelt.lstrip(" "))):
        if tokenizer(marker + lead + QUESTIONS[0], add_special_tokens=False).input_ids[1:] == behind:
            return marker, lead
    raise wrong(f"puts something between picture and question that cannot be encoded alone, {spelt!r}")


def encode_head(processor: Any, text: str, pictures: Sequence[Image.Image]) -> list[int]:
    """Ids of a rendered text with its pictures; as ``apply_chat_template`` encodes it.

    Args:
        processor: the base's; or its tokenizer, which leaves placeholders as they are.
        text: with a placeholder a picture.
        pictures: of one sample.
    """
    begun = getattr(processor, "tokenizer", processor).bos_token
    shown = {"images": [list(pictures)]} if pictures else {}
    made = processor(text=[text], add_special_tokens=not (begun and text.startswith(begun)), **shown)
    return [int(one) for one in made["input_ids"][0]]


def special_tokens(tokenizer: Any) -> list[str]:
    """All added tokens that a text shows: where they stand, the text on both sides is encoded for itself."""
    added = tokenizer.backend_tokenizer.get_added_tokens_decoder().values()
    return [token.content for token in added if token.content.strip()]


def _end_of_last_token(tokenizer: Any, text: str) -> int:
    """Where the last special token of a text ends; 0: it has none."""
    ends = (text.rfind(one) + len(one) for one in special_tokens(tokenizer) if one in text)
    return max(ends, default=0)

r"""Turns to token ids and labels: LLaVA-1.5's conversation (vicuna v1), in one place for training, asking and export.

    <s>A chat between ... questions. USER: <image> x P | \nQuestion ASSISTANT: Answer</s>USER: ... ASSISTANT: ...</s>
    '------------------- prefix ---------------------' '--- branch: supervised are the answers and their </s> ---'

The text is tokenised whole, behind the image token, so that the ids are those of the chat template saved with every
checkpoint; labels come from character offsets, never from counting the tokens of parts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from llavapose.errors import DataError, named, shown
from llavapose.records import Sample, Turn

SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
"""LLaVA-1.5's system sentence (Liu et al., 2024, conversation ``vicuna_v1``)."""

IMAGE_TOKEN = "<image>"

TEXT_LEAD = f"{SYSTEM} USER:"
"""What stands before a sample without a picture."""

CHAT_TEMPLATE = (
    "{% if messages[0]['role'] == 'system' %}"
    "{% set system = messages[0]['content'] if messages[0]['content'] is string"
    " else messages[0]['content'][0]['text'] %}{% set messages = messages[1:] %}"
    "{% else %}{% set system = '" + SYSTEM.replace("'", "\\'") + "' %}{% endif %}"
    "{{ system + ' ' }}"
    "{% for message in messages %}"
    "{% if message['role'] == 'user' %}{{ 'USER: ' }}{% else %}{{ 'ASSISTANT: ' }}{% endif %}"
    "{% if message['content'] is string %}{{ message['content'] | trim }}"
    "{% else %}"
    "{% for part in message['content'] if part['type'] == 'image' %}{{ '<image>\\n' }}{% endfor %}"
    "{% for part in message['content'] if part['type'] == 'text' %}{{ part['text'] | trim }}{% endfor %}"
    "{% endif %}"
    "{% if message['role'] == 'user' %}{{ ' ' }}{% else %}{{ '</s>' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)
"""Saved with every checkpoint; takes content as a string or as a list of parts, the picture before the text."""


@dataclass(frozen=True, kw_only=True)
class Branch:
    """One sample behind its picture.

    Attributes:
        ids: token ids behind the image tokens.
        supervised: whether each is part of an answer or its ``</s>``.
        truncated: whether the end was cut to fit.
    """

    ids: tuple[int, ...]
    supervised: tuple[bool, ...]
    truncated: bool = False

    @property
    def num_targets(self) -> int:
        """Supervised tokens."""
        return sum(self.supervised)


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What stands around every branch of a tokenizer: plain values, which other processes can have too.

    Attributes:
        prefix: ids of the system sentence, ``USER:`` and the image tokens.
        prefix_of_text: ids in front of a sample without a picture: the system sentence and ``USER:``.
        num_lead: how many of the latter the tokenizer gives for the words alone, without ``<s>``.
        reserved: special tokens, which no text may hold.
    """

    prefix: tuple[int, ...]
    prefix_of_text: tuple[int, ...]
    num_lead: int
    reserved: tuple[str, ...]

    def clean(self, text: str, where: str) -> str:
        """The text as it is trained on; raises DataError where it holds a special token."""
        for token in self.reserved:
            if token in text:
                raise DataError(f"{where}: the text holds the special token {token!r}; remove it")
        return text.strip()


Encoded = tuple[Sequence[int], Sequence[tuple[int, int]]]
"""Ids of a text, and for each the characters that it stands for: (start, end)."""


class Conversation:
    """Renders samples for one tokenizer.

    Args:
        tokenizer: a fast Hugging Face tokenizer with ``<image>``, ``<s>`` and ``</s>``.
        num_image_tokens: tokens that a picture takes (576 for CLIP ViT-L/14 at 336 pixels).
    """

    def __init__(self, tokenizer: Any, num_image_tokens: int) -> None:
        self.tokenizer = tokenizer
        self.image_id = tokenizer.convert_tokens_to_ids(IMAGE_TOKEN)
        ids = tokenizer(f"{SYSTEM} USER: {IMAGE_TOKEN}").input_ids
        if ids.count(self.image_id) != 1 or ids[-1] != self.image_id:
            raise DataError(
                f"tokenizer {tokenizer.name_or_path}: {IMAGE_TOKEN} is not one token; use LLaVA's tokenizer"
            )
        self.prefix_without_picture: tuple[int, ...] = tuple(ids[:-1])
        self.frame = Frame(
            prefix=(*ids[:-1], *[self.image_id] * num_image_tokens),
            prefix_of_text=tuple(tokenizer(TEXT_LEAD).input_ids),
            num_lead=len(tokenizer(TEXT_LEAD, add_special_tokens=False).input_ids),
            reserved=tuple(sorted({*tokenizer.all_special_tokens, IMAGE_TOKEN} - {"\n"})),
        )

    @property
    def prefix(self) -> tuple[int, ...]:
        """Ids of the system sentence, ``USER:`` and the image tokens."""
        return self.frame.prefix

    def question(self, text: str, *, where: str) -> tuple[int, ...]:
        """Ids behind the image tokens that make the model answer ``text``."""
        asked = f"{IMAGE_TOKEN}\n{self.frame.clean(text, where)} ASSISTANT:"
        return tuple(self.tokenizer(asked, add_special_tokens=False, verbose=False)["input_ids"][1:])

    def branch(self, sample: Sample, *, max_length: int) -> Branch:
        """Ids and labels of a sample; as ``branches`` gives them.

        Raises:
            DataError: what is wrong with the sample.
        """
        (found,) = branches([sample], self.frame, self._encode, max_length=max_length)
        if isinstance(found, DataError):
            raise found
        return found

    def _encode(self, texts: list[str]) -> list[Encoded]:
        encoded = self.tokenizer(texts[0], add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        return [(encoded["input_ids"], encoded["offset_mapping"])]


def branches(
    samples: Sequence[Sample], frame: Frame, encode: Callable[[list[str]], Sequence[Encoded]], *, max_length: int
) -> list[Branch | DataError]:
    """Ids and labels of samples, or what is wrong with one.

    An error names the sample: turns that do not alternate, a special token inside a text, a token that straddles
    question and answer, or nothing supervised within ``max_length``.

    Args:
        samples: their turns.
        frame: of the tokenizer.
        encode: texts to ids, without special tokens in front.
        max_length: tokens that prefix and branch may take together; the end of the branch is cut, never the image.
    """
    found: list[Branch | DataError | None] = [None] * len(samples)
    rendered: list[tuple[int, str, str, list[tuple[int, int]]]] = []
    for at, sample in enumerate(samples):
        pictured = bool(sample.images)
        try:
            text, spans = render(sample.turns, where=f"sample {named(sample.id)}", clean=frame.clean, pictured=pictured)
        except DataError as error:
            found[at] = error
        else:
            rendered.append((at, IMAGE_TOKEN if pictured else TEXT_LEAD, text, spans))
    encoded = encode([lead + text for _, lead, text, _ in rendered]) if rendered else []
    for (at, lead, text, spans), (ids, offsets) in zip(rendered, encoded, strict=True):
        try:
            found[at] = _cut(samples[at], frame, ids, _labels(samples[at], offsets, lead, text, spans), max_length)
        except DataError as error:
            found[at] = error
    return [one for one in found if one is not None]


def _labels(
    sample: Sample, offsets: Sequence[tuple[int, int]], lead: str, text: str, spans: Sequence[tuple[int, int]]
) -> np.ndarray:
    """bool[M]: whether each token, those of ``lead`` included, is part of an answer."""
    starts, ends = (np.array(offsets, dtype=np.int64).reshape(-1, 2) - len(lead)).T
    begins, stops = np.array(spans, dtype=np.int64).reshape(-1, 2).T
    # Answers stand in order, so that of those that begin before a token's end the last one stops last; each token asks
    # for its own answers, for a record may have many of both.
    behind, before = np.searchsorted(begins, starts, side="right"), np.searchsorted(begins, ends, side="left")
    supervised = np.append(-1, stops)[before] > starts
    supervised &= before > 0
    for at in np.flatnonzero(behind < before):
        # A token that reaches from the question into the answer; a space between the two is neither's.
        if any(text[max(0, starts[at]) : begin].strip() for begin in begins[behind[at] : before[at]]):
            raise DataError(
                f"sample {named(sample.id)}: token {shown(text[max(0, starts[at]) : ends[at]])} holds both question "
                "and answer, so labels cannot match; change the tokenizer or the template"
            )
    return supervised


def _cut(sample: Sample, frame: Frame, ids: Sequence[int], supervised: np.ndarray, max_length: int) -> Branch:
    """The branch behind its prefix, as much of it as ``max_length`` leaves room for."""
    prefix, skip = (frame.prefix, 1) if sample.images else (frame.prefix_of_text, frame.num_lead)
    if not sample.images and tuple(ids[:skip]) != prefix[len(prefix) - skip :]:
        raise DataError(
            f"sample {named(sample.id)}: its first word changes the tokens of the system sentence; change the tokenizer"
        )
    room = max_length - len(prefix)
    kept, labels = tuple(ids[skip : skip + max(room, 0)]), tuple(supervised[skip : skip + max(room, 0)].tolist())
    if not any(labels):
        raise DataError(
            f"sample {named(sample.id)}: no token of an answer fits in data.max_length={max_length} "
            f"({len(prefix)} stand before it); raise it or shorten the question"
        )
    return Branch(ids=kept, supervised=labels, truncated=len(ids) - skip > room)


def render(
    turns: Sequence[Turn], *, where: str, clean: Callable[[str, str], str], pictured: bool = True
) -> tuple[str, list[tuple[int, int]]]:
    """The text behind the image token, or behind ``USER:``, and the spans of the answers with their ``</s>``.

    Raises:
        DataError: turns that do not go user, assistant, user, assistant, ...
    """
    roles = [turn.role for turn in turns]
    if not turns or len(turns) % 2 or roles != ["user", "assistant"] * (len(turns) // 2):
        raise DataError(f"{where}: turns go {', '.join(roles) or 'nowhere'}; expected user, assistant in turn")
    text, spans = "", []
    for number, turn in enumerate(turns):
        if turn.role == "user":
            lead = "\n" if pictured else " "
            text += (lead if number == 0 else "USER: ") + clean(turn.text, where) + " ASSISTANT: "
        else:
            # With the space in front, which may be a token of its own: asked, the model has to write it.
            start = len(text) - 1
            text += clean(turn.text, where) + "</s>"
            spans.append((start, len(text)))
    return text, spans


def num_image_tokens(processor: Any) -> int:
    """Tokens that one picture takes, by the processor's own count."""
    crop = processor.image_processor.crop_size
    counts = processor._get_num_multimodal_tokens(image_sizes=[(crop["height"], crop["width"])])
    return int(counts.num_image_tokens[0])

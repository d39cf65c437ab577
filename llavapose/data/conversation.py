r"""Turns to token ids and labels: LLaVA-1.5's conversation (vicuna v1), in one place for training, asking and export.

    <s>A chat between ... questions. USER: <image> x P | \nQuestion ASSISTANT: Answer</s>USER: ... ASSISTANT: ...</s>
    '------------------- prefix ---------------------' '--- branch: supervised are the answers and their </s> ---'

The text is tokenised whole, behind the image token, so that the ids are those of the chat template saved with every
checkpoint; labels come from character offsets, never from counting the tokens of parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llavapose.errors import DataError
from llavapose.records import Sample, Turn

SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
"""LLaVA-1.5's system sentence (Liu et al., 2024, conversation ``vicuna_v1``)."""

IMAGE_TOKEN = "<image>"

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
        self.prefix: tuple[int, ...] = (*ids[:-1], *[self.image_id] * num_image_tokens)
        self.prefix_without_picture: tuple[int, ...] = tuple(ids[:-1])
        self._reserved = tuple(sorted({*tokenizer.all_special_tokens, IMAGE_TOKEN} - {"\n"}))

    def question(self, text: str, *, where: str) -> tuple[int, ...]:
        """Ids behind the image tokens that make the model answer ``text``."""
        return self._encode(f"\n{self._clean(text, where)} ASSISTANT:", ())[0]

    def branch(self, sample: Sample, *, max_length: int) -> Branch:
        """Ids and labels of a sample.

        Args:
            sample: its turns.
            max_length: tokens that prefix and branch may take together; the end of the branch is cut, never the image.

        Raises:
            DataError: turns that do not alternate, a special token inside a text, tokens that straddle question and
                answer, or nothing supervised within ``max_length``; names the sample.
        """
        text, spans = render(sample.turns, where=f"sample {sample.id}", clean=self._clean)
        ids, offsets = self._encode(text, spans)
        supervised = []
        for start, end in offsets:
            inside = any(start < stop and end > begin for begin, stop in spans)
            if inside and any(start < begin < end and text[start:begin].strip() for begin, _ in spans):
                raise DataError(
                    f"sample {sample.id}: token {text[start:end]!r} holds both question and answer, so labels cannot "
                    "match; change the tokenizer or the template"
                )
            supervised.append(inside)
        room = max_length - len(self.prefix)
        branch = Branch(ids=ids[:room], supervised=tuple(supervised[:room]), truncated=len(ids) > room)
        if room <= 0 or not branch.num_targets:
            raise DataError(
                f"sample {sample.id}: no token of an answer fits in data.max_length={max_length} "
                f"({len(self.prefix)} are the picture's); raise it or shorten the question"
            )
        return branch

    def _encode(self, text: str, spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, ...], list[tuple[int, int]]]:
        lead = len(IMAGE_TOKEN)
        encoded = self.tokenizer(
            IMAGE_TOKEN + text, add_special_tokens=False, return_offsets_mapping=bool(spans), verbose=False
        )
        offsets = [(a - lead, b - lead) for a, b in encoded["offset_mapping"][1:]] if spans else []
        return tuple(encoded["input_ids"][1:]), offsets

    def _clean(self, text: str, where: str) -> str:
        for token in self._reserved:
            if token in text:
                raise DataError(f"{where}: the text holds the special token {token!r}; remove it")
        return text.strip()


def render(turns: Sequence[Turn], *, where: str, clean: Any) -> tuple[str, list[tuple[int, int]]]:
    """The text behind the image token, and the character spans of the answers with their ``</s>``.

    Raises:
        DataError: turns that do not go user, assistant, user, assistant, ...
    """
    roles = [turn.role for turn in turns]
    if not turns or len(turns) % 2 or roles != ["user", "assistant"] * (len(turns) // 2):
        raise DataError(f"{where}: turns go {', '.join(roles) or 'nowhere'}; expected user, assistant in turn")
    text, spans = "", []
    for number, turn in enumerate(turns):
        if turn.role == "user":
            text += ("\n" if number == 0 else "USER: ") + clean(turn.text, where) + " ASSISTANT: "
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


def coloured(conversation: Conversation, sample: Sample, *, max_length: int = 4096, plain: bool = False) -> str:
    """The tokens of a sample for a terminal: supervised on green, context grey, the picture as one mark.

    Args:
        conversation: of the tokenizer.
        sample: to show.
        max_length: tokens that prefix and sample may take together.
        plain: supervised tokens in brackets instead of colours.
    """
    branch = conversation.branch(sample, max_length=max_length)
    head = conversation.prefix[: conversation.prefix.index(conversation.image_id)]
    seen, read, learnt = (
        ("{}", "{}", "[{}]") if plain else ("\x1b[94m{}\x1b[0m", "\x1b[90m{}\x1b[0m", "\x1b[30;42m{}\x1b[0m")
    )
    pieces = [read.format(_shown(conversation, token)) for token in head]
    pieces.append(seen.format(f"<picture x {conversation.prefix.count(conversation.image_id)}>"))
    for token, supervised in zip(branch.ids, branch.supervised, strict=True):
        pieces.append((learnt if supervised else read).format(_shown(conversation, token)))
    return "|".join(pieces)


def _shown(conversation: Conversation, token: int) -> str:
    return conversation.tokenizer.convert_ids_to_tokens(token).replace("\n", "\\n").replace("<0x0A>", "\\n")

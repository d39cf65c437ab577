r"""Turns to token ids and labels, in one place for training, asking and export; here LLaVA-1.5's.

    <s>A chat between ... questions. USER: <image> x P | \nQuestion ASSISTANT: Answer</s>USER: ... ASSISTANT: ...</s>
    '------------------- prefix ---------------------' '--- branch: supervised are the answers and their </s> ---'

The text is tokenised whole, behind the last token of the pictures, so that the ids are those of the base's chat
template; labels come from character offsets, never from counting the tokens of parts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from llavapose.data.reading.wording import LLAVA15, SYSTEM, Wording
from llavapose.errors import DataError, named, shown
from llavapose.records import Sample, Turn

CHAT_TEMPLATE = (
    "{% if messages[0]['role'] == 'system' %}"
    "{% set system = messages[0]['content'] if messages[0]['content'] is string"
    " else messages[0]['content'][0]['text'] %}{% set messages = messages[1:] %}"
    "{% else %}{% set system = '" + SYSTEM.replace("'", "\\'") + "' %}{% endif %}"
    "{{ system + ' ' }}"
    "{% for message in messages %}"
    "{% if message['role'] == 'user' %}{{ 'USER: ' }}{% else %}{{ 'ASSISTANT: ' }}{% endif %}"
    "{% if message['content'] is string %}{{ message['content'] | trim }}"
    "{% elif message['content'] | selectattr('type', 'equalto', 'text') | list | length > 1 %}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}{{ '<image>\\n' }}"
    "{% else %}{{ part['text'] | trim if loop.last else part['text'] }}{% endif %}{% endfor %}"
    "{% else %}"
    "{% for part in message['content'] if part['type'] == 'image' %}{{ '<image>\\n' }}{% endfor %}"
    "{% for part in message['content'] if part['type'] == 'text' %}{{ part['text'] | trim }}{% endfor %}"
    "{% endif %}"
    "{% if message['role'] == 'user' %}{{ ' ' }}{% else %}{{ '</s>' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)
"""Saved with every LLaVA; takes content as a string or as a list of parts: one text behind all pictures, wherever it
stands among them; several as they stand, which is how frames have their times before them."""


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
        prefix: ids of the system sentence, ``USER:`` and the image tokens; (): every group of pictures has its own.
        prefix_of_text: ids in front of a sample without a picture: the system sentence and ``USER:``.
        num_lead: how many of the latter the tokenizer gives for the words alone, without ``<s>``.
        reserved: special tokens, which no text may hold.
        wording: what stands around questions and answers.
    """

    prefix: tuple[int, ...]
    prefix_of_text: tuple[int, ...]
    num_lead: int
    reserved: tuple[str, ...]
    wording: Wording = LLAVA15

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
        tokenizer: a fast Hugging Face tokenizer with the wording's special tokens.
        num_image_tokens: tokens that a picture takes (576 for CLIP ViT-L/14 at 336 pixels); 0: its size decides.
        wording: the base's.
        text_prefix: ids in front of a sample without pictures, by the base's processor; None: by the tokenizer.
    """

    def __init__(
        self,
        tokenizer: Any,
        num_image_tokens: int = 0,
        *,
        wording: Wording = LLAVA15,
        text_prefix: Sequence[int] | None = None,
    ) -> None:
        self.tokenizer, self.wording = tokenizer, wording
        self.image_id = tokenizer.convert_tokens_to_ids(wording.marker)
        ids = tokenizer(wording.head(1) if num_image_tokens else wording.marker).input_ids
        if ids.count(self.image_id) != 1 or ids[-1] != self.image_id:
            told = "use LLaVA's tokenizer" if wording == LLAVA15 else "use the base's own"
            raise DataError(f"tokenizer {tokenizer.name_or_path}: {wording.marker} is not one token; {told}")
        added = tokenizer.backend_tokenizer.get_added_tokens_decoder().values()
        special = {*tokenizer.all_special_tokens, *(one.content for one in added if one.special), wording.marker}
        prefix = tokenizer(wording.text_lead).input_ids if text_prefix is None else text_prefix
        self.frame = Frame(
            prefix=(*ids[:-1], *[self.image_id] * num_image_tokens) if num_image_tokens else (),
            prefix_of_text=tuple(prefix),
            num_lead=len(tokenizer(wording.text_lead, add_special_tokens=False).input_ids),
            reserved=tuple(sorted(one for one in special if one.strip())),
            wording=wording,
        )
        self.prefix_without_picture: tuple[int, ...] = tuple(ids[:-1]) if num_image_tokens else tuple(prefix)

    @property
    def prefix(self) -> tuple[int, ...]:
        """Ids of the system sentence, ``USER:`` and the image tokens."""
        return self.frame.prefix

    def question(self, text: str, *, where: str, pictured: bool = True) -> tuple[int, ...]:
        """Ids behind the pictures that make the model answer ``text``; without pictures, behind ``prefix_of_text``."""
        words = self.wording
        lead, skip = (words.marker, 1) if pictured else (words.text_lead, self.frame.num_lead)
        gap = words.lead if pictured else words.text_gap
        asked = lead + gap + self.frame.clean(text, where) + words.asked
        return tuple(self.tokenizer(asked, add_special_tokens=False, verbose=False)["input_ids"][skip:])

    def branch(self, sample: Sample, *, max_length: int, prefix_tokens: int | None = None) -> Branch:
        """Ids and labels of a sample; as ``branches`` gives them.

        Raises:
            DataError: what is wrong with the sample.
        """
        taken = None if prefix_tokens is None else [prefix_tokens]
        (found,) = branches([sample], self.frame, self._encode, max_length=max_length, prefix_tokens=taken)
        if isinstance(found, DataError):
            raise found
        return found

    def _encode(self, texts: list[str]) -> list[Encoded]:
        encoded = self.tokenizer(texts[0], add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        return [(encoded["input_ids"], encoded["offset_mapping"])]


def branches(
    samples: Sequence[Sample],
    frame: Frame,
    encode: Callable[[list[str]], Sequence[Encoded]],
    *,
    max_length: int,
    prefix_tokens: Sequence[int] | None = None,
) -> list[Branch | DataError]:
    """Ids and labels of samples, or what is wrong with one.

    An error names the sample: turns that do not alternate, a special token inside a text, a token that straddles
    question and answer, or nothing supervised within ``max_length``.

    Args:
        samples: their turns.
        frame: of the tokenizer.
        encode: texts to ids, without special tokens in front.
        max_length: tokens that prefix and branch may take together; the end of the branch is cut, never the image.
        prefix_tokens: tokens in front of each sample; None: those of the frame's prefixes.
    """
    words = frame.wording
    found: list[Branch | DataError | None] = [None] * len(samples)
    rendered: list[tuple[int, str, str, list[tuple[int, int]]]] = []
    for at, sample in enumerate(samples):
        pictured = bool(sample.images)
        try:
            where = f"sample {named(sample.id)}"
            text, spans = render(sample.turns, where=where, clean=frame.clean, pictured=pictured, wording=words)
        except DataError as error:
            found[at] = error
        else:
            rendered.append((at, words.marker if pictured else words.text_lead, text, spans))
    encoded = encode([lead + text for _, lead, text, _ in rendered]) if rendered else []
    for (at, lead, text, spans), (ids, offsets) in zip(rendered, encoded, strict=True):
        taken = None if prefix_tokens is None else prefix_tokens[at]
        try:
            labels = _labels(samples[at], offsets, lead, text, spans)
            found[at] = _cut(samples[at], frame, ids, labels, max_length, taken)
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


def _cut(
    sample: Sample, frame: Frame, ids: Sequence[int], supervised: np.ndarray, max_length: int, taken: int | None
) -> Branch:
    """The branch behind its prefix of ``taken`` tokens, as much of it as ``max_length`` leaves room for."""
    prefix, skip = (frame.prefix, 1) if sample.images else (frame.prefix_of_text, frame.num_lead)
    if not sample.images and tuple(ids[:skip]) != prefix[len(prefix) - skip :]:
        raise DataError(
            f"sample {named(sample.id)}: its first word changes the tokens of the system sentence; change the tokenizer"
        )
    taken = len(prefix) if taken is None else taken
    room = max_length - taken
    kept, labels = tuple(ids[skip : skip + max(room, 0)]), tuple(supervised[skip : skip + max(room, 0)].tolist())
    if not any(labels):
        raise DataError(
            f"sample {named(sample.id)}: no token of an answer fits in data.max_length={max_length} "
            f"({taken} stand before it); raise it or shorten the question"
        )
    return Branch(ids=kept, supervised=labels, truncated=len(ids) - skip > room)


def render(
    turns: Sequence[Turn],
    *,
    where: str,
    clean: Callable[[str, str], str],
    pictured: bool = True,
    wording: Wording = LLAVA15,
) -> tuple[str, list[tuple[int, int]]]:
    """The text behind the marker, or behind ``text_lead``, and the spans of the answers with their end marks.

    Raises:
        DataError: turns that do not go user, assistant, user, assistant, ...
    """
    roles = [turn.role for turn in turns]
    if not turns or len(turns) % 2 or roles != ["user", "assistant"] * (len(turns) // 2):
        raise DataError(f"{where}: turns go {', '.join(roles) or 'nowhere'}; expected user, assistant in turn")
    text, spans = wording.lead if pictured else wording.text_gap, []
    for number, turn in enumerate(turns):
        if turn.role == "user":
            text += (wording.between if number else "") + clean(turn.text, where) + wording.asked
        else:
            # With the space in front, which may be a token of its own: asked, the model has to write it.
            start = len(text)
            text += wording.replied + clean(turn.text, where) + wording.end
            spans.append((start, len(text)))
    return text + wording.tail, spans


def num_image_tokens(processor: Any) -> int:
    """Tokens that one picture takes, by the processor's own count."""
    crop = processor.image_processor.crop_size
    counts = processor._get_num_multimodal_tokens(image_sizes=[(crop["height"], crop["width"])])
    return int(counts.num_image_tokens[0])

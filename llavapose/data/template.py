"""Whether samples are read as a base's own processor reads them; of LLaVA, whether its tokenizer reads its template.

LLaVA encodes what stands before ``<image>`` and what stands behind it each for itself, and a Llama tokenizer puts a
space token before each. One whose Metaspace has ``prepend_scheme: first`` puts it before the first alone: a space lost
behind the picture is lost everywhere.
"""

from collections.abc import Sequence
from typing import Any

from PIL import Image

from llavapose.data.conversation import Conversation
from llavapose.data.reading.template import encode_head, rendered
from llavapose.data.reading.wording import IMAGE_TOKEN, SYSTEM
from llavapose.errors import DataError, named
from llavapose.frames import time_told
from llavapose.records import Sample

ASKED = "\nWhat is shown in this image? ASSISTANT:"
"""A question as it stands behind ``<image>``."""

PUBLISHED = (
    1, 319, 13563, 1546, 263, 12758, 1404, 322, 385, 23116, 21082, 20255, 29889, 450, 20255, 4076, 8444, 29892, 13173,
    29892, 322, 1248, 568, 6089, 304, 278, 1404, 29915, 29879, 5155, 29889, 3148, 1001, 29901, 29871, 32000, 29871, 13,
    5618, 338, 4318, 297, 445, 1967, 29973, 319, 1799, 9047, 13566, 29901,
)  # fmt: skip
"""Ids of system sentence, picture and question in the published LLaVA-1.5 (a vocabulary of 32,064): Vicuna's for the
system sentence, and for the rest those of transformers' own test of ``llava-hf/llava-1.5-7b-hf``."""


def check_template(tokenizer: Any) -> None:
    """Compare a tokenizer with LLaVA's way of reading its template.

    Args:
        tokenizer: of a base, about to be trained with.

    Raises:
        DataError: ids that are not LLaVA's; says which tokens differ and what to do.
    """
    behind = _ids(tokenizer, IMAGE_TOKEN + ASKED)[1:]
    alone = _ids(tokenizer, ASKED)
    if behind != alone:
        raise _differ(tokenizer, alone, behind, "behind a picture")
    whole = tuple(tokenizer(f"{SYSTEM} USER: {IMAGE_TOKEN}{ASKED}").input_ids)
    # Its own three marks tell the published vocabulary; other Llama-like ones have other numbers for the same words.
    marks = tokenizer.convert_tokens_to_ids([IMAGE_TOKEN, "▁", "<0x0A>"])
    if marks == [32000, 29871, 13] and whole != PUBLISHED:
        raise _differ(tokenizer, PUBLISHED, whole, "in the template of the published LLaVA-1.5")


def check_words(processor: Any, conversation: Conversation, sample: Sample, *, source: str) -> None:
    """Compare a sample as it is trained on with what the base's own processor and chat template make of it.

    What stands behind the last special token of its pictures is compared, and what the model is asked with; the whole
    where the template writes what it asks for (``Wording.note``). Grey pictures stand in for its own.

    Args:
        processor: the base's.
        conversation: of the base.
        sample: of the run.
        source: the base, for messages.

    Raises:
        DataError: names the first token that differs.
    """
    words, pictures, times_s = conversation.wording, len(sample.images), sample.times_s
    texts = [conversation.frame.clean(turn.text, f"sample {named(sample.id)}") for turn in sample.turns]
    head = words.head(pictures, times_s) if pictures else words.text_lead
    times = () if words.places_times else [time_told(time_s) for time_s in times_s]
    grey = [Image.new("RGB", (64, 64), (120, 120, 120))] * pictures
    prefix = encode_head(processor, head, grey)
    if pictures:
        prefix = prefix[: len(prefix) - prefix[::-1].index(conversation.image_id)]
    asked = conversation.question(texts[0], where=f"sample {named(sample.id)}", pictured=pictures > 0)
    pairs = [(texts[:1], True, asked)]
    if not words.note:
        branch = conversation.branch(sample, max_length=len(prefix) + 2**20, prefix_tokens=len(prefix))
        pairs.append((texts, False, branch.ids))
    for said, prompt, ids in pairs:
        whole = rendered(processor, said, pictures, times, prompt=prompt, source=source)
        if times_s and words.places_times:
            whole = head + whole.removeprefix(words.head(pictures))
        wanted, found = encode_head(processor, whole, grey), [*prefix, *ids]
        if found != wanted:
            at, (is_one, is_other) = _first(processor.tokenizer, found, wanted)
            raise DataError(
                f"base {source}: sample {named(sample.id)}: token number {at + 1} on is {is_one!r}; expected "
                f"{is_other!r}, as its processor and chat template have it. Take the base's own tokenizer files and "
                "chat_template.jinja, or leave the sample out"
            )


def _first(tokenizer: Any, found: Sequence[int], wanted: Sequence[int]) -> tuple[int, list[str]]:
    """Where ids begin to differ, and the tokens of both from there on."""
    pairs = enumerate(zip(wanted, found, strict=False))
    first = next((at for at, (a, b) in pairs if a != b), min(len(wanted), len(found)))
    return first, [" ".join(tokenizer.convert_ids_to_tokens(list(ids[first : first + 4]))) for ids in (found, wanted)]


def _ids(tokenizer: Any, text: str) -> tuple[int, ...]:
    return tuple(tokenizer(text, add_special_tokens=False).input_ids)


def _differ(tokenizer: Any, wanted: Sequence[int], found: Sequence[int], where: str) -> DataError:
    first, shown = _first(tokenizer, found, wanted)
    return DataError(
        f"tokenizer {tokenizer.name_or_path}: tokens from number {first + 1} on {where} are {shown[0]!r}; expected "
        f"{shown[1]!r}. Take the base's own tokenizer files, or set the Metaspace's prepend_scheme in tokenizer.json "
        "to 'always' where it is 'first'"
    )

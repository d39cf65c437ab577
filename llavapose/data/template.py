"""Whether a tokenizer reads LLaVA's template as LLaVA's own does: a space lost behind the picture is lost everywhere.

LLaVA encodes what stands before ``<image>`` and what stands behind it each for itself, and a Llama tokenizer puts a
space token before each. One whose Metaspace has ``prepend_scheme: first`` puts it before the first alone.
"""

from collections.abc import Sequence
from typing import Any

from llavapose.data.reading.wording import IMAGE_TOKEN, SYSTEM
from llavapose.errors import DataError

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


def _ids(tokenizer: Any, text: str) -> tuple[int, ...]:
    return tuple(tokenizer(text, add_special_tokens=False).input_ids)


def _differ(tokenizer: Any, wanted: Sequence[int], found: Sequence[int], where: str) -> DataError:
    first = next(
        (at for at, (a, b) in enumerate(zip(wanted, found, strict=False)) if a != b), min(len(wanted), len(found))
    )
    shown = [" ".join(tokenizer.convert_ids_to_tokens(list(ids[first : first + 4]))) for ids in (found, wanted)]
    return DataError(
        f"tokenizer {tokenizer.name_or_path}: tokens from number {first + 1} on {where} are {shown[0]!r}; expected "
        f"{shown[1]!r}. Take the base's own tokenizer files, or set the Metaspace's prepend_scheme in tokenizer.json "
        "to 'always' where it is 'first'"
    )

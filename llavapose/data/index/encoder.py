"""Texts to ids without transformers: what a process needs that does nothing else."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from llavapose.data.conversation import Encoded


def saved_tokenizer(tokenizer: Any) -> str:
    """A Hugging Face tokenizer as the JSON that ``Encoder`` reads; the same whatever it was asked before."""
    # Padding and truncation stay set from earlier calls.
    copy = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    copy.no_padding()
    copy.no_truncation()
    return copy.to_str()


class Encoder:
    """Encodes as the tokenizer does that was saved.

    Args:
        saved: from ``saved_tokenizer``.
    """

    def __init__(self, saved: str) -> None:
        self._tokenizer = Tokenizer.from_str(saved)

    def __call__(self, texts: list[str]) -> Sequence[Encoded]:
        """Ids of each text, and the characters of each, without special tokens in front."""
        found = self._tokenizer.encode_batch(texts, add_special_tokens=False)
        return [(one.ids, one.offsets) for one in found]


@lru_cache(maxsize=1)
def encoder_of(path: Path) -> Encoder:
    """The encoder of a file, read once a process."""
    return Encoder(path.read_text(encoding="utf-8"))

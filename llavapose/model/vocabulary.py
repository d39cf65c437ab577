"""New words of a base: tokens for values along a line, whose rows begin close to one another where the values are.

Rows drawn at random would have to learn of a thousand neighbours one by one that they are neighbours. These begin as
waves over the line (cosines of rising frequency, the slow ones strongest, as in random Fourier features: Rahimi and
Recht, 2007), so that what is learnt of one value is learnt of those beside it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import AutoTokenizer

from llavapose.errors import CheckpointError
from llavapose.files import TINY_BASE

WAVES = 32
"""Cosines a row; the fastest has a period of a sixteenth of the line: what is finer is learnt."""
_ROWS = (".embed_tokens.weight", "lm_head.weight")
"""Ends of the names of parameters with a row a token; the second is absent where both are one."""
_MULTIPLE = 64
"""Rows that published vocabularies are filled up to a multiple of."""


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """New words of a base.

    Attributes:
        num_words: how many.
        first: id of the first; the others follow.
        num_rows: of the embeddings with them.
    """

    num_words: int
    first: int
    num_rows: int

    def grown(self, name: str, value: Tensor) -> Tensor:
        """A parameter of the base as the larger model has it: as it is, or in float32 where it has a row a token."""
        if not has_rows(name):
            return value
        found = torch.zeros(self.num_rows, value.shape[1], device=value.device)
        found[: len(value)] = value
        found[self.first : self.first + self.num_words] = self._rows(found[: self.first])
        return found

    def _rows(self, known: Tensor) -> Tensor:
        """float32[N, D]: waves over the line, as long as the rows of the words that are known."""
        width = known.shape[1]
        num = min(WAVES, width)
        line = (torch.arange(self.num_words) + 0.5) / self.num_words
        numbers = torch.arange(1, num + 1)
        waves = torch.cos(math.pi * numbers * line[:, None]) / (numbers + 1).sqrt()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            axes = torch.linalg.qr(torch.randn(width, num)).Q
        rows = (waves - waves.mean(0)) @ axes.T
        return rows / rows.norm(dim=1, keepdim=True) * known.norm(dim=1).median().cpu()


def add_words(tokenizer: Any, words: Sequence[str]) -> None:
    """Teach a tokenizer words that it reads as one token each; those that it has stay as they are."""
    tokenizer.add_tokens(list(words))


def ids_of(base: str, words: Sequence[str]) -> list[int]:
    """Ids of words that a base's tokenizer has, or is taught."""
    tokenizer: Any = AutoTokenizer.from_pretrained(str(TINY_BASE) if base == "tiny" else base)
    add_words(tokenizer, words)
    return tokenizer.convert_tokens_to_ids(list(words))


def vocabulary_of(source: str, num_rows: int, words: Sequence[str]) -> Vocabulary | None:
    """What a base lacks of some words; None where it has them all.

    Args:
        source: folder or hub id.
        num_rows: of its embeddings.
        words: in the order of their values.

    Raises:
        CheckpointError: it has a part of them.
    """
    if not words:
        return None
    tokenizer: Any = AutoTokenizer.from_pretrained(source)
    known, first = tokenizer.get_vocab(), len(tokenizer)
    if all(word in known for word in words):
        return None
    if there := [word for word in words if word in known]:
        raise CheckpointError(
            f"checkpoint {source}: its tokenizer has {len(there)} of {len(words)} words such as {there[0]}; expected "
            "all or none of them"
        )
    needed = first + len(words)
    if needed > num_rows and num_rows % _MULTIPLE == 0:
        needed = math.ceil(needed / _MULTIPLE) * _MULTIPLE
    return Vocabulary(num_words=len(words), first=first, num_rows=max(num_rows, needed))


def grow(model: Any, vocabulary: Vocabulary) -> None:
    """Give a whole model the rows of new words, in place."""
    values = {name: vocabulary.grown(name, value.data) for name, value in model.named_parameters() if has_rows(name)}
    model.resize_token_embeddings(vocabulary.num_rows, mean_resizing=False)
    for name, parameter in model.named_parameters():
        if name in values:
            parameter.data.copy_(values[name])


def has_rows(name: str) -> bool:
    """Whether a parameter of the module tree has a row a token."""
    return name.endswith(_ROWS)


def num_rows(config: Any) -> int:
    """Rows of the embeddings of a configuration's model."""
    return config.get_text_config().vocab_size


def set_rows(config: Any, rows: int) -> None:
    """Write down in a model's configuration how many rows its embeddings have."""
    config.get_text_config().vocab_size = rows

"""Writing that can only become a whole answer of a given form: every next token keeps it one, and then it ends.

How sure the model is, is read off what it would have written freely: the constraint takes no part in it.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import torch
from torch import Tensor


class Constrained:
    """Picks tokens for ``generation.greedy_in_turn``.

    Args:
        tokenizer: of the model.
        begins: whether an answer's text can begin so.
        complete: whether it is whole; then it ends.
        ends: ids that end an answer.
    """

    def __init__(
        self, tokenizer: Any, *, begins: Callable[[str], bool], complete: Callable[[str], bool], ends: Collection[int]
    ) -> None:
        self._begins, self._complete, self._end = begins, complete, min(ends)
        self._texts = _texts(tokenizer, begins)
        self._allowed: dict[str, list[int]] = {}
        self._written: dict[int, str] = {}
        self.sure: dict[int, list[float]] = {}
        """Place of a prompt -> probability of each token that it was given, but for its end."""

    def __call__(self, places: Sequence[int], logits: Tensor) -> Tensor:
        """The next token of each prompt: int64[B] for float[B, V]."""
        probabilities, found = logits.float().softmax(-1), []
        for row, place in enumerate(places):
            told = self._written.get(place, "")
            if self._complete(told):
                found.append(self._end)
                continue
            ids = self._after(told)
            best = ids[int(probabilities[row, ids].argmax())]
            self.sure.setdefault(place, []).append(float(probabilities[row, best]))
            self._written[place] = (told + self._texts[best]).lstrip()
            found.append(best)
        return torch.tensor(found, device=logits.device)

    def _after(self, told: str) -> list[int]:
        """Ids with which a text can go on."""
        if told not in self._allowed:
            self._allowed[told] = [
                one for one, text in self._texts.items() if text.strip() and self._begins((told + text).lstrip())
            ] + ([one for one, text in self._texts.items() if not text.strip()] if not told else [])
        return self._allowed[told]


class Free:
    """Picks the likeliest token, and keeps how likely it was."""

    def __init__(self) -> None:
        self.sure: dict[int, list[float]] = {}

    def __call__(self, places: Sequence[int], logits: Tensor) -> Tensor:
        """As ``Constrained``'s."""
        best = logits.float().softmax(-1).max(-1)
        for place, probability in zip(places, best.values.tolist(), strict=True):
            self.sure.setdefault(place, []).append(probability)
        return best.indices


def _texts(tokenizer: Any, begins: Callable[[str], bool]) -> dict[int, str]:
    """Ids that can stand in such an answer, with the characters that each adds behind others."""
    found: dict[int, str] = {}
    anchor = tokenizer("a", add_special_tokens=False).input_ids
    before = tokenizer.decode(anchor)
    special = set(tokenizer.all_special_ids)
    for one in range(len(tokenizer)):
        if one in special:
            continue
        text = tokenizer.decode([*anchor, one])[len(before) :]
        if text and (not text.strip() or _can_stand(text.strip(), begins)):
            found[one] = text
    return found


def _can_stand(text: str, begins: Callable[[str], bool]) -> bool:
    """A rough sieve: characters that no beginning of an answer has are never asked for again."""
    return all(character in "[]().,:<>0123456789abcdefghijklmnopqrstuvwxyz " for character in text) and len(text) <= 8

"""Writing that can only become a whole answer of a given form: every next token keeps it one, and then it ends.

How sure the model is, is read off what it would have written freely: the constraint takes no part in it.
"""

from collections.abc import Collection, Sequence
from typing import Any

import torch
from torch import Tensor

from llavapose.locate.forms import Form, State


class Constrained:
    """Picks tokens for ``generation.greedy_in_turn``.

    Args:
        tokenizer: of the model.
        form: of the answers.
        ends: ids that end an answer.
    """

    def __init__(self, tokenizer: Any, form: Form, *, ends: Collection[int]) -> None:
        self._form, self._end = form, min(ends)
        self._texts = _texts(tokenizer, form)
        self._allowed: dict[State, list[int]] = {}
        self._states: dict[int, State] = {}
        self.texts: dict[int, list[str]] = {}
        """Place of a prompt -> the text of each token that it was given, but for its end."""
        self.sure: dict[int, list[float]] = {}
        """Likewise: the probability of each."""

    def __call__(self, places: Sequence[int], logits: Tensor) -> Tensor:
        """The next token of each prompt: int64[B] for float[B, V]."""
        probabilities, found = logits.float().softmax(-1), []
        for row, place in enumerate(places):
            state = self._states.get(place, self._form.start)
            if self._form.whole(state):
                found.append(self._end)
                continue
            ids = self._after(state)
            best = ids[int(probabilities[row, ids].argmax())]
            text = self._texts[best]
            text = text if self.texts.setdefault(place, []) else text.lstrip()
            self._states[place] = self._form.after(state, text)
            self.texts[place].append(text)
            self.sure.setdefault(place, []).append(float(probabilities[row, best]))
            found.append(best)
        return torch.tensor(found, device=logits.device)

    def _after(self, state: State) -> list[int]:
        """Ids with which a text that stands there can go on."""
        if state not in self._allowed:
            # A first token may bring the space that tokenizers of words put before them.
            begins = state == self._form.start
            told = ((one, text.lstrip() if begins else text) for one, text in self._texts.items())
            self._allowed[state] = [one for one, text in told if text and self._form.after(state, text)]
        return self._allowed[state]


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


def _texts(tokenizer: Any, form: Form) -> dict[int, str]:
    """Ids that can stand in such an answer, with the characters that each adds behind others."""
    anchor = tokenizer("a", add_special_tokens=False).input_ids
    before, special = tokenizer.decode(anchor), set(tokenizer.all_special_ids)
    ids = [one for one in range(len(tokenizer)) if one not in special]
    told = tokenizer.batch_decode([[*anchor, one] for one in ids])
    texts = {one: text[len(before) :] for one, text in zip(ids, told, strict=True)}
    return {one: text for one, text in texts.items() if text.strip() and form.can_hold(text.lstrip())}

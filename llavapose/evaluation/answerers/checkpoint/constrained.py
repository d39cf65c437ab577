"""Writing that can only become a whole answer of a given form: every next token keeps it one, and then it ends.

How sure the model is, is read off what it would have written freely: the constraint takes no part in it.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from llavapose.locate.forms import Form, State, first_unit, sieve


class Constrained:
    """Picks tokens for ``generation.greedy_in_turn``.

    Args:
        tokenizer: of the model.
        forms: of the answers, one for each prompt; the same for many is the same object.
        ends: ids that end an answer.
    """

    def __init__(self, tokenizer: Any, forms: Sequence[Form], *, ends: Collection[int]) -> None:
        self._forms, self._end = forms, min(ends)
        self._texts = _texts(tokenizer, forms)
        written = {one: text for one, text in self._texts.items() if text.strip()}
        # A first token may bring the space that tokenizers of words put before them.
        self._begins = _by_first_unit({one: text.lstrip() for one, text in written.items()})
        self._inside = _by_first_unit(written)
        # For where no piece of the vocabulary has a space and the letters behind it.
        self._spaces = [(one, text) for one, text in self._texts.items() if one not in written]
        self._allowed: dict[tuple[int, State], list[int]] = {}
        self._states: dict[int, State] = {}
        self.texts: dict[int, list[str]] = {}
        """Place of a prompt -> the text of each token that it was given, but for its end."""
        self.sure: dict[int, list[float]] = {}
        """Likewise: the probability of each."""

    def __call__(self, places: Sequence[int], logits: Tensor) -> Tensor:
        """The next token of each prompt: int64[B] for float[B, V]."""
        probabilities, found = logits.float().softmax(-1), []
        for row, place in enumerate(places):
            form = self._forms[place]
            state = self._states.get(place, form.start)
            if form.whole(state):
                found.append(self._end)
                continue
            ids = self._after(form, state)
            best = ids[int(probabilities[row, ids].argmax())]
            text = self._texts[best]
            text = text if self.texts.setdefault(place, []) else text.lstrip()
            self._states[place] = form.after(state, text)
            self.texts[place].append(text)
            self.sure.setdefault(place, []).append(float(probabilities[row, best]))
            found.append(best)
        return torch.tensor(found, device=logits.device)

    def _after(self, form: Form, state: State) -> list[int]:
        """Ids with which a text that stands there can go on."""
        if (id(form), state) not in self._allowed:
            firsts = self._begins if state == form.start else self._inside
            told = (pair for unit, some in firsts.items() if form.can_come(state, unit) for pair in some)
            found = [one for one, text in told if form.after(state, text)]
            self._allowed[id(form), state] = found or [one for one, text in self._spaces if form.after(state, text)]
        return self._allowed[id(form), state]


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


def _texts(tokenizer: Any, forms: Sequence[Form]) -> dict[int, str]:
    """Ids that can stand in such answers, with the characters that each adds behind others."""
    texts = _vocabulary(tokenizer)
    can_stand = sieve(forms, {one: text.lstrip() or text for one, text in texts.items() if text})
    return {one: texts[one] for one in can_stand}


@lru_cache(maxsize=2)
def _vocabulary(tokenizer: Any) -> Mapping[int, str]:
    anchor = tokenizer("a", add_special_tokens=False).input_ids
    before, special = tokenizer.decode(anchor), set(tokenizer.all_special_ids)
    ids = [one for one in range(len(tokenizer)) if one not in special]
    told = tokenizer.batch_decode([[*anchor, one] for one in ids])
    return {one: text[len(before) :] for one, text in zip(ids, told, strict=True)}


def _by_first_unit(texts: Mapping[int, str]) -> dict[str, list[tuple[int, str]]]:
    """First unit -> the ids whose text begins so."""
    found: dict[str, list[tuple[int, str]]] = {}
    for one, text in texts.items():
        found.setdefault(first_unit(text), []).append((one, text))
    return found

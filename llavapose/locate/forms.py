"""What an answer under constraint may be written of, character by character: a small automaton.

A form is a row of units, each a pattern of one character or of one new token; some may be left out. Where a text stands
in a form is the set of units that can come next, so that nothing is compiled and nothing backtracks, however long.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

State = frozenset[int]
"""Indices of the units that can come next; the number of units stands for the end."""
_UNITS = re.compile(r"<loc[0-9]{3}>|.", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Form:
    """A row of units.

    Attributes:
        atoms: a pattern each; one that ends in ``?`` may be left out.
    """

    atoms: tuple[str, ...]

    @property
    def start(self) -> State:
        """Before the first character."""
        return self._reached([0])

    def after(self, state: State, text: str) -> State:
        """Where a text leads; nowhere, the empty set, where it cannot stand."""
        for unit in _UNITS.findall(text):
            state = self._reached(at + 1 for at in state if at < len(self.atoms) and _is(self.atoms[at], unit))
        return state

    def whole(self, state: State) -> bool:
        """Whether it can end here."""
        return len(self.atoms) in state

    def can_hold(self, text: str) -> bool:
        """Whether every unit of a text stands somewhere in the form: a sieve for vocabularies."""
        atoms = set(self.atoms)
        return all(any(_is(atom, unit) for atom in atoms) for unit in _UNITS.findall(text))

    def _reached(self, places: Iterable[int]) -> State:
        found = set[int]()
        for at in places:
            found.add(at)
            while at < len(self.atoms) and self.atoms[at].endswith("?"):
                at += 1
                found.add(at)
        return frozenset(found)


def literal(text: str) -> Sequence[str]:
    """The units of a text that stands as it is."""
    return [re.escape(character) for character in text]


@cache
def _is(atom: str, unit: str) -> bool:
    return re.fullmatch(atom.removesuffix("?"), unit) is not None

"""What an answer under constraint may be written of, character by character: a small automaton.

A form is a row of units, each a pattern of one character or of one new token; some may be left out. Where a text stands
in a form is the set of units that can come next, so that nothing is compiled and nothing backtracks, however long.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
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

    def can_come(self, state: State, unit: str) -> bool:
        """Whether a unit can be the next."""
        return any(at < len(self.atoms) and _is(self.atoms[at], unit) for at in state)

    def _reached(self, places: Iterable[int]) -> State:
        found = set[int]()
        for at in places:
            found.add(at)
            while at < len(self.atoms) and _may_be_left_out(self.atoms[at]):
                at += 1
                found.add(at)
        return frozenset(found)


def first_unit(text: str) -> str:
    """The first character or new token of a text that is not empty."""
    return _UNITS.findall(text)[0]


def sieve(forms: Iterable[Form], texts: Mapping[int, str]) -> dict[int, str]:
    """Of a vocabulary, what can stand in some form: every unit of it occurs in one."""
    atoms = {atom for form in forms for atom in form.atoms}
    return {
        one: text
        for one, text in texts.items()
        if all(any(_is(atom, unit) for atom in atoms) for unit in _UNITS.findall(text))
    }


def literal(text: str) -> Sequence[str]:
    """The units of a text that stands as it is."""
    return [re.escape(unit) for unit in _UNITS.findall(text)]


@cache
def _is(atom: str, unit: str) -> bool:
    return re.fullmatch(atom.removesuffix("?") if _may_be_left_out(atom) else atom, unit) is not None


def _may_be_left_out(atom: str) -> bool:
    return atom.endswith("?") and not atom.endswith("\\?")

"""A point as text and back: three ways to write a coordinate.

| coding | (0.512, 0.04) | tokens a point | step |
|---|---|---|---|
| ``decimal`` | ``[0.512,0.040]`` | most: a token a digit in LLaMA's | 1/1000 |
| ``bins`` | ``[512,40]`` | a token a digit | 1/1000 |
| ``tokens`` | ``<loc512><loc040>`` | two: one new token a value | 1/1000 |

Points are in 0..1 of what the model sees. A text that is not wholly of the form is no point: nothing is guessed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

LEVELS = 1000
"""Values that a coordinate can take: three decimals (LocLLM), integers 0 to 999 (Qwen's scale, Rex-Omni's tokens)."""


@dataclass(frozen=True, kw_only=True)
class Coding:
    """One way to write a point.

    Attributes:
        name: as in settings.
        atoms: patterns of one character each (or one new token), in turn: what a point is written of. One that ends in
            ``?`` may be left out.
        new_tokens: what a tokenizer must be taught first.
    """

    name: str
    atoms: tuple[str, ...]
    new_tokens: tuple[str, ...] = ()

    def write(self, x: float, y: float) -> str:
        """The text of a point in 0..1; what lies beyond is brought to the edge."""
        a, b = (min(max(value, 0.0), 1.0) for value in (x, y))
        if self.name == "decimal":
            return f"[{a:.3f},{b:.3f}]"
        i, j = (min(int(value * LEVELS), LEVELS - 1) for value in (a, b))
        return f"[{i},{j}]" if self.name == "bins" else f"<loc{i:03}><loc{j:03}>"

    def read(self, text: str) -> tuple[float, float] | None:
        """The point of a text; None where it is not wholly of this form, or lies beyond 1."""
        found = self._whole.fullmatch(text)
        if found is None:
            return None
        values = [float(one) for one in re.findall(r"\d+\.\d+|\d+", text)]
        x, y = values if self.name == "decimal" else [(one + 0.5) / LEVELS for one in values]
        return (x, y) if max(x, y) <= 1 else None

    def begins(self, text: str) -> bool:
        """Whether a point's text can begin so: what decoding under constraint may write."""
        return self._begun.fullmatch(text) is not None and not _BEYOND.search(text)

    def complete(self, text: str) -> bool:
        """Whether a text is a whole point."""
        return self._whole.fullmatch(text) is not None and not _BEYOND.search(text)

    @cached_property
    def _whole(self) -> re.Pattern[str]:
        return re.compile("".join(self.atoms))

    @cached_property
    def _begun(self) -> re.Pattern[str]:
        return re.compile(_nested(self.atoms))


def _nested(atoms: Sequence[str]) -> str:
    """A pattern of every beginning of what the atoms write: (?:a(?:b(?:c)?)?)?."""
    pattern = ""
    for atom in reversed(atoms):
        pattern = f"(?:{atom}{pattern})?"
    return pattern


_BEYOND = re.compile(r"1\.0*[1-9]")
"""A decimal above 1, which is no place: atoms alone would let it through."""
_DIGIT, _VALUE = "[0-9]", r"<loc[0-9]{3}>"
_DECIMAL = ("[01]", r"\.", _DIGIT, _DIGIT, _DIGIT)
_INTEGER = (_DIGIT, f"{_DIGIT}?", f"{_DIGIT}?")

CODINGS: dict[str, Coding] = {
    coding.name: coding
    for coding in (
        Coding(name="decimal", atoms=(r"\[", *_DECIMAL, ",", *_DECIMAL, r"\]")),
        Coding(name="bins", atoms=(r"\[", *_INTEGER, ",", *_INTEGER, r"\]")),
        Coding(name="tokens", atoms=(_VALUE, _VALUE), new_tokens=tuple(f"<loc{i:03}>" for i in range(LEVELS))),
    )
}
"""Every coding by its name."""

"""A point as text and back: three ways to write a coordinate.

| coding | (0.512, 0.04) | tokens a point | step |
|---|---|---|---|
| ``decimal`` | ``[0.512,0.040]`` | most: a token a digit in LLaMA's | 1/1000 |
| ``bins`` | ``[512,40]`` | a token a digit | 1/1000 |
| ``tokens`` | ``<loc512><loc040>`` | two: one new token a value | 1/1000 |

Points are in 0..1 of what the model sees. A text that is not wholly of the form is no point: nothing is guessed.
"""

import re
from dataclasses import dataclass
from functools import cached_property

from llavapose.locate.forms import Form

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
        if self._whole.fullmatch(text) is None:
            return None
        x, y = self._values(text)
        return (x, y) if max(x, y) <= 1 else None

    def nearest(self, text: str) -> tuple[float, float]:
        """The point of a text of this form, brought to the edge where it lies beyond 1."""
        assert self._whole.fullmatch(text), text
        x, y = self._values(text)
        return min(x, 1.0), min(y, 1.0)

    @cached_property
    def form(self) -> Form:
        """What a point is written of."""
        return Form(atoms=self.atoms)

    def _values(self, text: str) -> tuple[float, float]:
        x, y = (float(one) for one in re.findall(r"\d+\.\d+|\d+", text))
        return (x, y) if self.name == "decimal" else ((x + 0.5) / LEVELS, (y + 0.5) / LEVELS)

    @cached_property
    def _whole(self) -> re.Pattern[str]:
        return re.compile("".join(self.atoms))


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

"""A judge of known habits behind HTTP: what it truly thinks of an answer stands in it, ``worth 6.5``; else it is 1."""

import re
from dataclasses import dataclass, field
from random import Random

from tests.llm.chat_server import Answer, Asked, completion

FENCE = re.compile(r"\[Answer (\d), ([0-9a-f]{12})\]\n(.*?)\n\[End of answer \1, \2\]", re.DOTALL)


@dataclass(kw_only=True)
class ScriptedJudge:
    """Rates as ``worth`` says, with habits on top.

    Attributes:
        bias: added to every rating.
        first: added to the answer that stands first.
        longer: added for every ten words.
        noise: standard deviation, drawn anew for every request.
        garbled: share of replies without a verdict.
        marked: whether it writes the mark that it was asked for.
        seen: every request's text.
    """

    bias: float = 0.0
    first: float = 0.0
    longer: float = 0.0
    noise: float = 0.0
    garbled: float = 0.0
    marked: bool = True
    seen: list[str] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Answer:
        """The answer to one request."""
        self.seen.append(asked.question)
        random = Random(asked.question)
        if random.random() < self.garbled:
            return Answer(body=completion("Both have their merits."))
        found = FENCE.findall(asked.question)
        assert found, asked.question
        told = [self.rating(int(number), text, random) for number, _, text in found]
        mark = f" {found[0][1]}" if self.marked else ""
        verdict = f"Rating{'s' if len(told) > 1 else ''}{mark}: {' '.join(told)}"
        return Answer(body=completion(f"So it is.\n{verdict}"))

    def rating(self, number: int, text: str, random: Random) -> str:
        """What it gives to one answer, between 1 and 10."""
        worth = float((re.findall(r"worth (-?[\d.]+\d)", text) or ["1.0"])[-1])
        habits = self.bias + self.first * (number == 1) + self.longer * len(text.split()) / 10
        return f"{min(10.0, max(1.0, worth + habits + random.gauss(0, self.noise))):.2f}"

"""Judges of known character behind HTTP: what each adds to the truth is planted, and a card must find it.

They know of every picture which sentences are true and which false, by the context that a request tells; everything
else in an answer is neither.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random

from llavapose.evaluation.judges.card.planted import PADDING, plant
from llavapose.pose.facts.scene import scene_facts
from llavapose.records import Scene
from llavapose.teacher.context import context_text
from tests.evaluation.judges.scripted_judge import FENCE
from tests.llm.chat_server import Answer, Asked, completion

MIDDLE, A_CLAIM = 5.0, 0.5
"""A judge's rating of an answer that says nothing, and what a true claim adds and a false one takes off."""
SENTENCE = re.compile(r"[^.!?]+[.!?](?:\s|$)")
ORDER = re.compile(r"\brat(?:e|ing)\b.*\b10\b", re.IGNORECASE | re.DOTALL)
KEYPOINTS = re.compile(r"\bkeypoints?\b", re.IGNORECASE)


@dataclass(kw_only=True)
class Character:
    """Rates by the number of true less false sentences, with habits on top.

    Attributes:
        truth: context of a picture, as requests hold it -> sentence -> whether it is true.
        sight: how much of the true difference it sees: 1 all, 0 none.
        noise: standard deviation, drawn anew for every request.
        first: added to the answer that stands first.
        a_word: added for every word of a sentence that is neither true nor false.
        a_style: added where the answer holds the padding.
        keypoints: added where keypoints are spoken of.
        obeys: gives 10 where an answer orders it.
        garbled: share of replies without a verdict.
    """

    truth: Mapping[str, Mapping[str, bool]]
    sight: float = 1.0
    noise: float = 0.0
    first: float = 0.0
    a_word: float = 0.0
    a_style: float = 0.0
    keypoints: float = 0.0
    obeys: bool = False
    garbled: float = 0.0

    def __call__(self, asked: Asked) -> Answer:
        """The answer to one request."""
        random = Random(f"{asked.question} {asked.body.get('seed')}")
        if random.random() < self.garbled:
            return Answer(body=completion("Both have their merits."))
        told = next(truth for context, truth in self.truth.items() if f"\n{context}\n" in asked.question)
        found = FENCE.findall(asked.question)
        ratings = [f"{self.rating(int(number), text, told, random):.3f}" for number, _, text in found]
        head = "Ratings" if len(found) > 1 else "Rating"
        return Answer(body=completion(f"So it is.\n{head} {found[0][1]}: {' '.join(ratings)}"))

    def rating(self, number: int, text: str, told: Mapping[str, bool], random: Random) -> float:
        """What it gives to one answer, between 1 and 10."""
        if self.obeys and ORDER.search(text):
            return 10.0
        sentences = [one.strip() for one in SENTENCE.findall(text)]
        known = [told[one] for one in sentences if one in told]
        words = sum(len(one.split()) for one in sentences if one not in told)
        worth = MIDDLE + self.sight * A_CLAIM * (sum(known) - (len(known) - sum(known)))
        habits = self.first * (number == 1) + self.a_word * words + self.keypoints * bool(KEYPOINTS.search(text))
        habits += self.a_style * (PADDING in text)
        return min(10.0, max(1.0, worth + habits + random.gauss(0, self.noise)))


def truth_of(scenes: Iterable[Scene]) -> dict[str, dict[str, bool]]:
    """Context of a picture, as requests hold it -> sentence that is planted about it -> whether it is true."""
    found = {}
    for scene in scenes:
        planted = plant(scene, scene_facts(scene), seed=0)
        if planted is not None:
            true, false = dict.fromkeys(planted.statements, True), dict.fromkeys(planted.flipped, False)
            found[context_text(scene, "keypoints")] = true | false
    return found

"""The shapes of reasoning: a question's wording, what follows, and from what."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from llavapose.records import Fact
from llavapose.teacher.offline.evidence import Evidence
from llavapose.teacher.offline.grammar import compatible

Rule = tuple[str, tuple[str, ...], bool, tuple[str, ...]]
"""Kind, values (one that is named twice is asked of both sides), whether it answers "yes", and sentences that conclude.

"{s}" is the person as subject, "{o}" as object, "{own}" the possessive; "{side}" of the fact's part, "{other}" side.
"""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What follows.

    Attributes:
        texts: ways to say it, each a whole sentence without its full stop that begins with a small letter.
        because: the facts that it follows from, of the people asked about.
        yes: whether it is a yes to the theme.
        action: what the person does, where it follows from that.
        people: whom it is about, where it is several.
    """

    texts: tuple[str, ...]
    because: tuple[Fact, ...] = ()
    yes: bool = True
    action: str = ""
    people: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Asking:
    """A wording of a question: ``says`` is +1 where a yes to the theme answers "yes", -1 "no", 0 where it is open."""

    text: str
    says: int = 0


@dataclass(frozen=True, kw_only=True)
class Theme:
    """One line of reasoning.

    Attributes:
        name: what it is about.
        asked: wordings; none says what the picture shows.
        kinds: kinds of fact that may be told besides.
        find: what follows of a person (the first of several), None where the scene gives no ground.
        several: whether it is asked of the picture's people together, not of each.
        joints: whether it needs keypoints.
    """

    name: str
    asked: tuple[Asking, ...]
    kinds: tuple[str, ...]
    find: Callable[[Evidence, int, random.Random], Finding | None]
    several: bool = False
    joints: bool = True


def open_(*texts: str) -> tuple[Asking, ...]:
    """Questions that are not answered with yes or no."""
    return tuple(Asking(text=text) for text in texts)


def closed(*texts: str, says: int = 1) -> tuple[Asking, ...]:
    """Questions that are answered with yes or no."""
    return tuple(Asking(text=text, says=says) for text in texts)


def by_rules(rules: tuple[Rule, ...]) -> Callable[[Evidence, int, random.Random], Finding | None]:
    """What the first rule says that one of the person's facts meets."""

    def find(evidence: Evidence, person: int, rng: random.Random) -> Finding | None:
        stands = evidence.value(person, "stance") == "standing"
        for kind, values, yes, texts in rules:
            if not stands and (kind == "knee" or (kind == "trunk" and "bent over" not in values)):
                continue  # of somebody on a seat or on the ground they say nothing about weight
            facts = [fact for fact in _grounds(evidence, person) if fact.kind == kind and fact.value in values]
            both = len(values) > len(set(values))
            if len(facts) > both:
                words = {"part": facts[0].part or "", "side": (facts[0].part or "").partition(" ")[0]}
                words["other"] = {"left": "right", "right": "left"}.get(words["side"], "")
                said = tuple(_filled(text, words) for text in texts)
                alike = len({fact.value for fact in facts}) == 1 and kind != "leg_lift"
                kept = facts if both or alike else facts[:1]
                return Finding(texts=said, because=tuple(kept), yes=yes)
        return None

    return find


def _grounds(evidence: Evidence, person: int) -> list[Fact]:
    """The person's facts that can be reasons side by side: feet on a board are not on the ground."""
    return compatible([fact for fact in evidence.facts if fact.person == person])


def _filled(text: str, words: dict[str, str]) -> str:
    for name, word in words.items():
        text = text.replace(f"{{{name}}}", word)
    return text

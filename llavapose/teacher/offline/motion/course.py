"""The course of a clip: which movements there are, whose, when, and what may be said of them.

Facts that are one movement to whoever looks are one here: both hands raised at once, a hand that is raised past the
shoulder and on past the head, a hand that goes up and down three times.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from llavapose.pose.motion.vocabulary import VALUES
from llavapose.pose.people import references
from llavapose.records import Fact, Frame, Scene
from llavapose.teacher.offline.balance import Balance
from llavapose.teacher.offline.captions import Reading, reading
from llavapose.teacher.offline.grammar import Ref
from llavapose.teacher.offline.motion.phrases import verb_of

TOGETHER_S = 0.35
"""Left and right that begin and end within this are one movement: two frames at the usual five a second, less what
rounding to a tenth takes."""

APART_S = 0.25
"""The least seconds between two beginnings of which one is told to be first: more than one frame at five a second."""

BOX_KINDS = frozenset(("shift", "approach", "order"))
"""Kinds of motion that boxes alone show."""

_PAIRED = ("hand_motion", "elbow_motion", "knee_motion", "repeats")
"""Kinds of which left and right can be told in one."""


@dataclass(frozen=True, kw_only=True)
class Movement:
    """Something that a person does from one time to another.

    Attributes:
        person: index into ``Scene.people``.
        kind, value: of its facts.
        parts: the body parts that move, none where the kind has none.
        start, end: seconds.
        facts: all that it tells.
    """

    person: int
    kind: str
    value: str
    parts: tuple[str, ...]
    start: float
    end: float
    facts: tuple[Fact, ...]

    @property
    def span_s(self) -> tuple[float, float]:
        """From when to when."""
        return self.start, self.end

    def say(self, form: str, own: str = "their") -> str:
        """The movement as a verb: "raises both hands past the head" (form "does"), "sitting down" ("ing")."""
        return verb_of(self.kind, self.value, parts_words(self.parts), form, own)


@dataclass(frozen=True, kw_only=True)
class Course:
    """A clip, limited to what may be told.

    Attributes:
        scene: the frames.
        facts: sure facts about motion.
        known: facts about motion, sure or not: what must not be denied.
        still: sure facts about the middle frame.
        movements: in order of time.
        names: what people are called, the same in all frames; "" for those not spoken of.
        told: what the captions say.
        balance: how common each value is.
        end_s: when the last frame was taken.
    """

    scene: Scene
    facts: tuple[Fact, ...]
    known: tuple[Fact, ...]
    still: tuple[Fact, ...]
    movements: tuple[Movement, ...]
    names: tuple[str, ...]
    told: Reading
    balance: Balance
    end_s: float

    @property
    def alone(self) -> bool:
        """Whether the clip has one person."""
        return len(self.scene.people) == 1 and not self.scene.num_crowds

    @property
    def people(self) -> tuple[int, ...]:
        """Those of whom a movement can be told, in order of their first."""
        return tuple(dict.fromkeys(one.person for one in self.movements))

    def of(self, person: int) -> list[Movement]:
        """The person's movements in order of time."""
        return [one for one in self.movements if one.person == person]

    def ref(self, person: int) -> Ref:
        """How the person is called."""
        return Ref(name=self.names[person], noun=self.told.noun)

    def may(self, fact: Fact, value: str) -> bool:
        """Whether what the fact is about may also have another value: it has a fact of it, sure or not."""
        same = [one for one in self.known if (one.kind, one.person, one.part) == (fact.kind, fact.person, fact.part)]
        return any(one.value.split()[0] == value.split()[0] for one in same if one is not fact)

    def only_once(self, fact: Fact) -> bool:
        """Whether nothing else of the kind is known, sure or not, of the same person and part."""
        same = [one for one in self.known if (one.kind, one.person, one.part) == (fact.kind, fact.person, fact.part)]
        return len(same) == 1


def is_motion(fact: Fact) -> bool:
    """Whether the fact is about motion, not about the middle frame."""
    return fact.kind in VALUES


def course_of(scene: Scene, facts: Sequence[Fact], context: str, balance: Balance) -> Course:
    """Limit a scene over time to "captions", "boxes" or "keypoints"."""
    told = reading(scene)
    names = tuple(name.replace("person", told.noun) for name in steady_names(scene))
    known = tuple(fact for fact in facts if is_motion(fact) and _allowed(fact, context))
    sure = tuple(fact for fact in known if _tellable(fact, names))
    still = tuple(fact for fact in facts if not is_motion(fact) and fact.sure and context == "keypoints")
    return Course(
        scene=scene,
        facts=sure,
        known=known,
        still=still,
        movements=movements_of(sure),
        names=names,
        told=told,
        balance=balance,
        end_s=scene.frames[-1].time_s if scene.frames else 0.0,
    )


def _allowed(fact: Fact, context: str) -> bool:
    return context == "keypoints" or (context == "boxes" and fact.kind in BOX_KINDS)


def _tellable(fact: Fact, names: Sequence[str]) -> bool:
    """Sure, with a time where it is a movement, and everyone it speaks of has a name."""
    people = [one for one in (fact.person, fact.target) if one is not None]
    timed = fact.span_s is not None or fact.kind == "order"
    return fact.sure and timed and bool(people) and all(names[one] for one in people)


@lru_cache(maxsize=4096)
def steady_names(scene: Scene) -> tuple[str, ...]:
    """As ``references``, but "" for whoever is called otherwise in a frame where all are seen, or is missing in one."""
    found = list(references(scene))
    if len(found) == 1:
        return tuple(found)
    for frame in scene.frames:
        there = _as_scene(scene, frame)
        if there is None:
            continue
        for index, name in enumerate(references(there)):
            if name != found[index]:
                found[index] = ""
    return tuple(found)


def _as_scene(scene: Scene, frame: Frame) -> Scene | None:
    """A frame as a picture that stands alone; None where somebody is missing."""
    people = tuple(one for one in frame.people if one is not None)
    return replace(scene, people=people, frames=()) if len(people) == len(scene.people) else None


def movements_of(facts: Sequence[Fact]) -> tuple[Movement, ...]:
    """The movements that facts tell, in order of time."""
    timed = sorted((fact for fact in facts if fact.span_s and fact.kind != "order"), key=_when)
    found = [
        Movement(
            person=fact.person or 0,
            kind=fact.kind,
            value=fact.value,
            parts=(fact.part,) if fact.part else (),
            start=fact.span_s[0] if fact.span_s else 0.0,
            end=fact.span_s[1] if fact.span_s else 0.0,
            facts=(fact,),
        )
        for fact in timed
        if not _within_repeats(fact, timed) and not _goes_on(fact, timed)
    ]
    merged: list[Movement] = []
    for one in found:
        twin = next((other for other in merged if _is_twin(one, other)), None)
        if twin is None:
            merged.append(one)
        else:
            merged[merged.index(twin)] = replace(
                twin,
                parts=tuple(sorted((*twin.parts, *one.parts))),
                end=max(twin.end, one.end),
                facts=(*twin.facts, *one.facts),
            )
    return tuple(merged)


def parts_words(parts: Sequence[str]) -> str | None:
    """What moves, with its article: "the left hand", "both hands"; None of nothing."""
    if not parts:
        return None
    return f"the {parts[0]}" if len(parts) == 1 else f"both {parts[0].split()[-1]}s"


def _when(fact: Fact) -> tuple[float, float, int, str, str]:
    assert fact.span_s is not None
    return (*fact.span_s, fact.person or 0, fact.kind, fact.part or "")


def _within_repeats(fact: Fact, facts: Sequence[Fact]) -> bool:
    """Whether a movement is one of the repeated ones of its part, which are told together."""
    return fact.kind != "repeats" and any(
        one.kind == "repeats" and one.person == fact.person and one.part == fact.part and _overlap(one, fact)
        for one in facts
    )


def _goes_on(fact: Fact, facts: Sequence[Fact]) -> bool:
    """Whether a hand that passes one height also passes the other on its way: up to the head, down to the shoulder."""
    if fact.kind != "hand_motion" or fact.value not in ("raised past the shoulder", "lowered past the head"):
        return False
    farther = "raised past the head" if fact.value.startswith("raised") else "lowered past the shoulder"
    return any(
        (one.kind, one.person, one.part, one.value) == (fact.kind, fact.person, fact.part, farther)
        and _overlap(one, fact, TOGETHER_S)
        for one in facts
    )


def _overlap(one: Fact, other: Fact, slack: float = 0.0) -> bool:
    assert one.span_s and other.span_s
    return one.span_s[0] <= other.span_s[1] + slack and other.span_s[0] <= one.span_s[1] + slack


def _is_twin(one: Movement, other: Movement) -> bool:
    """Whether the other side of the body does the same at the same time."""
    return (
        one.kind in _PAIRED
        and (one.person, one.kind, one.value) == (other.person, other.kind, other.value)
        and len(other.parts) == 1
        and one.parts != other.parts
        and abs(one.start - other.start) <= TOGETHER_S
        and abs(one.end - other.end) <= TOGETHER_S
    )

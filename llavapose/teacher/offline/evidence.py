"""What the offline teacher may use of a scene: the sure facts that its context allows."""

from collections.abc import Sequence
from dataclasses import dataclass

from llavapose.pose.people import prominent, references
from llavapose.pose.vocabulary import VALUES
from llavapose.records import Fact, Scene
from llavapose.teacher.offline.themes.activities import ACTIVITIES
from llavapose.teacher.offline.balance import Balance
from llavapose.teacher.offline.caption_words import family_of
from llavapose.teacher.offline.captions import Reading, reading
from llavapose.teacher.offline.grammar import Ref

BOX_KINDS = frozenset(("count", "place", "side_of", "nearest"))
"""Kinds of fact that boxes alone show."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One scene, limited to a context.

    Attributes:
        scene: the annotated picture.
        facts: sure facts that may be told.
        near: every contact, sure or not: what must not be called untouched.
        names: what people are called, with the captions' noun where it is everyone's; "" for those not spoken of.
        told: what the captions say.
        people: prominent people from image left to image right.
        boxes: whether boxes may be used.
        joints: whether keypoints may be used.
        balance: how common each value is.
    """

    scene: Scene
    facts: tuple[Fact, ...]
    near: tuple[Fact, ...]
    names: tuple[str, ...]
    told: Reading
    people: tuple[int, ...]
    boxes: bool
    joints: bool
    balance: Balance

    def of(self, person: int, *kinds: str) -> list[Fact]:
        """The person's facts of these kinds, in the order of the kinds."""
        return [fact for kind in kinds for fact in self.facts if fact.kind == kind and fact.person == person]

    def value(self, person: int, kind: str, part: str | None = None) -> str | None:
        """The value of the person's fact of a kind, None where there is none."""
        return next((f.value for f in self.of(person, kind) if part in (None, f.part)), None)

    def ref(self, person: int) -> Ref:
        """How the person is called."""
        return Ref(name=self.names[person], noun=self.told.noun)

    @property
    def alone(self) -> bool:
        """Whether the picture has one person."""
        return len(self.scene.people) == 1 and not self.scene.num_crowds

    def actions(self, person: int) -> tuple[str, ...]:
        """What the person does: said of the only one, of all, or of the one who has the thing that it takes."""
        if self.told.does:
            return self.told.does
        if self.alone or not self.joints:
            return ()
        return tuple(deed.action for deed in self.told.deeds if self._takes(deed.action) == person)

    def _takes(self, action: str) -> int | None:
        """The only person at a thing of the action, where there is one such thing."""
        known = ACTIVITIES.get(family_of(action))
        things = [index for index, thing in enumerate(self.scene.things) if known and thing.category in known.things]
        if len(things) != 1:
            return None
        at = {fact.person for fact in self.near if fact.target == things[0]}
        sure = {fact.person for fact in self.facts if fact.kind == "contact" and fact.target == things[0]}
        return sure.pop() if len(at) == len(sure) == 1 else None

    def count(self) -> Fact | None:
        """How many people there are, where that is sure."""
        return next((fact for fact in self.facts if fact.kind == "count"), None)


def evidence_of(scene: Scene, facts: Sequence[Fact], context: str, balance: Balance) -> Evidence:
    """Limit a scene to "captions", "boxes" or "keypoints"."""
    told = reading(scene)
    names = tuple(name.replace("person", told.noun) for name in references(scene))
    kept = tuple(fact for fact in facts if _tellable(fact, names) and _allowed(fact, context))
    return Evidence(
        scene=scene,
        facts=kept,
        near=tuple(fact for fact in facts if fact.kind == "contact"),
        names=names,
        told=told,
        people=prominent(scene),
        boxes=context != "captions",
        joints=context == "keypoints",
        balance=balance,
    )


def _allowed(fact: Fact, context: str) -> bool:
    return fact.kind in VALUES and (context == "keypoints" or (context == "boxes" and fact.kind in BOX_KINDS))


def _tellable(fact: Fact, names: Sequence[str]) -> bool:
    """Sure, and everyone it speaks of has a name."""
    people = [fact.person] + ([fact.target] if fact.kind in ("nearest", "side_of") else [])
    return fact.sure and all(names[index] for index in people if index is not None)

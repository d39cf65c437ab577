"""What the offline teacher may use of a scene: the sure facts that its context allows."""

from collections.abc import Sequence
from dataclasses import dataclass

from llavapose.pose.people import prominent, references
from llavapose.records import Fact, Scene
from llavapose.teacher.offline.balance import Balance

BOX_KINDS = frozenset(("count", "place", "side_of", "nearest"))
"""Kinds of fact that boxes alone show."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One scene, limited to a context.

    Attributes:
        scene: the annotated picture.
        facts: sure facts that may be told.
        near: every contact, sure or not: what must not be called untouched.
        names: ``references`` of the scene.
        people: prominent people from image left to image right.
        boxes: whether boxes may be used.
        joints: whether keypoints may be used.
        balance: how common each value is.
    """

    scene: Scene
    facts: tuple[Fact, ...]
    near: tuple[Fact, ...]
    names: tuple[str, ...]
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

    def count(self) -> Fact | None:
        """How many people there are, where that is sure."""
        return next((fact for fact in self.facts if fact.kind == "count"), None)


def evidence_of(scene: Scene, facts: Sequence[Fact], context: str, balance: Balance) -> Evidence:
    """Limit a scene to "captions", "boxes" or "keypoints"."""
    names = references(scene)
    kept = tuple(fact for fact in facts if _tellable(fact, names) and _allowed(fact, context))
    return Evidence(
        scene=scene,
        facts=kept,
        near=tuple(fact for fact in facts if fact.kind == "contact"),
        names=names,
        people=prominent(scene),
        boxes=context != "captions",
        joints=context == "keypoints",
        balance=balance,
    )


def _allowed(fact: Fact, context: str) -> bool:
    return context == "keypoints" or (context == "boxes" and fact.kind in BOX_KINDS)


def _tellable(fact: Fact, names: Sequence[str]) -> bool:
    """Sure, and everyone it speaks of has a name."""
    people = [fact.person] + ([fact.target] if fact.kind in ("nearest", "side_of") else [])
    return fact.sure and all(names[index] for index in people if index is not None)

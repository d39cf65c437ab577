"""What the keypoints of a scene say: every kind of fact, sure or unsure, from 2-D joints and visibility alone.

    >>> scene_facts(scene)[0]
    Fact(kind='elbow', person=0, value='bent', sure=True, part='left elbow', target=None, measure=84.0)

Naming a pose by coarse properties is PoseScript's idea (posecodes; Delmas et al., ECCV 2022); thresholds, geometry and
the treatment of what a single view cannot show are our own.
"""

from collections.abc import Callable
from dataclasses import dataclass

from llavapose.pose.facts import arms, body, limbs, relations
from llavapose.pose.facts.limbs import Measured
from llavapose.pose.geometry import Pose, pose_of
from llavapose.pose.motion.facts import motion_facts
from llavapose.pose.people import prominent
from llavapose.pose.skeleton import skeleton_named
from llavapose.records import Fact, Scene


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How one kind of fact is read.

    Attributes:
        kind: a key of ``vocabulary.VALUES``.
        needs: joints that must be labelled; "{side}" stands for the side at hand. A skeleton that lacks one has no
            facts of this kind.
        read: the geometry; takes the pose, and the side for kinds with a part.
        part: the body part named after the side ("elbow"); None for kinds without a part.
    """

    kind: str
    needs: tuple[str, ...]
    read: Callable[..., Measured | None]
    part: str | None = None


_ARM = ("{side} shoulder", "{side} elbow", "{side} wrist")
_LEG = ("{side} hip", "{side} knee", "{side} ankle")
_BOTH_LEGS = ("left hip", "right hip", "left knee", "right knee", "left ankle", "right ankle")
_TRUNK = ("left shoulder", "right shoulder", "left hip", "right hip")

RULES = (
    Rule(kind="elbow", needs=_ARM, read=limbs.elbow, part="elbow"),
    Rule(kind="knee", needs=_LEG, read=limbs.knee, part="knee"),
    Rule(kind="arm_height", needs=(*_ARM, "left shoulder", "right shoulder"), read=arms.arm_height, part="arm"),
    Rule(kind="arm_side", needs=(*_ARM, "left shoulder", "right shoulder"), read=arms.arm_side, part="arm"),
    Rule(kind="legs", needs=(*_TRUNK, *_BOTH_LEGS), read=body.legs),
    Rule(kind="leg_lift", needs=(*_TRUNK, *_BOTH_LEGS), read=body.leg_lift, part="leg"),
    Rule(kind="trunk", needs=_TRUNK, read=body.trunk),
    Rule(kind="stance", needs=_TRUNK, read=body.stance),
    Rule(kind="facing", needs=("left shoulder", "right shoulder"), read=body.facing),
)
"""The kinds that one person's joints decide."""

_UPRIGHT = frozenset(("arm_height", "legs", "leg_lift", "trunk", "stance", "facing"))
"""What is never sure of a body that is upside down: up, down and standing mean something else there."""


def scene_facts(scene: Scene) -> tuple[Fact, ...]:
    """All facts, sure and unsure.

    Each prominent person's from image left to image right, then the scene's, then how people move where it has frames.

    Raises:
        DataError: the scene's skeleton is not known.
    """
    skeleton = skeleton_named(scene.skeleton)
    poses = {i: pose_of(scene.people[i], skeleton, scene.width, scene.height) for i in prominent(scene)}
    facts = [fact for index, pose in poses.items() for fact in _person_facts(index, pose)]
    facts += relations.places(scene) + relations.sides_of(scene) + relations.nearest(scene, poses)
    facts += relations.contacts(scene, poses)
    number = relations.count(scene)
    return (*facts, *((number,) if number else ()), *motion_facts(scene))


def _person_facts(index: int, pose: Pose) -> list[Fact]:
    if pose.unit <= 0:
        return []
    facts, hanging = [], body.upside_down(pose)
    for rule in RULES:
        for side in ("left", "right") if rule.part else (None,):
            if not pose.has(*(joint.format(side=side) for joint in rule.needs)):
                continue
            reading = rule.read(pose, side) if side else rule.read(pose)
            if reading:
                sure = reading.sure and not (hanging and rule.kind in _UPRIGHT)
                part = f"{side} {rule.part}" if side else None
                facts.append(Fact(kind=rule.kind, person=index, value=reading.value, sure=sure, part=part,
                                  measure=reading.measure))  # fmt: skip
    return facts

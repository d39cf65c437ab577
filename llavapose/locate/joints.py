"""What each joint is called and where it is: words for a model that is asked for it, also for one it was never taught.

The sentences are our own. Left and right are the person's; a sentence says nothing of where in the picture that is.
"""

from dataclasses import dataclass

from llavapose.pose.skeleton import COCO17


@dataclass(frozen=True, kw_only=True)
class Joint:
    """One point of a body that can be asked for.

    Attributes:
        name: as in a skeleton.
        where: what it is and where a body has it: the part of a sentence behind "The left elbow is".
    """

    name: str
    where: str

    @property
    def description(self) -> str:
        """A sentence: "The left elbow is the bend of the left arm, halfway between its shoulder and its wrist."."""
        return f"The {self.name} is {self.where}."


_OF_THE_HEAD = {"nose": "the tip of the nose, in the middle of the face between the eyes and the mouth"}
_SIDED = {
    "eye": "the centre of the {side} eye, beside the bridge of the nose and above the cheek",
    "ear": "the opening of the {side} ear, at the side of the head about as high as the eyes",
    "shoulder": "the joint that carries the {side} arm, at the upper corner of the trunk below the neck",
    "elbow": "the bend of the {side} arm, halfway between its shoulder and its wrist",
    "wrist": "where the {side} forearm ends and the hand begins",
    "hip": "the joint that carries the {side} leg, at the lower corner of the trunk beside the groin",
    "knee": "the bend of the {side} leg, halfway between its hip and its ankle",
    "ankle": "where the {side} lower leg ends and the foot begins",
}
_BEYOND_COCO = {
    "pelvis": "the middle of the pelvis, halfway between both hips, where the legs meet the trunk",
    "thorax": "the upper end of the breastbone, halfway between both shoulders",
    "neck": "where the neck meets the head, below the chin and above the shoulders",
    "head top": "the highest point of the skull, the top of the hair or of a hat that fits closely",
}
"""Joints that MPII labels and COCO does not: asked for by their description alone."""


def _described(name: str) -> Joint:
    side, _, part = name.partition(" ")
    return Joint(name=name, where=_SIDED[part].format(side=side) if part in _SIDED else _OF_THE_HEAD[name])


JOINTS: dict[str, Joint] = {name: _described(name) for name in COCO17.joints} | {
    name: Joint(name=name, where=where) for name, where in _BEYOND_COCO.items()
}
"""Every joint that can be asked for, by its name: COCO's in their order, then those that it lacks."""


def question(name: str, *, described: bool = True) -> str:
    """What is asked: the joint's description, then where this person has it; or the joint's name alone."""
    if not described:
        return f"Where is the {name} of this person?"
    return f"{JOINTS[name].description} Where is the {name} of this person? Give its coordinates."

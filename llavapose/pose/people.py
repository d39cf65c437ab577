"""Which people of a scene are spoken of, and in what words: left and right here are the picture's."""

import re

from llavapose.pose.thresholds import PEOPLE
from llavapose.records import Person, Scene

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")

NOUNS = (
    r"person|man|woman|boy|girl|child|kid|guy|lady|individual|figure|player|skier|surfer|snowboarder|skateboarder|"
    r"runner|rider|walker|athlete|batter|pitcher|one"
)
"""Words for one person, as the alternatives of a regular expression."""


def num_labelled(person: Person) -> int:
    """How many joints are labelled, hidden ones included."""
    return sum(1 for _, _, visibility in person.keypoints if visibility > 0)


def centre_x(person: Person) -> float:
    """Centre of the box along x, in 0..1."""
    return (person.box_xyxy[0] + person.box_xyxy[2]) / 2


def prominent(scene: Scene) -> tuple[int, ...]:
    """Indices of the people worth speaking of, tall and labelled enough, ordered from image left to image right."""
    heights = [person.box_xyxy[3] - person.box_xyxy[1] for person in scene.people]
    least = max(heights, default=0.0) * PEOPLE.least_height_share
    chosen = [
        index
        for index, person in enumerate(scene.people)
        if num_labelled(person) >= PEOPLE.num_least_joints and heights[index] >= least
    ]
    return tuple(sorted(chosen, key=lambda index: (centre_x(scene.people[index]), index)))


def phrases(count: int) -> tuple[str, ...]:
    """The noun phrases for ``count`` people from image left to image right."""
    if count <= 1:
        return ("the person",) * count
    if count == 2:
        return ("the person on the left", "the person on the right")
    if count == 3:
        return ("the person on the left", "the person in the middle", "the person on the right")
    between = tuple(f"the {_ordinal(i)} person from the left" for i in range(1, count - 1))
    return ("the person on the far left", *between, "the person on the far right")


def references(scene: Scene) -> tuple[str, ...]:
    """One noun phrase per person, unique in the scene; "" for people who are not prominent."""
    order = prominent(scene)
    named = dict(zip(order, phrases(len(order)), strict=True))
    return tuple(named.get(index, "") for index in range(len(scene.people)))


def resolve(mention: str, scene: Scene) -> int | None:
    """Which person a mention means, None where that is not certain.

    "the person on the left" and its variants ("the man at the far left", "the leftmost skier") follow the order of
    the prominent people; a mention without a place ("she", "the skier") is certain only where one person is prominent.
    """
    order = prominent(scene)
    if not order:
        return None
    words = " ".join(mention.lower().split())
    position = _position(words, len(order))
    if position is None:
        return order[0] if len(order) == 1 and not has_place(words) else None
    return order[position]


def _ordinal(index: int) -> str:
    return _ORDINALS[index] if index < len(_ORDINALS) else f"{index + 1}th"


def has_place(words: str) -> bool:
    """Whether a mention, in lower case, says where in the picture its person is."""
    return re.search(r"\b(left|right|middle|cent(?:er|re)|leftmost|rightmost|other)\b", words) is not None


def _position(words: str, count: int) -> int | None:
    """Rank from the left that the words of a mention name among ``count`` people."""
    if count < 2:
        return None
    counted = re.search(r"\b(\w+) (?:\w+ )?from the (left|right)\b", words)
    if counted:
        rank = next((i for i in range(count) if _ordinal(i) == counted[1]), None)
        if rank is None:
            return None
        return rank if counted[2] == "left" else count - 1 - rank
    if re.search(rf"\b(leftmost|far left|on the left|at the left|to the left|left (?:{NOUNS}))\b", words):
        return 0
    if re.search(rf"\b(rightmost|far right|on the right|at the right|to the right|right (?:{NOUNS}))\b", words):
        return count - 1
    if re.search(r"\b(middle|cent(?:er|re))\b", words) and count % 2 == 1:
        return count // 2
    return None

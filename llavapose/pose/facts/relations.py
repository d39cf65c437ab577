"""Who is where, who is nearest to whom, which hand or foot is at which object, how many people there are."""

import math
import re

from llavapose.pose.geometry import Pose
from llavapose.pose.people import centre_x, clearly_left, prominent, references, third
from llavapose.pose.thresholds import CONTACT, COUNT, PLACE
from llavapose.records import Fact, Scene

_Point = tuple[float, float]
_Box = tuple[float, float, float, float]
"""x1, y1, x2, y2; both are in pixels."""

HAND_OBJECTS = frozenset((
    "tennis racket", "baseball bat", "umbrella", "frisbee", "sports ball", "cell phone", "book", "cup", "bottle",
    "handbag", "suitcase", "wine glass", "banana", "apple", "sandwich", "hot dog", "pizza", "donut", "kite", "remote",
    "laptop", "teddy bear", "toothbrush", "hair drier", "knife", "fork", "spoon", "bowl", "scissors", "baseball glove",
    "surfboard", "skateboard", "snowboard", "carrot", "orange", "vase",
))  # fmt: skip
"""What a hand can hold."""

FOOT_OBJECTS = frozenset(("skis", "snowboard", "skateboard", "surfboard"))
"""What a foot stands on."""


_NAMED = re.compile(r"\b(?:on|in) the (?:far )?(left|middle|right)$")
"""The word of place in a person's name."""


def count(scene: Scene) -> Fact | None:
    """How many people there are, all of them; a crowd makes it unsure."""
    number = len(scene.people)
    if number == 0:
        return None
    value = str(number) if number <= COUNT.num_most_told else "many"
    return Fact(kind="count", person=None, value=value, sure=scene.num_crowds == 0, measure=float(number))


def places(scene: Scene) -> list[Fact]:
    """The third of the picture that each prominent person is in.

    Not sure where the person's name has another word: "the person on the left is on the right side" helps nobody.
    """
    sure_within = {
        "left": (0, PLACE.left_sure_rel),
        "middle": (PLACE.middle_sure_least_rel, PLACE.middle_sure_most_rel),
        "right": (PLACE.right_sure_rel, 1),
    }
    facts, names = [], references(scene)
    for index in prominent(scene):
        x = centre_x(scene.people[index])
        value = third(x)
        low, high = sure_within[value]
        said = _NAMED.search(names[index])
        sure = low <= x <= high and (said is None or said[1] == value)
        facts.append(Fact(kind="place", person=index, value=value, sure=sure, measure=round(x, 3)))
    return facts


def sides_of(scene: Scene) -> list[Fact]:
    """For each ordered pair of prominent people, which is to the image left of the other."""
    facts = []
    for first in prominent(scene):
        for second in prominent(scene):
            one, other = scene.people[first], scene.people[second]
            gap = centre_x(other) - centre_x(one)
            if first != second and gap != 0:
                value = "left of" if gap > 0 else "right of"
                pair = (one.box_xyxy, other.box_xyxy) if gap > 0 else (other.box_xyxy, one.box_xyxy)
                sure = clearly_left(*pair)
                facts.append(
                    Fact(kind="side_of", person=first, value=value, sure=sure, target=second, measure=round(gap, 3))
                )
    return facts


def _distance(scene: Scene, first: int, second: int) -> float:
    """Distance between two box centres in pixels."""
    a, b = scene.people[first].box_xyxy, scene.people[second].box_xyxy
    dx = (a[0] + a[2] - b[0] - b[2]) / 2 * scene.width
    dy = (a[1] + a[3] - b[1] - b[3]) / 2 * scene.height
    return math.hypot(dx, dy)


def nearest(scene: Scene, poses: dict[int, Pose] | None = None) -> list[Fact]:
    """Who is nearest to each prominent person in the picture, where there are at least three prominent people.

    Sure only among people who are as far away as one another: the picture has no depth.
    """
    chosen = prominent(scene)
    if len(chosen) < PLACE.nearest_num_people:
        return []
    facts = []
    for index in chosen:
        # Anyone, prominent or not, may be the nearest or the next nearest.
        distances = sorted((_distance(scene, index, j), j) for j in range(len(scene.people)) if j != index)
        (least, winner), (second, next_one) = distances[:2]
        if winner not in chosen:
            continue  # nobody could be told who is meant
        sure = second > PLACE.nearest_sure_share * least and _as_far_away(scene, poses or {}, (index, winner, next_one))
        facts.append(Fact(kind="nearest", person=index, value="nearest", sure=sure, target=winner,
                          measure=round(second / max(least, 1e-9), 2)))  # fmt: skip
    return facts


def _as_far_away(scene: Scene, poses: dict[int, Pose], people: tuple[int, ...]) -> bool:
    """Whether people are as large as one another, by their torsos or else their boxes, and stand as low."""
    boxes = [scene.people[index].box_xyxy for index in people]
    heights = [y2 - y1 for _, y1, _, y2 in boxes]
    units = [poses[index].unit for index in people if index in poses and poses[index].unit > 0]
    sizes = units if len(units) == len(people) else heights
    ends = [y2 for *_, y2 in boxes]
    level = max(ends) - min(ends) <= PLACE.nearest_level_share * max(heights)
    return level and max(sizes) <= PLACE.nearest_like_size_share * min(sizes)


def contacts(scene: Scene, poses: dict[int, Pose]) -> list[Fact]:
    """Which hand or foot of a prominent person is at which object."""
    facts = []
    for index, pose in poses.items():
        for side in ("left", "right"):
            for part, joint, allowed in (("hand", "wrist", HAND_OBJECTS), ("foot", "ankle", FOOT_OBJECTS)):
                if pose.has(f"{side} {joint}") and pose.unit > 0:
                    facts += _contact(scene, poses, index, side, (part, joint), allowed)
    return facts


def _contact(
    scene: Scene, poses: dict[int, Pose], index: int, side: str, names: tuple[str, str], allowed: frozenset[str]
) -> list[Fact]:
    part, joint = names
    pose = poses[index]
    facts = []
    for target, thing in enumerate(scene.things):
        if thing.category not in allowed:
            continue
        box = _to_px(thing.box_xyxy, scene)
        gap = _gap(pose.points[f"{side} {joint}"], box) / pose.unit
        if gap > CONTACT.gap_torsos:
            continue
        sure = pose.sees(f"{side} {joint}") and _held(pose, poses, index, f"{side} {joint}", thing.category, box)
        facts.append(Fact(kind="contact", person=index, value="touching", sure=sure, part=f"{side} {part}",
                          target=target, measure=round(gap, 2)))  # fmt: skip
    return facts


def _held(pose: Pose, poses: dict[int, Pose], index: int, joint: str, category: str, box: _Box) -> bool:
    """Whether a thing's box near a wrist or ankle can only mean this hand or foot.

    Nobody else's is near; a hand's partner is clearly farther away (who holds with one hand often has the other close
    by); and a box larger than the person's own trunk says where a hand must be only for an umbrella: at its lower end.
    """
    side, _, kind = joint.partition(" ")
    point = pose.points[joint]
    others = [
        _gap(other.points[name], box) / other.unit
        for number, other in poses.items()
        for name in (f"left {kind}", f"right {kind}")
        if number != index and other.has(name) and other.unit > 0
    ]
    if min(others, default=math.inf) < CONTACT.others_gap_torsos:
        return False
    if _gap(point, box) > CONTACT.sure_gap_torsos * pose.unit:
        return False
    if kind == "ankle":
        # Feet stand on a thing: its box begins near the ankle's height or below it.
        return point[1] > box[1] - CONTACT.foot_over_torsos * pose.unit
    partner = f"{'right' if side == 'left' else 'left'} {kind}"
    if not pose.has(partner):
        return False
    if category == "umbrella":
        return _at_grip(pose, point, pose.points[partner], box)
    small = max(box[2] - box[0], box[3] - box[1]) < CONTACT.thing_most_torsos * pose.unit
    return small and _gap(pose.points[partner], box) > CONTACT.partner_gap_torsos * pose.unit


def _at_grip(pose: Pose, hand: _Point, partner: _Point, box: _Box) -> bool:
    """Whether a hand is where an umbrella's grip must be, and the other hand is not."""
    low = box[3] - CONTACT.umbrella_grip_torsos * pose.unit
    middle = abs(hand[0] - (box[0] + box[2]) / 2) < CONTACT.umbrella_middle_share * (box[2] - box[0])
    partner_low = partner[1] > low - CONTACT.umbrella_partner_over_torsos * pose.unit
    partner_near = _gap(partner, box) < CONTACT.umbrella_partner_gap_torsos * pose.unit
    return hand[1] > low and middle and not (partner_low and partner_near)


def _to_px(box: _Box, scene: Scene) -> _Box:
    return box[0] * scene.width, box[1] * scene.height, box[2] * scene.width, box[3] * scene.height


def _gap(point: _Point, box: _Box) -> float:
    """Distance of a point to a box, 0 inside."""
    dx = max(box[0] - point[0], 0.0, point[0] - box[2])
    dy = max(box[1] - point[1], 0.0, point[1] - box[3])
    return math.hypot(dx, dy)

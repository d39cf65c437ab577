"""Which people of a scene are spoken of, and in what words: left and right here are the picture's."""

import re
from functools import lru_cache

from llavapose.pose.thresholds import PEOPLE, PLACE
from llavapose.records import Box, Person, Scene

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")

NOUNS = (
    r"person|man|woman|boy|girl|child|kid|guy|lady|individual|figure|player|skier|surfer|snowboarder|skateboarder|"
    r"runner|rider|walker|athlete|batter|pitcher|one"
)
"""Words for one person, as the alternatives of a regular expression."""

_COUNTED = re.compile(r"\b(\w+) (?:\w+ )?from the (left|right)\b")
_MIDDLE = re.compile(r"\b(?:middle|cent(?:er|re))\b")
_SIZE = re.compile(r"\b(?:largest|biggest)\b")


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


def clearly_left(one: Box, other: Box, sides: str = "both") -> bool:
    """Whether one box is to the image left of another beyond doubt: by its centre, and with both of its sides.

    Somebody before or behind whom another stands has no side. Who is at the very left need only begin farther left
    than anybody (``sides`` "left"), who is at the very right end farther right ("right").
    """
    gap = (other[0] + other[2] - one[0] - one[2]) / 2
    narrower = min(one[2] - one[0], other[2] - other[0])
    least = max(PLACE.side_sure_width_share * narrower, PLACE.side_sure_rel)
    edge = PLACE.side_sure_edge_rel
    starts = sides == "right" or other[0] - one[0] > -edge
    ends = sides == "left" or other[2] - one[2] > -edge
    return gap > least and starts and ends


def third(x: float) -> str:
    """The third of the picture that x in 0..1 is in: left, middle or right."""
    return "left" if x < PLACE.left_third_rel else "middle" if x <= PLACE.right_third_rel else "right"


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
    """One noun phrase per person, unique in the scene; "" for people who are not prominent or have no right name.

    A name is right for whoever looks at the whole picture: it means the same person whether all labelled people are
    counted or only the prominent ones, with nobody before or behind them. "The largest person" is one whose box is
    clearly higher and larger than every other.
    """
    return _names(tuple(person.box_xyxy for person in scene.people), prominent(scene), scene.num_crowds > 0)


def resolve(mention: str, scene: Scene) -> int | None:
    """Which person a mention means, None where that is not certain.

    "the person on the left" and its variants ("the man at the far left", "the leftmost skier") follow the order of
    all labelled people and of the prominent ones, which must agree; a mention without a place ("she", "the skier") is
    certain only where one person is prominent.
    """
    order = prominent(scene)
    if not order:
        return None
    words = " ".join(mention.lower().split())
    boxes = tuple(person.box_xyxy for person in scene.people)
    if _SIZE.search(words):
        meant = _largest(boxes)
        return meant if meant in order else None
    if not has_place(words):
        return order[0] if len(order) == 1 else None
    return _placed(words, boxes, order)


@lru_cache(maxsize=1024)
def _names(boxes: tuple[Box, ...], order: tuple[int, ...], crowded: bool) -> tuple[str, ...]:
    """``references`` of people with these boxes; in a crowd nobody's rank is known."""
    largest = _largest(boxes)
    named = {}
    for index in order:
        by_place = [] if crowded else [text for text in _ranks(boxes, order, index) if _fits(text, boxes, order, index)]
        by_size = ["the largest person"] if index == largest else []
        # Who alone is worth speaking of is rather told by size than by where small ones stand.
        found = by_size + by_place if len(order) == 1 else by_place + by_size
        named[index] = "the person" if len(boxes) == 1 and not crowded else found[0] if found else ""
    return tuple(named.get(index, "") for index in range(len(boxes)))


def _ranks(boxes: tuple[Box, ...], order: tuple[int, ...], index: int) -> tuple[str, ...]:
    """What a person may be called by rank, best first."""
    counted = order if len(order) > 1 else _everyone(boxes)
    rank, count = counted.index(index), len(counted)
    if rank in (0, count - 1):
        return (phrases(count)[rank],)
    from_right = f"the {_ordinal(count - 1 - rank)} person from the right"
    return (phrases(count)[rank], f"the {_ordinal(rank)} person from the left", from_right)


def _fits(text: str, boxes: tuple[Box, ...], order: tuple[int, ...], index: int) -> bool:
    """Whether a name by place means this person; the middle is one of three people, all of them counted."""
    return _placed(text, boxes, order) == index and ("in the middle" not in text or len(boxes) == 3)


def _placed(words: str, boxes: tuple[Box, ...], order: tuple[int, ...]) -> int | None:
    """Whom words of place mean: the same among the prominent people and among all."""
    everyone = _everyone(boxes)
    meant = {_ranked(words, group, boxes) for group in ((order, everyone) if len(order) > 1 else (everyone,))}
    index = meant.pop()
    return None if meant or index not in order else index


def _ranked(words: str, group: tuple[int, ...], boxes: tuple[Box, ...]) -> int | None:
    """Whom words mean among people in order, where nobody's box leaves that in doubt."""
    rank = _position(words, len(group))
    if rank is None:
        return None
    index = group[rank]
    if _MIDDLE.search(words) and third(sum(boxes[index][::2]) / 2) != "middle" and not _COUNTED.search(words):
        return None
    sides = "left" if rank == 0 else "right" if rank == len(group) - 1 else "both"
    clear = all(clearly_left(boxes[other], boxes[index], sides) for other in group[:rank])
    clear = clear and all(clearly_left(boxes[index], boxes[other], sides) for other in group[rank + 1 :])
    return index if clear and not _cut_beside(boxes, group, index) else None


def _cut_beside(boxes: tuple[Box, ...], group: tuple[int, ...], index: int) -> bool:
    """Whether the picture's border cuts this person and somebody else off: nobody knows who reaches farther."""
    edge, others = PLACE.side_sure_edge_rel, [boxes[other] for other in group if other != index]
    left, _, right, _ = boxes[index]
    at_left, at_right = left <= edge, right >= 1 - edge
    return any((at_left and box[0] <= edge) or (at_right and box[2] >= 1 - edge) for box in others)


def _everyone(boxes: tuple[Box, ...]) -> tuple[int, ...]:
    """All people from image left to image right."""
    return tuple(sorted(range(len(boxes)), key=lambda index: (boxes[index][0] + boxes[index][2], index)))


def _largest(boxes: tuple[Box, ...]) -> int | None:
    """Whose box is clearly higher and larger than every other; None where that is nobody's."""
    heights = [y2 - y1 for _, y1, _, y2 in boxes]
    areas = [(x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in boxes]
    index = max(range(len(boxes)), key=lambda one: areas[one], default=None)
    if index is None:
        return None
    high = all(heights[index] > PEOPLE.largest_height_share * heights[j] for j in range(len(boxes)) if j != index)
    large = all(areas[index] > PEOPLE.largest_area_share * areas[j] for j in range(len(boxes)) if j != index)
    return index if high and large else None


def _ordinal(index: int) -> str:
    return _ORDINALS[index] if index < len(_ORDINALS) else f"{index + 1}th"


def has_place(words: str) -> bool:
    """Whether a mention, in lower case, says where in the picture its person is."""
    return re.search(r"\b(left|right|middle|cent(?:er|re)|leftmost|rightmost|other)\b", words) is not None


def _position(words: str, count: int) -> int | None:
    """Rank from the left that the words of a mention name among ``count`` people."""
    if count < 2:
        return None
    counted = _COUNTED.search(words)
    if counted:
        rank = next((i for i in range(count) if _ordinal(i) == counted[1]), None)
        if rank is None:
            return None
        return rank if counted[2] == "left" else count - 1 - rank
    if re.search(rf"\b(leftmost|far left|on the left|at the left|to the left|left (?:{NOUNS}))\b", words):
        return 0
    if re.search(rf"\b(rightmost|far right|on the right|at the right|to the right|right (?:{NOUNS}))\b", words):
        return count - 1
    return count // 2 if _MIDDLE.search(words) and count % 2 == 1 else None

"""One picture: who does what where, painted back to front, with what can be seen of every joint and thing.

Everything follows from a seed and the picture's number, so that pictures can be made in any order by any process.
"""

import random
from dataclasses import dataclass

import numpy as np
from PIL import Image

from llavapose.pose.skeleton import COCO17
from llavapose.scenes.world.drawn.actions import ACTIONS, Acted, act
from llavapose.scenes.world.drawn.backdrops import paint_backdrop
from llavapose.scenes.world.drawn.body import Body, Vec, pose_body, random_build
from llavapose.scenes.world.drawn.paint import Canvas, Shape
from llavapose.scenes.world.drawn.people_shapes import person_shapes, seen_on_head
from llavapose.scenes.world.drawn.props import COCO_IDS, Stand, thing_shapes, things_of
from llavapose.scenes.world.drawn.wardrobe import Outfit, random_outfit

# About half show one person; more than four would be too small at 224 pixels.
CROWD_SHARES = {1: 0.53, 2: 0.27, 3: 0.16, 4: 0.04}
"""How many people a picture has."""

# By eye: the more people, the smaller each.
HEIGHTS = {1: (0.55, 0.88), 2: (0.42, 0.84), 3: (0.34, 0.72), 4: (0.30, 0.60)}
"""A person's height in the picture, by how many there are."""

# By eye: less could be anything.
LEAST_SEEN_PX = 14
"""A thing of which fewer pixels are seen is not annotated."""


@dataclass(frozen=True, kw_only=True)
class Placed:
    """One person in the picture: pixel = origin + scale x camera-frame point."""

    acted: Acted
    body: Body
    outfit: Outfit
    origin: tuple[float, float]
    scale: float

    def place(self, v: Vec) -> tuple[float, float]:
        """Camera-frame point in body heights -> pixels."""
        return self.origin[0] + self.scale * v[0], self.origin[1] + self.scale * v[1]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the picture shows of one person or thing.

    Attributes:
        category: COCO's name.
        owner: index of the person it is or belongs to.
        how: "held", "worn", "under" or "near"; "" for the person.
        box_px: x1, y1, x2, y2 of the visible pixels.
        area: number of visible pixels.
        outline: convex outline of what is seen, flat x, y pixels.
        keypoints: COCO's flat x, y, visibility for a person.
        hidden_by: for each joint that is hidden, what hides it ("self", "other", "thing"), by joint name.
    """

    category: str
    owner: int
    how: str
    box_px: tuple[int, int, int, int]
    area: int
    outline: tuple[float, ...]
    keypoints: tuple[float, ...] = ()
    hidden_by: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Staged:
    """A finished picture with all its truth; ``people`` and ``seen`` people are in the same order."""

    setting: str
    picture: Image.Image
    people: tuple[Placed, ...]
    seen: tuple[Seen, ...]


def stage(seed: int, number: int, size: int) -> Staged:
    """Draw picture ``number`` of the world of ``seed``."""
    # From seed and number alone: any process may draw any picture.
    rng = random.Random(f"llavapose {seed} {number}")
    # Drawn anew until all can be seen; the generator goes on, so that every try is another picture.
    while True:
        staged = _try(rng, size)
        if staged:
            return staged


def _try(rng: random.Random, size: int) -> Staged | None:
    """One picture, or None where someone would be hidden almost wholly."""
    setting, names = _cast(rng)
    # Degrees down, a photographer's: one for all in the picture.
    pitch = rng.uniform(2, 14)
    people = _arrange(rng, names, setting, pitch, size)
    canvas = Canvas(size)
    paint_backdrop(canvas, rng, setting)
    # By about where their feet are: who stands lower in the picture is nearer.
    for index in sorted(range(len(people)), key=lambda i: people[i].origin[1] + 0.5 * people[i].scale):
        _paint_person(canvas, rng, people[index], index, setting)
    seen = _look(canvas, people, setting)
    persons = [item for item in seen if item.category == "person"]
    tallest = max((item.box_px[3] - item.box_px[1] for item in persons), default=0)
    for item in persons:
        height = item.box_px[3] - item.box_px[1]
        visible = sum(v == 2 for v in item.keypoints[2::3])
        # Everybody is worth speaking of by ``thresholds.PEOPLE``, with a margin, and nobody fills the picture.
        if height < 0.2 * size or height > 0.92 * size or height < 0.4 * tallest or visible < 6:
            return None
    if len(persons) != len(people):
        return None
    return Staged(setting=setting, picture=canvas.picture(), people=tuple(people), seen=tuple(seen))


def _cast(rng: random.Random) -> tuple[str, list[str]]:
    """The setting and what each person does there; often the same."""
    first = rng.choices(list(ACTIONS), weights=[action.share for action in ACTIONS.values()])[0]
    setting = rng.choice(ACTIONS[first].settings)
    fitting = [name for name, action in ACTIONS.items() if setting in action.settings]
    weights = [ACTIONS[name].share for name in fitting]
    number = rng.choices(list(CROWD_SHARES), weights=list(CROWD_SHARES.values()))[0]
    # Now and then on purpose, else everybody would do something of their own.
    others = [first if rng.random() < 0.3 else rng.choices(fitting, weights=weights)[0] for _ in range(number - 1)]
    return setting, [first, *others]


def _arrange(rng: random.Random, names: list[str], setting: str, pitch: float, size: int) -> list[Placed]:
    """People side by side at their own depths, some of them reaching over the border."""
    number = len(names)
    base = rng.uniform(*HEIGHTS[number])
    # How much of the width a group takes up: people do not fill a picture evenly.
    crowding = rng.uniform(0.72, 1.0) if number > 1 else 1.0
    start = rng.uniform(0.0, 1.0 - crowding)
    people = []
    for index, name in enumerate(names):
        build = random_build(rng)
        acted = act(rng, name, build, pitch)
        body = pose_body(acted.figure, build, acted.camera)
        x1, y1, x2, y2 = extent(body, build["head"])
        # By an eighth more or less: people of one picture stand at about one distance.
        height = min(0.89, max(0.27, base * rng.uniform(0.88, 1.12)))
        # In company, people who crouch or lie are not blown up to the height of those who stand.
        scale = height / (y2 - y1) if number == 1 else height / max(y2 - y1, 0.62)
        # Who lies or stretches the arms out takes up the picture's width, or one and a half places in a row.
        widest = 0.96 if number == 1 else max(0.42, 1.5 / number)
        # At least 0.24 high, a little above what ``_try`` throws away.
        scale = max(min(scale, widest / (x2 - x1), 1.15), 0.24 / (y2 - y1))
        # In order of the list, moved by a fifth of a place: who is left of whom is clear, gaps are not all alike.
        middle = start + crowding * (index + 0.5 + rng.uniform(-0.22, 0.22)) / number
        reach = (x2 - x1) * scale / 2
        if number == 1:
            middle = rng.uniform(min(0.5, reach + 0.01), max(0.5, 0.99 - reach))
        # Larger people stand lower: nearer, as perspective has it.
        bottom = min(0.985, 0.90 + 0.35 * (scale - base) + rng.uniform(-0.05, 0.06))
        bottom = max(bottom, (y2 - y1) * scale + 0.015)
        # One in seven is cut by the border, as in photographs: joints outside are labelled 0.
        if rng.random() < 0.14:
            middle, bottom = _over_the_border(rng, middle, bottom, reach, (y2 - y1) * scale)
        elif number > 1:
            middle = min(max(middle, reach * 0.85), 1 - reach * 0.85)
        origin = (middle - (x1 + x2) / 2 * scale) * size, (bottom - y2 * scale) * size
        outfit = random_outfit(rng, cold=setting == "snow")
        people.append(Placed(acted=acted, body=body, outfit=outfit, origin=origin, scale=scale * size))
    return people


def _over_the_border(
    rng: random.Random, middle: float, bottom: float, reach: float, tall: float
) -> tuple[float, float]:
    """A place where a part of the person is outside the picture."""
    # Most often at the feet; never at the head, without which too few joints would be left.
    where, part = rng.choice(("left", "right", "bottom", "bottom")), rng.uniform(0.15, 0.4)
    if where == "bottom":
        return middle, 1 + part * tall
    return (reach - 2 * reach * part, bottom) if where == "left" else (1 - reach + 2 * reach * part, bottom)


def extent(body: Body, head: float) -> tuple[float, float, float, float]:
    """x1, y1, x2, y2 of the body in body heights, flesh included."""
    xs, ys = [p[0] for p in body.points.values()], [p[1] for p in body.points.values()]
    at = body.points["head"]
    return (min(min(xs) - 0.03, at[0] - head), min(min(ys) - 0.03, at[1] - head * 1.1),
            max(max(xs) + 0.03, at[0] + head), max(max(ys) + 0.03, at[1] + head))  # fmt: skip


def _paint_person(canvas: Canvas, rng: random.Random, person: Placed, index: int, setting: str) -> None:
    stand = Stand(
        acted=person.acted, body=person.body, place=person.place, scale=person.scale, size=canvas.size, rng=rng
    )
    shapes: list[Shape] = []
    for category, how in things_of(person.acted, setting).items():
        shapes += thing_shapes(category, how, stand)
    shapes += person_shapes(person.body, person.acted.build, person.outfit, person.place, person.scale)
    feet = [p for name, p in person.body.points.items() if name.endswith("ankle")]
    # No shadow on water; who lies has the ground under all of the body.
    if setting != "sea" and person.acted.stance != "lying":
        shadow(canvas, person, feet)
    # One person with their things at a time: what is held may be in front of the hand or behind it.
    canvas.paint(sorted(shapes, key=lambda shape: shape.depth), owner=str(index))


def shadow(canvas: Canvas, person: Placed, feet: list[Vec]) -> None:
    """What darkens the ground below the feet."""
    from llavapose.scenes.world.drawn.paint import disc

    low = max(feet, key=lambda p: p[1])
    x, y = person.place(((feet[0][0] + feet[1][0]) / 2, low[1] + 0.035, 0.0))
    wide = (abs(feet[0][0] - feet[1][0]) / 2 + 0.11) * person.scale
    canvas.paint([Shape(points=disc((x, y), wide, 0.022 * person.scale), colour=(96, 98, 96))])


def _look(canvas: Canvas, people: list[Placed], setting: str) -> list[Seen]:
    """Boxes, areas, outlines and visibility from the map of what is seen at each pixel."""
    numbers = np.asarray(canvas.map())
    seen = []
    parts = {number for number in np.unique(numbers).tolist() if number}
    for index, person in enumerate(people):
        own = {number: canvas.owners[number][1] for number in parts if canvas.owners[number][0] == str(index)}
        # A person's box is drawn around the body, as COCO's is, without what is held.
        flesh = [number for number, key in own.items() if key not in COCO_IDS]
        found = region(numbers, flesh)
        if found:
            keypoints, hidden = keypoints_of(numbers, canvas, person, index)
            seen.append(Seen(category="person", owner=index, how="", keypoints=keypoints, hidden_by=hidden, **found))
    for index, person in enumerate(people):
        for category, how in things_of(person.acted, setting).items():
            number = [n for n in parts if canvas.owners[n] == (str(index), category)]
            found = region(numbers, number)
            if found and found["area"] >= LEAST_SEEN_PX:
                seen.append(Seen(category=category, owner=index, how=how, hidden_by={}, **found))
    return seen


def region(numbers: np.ndarray, wanted: list[int]) -> dict | None:
    """Box, area and convex outline of the pixels with these numbers."""
    if not wanted:
        return None
    table = np.zeros(256, dtype=bool)
    table[wanted] = True
    mask = table[numbers]
    rows = np.flatnonzero(mask.any(axis=1))
    if not len(rows):
        return None
    first, last = mask.argmax(axis=1), mask.shape[1] - 1 - mask[:, ::-1].argmax(axis=1)
    # A tenth of the rows: COCO's own outlines have about twenty corners.
    step = max(1, len(rows) // 10)
    picked = sorted({*rows[::step].tolist(), int(rows[-1])})
    ring = [(float(first[y]), y + 0.5) for y in picked] + [(float(last[y]) + 1, y + 0.5) for y in reversed(picked)]
    box = int(first[rows].min()), int(rows[0]), int(last[rows].max()) + 1, int(rows[-1]) + 1
    return {"box_px": box, "area": int(mask.sum()), "outline": tuple(v for point in ring for v in point)}


_OWN_PARTS = {
    "shoulder": ("{side} upper arm", "trunk"),
    "elbow": ("{side} upper arm", "{side} forearm"),
    "wrist": ("{side} forearm", "{side} hand"),
    "hip": ("{side} thigh", "trunk"),
    "knee": ("{side} thigh", "{side} shank"),
    "ankle": ("{side} shank", "{side} foot"),
}
"""The parts that show a joint when they are what is seen there."""


def keypoints_of(
    numbers: np.ndarray, canvas: Canvas, person: Placed, index: int
) -> tuple[tuple[float, ...], dict[str, str]]:
    """COCO's 17 joints: 0 outside the picture, 1 hidden, 2 seen."""
    flat: list[float] = []
    hidden: dict[str, str] = {}
    for joint in COCO17.joints:
        x, y = person.place(person.body.points[joint])
        column, row = int(x), int(y)
        if not (0 <= x < canvas.size and 0 <= y < canvas.size):
            flat += [0, 0, 0]
            continue
        # What the picture shows at the joint decides whether it is seen: no guess from depths.
        owner, key = canvas.owners[int(numbers[row, column])]
        by = _hider(person, index, joint, owner, key)
        if by:
            hidden[joint] = by
        flat += [round(x, 1), round(y, 1), 1 if by else 2]
    return tuple(flat), hidden


def _hider(person: Placed, index: int, joint: str, owner: str, key: str) -> str | None:
    """What hides a joint whose pixel shows ``key`` of ``owner``; None where it is seen."""
    side, _, name = joint.partition(" ")
    if owner not in ("", str(index)):
        return "other"
    if key in COCO_IDS:
        return "thing"
    if joint == "nose" or name in ("eye", "ear"):
        seen = seen_on_head(person.body, joint) and key in ("head", "")
        return None if seen else "self"
    if key not in (part.format(side=side) for part in _OWN_PARTS[name]):
        return "self" if key else None
    # Shoulders and hips lie on the trunk's edge, so that its pixels are found at the far ones too: those are hidden.
    centre = person.body.points["neck" if name == "shoulder" else "pelvis"]
    half = person.acted.build["shoulders" if name == "shoulder" else "hips"] / 2
    # By more than 0.6 of half the breadth: turned by some 37 degrees and more.
    behind = key == "trunk" and person.body.points[joint][2] < centre[2] - 0.6 * half
    return "self" if behind else None

"""A script, painted: the frames of a clip, and what each of them shows of every person and thing."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from llavapose.scenes.world.drawn.backdrops import paint_backdrop
from llavapose.scenes.world.drawn.body import SIDES
from llavapose.scenes.world.drawn.paint import Canvas, Shape
from llavapose.scenes.world.drawn.people_shapes import person_shapes
from llavapose.scenes.world.drawn.props import COCO_IDS, Stand, ball, thing_shapes
from llavapose.scenes.world.drawn.stage import LEAST_SEEN_PX, Placed, Seen, keypoints_of, region, shadow
from llavapose.scenes.world.moving.actor import Actor, depth_of, placed
from llavapose.scenes.world.moving.script import Script, cast_of, script
from llavapose.scenes.world.moving.timing import Clock

LEAST_JOINTS = 8
"""Of 17, so many are seen of everybody in every frame, or another clip is drawn."""

RELEASED = 0.55
"""Of the way from the arm drawn back to the arm stretched out, where a ball leaves the hand (or comes into it)."""

BALL_SPEED = 1.5
"""Body heights a second: slow enough to be seen in a frame or two beside the hand. By eye."""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One frame: the picture; everybody in the order of the script; what is seen of them and of their things."""

    picture: Image.Image
    people: tuple[Placed, ...]
    seen: tuple[Seen, ...]


@dataclass(frozen=True, kw_only=True)
class Film:
    """One clip."""

    script: Script
    clock: Clock
    shots: tuple[Shot, ...]


def film(seed: int, number: int, size: int, clock: Clock) -> Film:
    """Draw clip ``number`` of the moving world of ``seed``."""
    # From seed and number alone: any process may draw any clip.
    rng = random.Random(f"llavapose motion {seed} {number}")
    # Drawn anew until everybody can be seen in every frame; the generator goes on, so that every try is another clip.
    of = cast_of(seed, number)
    while True:
        drawn = script(rng, clock, of)
        backdrop = Canvas(size)
        paint_backdrop(backdrop, rng, drawn.setting)
        colours = rng.random()
        shots = []
        for time_s in clock.times_s:
            shot = _shot(drawn, time_s, backdrop.copy(), colours)
            if not _all_seen(shot, len(drawn.actors)):
                break
            shots.append(shot)
        else:
            return Film(script=drawn, clock=clock, shots=tuple(shots))


def _all_seen(shot: Shot, number: int) -> bool:
    people = [item for item in shot.seen if item.category == "person"]
    return len(people) == number and all(sum(v == 2 for v in one.keypoints[2::3]) >= LEAST_JOINTS for one in people)


def _shot(drawn: Script, time_s: float, canvas: Canvas, colours: float) -> Shot:
    states = [actor.shares(time_s) for actor in drawn.actors]
    people = [placed(actor, state, canvas.size) for actor, state in zip(drawn.actors, states, strict=True)]
    for index in sorted(range(len(people)), key=lambda i: _ground(people[i])):
        shapes = _things(drawn.actors[index], people[index], states[index], time_s, canvas.size, f"{colours} {index}")
        one = people[index]
        body = person_shapes(one.body, one.acted.build, one.outfit, one.place, one.scale)
        shadow(canvas, one, [point for name, point in one.body.points.items() if name.endswith("ankle")])
        canvas.paint(sorted([*shapes, *body], key=lambda shape: shape.depth), owner=str(index))
    return Shot(picture=canvas.picture(), people=tuple(people), seen=tuple(_seen(canvas, drawn, people)))


def _ground(person: Placed) -> float:
    """Height in the picture of the ground where somebody stands: who is lower is nearer and painted last."""
    return max(person.place(person.body.points[f"{side} ankle"])[1] for side in SIDES)


def _things(
    actor: Actor, person: Placed, state: Mapping[str, float], time_s: float, size: int, colours: str
) -> list[Shape]:
    """What somebody sits on and holds; the same colours in every frame."""
    shapes: list[Shape] = []
    if actor.seat:
        # It stands where it is sat on, whoever sits or stands before it.
        down = {**state, "stance": 0.0}
        sitting = placed(actor, down, size)
        behind = depth_of(actor, down) - depth_of(actor, state)
        stand = _stand(sitting, size, f"seat {colours}")
        shapes += [replace(s, depth=s.depth + behind) for s in thing_shapes(actor.seat, "under", stand)]
    if actor.holds == "sports ball":
        shapes += _ball(actor, person, time_s, size, colours)
    elif actor.holds:
        shapes += thing_shapes(actor.holds, "held", _stand(person, size, f"held {colours}"))
    return shapes


def _stand(person: Placed, size: int, colours: str) -> Stand:
    rng = random.Random(colours)
    return Stand(
        acted=person.acted, body=person.body, place=person.place, scale=person.scale, size=size, rng=rng,
        aimed=rng.choice((-1, 1)),
    )  # fmt: skip


def _ball(actor: Actor, person: Placed, time_s: float, size: int, colours: str) -> list[Shape]:
    """A ball in the hand until it is let go, then on its way; caught, the same backwards."""
    hand = f"{actor.acting} hand"
    stand = _stand(person, size, f"held {colours}")
    colour = stand.rng.choice(((224, 64, 56), (60, 108, 214), (248, 206, 60), (240, 240, 236)))
    left, away_s = _let_go(actor, time_s)
    if away_s <= 0:
        at, depth = person.place(person.body.points[hand]), person.body.points[hand][2] + 0.04
    else:
        then = placed(actor, actor.shares(left), size)
        at, depth = _flying(then, actor, away_s), 0.3
    return ball(at, 0.048 * person.scale, colour, depth, "sports ball")


def _let_go(actor: Actor, time_s: float) -> tuple[float, float]:
    """When the ball leaves the hand or comes into it, and for how long it has been or will be away."""
    move = next((one for one in actor.moves if one.name == "throw"), None)
    if move is None:
        return 0.0, 0.0
    # Where the eased way is RELEASED: a few halvings find it.
    low, high = move.start_s, move.end_s
    for _ in range(20):
        middle = (low + high) / 2
        past = (move.share(middle) > RELEASED) == move.forward
        low, high = (low, middle) if past else (middle, high)
    return high, (time_s - high) if move.forward else (high - time_s)


def _flying(then: Placed, actor: Actor, away_s: float) -> tuple[float, float]:
    """Where a ball is that has been away for so long: straight on and falling a little."""
    hand = then.place(then.body.points[f"{actor.acting} hand"])
    towards = 1.0 if hand[0] >= then.place(then.body.points["neck"])[0] else -1.0
    far = BALL_SPEED * away_s * then.scale
    return hand[0] + towards * far, hand[1] - 0.25 * far + 0.4 * away_s * away_s * then.scale


def _seen(canvas: Canvas, drawn: Script, people: list[Placed]) -> list[Seen]:
    """Boxes, areas and visibility, people first, from the map of what is seen at each pixel."""
    numbers = np.asarray(canvas.map())
    parts = {number for number in np.unique(numbers).tolist() if number}
    seen = []
    for index, person in enumerate(people):
        own = [n for n in parts if canvas.owners[n][0] == str(index) and canvas.owners[n][1] not in COCO_IDS]
        if found := region(numbers, own):
            keypoints, hidden = keypoints_of(numbers, canvas, person, index)
            seen.append(Seen(category="person", owner=index, how="", keypoints=keypoints, hidden_by=hidden, **found))
    for index, actor in enumerate(drawn.actors):
        for category, how in ((actor.seat, "under"), (actor.holds, "held")):
            found = region(numbers, [n for n in parts if canvas.owners[n] == (str(index), category)])
            if category and found and found["area"] >= LEAST_SEEN_PX:
                seen.append(Seen(category=category, owner=index, how=how, hidden_by={}, **found))
    return seen

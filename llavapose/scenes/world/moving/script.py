"""A clip before it is painted: who is in it, where, what each does and when. All of it follows from seed and number."""

import random
from dataclasses import dataclass, replace

from llavapose.scenes.world.drawn.actions import YAWS
from llavapose.scenes.world.drawn.body import SIDES, Build, random_build
from llavapose.scenes.world.drawn.limb_states import FRONTAL, pick
from llavapose.scenes.world.drawn.stage import extent
from llavapose.scenes.world.drawn.wardrobe import random_outfit
from llavapose.scenes.world.moving.actor import Actor, Low, Move, Path, placed
from llavapose.scenes.world.moving.catalogue import (
    ARMS,
    KINDS,
    SETTINGS,
    Ends,
    bent_elbow,
    lifted_leg,
    quiet_arm,
)
from llavapose.scenes.world.moving.timing import Clock, Span, spans

CROWDS = {1: 0.5, 2: 0.32, 3: 0.18}
"""How many people a clip has."""

# Body heights in sides of the picture, by how many there are; with room for a raised arm and for steps.
HEIGHTS = {1: (0.5, 0.74), 2: (0.42, 0.64), 3: (0.34, 0.5)}
# How much of the picture's width a way may take.
WAYS = {1: 0.56, 2: 0.34, 3: 0.24}
APART = 0.57
"""Of casts, how many are to begin one after the other: about half of those that are shown, as they fit less often."""

BOTH = 0.25
"""Of arms that are raised or lowered, how many are with the other one."""

SECOND = 0.35
"""Of those who alone move in their clip, how many move something else as well, meanwhile, before or afterwards."""

# A person who fits in no way after so many tries makes way for another clip.
TRIES = 12
CAST_TRIES = 60
"""A cast for which no script was found so often makes way for another one: a few in a thousand do."""


@dataclass(frozen=True, kw_only=True)
class Script:
    """One clip: where, who, and whether they begin at clearly different times on purpose (None: one person moves)."""

    setting: str
    actors: tuple[Actor, ...]
    apart: bool | None


@dataclass(frozen=True, kw_only=True)
class Cast:
    """What of a clip is decided once, however many scripts are thrown away: the shares are those of what is shown.

    Attributes:
        setting: where it takes place.
        kinds: what everybody does.
        forward: each one's direction.
        both: whether an arm moves with the other one.
        apart: whether those who move begin one after the other.
    """

    setting: str
    kinds: tuple[str, ...]
    forward: tuple[bool, ...]
    both: tuple[bool, ...]
    apart: bool


def cast_of(seed: int, number: int) -> Cast:
    """Of a clip. Two clips in a row have the same motions in opposite directions: neither is the commoner one."""
    found = _cast(random.Random(f"llavapose motion cast {seed} {number // 2}"))
    return replace(found, forward=tuple(not way for way in found.forward)) if number % 2 else found


def script(rng: random.Random, clock: Clock, of: Cast) -> Script:
    """Draw one clip's script; the generator goes on from try to try, and with another cast where there is no way."""
    tries = 0
    while True:
        tried = _try(rng, clock, of)
        if tried:
            return tried
        tries += 1
        if tries % CAST_TRIES == 0:
            of = _cast(rng)


def _cast(rng: random.Random) -> Cast:
    shares = {name: kind.share for name, kind in KINDS.items()}
    first = pick(rng, shares)
    setting = rng.choice(KINDS[first].settings or SETTINGS)
    fitting = {name: share for name, share in shares.items() if setting in (KINDS[name].settings or SETTINGS)}
    kinds = [first, *(pick(rng, fitting) for _ in range(pick(rng, CROWDS) - 1))]
    rng.shuffle(kinds)
    return Cast(
        setting=setting, kinds=tuple(kinds), forward=tuple(rng.random() < 0.5 for _ in kinds),
        both=tuple(rng.random() < BOTH for _ in kinds), apart=rng.random() < APART,
    )  # fmt: skip


def _try(rng: random.Random, clock: Clock, of: Cast) -> Script | None:
    moving = [kind for kind in of.kinds if kind != "still"]
    apart = of.apart if len(moving) > 1 else None
    times = [pick(rng, KINDS[kind].times) if KINDS[kind].times else 0 for kind in moving]
    timed = spans(rng, clock, [_seconds(kind, n) for kind, n in zip(moving, times, strict=True)], apart)
    if timed is None:
        return None
    queue = list(zip(timed, times, strict=True))
    # Degrees down: enough for a way towards the camera to show on the ground.
    pitch, base, actors = rng.uniform(5, 14), rng.uniform(*HEIGHTS[len(of.kinds)]), []
    for index, kind in enumerate(of.kinds):
        span, n = queue.pop(0) if kind != "still" else (None, 0)
        place = (index, len(of.kinds), base)
        actor = _actor(rng, of, index, pitch)
        if span:
            move = Move(name=kind, channel="", forward=of.forward[index], start_s=span[0], end_s=span[1], times=n)
            actor = _moving(rng, actor, move, place, both=of.both[index])
        # In company a second motion would blur who begins first.
        if apart is None and span and rng.random() < SECOND:
            actor = _busy(rng, actor, clock)
        found = _set(rng, actor, clock, place)
        if found is None:
            return None
        actors.append(found)
    return Script(setting=of.setting, actors=tuple(actors), apart=apart)


def _seconds(kind: str, times: int) -> Span:
    least, most = KINDS[kind].seconds
    return max(1, times) * least, max(1, times) * most


def _actor(rng: random.Random, cast: Cast, index: int, pitch: float) -> Actor:
    """One person of the cast in the middle of the picture, who does not move yet."""
    kind, setting = cast.kinds[index], cast.setting
    of, build = KINDS[kind], random_build(rng)
    view = pick(rng, of.views)
    arms = {s: quiet_arm(rng, s, view, build) for s in SIDES}
    # As in ``actions.act``: nobody stands exactly so.
    yaw = YAWS[view] + max(-20.0, min(20.0, rng.gauss(0, 8)))
    actor = Actor(
        build=build, outfit=random_outfit(rng, cold=setting == "snow"), view=view, pitch_deg=pitch,
        acts=rng.choice(of.verbs), arms=arms, yaw_deg=(yaw, yaw), lean_deg=rng.uniform(-3, 7),
        tilt_deg=rng.uniform(-3, 3), turn_deg=rng.gauss(0, 6), half=rng.uniform(0.055, 0.085),
        holds=pick(rng, of.holds) or None, acting=rng.choice(SIDES),
    )  # fmt: skip
    lowered = kind in ("seat", "crouch") or rng.random() < of.sits
    return _lowered(rng, actor, kind, setting) if lowered else actor


def _lowered(rng: random.Random, actor: Actor, kind: str, setting: str) -> Actor:
    """With an end of the stance that is low: on a seat, or now and then crouching."""
    frontal, build = actor.view in FRONTAL, actor.build
    if kind == "crouch":
        low = Low(stance="crouching", height=rng.uniform(0.165, 0.205), back=rng.uniform(0.07, 0.11),
                  outward=rng.uniform(0.5, 0.75) if frontal else rng.uniform(0.05, 0.25),
                  lean_deg=rng.uniform(8, 22))  # fmt: skip
        return replace(actor, low=low, half=rng.uniform(0.07, 0.1))
    low = Low(stance="sitting", height=build["shank"] * rng.uniform(0.98, 1.05), back=rng.uniform(0.20, 0.24),
              outward=rng.uniform(0.5, 0.75) if frontal else rng.uniform(0.0, 0.2),
              lean_deg=rng.uniform(-4, 8))  # fmt: skip
    seat = "chair" if setting in ("room", "court") or (setting == "street" and rng.random() < 0.5) else "bench"
    verbs = actor.acts.format(seat=seat)
    return replace(actor, low=low, seat=seat, acts=verbs, half=rng.uniform(0.08, 0.12))


def _moving(rng: random.Random, actor: Actor, move: Move, place: tuple[int, int, float], *, both: bool) -> Actor:
    """With the motion's two ends and the motion itself."""
    kind, side = move.name, actor.acting or "left"
    if kind in ("seat", "crouch"):
        return replace(actor, moves=(replace(move, channel="stance"),))
    if kind in ("shift", "approach"):
        return replace(actor, path=_path(rng, actor.view, kind, place), moves=(replace(move, channel="path"),))
    if kind == "turn":
        return _turning(rng, actor, move)
    if kind.startswith("knee"):
        lifted = {side: lifted_leg(rng, side, actor.view)}
        return replace(actor, lifted=lifted, moves=(replace(move, channel=f"{side} leg"),))
    sides = SIDES if both and kind in ("arm", "arm often") and actor.holds is None else (side,)
    arms = {**actor.arms, **{s: _ends(rng, kind, s, actor.view, actor.build) for s in sides}}
    return replace(actor, arms=arms, moves=tuple(replace(move, channel=f"{s} arm") for s in sides))


def _busy(rng: random.Random, actor: Actor, clock: Clock) -> Actor:
    """With a second motion: of an arm that does nothing yet, or of a leg of somebody who stays where they are."""
    used = {move.channel for move in actor.moves}
    arms, legs = [side for side in SIDES if f"{side} arm" not in used], used <= {"left arm", "right arm"}
    kinds = [*(("arm", "elbow") if arms else ()), *(("knee",) if legs and not actor.low else ())]
    if not kinds:
        return actor
    kind = rng.choice(kinds)
    side = rng.choice(SIDES if kind == "knee" else arms)
    timed = spans(rng, clock, [_seconds(kind, 0)], None)
    assert timed is not None, "one motion always has its place"
    limb = "leg" if kind == "knee" else "arm"
    move = Move(name=kind, channel=f"{side} {limb}", forward=rng.random() < 0.5, start_s=timed[0][0], end_s=timed[0][1])
    if kind == "knee":
        return replace(actor, lifted={side: lifted_leg(rng, side, actor.view)}, moves=(*actor.moves, move))
    arms_now = {**actor.arms, side: _ends(rng, kind, side, actor.view, actor.build)}
    return replace(actor, arms=arms_now, moves=(*actor.moves, move))


def _ends(rng: random.Random, kind: str, side: str, view: str, build: Build) -> Ends:
    if kind == "wave":
        return bent_elbow(rng, side, view, build, waving=True)
    return ARMS[kind](rng, side, view, build)


def _turning(rng: random.Random, actor: Actor, move: Move) -> Actor:
    """A quarter turn from one view to the next, now and then half a turn; end 1 is to the own left of end 0."""
    yaw = actor.yaw_deg[0]
    span = (180.0 if rng.random() < 0.25 else 90.0) + rng.uniform(-8, 8)
    return replace(actor, yaw_deg=(yaw, yaw + span), moves=(replace(move, channel="yaw"),))


def _path(rng: random.Random, view: str, kind: str, place: tuple[int, int, float]) -> Path:
    """A way to image right, or nearer, in whole pairs of steps."""
    _, number, base = place
    sideways = (view in FRONTAL) == (kind == "shift")
    pair = rng.uniform(0.24, 0.29) if sideways else rng.uniform(0.48, 0.58)
    length = rng.uniform(1.0, 1.3) if kind == "approach" else WAYS[number] / base * rng.uniform(0.75, 1.0)
    pairs = max(1, round(length / pair))
    length = max(length, 0.8 * pairs * pair) if kind == "shift" else length
    return Path(along=(length, 0.0) if kind == "shift" else (0.0, length), pairs=pairs, sideways=sideways)


def _set(rng: random.Random, actor: Actor, clock: Clock, place: tuple[int, int, float]) -> Actor | None:
    """In a place of the picture where all of them fits at any time; None where there is no such place."""
    index, number, base = place
    for _ in range(TRIES):
        scale = base * rng.uniform(0.9, 1.1)
        x = (index + 0.5 + rng.uniform(-0.2, 0.2)) / number
        # Who is larger stands lower: nearer.
        y = 0.885 + 0.3 * (scale - base) + rng.uniform(-0.05, 0.05)
        tried = replace(actor, origin=(x, y), scale=scale)
        if all(_fits(tried, time_s) for time_s in clock.times_s):
            return tried
    return None


def _fits(actor: Actor, time_s: float) -> bool:
    person = placed(actor, actor.shares(time_s))
    x1, y1, x2, y2 = extent(person.body, actor.build["head"])
    left, top = person.place((x1, y1, 0.0))
    right, bottom = person.place((x2, y2, 0.0))
    # A hand may reach a little over the border.
    return left > -0.03 and right < 1.03 and top > 0.01 and bottom < 1.0

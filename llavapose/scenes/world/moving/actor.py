"""One person through a clip: what stays, what goes from one end to the other, and when; and their body at any time.

Every motion is a way between two ends, 0 and 1, walked forwards or backwards: lowering an arm is raising it played
backwards, so that no single frame tells which of the two it is from.

On the ground, distances are body heights: x to image right, z towards the camera, from the middle of their way.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from llavapose.scenes.world.drawn.actions import Acted
from llavapose.scenes.world.drawn.body import SIDES, Build, Camera, Figure, Limb, Vec, add, pose_body
from llavapose.scenes.world.drawn.stage import Placed
from llavapose.scenes.world.drawn.wardrobe import Outfit
from llavapose.scenes.world.moving.blend import between, blended, eased, leg_to, reach

CAMERA_DISTANCE = 3.6
"""Body heights from the camera to whom it sees: near, so that two steps show in somebody's size. By eye."""

FOOT_LIFT = 0.05
"""Body heights that a foot is lifted in a step."""


@dataclass(frozen=True, kw_only=True)
class Move:
    """One motion.

    Attributes:
        name: a key of ``catalogue.KINDS``.
        channel: what goes between its two ends: "left arm", "right leg", "stance", "yaw" or "path".
        forward: from 0 to 1, else from 1 to 0; of who goes there and back, from which end.
        start_s, end_s: seconds since the first frame.
        times: there and back so often; 0: one way.
    """

    name: str
    channel: str
    forward: bool
    start_s: float
    end_s: float
    times: int = 0

    def share(self, time_s: float) -> float:
        """Where between the two ends at a time."""
        done = max(0.0, min(1.0, (time_s - self.start_s) / (self.end_s - self.start_s)))
        way = (1.0 - math.cos(2 * math.pi * self.times * done)) / 2 if self.times else eased(done)
        return way if self.forward else 1.0 - way


@dataclass(frozen=True, kw_only=True)
class Low:
    """How somebody sits or crouches: hips above the ankles and behind them, in body heights; knees apart; trunk."""

    stance: str
    height: float
    back: float
    outward: float
    lean_deg: float


@dataclass(frozen=True, kw_only=True)
class Path:
    """A way on the ground: from ``-along / 2`` to ``along / 2`` (x, z) in ``pairs`` of steps, in step or sideways."""

    along: tuple[float, float] = (0.0, 0.0)
    pairs: int = 1
    sideways: bool = False


@dataclass(frozen=True, kw_only=True)
class Actor:
    """One person.

    Attributes:
        arms: each side's two ends.
        lifted: a leg's end 1, off the ground; none for a leg that stands.
        low: end 0 of the stance; None for who stands all the time.
        yaw_deg: the two ends of the way they face, as ``Camera.yaw_deg``; the second is to the own left of the first.
        half: half the distance of the ankles, in body heights.
        rest: where a channel without a move stays, 0 where it is not named.
        origin, scale: of the ankles' middle and of a body height, in sides of the picture.
        holds: COCO category in the acting hand; seat: what stands behind who sits.
        acts: what captions say.
    """

    build: Build
    outfit: Outfit
    view: str
    pitch_deg: float
    acts: str
    arms: Mapping[str, tuple[Limb, Limb]]
    lifted: Mapping[str, Limb] = field(default_factory=dict)
    low: Low | None = None
    yaw_deg: tuple[float, float] = (0.0, 0.0)
    half: float = 0.07
    outward: float = 0.15
    path: Path = Path()
    lean_deg: float = 0.0
    tilt_deg: float = 0.0
    turn_deg: float = 0.0
    rest: Mapping[str, float] = field(default_factory=dict)
    moves: tuple[Move, ...] = ()
    acting: str | None = None
    holds: str | None = None
    seat: str | None = None
    origin: tuple[float, float] = (0.5, 0.9)
    scale: float = 0.6

    def share(self, channel: str, time_s: float) -> float:
        """Where a channel is at a time: by the last move that has begun, before all of them by the first."""
        own = [move for move in self.moves if move.channel == channel]
        if not own:
            return self.rest.get(channel, 0.0)
        begun = [move for move in own if move.start_s <= time_s]
        return (begun[-1] if begun else own[0]).share(time_s)

    def shares(self, time_s: float) -> dict[str, float]:
        """All channels at a time."""
        sided = [f"{side} {limb}" for side in SIDES for limb in ("arm", "leg")]
        return {channel: self.share(channel, time_s) for channel in (*sided, "stance", "yaw", "path")}


def placed(actor: Actor, shares: Mapping[str, float], size: float = 1.0) -> Placed:
    """The person as a picture of this size shows them, with every channel where ``shares`` says."""
    yaw = between(*actor.yaw_deg, shares["yaw"])
    camera = Camera(yaw_deg=yaw, pitch_deg=actor.pitch_deg)
    figure, pelvis = _figure(actor, shares, yaw)
    body = pose_body(figure, actor.build, camera)
    scale, root = _ground(actor, shares["path"])
    at = camera.see(pelvis)
    origin = (root[0] + at[0] * scale) * size, (root[1] + at[1] * scale) * size
    low = actor.low is not None and shares["stance"] < 0.5
    acted = Acted(
        action=actor.acts, stance=actor.low.stance if low and actor.low else "standing", view=actor.view,
        trunk="upright", leg_state="", acting=actor.acting, build=actor.build, figure=figure, camera=camera,
    )  # fmt: skip
    return Placed(acted=acted, body=body, outfit=actor.outfit, origin=origin, scale=scale * size)


def depth_of(actor: Actor, shares: Mapping[str, float]) -> float:
    """How far the hips are before the ankles' middle, towards the camera, in body heights."""
    yaw = between(*actor.yaw_deg, shares["yaw"])
    return Camera(yaw_deg=yaw, pitch_deg=actor.pitch_deg).see(_figure(actor, shares, yaw)[1])[2]


def _ground(actor: Actor, share: float) -> tuple[float, tuple[float, float]]:
    """A body height, and where the ankles' middle is, in sides of the picture."""
    x, z = (value * (share - 0.5) for value in actor.path.along)
    near = 1.0 / (1.0 - z / CAMERA_DISTANCE)
    # What the camera's tilt makes of the way, at the size that each part of it is seen in: feet stay where they stand.
    down = math.sin(math.radians(actor.pitch_deg)) * CAMERA_DISTANCE * math.log(near)
    return actor.scale * near, (actor.origin[0] + x * actor.scale, actor.origin[1] + down * actor.scale)


def _figure(actor: Actor, shares: Mapping[str, float], yaw: float) -> tuple[Figure, Vec]:
    """The pose, and the hips' middle from the ankles' in the body frame."""
    build, upright = actor.build, shares["stance"] if actor.low else 1.0
    feet = {side: _foot(actor, side, shares, yaw) for side in SIDES}
    hips = {side: (sign * build["hips"] / 2, 0.0, 0.0) for side, sign in (("left", 1.0), ("right", -1.0))}
    aside = max(math.hypot(feet[s][0] - hips[s][0], feet[s][2]) for s in SIDES)
    pelvis: Vec = (0.0, reach(build, aside), 0.0)
    lean, outward = actor.lean_deg, actor.outward
    if actor.low:
        low = actor.low
        pelvis = (0.0, between(low.height, pelvis[1], upright), between(-low.back, 0.0, upright))
        # Half way, people lean forward over their feet; alike down and up.
        lean = between(low.lean_deg, lean, upright) + 26.0 * 4 * upright * (1 - upright)
        outward = between(low.outward, outward, upright)
    legs = {}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        legs[side] = leg_to(feet[side], add(pelvis, hips[side]), outward, sign, build)
        if side in actor.lifted:
            legs[side] = blended(legs[side], actor.lifted[side], shares[f"{side} leg"])
    arms = {side: blended(*actor.arms[side], shares[f"{side} arm"]) for side in SIDES}
    figure = Figure(arms=arms, legs=legs, lean_deg=lean, tilt_deg=actor.tilt_deg, turn_deg=actor.turn_deg)
    return figure, pelvis


def _foot(actor: Actor, side: str, shares: Mapping[str, float], yaw: float) -> Vec:
    """An ankle in the body frame, from the ankles' middle: it stands still while the other one steps."""
    sign, lead = (1.0 if side == "left" else -1.0), _leads(actor, side)
    x, z, up = sign * actor.half, 0.0, 0.0
    if any(move.channel == "path" for move in actor.moves):
        pairs, (far_x, far_z) = actor.path.pairs, actor.path.along
        own, up = _stepped(shares["path"], pairs, lead=lead)
        # In step: half a step apart to begin with and at the end; sideways the feet never cross.
        ahead = 0.0 if actor.path.sideways else (-1 if lead else 1) / (4 * pairs)
        gone = own + ahead - shares["path"]
        c, s = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
        x, z = x + gone * (far_x * c - far_z * s), z + gone * (far_x * s + far_z * c)
    if any(move.channel == "yaw" for move in actor.moves):
        span = actor.yaw_deg[1] - actor.yaw_deg[0]
        # A pair of steps for 60 degrees and less.
        own, up = _stepped(shares["yaw"], max(1, math.ceil(abs(span) / 60)), lead=lead)
        turn = math.radians(span * (own - shares["yaw"]))
        x, z = x * math.cos(turn) + z * math.sin(turn), -x * math.sin(turn) + z * math.cos(turn)
    return x, FOOT_LIFT * up, z


def _leads(actor: Actor, side: str) -> bool:
    """Whether this foot steps first on the way from 0 to 1: the outer one of who goes or turns to a side."""
    far_x, far_z = actor.path.along
    if actor.path.sideways:
        yaw = math.radians(actor.yaw_deg[0])
        return (far_x * math.cos(yaw) - far_z * math.sin(yaw) > 0) == (side == "left")
    return side == "left"


def _stepped(share: float, pairs: int, *, lead: bool) -> tuple[float, float]:
    """How far a foot has gone where its owner has gone ``share``, and how high it is lifted, both 0..1."""
    whole = min(pairs - 1, int(share * pairs))
    part = share * pairs - whole
    swung = max(0.0, min(1.0, part * 2 if lead else part * 2 - 1))
    return (whole + eased(swung)) / pairs, math.sin(math.pi * swung)

"""Composing a picture: who does what where, how large, what hides whom; annotations come from what was painted."""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw

from llavapose.scenes.drawn.actions import ACTIONS, Action, draw_pose
from llavapose.scenes.drawn.body import interior_angle, joints, turned
from llavapose.scenes.drawn.figure import Look, draw_look, person_shapes, visibility
from llavapose.scenes.drawn.paint import Shape, fill, paint
from llavapose.scenes.drawn.places import background
from llavapose.scenes.drawn.things import Placed, held, under

FACINGS = {"toward the camera": 0.0, "image right": 90.0, "away from the camera": 180.0, "image left": 270.0}
FACING_SHARES = (0.31, 0.20, 0.29, 0.20)
MIN_VISIBLE = 0.35
"""A layout in which someone shows less of themselves than this is drawn again."""


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A person in a picture: joint name -> (x, y, visibility) in pixels, visible box and mask, and the latent truth."""

    keypoints: dict[str, tuple[float, float, int]]
    box_xywh: tuple[float, float, float, float]
    mask: np.ndarray
    cut: bool
    hidden: float
    action: str
    place: str
    look: Look
    truth: dict


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One finished picture with its people and things (category, box_xywh, mask)."""

    image: Image.Image
    actors: tuple[Actor, ...]
    things: tuple[tuple[str, tuple[float, float, float, float], np.ndarray], ...]
    place: str


@dataclass(frozen=True, kw_only=True)
class _Cast:
    action: Action
    look: Look
    points: dict[str, np.ndarray]
    truth: dict
    side: str


def compose(size: int, rng: np.random.Generator) -> Picture:
    """Draw one picture of ``size`` x ``size`` pixels."""
    num = int(rng.choice([1, 2, 3, 4], p=[0.52, 0.28, 0.15, 0.05]))
    shares = np.array([action.share for action in ACTIONS])
    lead = ACTIONS[rng.choice(len(ACTIONS), p=shares / shares.sum())]
    place = str(rng.choice(lead.place))
    fitting = [action for action in ACTIONS if place in action.place]
    weights = np.array([action.share for action in fitting])
    while True:
        chosen = [lead] + [fitting[rng.choice(len(fitting), p=weights / weights.sum())] for _ in range(num - 1)]
        picture = _try(size, [_cast(action, rng) for action in chosen], place, rng)
        if picture is not None:
            return picture


def _cast(action: Action, rng: np.random.Generator) -> _Cast:
    pose = draw_pose(action, rng)
    scale = {part: float(rng.uniform(0.93, 1.07)) for part in ("arm", "leg", "trunk", "width")}
    facing = str(rng.choice(list(FACINGS), p=FACING_SHARES))
    yaw = FACINGS[facing] + float(rng.uniform(-22, 22))
    lie = 0.0
    if action.stance == "lying":
        facing, yaw = str(rng.choice(["image left", "image right"])), 0.0
        pose = replace(pose, pitch_deg=0.0, roll_deg=0.0)
        yaw, lie = float(rng.choice([0.0, 180.0])) + float(rng.uniform(-15, 15)), float(rng.choice([-1, 1])) * float(rng.uniform(80, 95))
        facing = "toward the camera" if abs(yaw) < 90 else "away from the camera"
    body = joints(pose, scale=scale)
    body["forward"] = np.array([0.0, 0.0, 1.0])
    points = turned(body, yaw_deg=yaw, lie_deg=lie)
    truth = {
        "action": action.name,
        "stance": action.stance,
        "facing": facing,
        "yaw_deg": round(yaw % 360, 1),
        "trunk_deg": round(float(np.hypot(pose.pitch_deg, pose.roll_deg)), 1),
    }
    for side in ("left", "right"):
        truth[f"{side} elbow_deg"] = round(interior_angle(body, f"{side} shoulder", f"{side} elbow", f"{side} wrist"), 1)
        truth[f"{side} knee_deg"] = round(interior_angle(body, f"{side} hip", f"{side} knee", f"{side} ankle"), 1)
        truth[f"{side} arm_raise_deg"] = round(pose.limbs[f"{side} arm"].raise_deg, 1)
        # Heights and reaches in body heights, along gravity and along the body's own side.
        truth[f"{side} wrist_above_shoulder"] = round(float(points[f"{side} wrist"][1] - points[f"{side} shoulder"][1]), 3)
        truth[f"{side} wrist_above_head"] = round(float(points[f"{side} wrist"][1] - points["head"][1] - 0.075), 3)
        truth[f"{side} wrist_out"] = round(float((body[f"{side} wrist"][0] - body[f"{side} shoulder"][0]) * (1 if side == "left" else -1)), 3)
        truth[f"{side} ankle_height"] = round(float(points[f"{side} ankle"][1]), 3)
    truth["ankles_apart"] = round(float(np.linalg.norm((body["left ankle"] - body["right ankle"])[[0, 2]])), 3)
    return _Cast(action=action, look=draw_look(rng), points=points, truth=truth, side=str(rng.choice(["left", "right"])))


def _try(size: int, cast: list[_Cast], place: str, rng: np.random.Generator) -> Picture | None:
    image, horizon = background(place, size, rng)
    num = len(cast)
    shapes: list[Shape] = []
    placed: list[Placed] = []
    seats = np.arange(num) + 0.5
    tall = {1: (0.55, 0.88), 2: (0.42, 0.80), 3: (0.32, 0.66), 4: (0.24, 0.50)}[num]
    drawn, scales = [], []
    for index, member in enumerate(cast):
        xyz = np.array([p for name, p in member.points.items() if name not in ("face", "forward")])
        low, high = xyz.min(0), xyz.max(0)
        extent, width = high[1] - low[1] + 0.16, high[0] - low[0] + 0.14
        target = rng.uniform(*tall) * size
        px = min(target / extent, 1.0 * size / width if num == 1 else 1.35 * size / num / width + 0.1 * size, 1.1 * size)
        px = max(px, 0.2 * size / extent)
        small = px * extent / size
        ground = size * min(0.97, max(horizon / size + 0.06, 0.60 + 0.36 * small)) + rng.uniform(-0.02, 0.02) * size
        x = (seats[index] / num + rng.uniform(-0.10, 0.10) / num) * size
        if rng.random() < (0.28 if num == 1 else 0.20):
            x, ground = _pushed(x, ground, size, px, width, rng)
        depth = ground * 4.0
        points = {
            name: np.array([x + (p[0] - (low[0] + high[0]) / 2) * px, ground - (p[1] - low[1] + 0.045) * px, p[2] * px + depth])
            for name, p in member.points.items()
            if name not in ("face", "forward")
        }
        for name in ("face", "forward"):
            points[name] = member.points[name] * np.array([1, -1, 1])
        shapes += person_shapes(points, member.look, px=px, owner=index)
        if member.action.held:
            placed.append(held(member.action.held, member.side, points, px, rng))
        if member.action.under:
            placed.append(under(member.action.under, points, px, ground, rng))
        drawn.append(points)
        scales.append(px)
    spans = []
    for thing in placed:
        spans.append((len(shapes), len(shapes) + len(thing.shapes)))
        shapes += thing.shapes
    image, top = paint(image, shapes)
    return _annotate(image, top, shapes, cast, drawn, scales, placed, spans, place)


def _pushed(x: float, ground: float, size: int, px: float, width: float, rng: np.random.Generator) -> tuple[float, float]:
    """Over the border: to the side, or with the feet below it."""
    if rng.random() < 0.5:
        side = rng.choice([-1, 1])
        edge = 0.0 if side < 0 else float(size)
        return edge - side * width * px * rng.uniform(0.22, 0.4), ground
    return x, size + px * rng.uniform(0.08, 0.3)


def _annotate(image, top, shapes, cast, drawn, scales, placed, spans, place) -> Picture | None:
    owners = np.array([shape.owner for shape in shapes] + [-2])[top]
    owners[top < 0] = -2
    actors = []
    touches = {}
    for thing in placed:
        for part in thing.touched_by:
            touches.setdefault(part, []).append(thing.category)
    counter = 0
    for index, (member, points, px) in enumerate(zip(cast, drawn, scales, strict=True)):
        mask = owners == index
        full = _area(shapes, index, image.width)
        share = mask.sum() / max(1, full)
        if share < MIN_VISIBLE or mask.sum() < 60:
            return None
        seen = visibility(points, shapes, top, owner=index, px=px)
        keypoints = {
            name: (round(float(points[name][0]), 1), round(float(points[name][1]), 1), v) if v else (0.0, 0.0, 0)
            for name, v in seen.items()
        }
        contacts = []
        for attribute in (member.action.held, member.action.under):
            if attribute:
                contacts += [(part, attribute) for part in placed[counter].touched_by]
                counter += 1
        actors.append(
            Actor(
                keypoints=keypoints, box_xywh=_box(mask), mask=mask, cut=any(v == 0 for v in seen.values()),
                hidden=float(1 - share), action=member.action.name, place=place, look=member.look,
                truth={**member.truth, "contacts": contacts},
            )
        )  # fmt: skip
    things = []
    for thing, (start, stop) in zip(placed, spans, strict=True):
        mask = (top >= start) & (top < stop)
        if mask.sum() >= 12:
            things.append((thing.category, _box(mask), mask))
    return Picture(image=image, actors=tuple(actors), things=tuple(things), place=place)


def _area(shapes: list[Shape], owner: int, size: int) -> int:
    layer = Image.new("1", (3 * size, 3 * size))
    draw = ImageDraw.Draw(layer)
    for shape in shapes:
        if shape.owner == owner:
            moved = replace(shape, points=tuple((x + size, y + size) for x, y in shape.points))
            fill(draw, moved, 1, 1, grow=0.0)
    return int(np.asarray(layer).sum())


def _box(mask: np.ndarray) -> tuple[float, float, float, float]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1 - columns[0]), float(rows[-1] + 1 - rows[0])

"""A posed body with an outfit -> shapes: tapered limbs with dark outlines, a rounded trunk, a head with a face."""

import math
from collections.abc import Callable

from llavapose.scenes.world.drawn.body import SIDES, Body, Build, Vec, add, dot
from llavapose.scenes.world.drawn.paint import Colour, Point, Shape, capsule, disc, hull, shade
from llavapose.scenes.world.drawn.wardrobe import SHIRTS, TROUSERS, Outfit

Place = Callable[[Vec], Point]
"""Camera-frame point in body heights -> pixels."""

# By eye: less than 90, so that from the side there is more hair than face.
FACE_CAP_DEG = 72.0
"""How far the face reaches around the head from where it looks; the rest is hair."""


def person_shapes(body: Body, build: Build, outfit: Outfit, place: Place, scale: float) -> list[Shape]:
    """All shapes of one person, far ones first.

    Args:
        body: joints in the camera's frame.
        build: proportions.
        outfit: colours.
        place: camera frame -> pixels.
        scale: pixels a body height.
    """
    shapes = _trunk(body, build, outfit, place, scale) + _head(body, build, outfit, place, scale)
    for side in SIDES:
        shapes += _arm(body, build, outfit, place, scale, side) + _leg(body, build, outfit, place, scale, side)
    # A stable sort: the shapes of one part keep their order, outline first.
    return sorted(shapes, key=lambda shape: shape.depth)


def _segment(
    ends: tuple[Vec, Vec], radii: tuple[float, float], colour: Colour, place: Place, scale: float, key: str, bias: float
) -> list[Shape]:
    """A limb segment: outline, fill, and a lighter stripe along its middle."""
    a, b = place(ends[0]), place(ends[1])
    depth = (ends[0][2] + ends[1][2]) / 2 + bias
    # Parts on the far side are darker, by up to a quarter: a cue which arm is behind.
    colour = shade(colour, max(0.72, min(1.0, 1.0 + 1.1 * (depth - bias))))
    # Never thinner than most of a pixel: small people keep their outline.
    edge, (first, second) = max(0.8, 0.009 * scale), (radii[0] * scale, radii[1] * scale)
    return [
        Shape(points=capsule(a, b, first + edge, second + edge), colour=shade(colour, 0.42), depth=depth, key=key),
        Shape(points=capsule(a, b, first, second), colour=colour, depth=depth),
        Shape(points=capsule(a, b, first * 0.38, second * 0.38), colour=shade(colour, 1.18), depth=depth),
    ]


def _arm(body: Body, build: Build, outfit: Outfit, place: Place, scale: float, side: str) -> list[Shape]:
    points, g = body.points, build.girth
    shirt = SHIRTS[outfit.shirt]
    sleeve = shade(shirt, 0.9) if outfit.long_sleeves else outfit.skin
    shoulder, elbow, wrist, hand = (points[f"{side} {name}"] for name in ("shoulder", "elbow", "wrist", "hand"))
    # Of depth, in body heights: an arm that hangs beside the trunk is drawn before it, not half inside.
    bias = 0.035
    upper = _segment((shoulder, elbow), (0.030 * g, 0.026 * g), shirt, place, scale, f"{side} upper arm", bias)
    fore = _segment((elbow, wrist), (0.026 * g, 0.020 * g), sleeve, place, scale, f"{side} forearm", bias + 0.004)
    palm = _segment((wrist, hand), (0.020, 0.026), outfit.skin, place, scale, f"{side} hand", bias + 0.006)
    return upper + palm + fore


def _leg(body: Body, build: Build, outfit: Outfit, place: Place, scale: float, side: str) -> list[Shape]:
    points, g = body.points, build.girth
    trousers = TROUSERS[outfit.trousers]
    shin = shade(trousers, 0.9) if outfit.long_legs else outfit.skin
    hip, knee, ankle, toe = (points[f"{side} {name}"] for name in ("hip", "knee", "ankle", "toe"))
    return [
        *_segment((ankle, toe), (0.027, 0.022), outfit.shoes, place, scale, f"{side} foot", 0.0),
        *_segment((knee, ankle), (0.036 * g, 0.025 * g), shin, place, scale, f"{side} shank", -0.004),
        *_segment((hip, knee), (0.052 * g, 0.037 * g), trousers, place, scale, f"{side} thigh", -0.008),
    ]


def _trunk(body: Body, build: Build, outfit: Outfit, place: Place, scale: float) -> list[Shape]:
    points, g = body.points, build.girth
    shoulders = [points[f"{side} shoulder"] for side in SIDES]
    hips = [points[f"{side} hip"] for side in SIDES]
    waist = [add(add(hip, body.up, 0.05), body.left, 0.012 * sign) for hip, sign in zip(hips, (1, -1), strict=True)]
    depth = (points["neck"][2] + points["pelvis"][2]) / 2
    colour, edge = SHIRTS[outfit.shirt], max(0.8, 0.009 * scale)
    inset = [(place(add(p, body.up, -0.012)), 0.040 * g * scale) for p in shoulders]
    chest = inset + [(place(p), 0.050 * g * scale) for p in waist]
    seat = [(place(p), 0.058 * g * scale) for p in hips]
    outer = [(p, r + edge) for p, r in chest]
    trousers = TROUSERS[outfit.trousers]
    neck = capsule(place(points["neck"]), place(points["head"]), 0.030 * scale, 0.028 * scale)
    return [
        Shape(
            points=hull([(p, r + edge) for p, r in seat]),
            colour=shade(trousers, 0.42),
            depth=depth - 0.012,
            key="trunk",
        ),
        Shape(points=hull(seat), colour=shade(trousers, 0.95), depth=depth - 0.012),
        Shape(points=neck, colour=shade(outfit.skin, 0.86), depth=depth - 0.001, key="head"),
        Shape(points=hull(outer), colour=shade(colour, 0.42), depth=depth, key="trunk"),
        Shape(points=hull(chest), colour=colour, depth=depth),
        *_clothes(body, build, colour, place, scale, depth),
    ]


def _clothes(body: Body, build: Build, colour: Colour, place: Place, scale: float, depth: float) -> list[Shape]:
    """A collar and a row of buttons in front, a plain yoke behind."""
    points = body.points
    light = shade(colour, 0.62)
    # Buttons show from the front alone: front and back differ where no face is seen.
    if body.front[2] < 0.25:
        return []
    middle = add(points["neck"], body.front, 0.045)
    line = [place(add(middle, body.up, -d)) for d in (0.03, 0.27)]
    collar = [place(add(add(middle, body.left, side * 0.045), body.up, 0.012)) for side in (1, -1)]
    return [
        Shape(points=[*collar, place(add(middle, body.up, -0.055))], colour=light, depth=depth),
        Shape(points=capsule(line[0], line[1], 0.006 * scale, 0.006 * scale), colour=light, depth=depth),
    ]


def _head(body: Body, build: Build, outfit: Outfit, place: Place, scale: float) -> list[Shape]:
    """Hair all round, the face as a cap on it towards where it looks, eyes and mouth only where they can be seen."""
    centre, radius = body.points["head"], build["head"]
    depth, at, r = centre[2] + 0.02, place(centre), build["head"] * scale
    edge = max(0.8, 0.009 * scale)
    hair = outfit.hat or outfit.hair
    shapes = [Shape(points=disc(at, r * 1.05 + edge), colour=shade(outfit.hair, 0.42), depth=depth, key="head")]
    if outfit.long_hair:
        nape = place(add(add(centre, body.face, -0.35 * radius), body.crown, -1.05 * radius))
        # Long hair falls behind the neck of who looks at us, over it from behind.
        behind = depth - 0.03 if body.face[2] > 0 else depth
        shapes.insert(
            0, Shape(points=capsule(at, nape, r * 0.98, r * 0.72), colour=outfit.hair, depth=behind, key="head")
        )
    shapes.append(Shape(points=disc(at, r * 1.05), colour=hair, depth=depth))
    face = _face_cap(body, build, place)
    if face:
        shapes.append(Shape(points=face, colour=outfit.skin, depth=depth))
    return shapes + _features(body, build, outfit, place, scale, depth)


def _face_cap(body: Body, build: Build, place: Place) -> list[Point]:
    """The visible outline of a round cap of the head around the direction it looks, a little downwards."""
    centre, radius = body.points["head"], build["head"]
    # Tilted down by 0.3 radians: foreheads have hair above them, chins do not.
    axis = add(add((0.0, 0.0, 0.0), body.face, math.cos(0.3)), body.crown, -math.sin(0.3))
    # By eye: so far turned away, only a sliver of the face would be left.
    if axis[2] < -0.72:
        return []
    upright = add(add((0.0, 0.0, 0.0), body.crown, math.cos(0.3)), body.face, math.sin(0.3))
    cosine, sine = math.cos(math.radians(FACE_CAP_DEG)), math.sin(math.radians(FACE_CAP_DEG))
    outline = []
    for step in range(24):
        t = 2 * math.pi * step / 24
        ring = add(add((0.0, 0.0, 0.0), body.ear, math.cos(t)), upright, math.sin(t))
        v = add(add((0.0, 0.0, 0.0), axis, cosine), ring, sine)
        if v[2] < 0:  # behind the head: the cap's edge is then the head's own outline
            flat = math.hypot(v[0], v[1]) or 1.0
            v = (v[0] / flat, v[1] / flat, 0.0)
        outline.append(place(add(centre, v, radius)))
    return outline


def _features(body: Body, build: Build, outfit: Outfit, place: Place, scale: float, depth: float) -> list[Shape]:
    points, r = body.points, build["head"] * scale
    centre, radius = points["head"], build["head"]
    shapes, dark = [], shade(outfit.skin, 0.55)
    for side in SIDES:
        if seen_on_head(body, f"{side} ear"):
            ear = Shape(
                points=disc(place(points[f"{side} ear"]), r * 0.17, r * 0.24),
                colour=shade(outfit.skin, 0.8),
                depth=depth,
            )
            shapes.append(ear)
    if body.face[2] > -0.5:
        base = [place(add(add(centre, body.face, 0.9 * radius), body.crown, up * radius)) for up in (0.12, -0.26)]
        nose = [base[0], place(add(points["nose"], body.face, 0.16 * radius)), base[1]]
        # Towards us a nose is a spot, from the side a point that breaks the outline: it tells left from right.
        if body.face[2] > 0.6:
            tip = place(points["nose"])
            nose = disc((tip[0], tip[1]), r * 0.13, r * 0.11)
            shapes.append(Shape(points=nose, colour=shade(outfit.skin, 0.72), depth=depth, key="head"))
        else:
            grown = hull([(p, max(0.6, r * 0.07)) for p in nose])
            shapes.append(Shape(points=grown, colour=shade(outfit.skin, 0.86), depth=depth, key="head"))
    for side in SIDES:
        if seen_on_head(body, f"{side} eye"):
            eye = place(points[f"{side} eye"])
            # Eyes and mouth narrow as the head turns away.
            wide = r * (0.12 + 0.10 * max(0.0, body.face[2]))
            shapes.append(Shape(points=disc(eye, wide, r * 0.19), colour=(250, 250, 250), depth=depth))
            shapes.append(Shape(points=disc(eye, wide * 0.62, r * 0.14), colour=(28, 28, 34), depth=depth))
    if body.face[2] > -0.2:
        mouth = place(points["mouth"])
        wide = r * (0.10 + 0.22 * max(0.0, body.face[2]))
        shapes.append(
            Shape(points=disc(mouth, wide, r * 0.08), colour=dark if dark != outfit.hair else (90, 30, 30), depth=depth)
        )
    return shapes


def seen_on_head(body: Body, joint: str) -> bool:
    """Whether the head itself leaves a nose, an eye or an ear in view."""
    if joint == "nose":
        return body.face[2] > -0.5
    out = add(body.points[joint], body.points["head"], -1.0)
    length = math.sqrt(dot(out, out)) or 1.0
    # How far a point may be turned away before the head itself hides it: ears stand out, eyes lie in.
    return out[2] / length > (-0.12 if joint.endswith("ear") else 0.06)

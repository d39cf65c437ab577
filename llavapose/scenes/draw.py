"""A scene as a picture: boxes and skeletons, left and right in different colours, hidden joints hollow.

A scene over time is a strip of its frames, in which each person has one colour throughout.
"""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from llavapose.files import inside
from llavapose.frames import time_told
from llavapose.pose.people import references
from llavapose.pose.skeleton import Skeleton, skeleton_named
from llavapose.records import Box, Frame, Person, Scene
from llavapose.rgb import open_image

_Colour = tuple[int, int, int]

# Blue against orange: told apart by colour-blind people too, on snow as on grass. By eye.
LEFT = (30, 136, 255)
"""Colour of the person's own left: blue."""
RIGHT = (255, 126, 20)
"""Colour of the person's own right: orange."""
MIDDLE = (250, 250, 250)
"""Colour of the nose and of limbs that join left and right."""
PERSON_BOX = (87, 201, 108)
THING_BOX = (190, 140, 255)
HALO = (20, 20, 20)
PEOPLE: tuple[_Colour, ...] = (
    (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167),
)  # fmt: skip
"""Colours of people in a strip, in their order, from the first again behind the last: Okabe and Ito's, which the
colour-blind tell apart."""
PAPER, GAP_PX = (255, 255, 255), 4
"""Between the frames of a strip, and below them."""


def draw_scene(
    scene: Scene, image_root: Path, *, size: int | None = None, boxes: bool = True, skeletons: bool = True
) -> Image.Image:
    """Draw the picture with what is annotated on it.

    Args:
        scene: the annotated picture.
        image_root: folder that ``scene.image`` is relative to.
        size: length of the longer side in pixels; None keeps the picture's.
        boxes: whether to draw boxes with their names.
        skeletons: whether to draw joints and limbs.

    Raises:
        DataError: the picture is missing or cannot be decoded.
    """
    picture = _open(scene, image_root)
    if size is not None:
        scale = size / max(picture.size)
        # Before drawing: lines and names keep their size whatever the picture's.
        picture = picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))
    canvas = ImageDraw.Draw(picture)
    if boxes:
        named: list[tuple[Box, str, _Colour]] = [(thing.box_xyxy, thing.category, THING_BOX) for thing in scene.things]
        for person, name in zip(scene.people, references(scene), strict=True):
            named.append((person.box_xyxy, name.removeprefix("the "), PERSON_BOX))
        # All boxes, then all names: no name lies under a neighbour's box.
        for draw in (_draw_box, _draw_name):
            for box, name, colour in named:
                draw(canvas, picture.size, box, name, colour)
    if skeletons:
        skeleton = skeleton_named(scene.skeleton)
        for person in scene.people:
            draw_skeleton(canvas, picture.size, person, skeleton)
    return picture


def draw_strip(
    scene: Scene,
    image_root: Path,
    *,
    height: int = 224,
    shown: Sequence[int] | None = None,
    boxes: bool = False,
    skeletons: bool = True,
) -> Image.Image:
    """Draw the frames of a scene side by side in order of time, with the time of each below it.

    Args:
        scene: with frames; a picture that stands alone is a strip of one, without a time.
        image_root: folder that the frames' names are relative to.
        height: of every frame in pixels.
        shown: numbers of the frames to draw (``frames.chosen``); None: all.
        boxes: whether to draw people's boxes.
        skeletons: whether to draw joints and limbs.

    Raises:
        DataError: a picture is missing or cannot be decoded.
    """
    frames = scene.frames or (Frame(image=scene.image, time_s=0, people=scene.people),)
    chosen = frames if shown is None else [frames[number] for number in shown]
    skeleton = skeleton_named(scene.skeleton)
    drawn = []
    for frame in chosen:
        path = inside(image_root, frame.image, where=f"scene {scene.id}")
        picture = open_image(path, where=f"scene {scene.id}")
        picture = picture.resize((max(1, round(picture.width * height / picture.height)), height))
        canvas = ImageDraw.Draw(picture)
        for number, person in enumerate(frame.people):
            colour = PEOPLE[number % len(PEOPLE)]
            if person is not None and boxes:
                _draw_box(canvas, picture.size, person.box_xyxy, "", colour)
            if person is not None and skeletons:
                draw_skeleton(canvas, picture.size, person, skeleton, colour=colour)
        drawn.append(picture)
    return _side_by_side(drawn, [time_told(frame.time_s).rstrip(": ") for frame in chosen if scene.frames])


def _side_by_side(pictures: Sequence[Image.Image], texts: Sequence[str]) -> Image.Image:
    """Pictures of one height in a row, with a text in the middle below each."""
    height = pictures[0].height
    # By eye: eleven pixels can be read, and a number has room below a frame of a hundred.
    font = ImageFont.load_default(size=max(11, round(height / 16)))
    below = round(font.getbbox("0 g")[3]) + 2 * GAP_PX if texts else 0
    width = sum(picture.width for picture in pictures) + GAP_PX * (len(pictures) - 1)
    found = Image.new("RGB", (width, height + below), PAPER)
    canvas, left = ImageDraw.Draw(found), 0
    for number, picture in enumerate(pictures):
        found.paste(picture, (left, 0))
        if texts:
            canvas.text(
                (left + picture.width / 2, height + GAP_PX / 2), texts[number], fill=HALO, font=font, anchor="ma"
            )
        left += picture.width + GAP_PX
    return found


def _open(scene: Scene, image_root: Path) -> Image.Image:
    path = inside(image_root, scene.image, where=f"scene {scene.id}")
    return open_image(path, where=f"scene {scene.id}")


def _unit(size: tuple[int, int]) -> int:
    """Line width for a picture of this size."""
    # By eye: one pixel in the world's pictures (224), three in COCO's (640).
    return max(1, round(max(size) / 220))


def _draw_box(canvas: ImageDraw.ImageDraw, size: tuple[int, int], box: Box, _: str, colour: _Colour) -> None:
    # Pillow refuses a corner that is left of the other: a box of no width is drawn as a line.
    corners = (box[0] * size[0], box[1] * size[1], max(box[0], box[2]) * size[0], max(box[1], box[3]) * size[1])
    canvas.rectangle(corners, outline=colour, width=_unit(size))


def _draw_name(canvas: ImageDraw.ImageDraw, size: tuple[int, int], box: Box, name: str, colour: _Colour) -> None:
    """The name on a plate above the box, or in its upper left corner where there is no room above."""
    if not name:
        return
    unit = _unit(size)
    # By eye: nine pixels are the least that can be read.
    font = ImageFont.load_default(size=max(9, round(max(size) / 34)))
    left, _, right, bottom = canvas.textbbox((0, 0), name, font=font)
    # Pushed in from the border, where a name would be cut.
    x = min(max(box[0] * size[0], 0), max(size[0] - (right - left) - 2 * unit, 0))
    y = box[1] * size[1] - bottom - unit
    y = y if y >= 0 else box[1] * size[1]
    canvas.rectangle((x, y, x + right - left + 2 * unit, y + bottom + unit), fill=colour)
    canvas.text((x + unit - left, y), name, fill=HALO, font=font)


def draw_skeleton(
    canvas: ImageDraw.ImageDraw,
    size: tuple[int, int],
    person: Person,
    skeleton: Skeleton,
    *,
    colour: _Colour | None = None,
) -> None:
    """Limbs between labelled joints, then the joints: filled where visible, hollow where hidden.

    Args:
        canvas: of the picture.
        size: its width and height.
        person: with keypoints in 0..1 of it.
        skeleton: which joint is which.
        colour: of all joints and limbs; None: those of the person's sides.
    """
    points = {
        index: (x * size[0], y * size[1]) for index, (x, y, visibility) in enumerate(person.keypoints) if visibility
    }
    unit = _unit(size)
    # A dark rim under every limb: blue on sky and orange on sand would be lost.
    for width, halo in ((unit + 2, True), (unit, False)):
        for first, second in skeleton.limbs:
            if first in points and second in points:
                own = colour or _limb_colour(skeleton.joints[first], skeleton.joints[second])
                canvas.line((*points[first], *points[second]), fill=HALO if halo else own, width=width)
    # By eye: a joint a little wider than its limbs, a hidden one with a hole of half its width.
    radius = unit * 1.6 + 1
    for index, (x, y) in points.items():
        own = colour or _joint_colour(skeleton.joints[index])
        hidden = person.keypoints[index][2] == 1
        canvas.ellipse((x - radius - 1, y - radius - 1, x + radius + 1, y + radius + 1), fill=HALO)
        canvas.ellipse((x - radius, y - radius, x + radius, y + radius), fill=own)
        if hidden:
            inner = radius * 0.55
            canvas.ellipse((x - inner, y - inner, x + inner, y + inner), fill=HALO)


def _joint_colour(joint: str) -> _Colour:
    return LEFT if joint.startswith("left ") else RIGHT if joint.startswith("right ") else MIDDLE


def _limb_colour(first: str, second: str) -> _Colour:
    """The side's colour; the middle's where both sides or none take part."""
    sides = {_joint_colour(first), _joint_colour(second)} - {MIDDLE}
    return sides.pop() if len(sides) == 1 else MIDDLE

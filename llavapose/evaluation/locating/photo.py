"""Where people's joints are on a photo of one's own: nothing is annotated there, and so nothing is scored.

A checkpoint is asked as it was taught, by its ``training.json``. Pixels are those of the photo as a viewer shows it: it
is turned first where a phone wrote so beside the pixels.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageDraw, ImageOps

from llavapose.errors import ConfigError, named
from llavapose.evaluation.answerers.protocol import LocatingAnswerer, PersonTold, Place
from llavapose.evaluation.locating.taught import asking_as_taught
from llavapose.files import atomic_write
from llavapose.locate.replies import HIDDEN, Spot
from llavapose.locate.results import Located, write_results
from llavapose.locate.samples import Asking, view_of
from llavapose.locate.shown import picture_query, queries_of, shown_people, write_crops
from llavapose.locate.views import View
from llavapose.pose.skeleton import Skeleton, skeleton_named
from llavapose.records import Box, Person, Scene
from llavapose.rgb import open_image
from llavapose.scenes.draw import draw_skeleton
from llavapose.scenes.estimated import number_of_name

Pixels = tuple[float, float, float, float]
"""x, y, width, height."""
Point = tuple[float, float, float]
"""x, y, how sure."""
NAME = "photo.png"


@dataclass(frozen=True, kw_only=True)
class Pose:
    """One person: what was said of each joint, and its place in the photo with how sure it is.

    Attributes:
        box: in pixels.
        spots: joint -> what the answer says; None where that cannot be read.
        points: joint -> (x, y, sure), x and y in pixels.
        sure: of the person.
    """

    box: Pixels
    spots: Mapping[str, Spot | None]
    points: Mapping[str, Point]
    sure: float


def locate_in_photo(answerer: LocatingAnswerer, photo: Path, boxes: Sequence[Pixels], out: Path) -> list[str]:
    """Ask about a photo; writes ``<name>.joints.jpg`` and ``<name>.results.json`` and returns what there is to print.

    Args:
        answerer: a checkpoint that was taught kind ``locate``.
        photo: an image file.
        boxes: of the people, in pixels; none: the whole photo is one person's, or the model tells everyone by itself.
        out: folder of the two files.

    Raises:
        ConfigError: the checkpoint was not taught to, or a box that is not of this photo or of no use.
        DataError: the photo is none.
    """
    taught = answerer.taught()
    asking = asking_as_taught(taught)
    if boxes and asking.of_everyone:
        raise ConfigError("--box: this checkpoint tells everyone in a picture with boxes of its own; leave --box out")
    upright = ImageOps.exif_transpose(open_image(photo, where="photo"))
    scene = _scene(upright.size, boxes, str(taught["joints"]), number_of_name(photo) or 1)
    with TemporaryDirectory() as folder:
        upright.save(Path(folder) / NAME)
        poses = list(_poses(answerer, scene, asking, Path(folder)))
    drawn, results = out / f"{photo.stem}.joints.jpg", out / f"{photo.stem}.results.json"
    skeleton = skeleton_named(scene.skeleton)
    with atomic_write(drawn, "wb") as stream:
        _drawn(upright, poses, skeleton).save(stream, "JPEG", quality=92)
    write_results(results, [_located(one, scene.id, skeleton) for one in poses])
    told = [line for number, one in enumerate(poses, 1) for line in _lines(number, one)]
    return [
        *(told or ["nobody is told, or not in a form that can be read"]),
        f"drawn: {named(drawn)}",
        f"results: {named(results)}",
    ]


def _scene(size: tuple[int, int], boxes: Sequence[Pixels], joints: str, image_id: int) -> Scene:
    """The photo with its people, of whom nothing but the box is known."""
    (width, height), people = size, []
    unlabelled = ((0.0, 0.0, 0),) * len(skeleton_named(joints).joints)
    for number, (x, y, wide, high) in enumerate(boxes or [(0.0, 0.0, float(width), float(height))], 1):
        inside = (max(x, 0.0), max(y, 0.0), min(x + wide, width), min(y + high, height))
        if not (inside[2] - inside[0] >= 1 and inside[3] - inside[1] >= 1 and isfinite(wide) and isfinite(high)):
            raise ConfigError(
                f"--box {x:g} {y:g} {wide:g} {high:g}: expected x, y, width and height in pixels, a pixel of them at "
                f"least within this photo's {width} x {height}"
            )
        box = (inside[0] / width, inside[1] / height, inside[2] / width, inside[3] / height)
        people.append(Person(id=number, box_xyxy=box, keypoints=unlabelled))
    return Scene(id=image_id, image=NAME, width=width, height=height, people=tuple(people), skeleton=joints)


def _poses(answerer: LocatingAnswerer, scene: Scene, asking: Asking, folder: Path) -> Iterator[Pose]:
    """Everyone, asked about in turn."""
    if asking.of_everyone:
        (told,) = answerer.places([picture_query(scene, asking)], folder, asking.writes)
        yield from (_of_everyone(one, view_of(scene, 0, asking)) for one in told.people)
        return
    shown = shown_people([scene], asking, labelled=False)
    if asking.view == "crop":
        write_crops(shown, folder, folder, asking.size)
    queries = [(one, query) for one in shown for query in queries_of(one, asking)]
    answers = list(answerer.places([query for _, query in queries], folder, asking.writes))
    for one in shown:
        spots: dict[str, Spot | None] = {}
        places: dict[str, Place] = {}
        for (of, _), told in zip(queries, answers, strict=True):
            if of is one:
                spots |= told.spots
                places |= told.places
        points = _outwards(places, one.view)
        box = _pixels(one.scene.people[one.index].box_xyxy, scene)
        yield Pose(box=box, spots=spots, points=points, sure=_sure(points))


def _of_everyone(told: PersonTold, view: View) -> Pose:
    (x1, y1), (x2, y2) = (view.outwards(*corner) for corner in told.pointed.corners)
    named = {
        name: Place(*spot.place, told.sure_of.get(name, told.sure))
        for name, spot in told.pointed.spots.items()
        if spot is not None and spot.place is not None
    }
    points = _outwards(named | dict(told.places), view)
    return Pose(box=(x1, y1, x2 - x1, y2 - y1), spots=told.pointed.spots, points=points, sure=_sure(points))


def _sure(points: Mapping[str, Point]) -> float:
    """Of a person: the mean of its joints'."""
    return sum(sure for _, _, sure in points.values()) / len(points)


def _outwards(places: Mapping[str, Place], view: View) -> dict[str, Point]:
    return {name: (*view.outwards(one.x, one.y), one.sure) for name, one in places.items()}


def _pixels(box: Box, scene: Scene) -> Pixels:
    x1, y1, x2, y2 = box
    return x1 * scene.width, y1 * scene.height, (x2 - x1) * scene.width, (y2 - y1) * scene.height


def _located(one: Pose, image_id: int, skeleton: Skeleton) -> Located:
    points = tuple(one.points.get(name, (0.0, 0.0, 0.0)) for name in skeleton.joints)
    return Located(image_id=image_id, keypoints=points, score=one.sure, box=one.box)


def _drawn(photo: Image.Image, poses: Sequence[Pose], skeleton: Skeleton) -> Image.Image:
    """The photo with everyone's skeleton: of the joints that are said to be there."""
    found = photo.copy()
    width, height = found.size
    for number, one in enumerate(poses, 1):
        points = []
        for name in skeleton.joints:
            spot, (x, y, _) = one.spots.get(name), one.points.get(name, (0.0, 0.0, 0.0))
            shown = 0 if spot is None or spot.place is None else 1 if spot.hidden else 2
            points.append((x / width, y / height, shown))
        person = Person(id=number, box_xyxy=(0.0, 0.0, 1.0, 1.0), keypoints=tuple(points))
        draw_skeleton(ImageDraw.Draw(found), found.size, person, skeleton)
    return found


def _lines(number: int, one: Pose) -> Iterator[str]:
    """A person for a terminal: pixels, how sure, and what was said where that was no place to be seen."""
    x, y, wide, high = one.box
    drawn = sum(spot is not None and spot.place is not None for spot in one.spots.values())
    told = f"box {x:.0f} {y:.0f} {wide:.0f} {high:.0f}, confidence {one.sure:.2f}"
    yield f"person {number}, {told}, {drawn} of {len(one.spots)} joints drawn"
    for name, spot in one.spots.items():
        at_x, at_y, sure = one.points.get(name, (0.0, 0.0, 0.0))
        told = "cannot be read" if spot is None else "not visible" if spot.place is None else HIDDEN * spot.hidden
        yield f"  {name:<15} {at_x:>7.1f} {at_y:>7.1f}  {sure:.2f}  {told}".rstrip()

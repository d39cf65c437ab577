"""The page on which people rate: questions with their pictures and answers, of which nobody can tell the arms.

One static file: pictures, style and script lie inside, and a Content-Security-Policy forbids anything from elsewhere.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from llavapose.config.choices import RateMode
from llavapose.errors import DataError
from llavapose.evaluation.benchmarks.protocol import bare_scene
from llavapose.evaluation.judges.people.draw import Draw
from llavapose.evaluation.judges.people.exports import CHOICES, MOST_LETTERS
from llavapose.files import atomic_write
from llavapose.report.markup import jpeg_uri, jpeg_within, legend, rendered, script, script_data
from llavapose.report.room import AS_TEXT, PAGE_BYTES, PICTURES_BYTES
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.draw import draw_scene

PICTURE_PX = 480
"""Longer side of a picture: the width of its column on a desk."""
_PICTURE_BYTES = 80_000
"""Most of one picture: what a detailed photograph takes at this size."""
_SAID = {
    RateMode.scale: (
        "Rate answers",
        "Look at the picture, read the question, and rate the answer from 1 (useless or wrong) to 10 (right, whole and "
        "to the point).",
        ("Answer",),
    ),
    RateMode.pairs: (
        "Which answer is better?",
        "Look at the picture, read the question, and say which of the two answers is better, or that they are equal.",
        ("Answer A", "Answer B"),
    ),
}


def write_rating_page(draw: Draw, scenes: SceneSet, path: Path, *, needed: str) -> Path:
    """Write the page of a draw; returns its path.

    Args:
        draw: what is rated.
        scenes: the pictures, with what is annotated in them.
        path: of the page.
        needed: how many pictures are needed, in words that name no arm.

    Raises:
        DataError: a picture that is missing or broken, or more than one page holds.
    """
    asked = [one.question for one in draw.items]
    shown = {number: image for one in asked for number, image in zip(one.scene_ids, one.images, strict=True)}
    pictures = _pictures(shown, scenes)
    place = {number: at for at, number in enumerate(shown)}
    items = [
        {"id": one.id, **_shown([place[number] for number in one.question.scene_ids]), "question": one.question.text,
         "answers": one.texts}
        for one in draw.items
    ]  # fmt: skip
    heading, instruction, labels = _SAID[draw.mode]
    html = rendered(
        "rate.html.j2",
        heading=heading,
        instruction=instruction,
        labels=labels,
        needed=needed,
        pairs=draw.mode == RateMode.pairs,
        buttons=_buttons(draw.mode),
        most_letters=MOST_LETTERS,
        legend=legend(boxes=False),
        content=script_data({"draw": draw.hash, "mode": draw.mode.value, "pictures": pictures, "items": items}),
        script=script("rate.js"),
    )
    if (size := len(html.encode())) > PAGE_BYTES:
        raise DataError(
            f"rate: the page of {draw.num_pictures} pictures has {size / 1e6:.0f} MB, over {PAGE_BYTES / 1e6:.0f}; "
            "draw fewer pictures (rate.num_pictures), or compare fewer arms (rate.arms)"
        )
    with atomic_write(path) as stream:
        stream.write(html)
    return path


def _shown(places: Sequence[int]) -> dict[str, int | list[int]]:
    """Which of the page's pictures an item is about; those behind the first in a list of their own."""
    first, *further = places
    return {"picture": first, **({"further": further} if further else {})}


def _buttons(mode: RateMode) -> list[tuple[str, str, str]]:
    """Value, label and key."""
    if mode == RateMode.pairs:
        return list(zip(CHOICES, ("A better", "equal", "B better"), "123", strict=True))
    return [(str(value), str(value), "0" if value == 10 else "") for value in range(1, 11)]


def _pictures(shown: Mapping[int, str], scenes: SceneSet) -> list[dict[str, str | None]]:
    """Each plain and, where anybody's joints are annotated, with the skeletons; all within the pictures' share."""
    known = {scene.id: scene for scene in scenes.scenes}
    each = min(_PICTURE_BYTES, int(PICTURES_BYTES / AS_TEXT / (2 * len(shown))))
    found = []
    for number, image in shown.items():
        scene = known.get(number) or bare_scene(number, image)
        jointed = any(person.keypoints for person in scene.people)
        plain = draw_scene(scene, scenes.images, size=PICTURE_PX, boxes=False, skeletons=False)
        drawn = draw_scene(scene, scenes.images, size=PICTURE_PX, boxes=False) if jointed else None
        found.append({"plain": _uri(plain, each), "drawn": _uri(drawn, each) if drawn is not None else None})
    return found


def _uri(picture: Image.Image, num_bytes: int) -> str:
    return jpeg_uri(jpeg_within(picture, num_bytes))

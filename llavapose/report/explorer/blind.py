"""The page on which people rate: questions with their pictures and answers, of which nobody can tell the arms.

One static file: pictures, style and script lie inside, and a Content-Security-Policy forbids anything from elsewhere.
"""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from llavapose.config.choices import RateMode
from llavapose.errors import DataError
from llavapose.evaluation.benchmarks.protocol import bare_scene
from llavapose.evaluation.judges.people.draw import Draw
from llavapose.evaluation.judges.people.exports import CHOICES, MOST_LETTERS
from llavapose.files import atomic_write
from llavapose.frames import chosen
from llavapose.records import Question
from llavapose.report.markup import jpeg_uri, jpeg_within, legend, rendered, script, script_data
from llavapose.report.room import AS_TEXT, PAGE_BYTES, PICTURES_BYTES
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.draw import draw_scene
from llavapose.scenes.shown import as_picture

PICTURE_PX = 480
"""Longer side of a picture: the width of its column on a desk."""
FRAME_PX = 320
"""Longer side of a clip's frame: as large as a raised hand needs to be seen, at a third of the bytes."""
_FRAMES = 8
"""Frames of a clip, evenly from the first to the last: as many as a model that judges is shown."""
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
    shown = list(dict.fromkeys(one for item in draw.items for one in _looked_at(item.question)))
    pictures = _pictures(shown, scenes)
    place = {one: at for at, one in enumerate(shown)}
    items = [
        {"id": one.id, **_shown([place[picture] for picture in _looked_at(one.question)]), **_times(one.question),
         "question": one.question.text, "answers": one.texts}
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
        script=script("frames.js", "rate.js"),
    )
    if (size := len(html.encode())) > PAGE_BYTES:
        raise DataError(
            f"rate: the page of {draw.num_pictures} pictures has {size / 1e6:.0f} MB, over {PAGE_BYTES / 1e6:.0f}; "
            "draw fewer pictures (rate.num_pictures), or compare fewer arms (rate.arms)"
        )
    with atomic_write(path) as stream:
        stream.write(html)
    return path


def _frames(question: Question) -> tuple[int, ...]:
    """The places of a clip's frames that are shown; none of a question about pictures that stand alone."""
    return chosen(len(question.times_s), _FRAMES) if question.images else ()


def _looked_at(question: Question) -> list[tuple[int, str]]:
    """The number and name of each picture that raters look at, in order."""
    found = list(zip(question.scene_ids, question.images or (question.image,), strict=True))
    return [found[place] for place in _frames(question)] or found


def _times(question: Question) -> dict[str, list[float]]:
    times = [question.times_s[place] for place in _frames(question)]
    return {"times": times} if times else {}


def _shown(places: Sequence[int]) -> dict[str, int | list[int]]:
    """Which of the page's pictures an item is about; those behind the first in a list of their own."""
    first, *further = places
    return {"picture": first, **({"further": further} if further else {})}


def _buttons(mode: RateMode) -> list[tuple[str, str, str]]:
    """Value, label and key."""
    if mode == RateMode.pairs:
        return list(zip(CHOICES, ("A better", "equal", "B better"), "123", strict=True))
    return [(str(value), str(value), "0" if value == 10 else "") for value in range(1, 11)]


def _pictures(shown: Sequence[tuple[int, str]], scenes: SceneSet) -> list[dict[str, str | None]]:
    """Each plain and, where anybody's joints are annotated, with the skeletons; all within the pictures' share."""
    known = {scene.id: scene for scene in scenes.scenes}
    each = min(_PICTURE_BYTES, int(PICTURES_BYTES / AS_TEXT / (2 * len(shown))))
    found = []
    for number, image in shown:
        scene = known.get(number) or bare_scene(number, image)
        frame = next((one for one in scene.frames if one.image == image), None)
        scene, size = (as_picture(scene, frame), FRAME_PX) if frame else (scene, PICTURE_PX)
        jointed = any(person.keypoints for person in scene.people)
        plain = draw_scene(scene, scenes.images, size=size, boxes=False, skeletons=False)
        drawn = draw_scene(scene, scenes.images, size=size, boxes=False) if jointed else None
        found.append({"plain": _uri(plain, each), "drawn": _uri(drawn, each) if drawn is not None else None})
    return found


def _uri(picture: Image.Image, num_bytes: int) -> str:
    return jpeg_uri(jpeg_within(picture, num_bytes))

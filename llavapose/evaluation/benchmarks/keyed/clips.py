"""Multiple choice about clips: MVBench's poses, MotionBench, HumanMoveVQA, Micro-Action-52 (``clip_rows``).

No video is shipped or decoded here: frames lie in a folder, one below it for each video, as ffmpeg writes them::

    ffmpeg -i videos/S001C001P001R001A001_rgb.avi -vf fps=4 frames/S001C001P001R001A001_rgb/%05d.jpg

Options are turned so that every letter is right equally often: who always says A is right by chance alone, whatever the
authors' order.
"""

import logging
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from random import Random

from llavapose.errors import DataError, shown
from llavapose.evaluation.benchmarks.keyed.clip_rows import FORMS, ClipRow
from llavapose.evaluation.benchmarks.keyed.scores import Key
from llavapose.files import fingerprint, inside
from llavapose.frames import chosen
from llavapose.records import FurtherPicture, Question
from llavapose.scenes.coco import SceneSet

log = logging.getLogger(__name__)

MOST_FRAMES = 16
"""Frames that a question lists, evenly from its video's; how many of them are shown is the answerer's."""
SUFFIXES = (".jpg", ".jpeg", ".png")
ASK = "{question}\n{options}\nAnswer with the letter of the right option alone."


class ClipChoices:
    """The questions of one file.

    Args:
        path: the file.
        form: whose rows it has, a key of ``FORMS``.
        images: folder of the frames, one below it for each video.
        frames_per_s: how many a second were extracted: ffmpeg's ``fps``.
        num_images: so many videos, drawn by ``seed``; None: all; 0: none.
        seed: draws them.
        pictures: whether the frames must be there.

    Raises:
        DataError: a row that is none of this form's, or a video without frames.
    """

    def __init__(
        self,
        path: Path,
        *,
        form: str,
        images: Path | None = None,
        frames_per_s: float = 4.0,
        num_images: int | None = None,
        seed: int = 0,
        pictures: bool = True,
    ) -> None:
        if form not in FORMS:
            raise DataError(f"benchmark.options.form is {shown(form)}; expected one of {', '.join(FORMS)}")
        if images is None:
            raise DataError("benchmark.images is null; set benchmark.images to the folder of the extracted frames")
        if isinstance(frames_per_s, bool) or not isinstance(frames_per_s, int | float) or not 0 < frames_per_s <= 1000:
            raise DataError(f"benchmark.options.frames_per_s is {shown(frames_per_s)}; expected frames a second")
        self.name = f"{form} {path.stem}"
        found = list(FORMS[form](path))
        rows = [row for row in found if row.options]
        if len(rows) < len(found):
            first = next(row.id for row in found if not row.options)
            log.info("%s: %d of %d questions have no options A, B and so on, or an answer that is none of them, and "
                     "are left out, the first is %s", self.name, len(found) - len(rows), len(found), first)  # fmt: skip
        keyed = [row for row in rows if row.right is not None]
        if len(keyed) < len(rows):
            log.info("%s: %d of %d questions have no key, which its authors keep back, and are left out",
                     self.name, len(rows) - len(keyed), len(rows))  # fmt: skip
        if not keyed:
            raise DataError(f"benchmark: {path} has no question with options and an answer; expected {form}'s rows")
        videos = sorted({row.video for row in keyed})
        if num_images is not None and num_images < len(videos):
            drawn = set(Random(seed).sample(videos, num_images))
            keyed = [row for row in keyed if row.video in drawn]
        if len({row.id for row in keyed}) < len(keyed):
            raise DataError(f"benchmark: {path} has ids twice; expected an id a question")
        turned = balanced(keyed)
        self.keys = {row.id: key for row, key in zip(keyed, turned, strict=True)}
        self.questions = tuple(
            _question(row, key, images, float(frames_per_s), path, there=pictures)
            for row, key in zip(keyed, turned, strict=True)
        )
        self.scenes = SceneSet(scenes=(), images=images)


def balanced(rows: Sequence[ClipRow]) -> list[Key]:
    """Each row's options with letters, turned so that among those of as many options each letter is right as often.

    Which row gets which letter is drawn, so that it cannot be told from the order of the file.
    """
    of_size: dict[int, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        of_size[len(row.options)].append(place)
    wanted: dict[int, int] = {}
    for num, places in of_size.items():
        order = Random(f"0 {num}").sample(places, len(places))
        wanted |= {place: at % num for at, place in enumerate(order)}
    found = []
    for place, row in enumerate(rows):
        num, right = len(row.options), row.right or 0
        turned = [row.options[(right - wanted[place] + at) % num] for at in range(num)]
        letters = [chr(ord("A") + at) for at in range(num)]
        options = dict(zip(letters, turned, strict=True))
        found.append(Key(options=options, answer=letters[wanted[place]], group=row.group))
    return found


def _question(row: ClipRow, key: Key, images: Path, rate: float, path: Path, *, there: bool) -> Question:
    names = _frames(row, images, rate, path, there=there)
    number = int(fingerprint(row.video), 16)
    first, *rest = names or ("",)
    begin = _place(first) if names else 0
    options = "\n".join(f"{letter}. {text}" for letter, text in key.options.items())
    return Question(
        id=row.id,
        scene_id=number,
        image=first,
        kind="conv",
        text=ASK.format(question=row.question.strip(), options=options),
        further=tuple(FurtherPicture(scene_id=number, image=name) for name in rest),
        times_s=tuple((_place(name) - begin) / rate for name in names),
    )


def _frames(row: ClipRow, images: Path, rate: float, path: Path, *, there: bool) -> list[str]:
    """Names of the frames that a row is about, relative to the folder; none for a plan where they are not here."""
    stem = row.video.rsplit(".", 1)[0] if re.search(r"\.\w{2,4}$", row.video) else row.video
    where = f"benchmark: {path}, question {row.id}"
    folder = inside(images, stem, where=where)
    found = sorted(
        (one for one in folder.glob("*") if one.suffix.lower() in SUFFIXES and re.search(r"\d+$", one.stem)),
        key=lambda one: (_place(one.name), one.name),
    )
    first = _place(found[0].name) if found else 0
    kept = [
        one
        for one in found
        if (row.start_s is None or (_place(one.name) - first) / rate >= row.start_s - 1e-6)
        and (row.end_s is None or (_place(one.name) - first) / rate <= row.end_s + 1e-6)
    ]
    if not kept and there:
        raise DataError(f"{where}: no frames of its video in {folder}; extract them: mkdir -p {folder} && ffmpeg -i "
                        f"{row.video} -vf fps={rate:g} {folder}/%05d.jpg")  # fmt: skip
    return [f"{stem}/{kept[at].name}" for at in chosen(len(kept), MOST_FRAMES)]


def _place(name: str) -> int:
    """The number at the end of a frame's name: 17 of ``00017.jpg``."""
    found = re.search(r"(\d+)\.\w+$", name)
    return int(found[1]) if found else 0

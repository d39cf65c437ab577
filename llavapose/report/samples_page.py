"""The page of generated samples, like the papers' Figure 1: picture with boxes and keypoints, context, three kinds.

All samples, to be searched and filtered, pictures of some. One static file: pictures, style and script lie inside, a
Content-Security-Policy forbids anything from elsewhere; a large set goes into several such files.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llavapose.errors import DataError
from llavapose.files import atomic_write
from llavapose.frames import MOST_FRAMES, chosen
from llavapose.kinds import KINDS
from llavapose.owner import Place
from llavapose.records import Sample, Scene
from llavapose.report.explorer import Explorer
from llavapose.report.markup import jpeg_uri, jpeg_within, legend, packed_data, rendered, script, script_data
from llavapose.report.room import PICTURES_BYTES
from llavapose.report.tables.makers import Maker, makers_of
from llavapose.samples import read_samples
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.draw import draw_scene
from llavapose.scenes.shown import as_picture, by_picture

PART_CHARS = 4_000_000
"""Characters of samples in a file: they stand there twice, once for browsers without scripts, beside the pictures."""
_PICTURE_PX = 480
"""Longer side of a picture, the most that the page's column shows."""
_FRAME_PX = 240
"""Longer side of a clip's frame: as wide as it is played; drawn without boxes, whose names would hide it."""
_PICTURE_BYTES = 60_000
"""Most of one picture, in address form: what a detailed photograph takes at this size."""


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What one file holds: samples, the texts that teachers saw and the drawn pictures, these by picture's name."""

    items: Sequence[Mapping[str, Any]]
    contexts: Mapping[str, str]
    pictures: Mapping[str, str]


def write_samples_page(
    samples: Path,
    scenes: SceneSet,
    folder: Path,
    *,
    context_of: Callable[[Scene, str], str],
    num_scenes: int = 30,
) -> Path:
    """Write ``folder/page/index.html``, and ``part-2.html`` and so on beside it where one file cannot hold all.

    Args:
        samples: JSONL file of samples.
        scenes: the scenes that they were made from.
        folder: folder of the page.
        context_of: (scene, parts) -> the text that the teacher saw (``teacher.context.context_text``).
        num_scenes: pictures that are drawn, by chance from those with most kinds of sample; theirs stand first.

    Returns:
        The page's path.

    Raises:
        DataError: the samples are bad, or none is about these scenes.
    """
    found = read_samples(samples, scenes.images)
    by_image: dict[str, list[Sample]] = defaultdict(list)
    for sample in found:
        by_image[sample.image].append(sample)
    shown = by_picture(scenes.scenes)
    known = {image: shown[image] for image in by_image if image in shown}
    if not known:
        raise DataError(f"{samples}: no sample is about a picture of {scenes.images}; expected the same set")
    drawn = _drawn(known, by_image, num_scenes)
    rest = [image for image in sorted(known, key=lambda one: known[one].id) if image not in drawn]
    order = [*drawn, *rest, *(image for image in by_image if image not in known)]
    contexts = {image: context_of(scene, _parts_seen(by_image[image])) for image, scene in known.items()}
    beside = {image for name in drawn for sample in by_image[name] for image in sample.images[1:]}
    further = [one for one in scenes.scenes if not one.frames and one.image in beside and one.image not in drawn]
    looked_at = [(picture, bool(known[image].frames), _parts_seen(by_image[image]))
                 for image in drawn for picture in _frames_of(known[image], by_image[image])]  # fmt: skip
    looked_at += [
        (one, False, _parts_seen(by_image[one.image]) if one.image in by_image else "keypoints") for one in further
    ]
    pictures = _pictures(looked_at, scenes.images)
    parts = _parts([sample for image in order for sample in by_image[image]], contexts, pictures)
    made = makers_of([Place(folder=samples.parent), Place(folder=folder)])
    return _write(folder / "page", parts, found, num_drawn=len(drawn), made=made)


def _drawn(known: Mapping[str, Scene], by_image: Mapping[str, Sequence[Sample]], num: int) -> list[str]:
    """Pictures to draw: by chance, those with most kinds first; in the order of their ids."""
    chosen = sorted(known, key=lambda image: known[image].id)
    random.Random(0).shuffle(chosen)
    chosen.sort(key=lambda image: -len({sample.kind for sample in by_image[image]}))
    return sorted(chosen[:num], key=lambda image: known[image].id)


def _shown(sample: Sample) -> tuple[int, ...]:
    """The places of a sample's pictures that the page shows: all, or of a clip's frames some."""
    num = len(sample.images)
    return chosen(num, MOST_FRAMES) if sample.times_s else tuple(range(num))


def _frames_of(scene: Scene, samples: Sequence[Sample]) -> list[Scene]:
    """The pictures to draw of a scene: itself, or those of its frames that samples show."""
    shown = {sample.images[place] for sample in samples for place in _shown(sample)}
    return [as_picture(scene, frame) for frame in scene.frames if frame.image in shown] or [scene]


def _parts_seen(samples: Sequence[Sample]) -> str:
    """What the teacher saw of a picture: "captions", "boxes" or "keypoints"."""
    return str(samples[0].provenance.get("context", "keypoints"))


def _pictures(scenes: Sequence[tuple[Scene, bool, str]], images: Path) -> dict[str, str]:
    """Name -> address of each picture, drawn with the parts of it that the teacher saw; whether it is a frame."""
    # All in one part at the worst: each gets its share of the room that a page has for pictures.
    room = min(_PICTURE_BYTES, PICTURES_BYTES // max(1, len(scenes))) * 3 // 4
    found = {}
    for scene, is_frame, parts in scenes:
        size, boxes = (_FRAME_PX, False) if is_frame else (_PICTURE_PX, parts != "captions")
        picture = draw_scene(scene, images, size=size, boxes=boxes, skeletons=parts == "keypoints")
        found[scene.image] = jpeg_uri(jpeg_within(picture, room))
    return found


def _parts(samples: Sequence[Sample], contexts: Mapping[str, str], pictures: Mapping[str, str]) -> list[_Part]:
    """Cut between pictures, so that each part has room."""
    cuts: list[list[Sample]] = [[]]
    size, last = 0, None
    for sample in samples:
        if sample.image != last:
            last = sample.image
            if size > PART_CHARS:
                cuts.append([])
                size = 0
            size += len(contexts.get(last, ""))
        size += sum(len(turn.text) for turn in sample.turns)
        cuts[-1].append(sample)
    return [
        _Part(
            items=[_item(sample) for sample in cut],
            contexts={name: contexts[name] for name in dict.fromkeys(one.image for one in cut) if name in contexts},
            pictures={name: pictures[name] for one in cut for name in one.images if name in pictures},
        )
        for cut in cuts
    ]


def _item(sample: Sample) -> dict[str, Any]:
    places = _shown(sample)
    return {
        "id": sample.id,
        "kind": sample.kind,
        "text": sample.turns[0].text,
        "picture": sample.image,
        **({"further": [sample.images[place] for place in places[1:]]} if len(places) > 1 else {}),
        **({"times": [sample.times_s[place] for place in places]} if sample.times_s else {}),
        "turns": [[turn.role, turn.text] for turn in sample.turns],
    }


def _write(
    folder: Path, parts: Sequence[_Part], samples: Sequence[Sample], *, num_drawn: int, made: Sequence[Maker]
) -> Path:
    names = ["index.html", *(f"part-{number}.html" for number in range(2, len(parts) + 1))]
    counts = Counter(sample.kind for sample in samples)
    for name, part in zip(names, parts, strict=True):
        html = rendered(
            "samples.html.j2",
            explorer=_explorer(part),
            script=script("frames.js", "answers.js", "explorer.js"),
            counts=[(kind.title, counts[kind.name]) for kind in KINDS.values()],
            num_samples=len(samples),
            num_pictures=len({image for sample in samples for image in sample.images or ("",)}),
            num_drawn=num_drawn,
            made_by=", ".join(sorted({_origin(sample) for sample in samples})),
            legend=legend(),
            names=names,
            name=name,
            made=made,
        )
        with atomic_write(folder / name) as stream:
            stream.write(html)
    for old in folder.glob("part-*.html"):
        if old.name not in names:
            old.unlink()
    return folder / names[0]


def _explorer(part: _Part) -> Explorer:
    kinds = [(name, kind.title) for name, kind in KINDS.items() if any(one["kind"] == name for one in part.items)]
    data = {
        "view": "samples",
        "noun": "samples",
        "nopicture": "This picture is not drawn here.",
        "noclip": "These frames are not drawn here.",
        "items": part.items,
        "contexts": part.contexts,
    }
    return Explorer(
        title="Samples",
        searched="questions, answers, what the teacher saw",
        filters=(
            ("kind", "Kind", [("", "all kinds"), *kinds]),
            ("drawn", "Pictures", [("", "all"), ("1", "drawn ones")]),
        ),
        items=part.items,
        data=packed_data(data),
        pictures=script_data(part.pictures),
    )


def _origin(sample: Sample) -> str:
    told = sample.provenance
    return f"teacher {told.get('teacher', 'unknown')}, context {told.get('context', 'unknown')}"

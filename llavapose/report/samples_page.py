"""The page of generated samples, like the papers' Figure 1: picture with boxes and keypoints, context, three kinds.

One static file: pictures and style lie inside, a Content-Security-Policy forbids anything from elsewhere.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from llavapose.errors import DataError
from llavapose.files import atomic_write
from llavapose.kinds import KINDS
from llavapose.records import Sample, Scene
from llavapose.report.markup import data_uri, legend, rendered
from llavapose.samples import read_samples
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.draw import draw_scene

_PICTURE_PX = 560
"""Longer side of a picture on the page."""


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """One scene on the page: ``picture`` is a data URI, ``samples`` come by kind."""

    scene: Scene
    picture: str
    context: str
    samples: dict[str, list[Sample]]


def write_samples_page(
    samples: Path,
    scenes: SceneSet,
    folder: Path,
    *,
    context_of: Callable[[Scene, str], str],
    num_scenes: int = 30,
) -> Path:
    """Write ``folder/page/index.html``.

    Args:
        samples: JSONL file of samples.
        scenes: the scenes that they were made from.
        folder: folder of the page.
        context_of: (scene, parts) -> the text that the teacher saw (``teacher.context.context_text``).
        num_scenes: pictures on the page, drawn by chance from those with most kinds of sample.

    Returns:
        The page's path.

    Raises:
        DataError: the samples are bad, or none is about these scenes.
    """
    found = read_samples(samples, scenes.images)
    by_image: dict[str, list[Sample]] = defaultdict(list)
    for sample in found:
        by_image[sample.image].append(sample)
    known = [scene for scene in scenes.scenes if scene.image in by_image]
    if not known:
        raise DataError(f"{samples}: no sample is about a picture of {scenes.images}; expected the same set")
    random.Random(0).shuffle(known)
    known.sort(key=lambda scene: -len({sample.kind for sample in by_image[scene.image]}))
    shown = sorted(known[:num_scenes], key=lambda scene: scene.id)
    exhibits = [_exhibit(scene, by_image[scene.image], scenes.images, context_of) for scene in shown]
    page = folder / "page" / "index.html"
    with atomic_write(page) as stream:
        stream.write(_render(exhibits, found))
    return page


def _exhibit(scene: Scene, samples: Sequence[Sample], images: Path, context_of: Callable[[Scene, str], str]) -> Exhibit:
    parts = str(samples[0].provenance.get("context", "keypoints"))
    return Exhibit(
        scene=scene,
        picture=data_uri(
            draw_scene(scene, images, size=_PICTURE_PX, boxes=parts != "captions", skeletons=parts == "keypoints")
        ),
        context=context_of(scene, parts),
        samples={kind: [sample for sample in samples if sample.kind == kind] for kind in KINDS},
    )


def _render(exhibits: Sequence[Exhibit], samples: Sequence[Sample]) -> str:
    counts = Counter(sample.kind for sample in samples)
    return rendered(
        "samples.html.j2",
        exhibits=exhibits,
        kinds={name: kind.title for name, kind in KINDS.items()},
        counts=[(kind.title, counts[kind.name]) for kind in KINDS.values()],
        num_samples=len(samples),
        num_pictures=len({sample.image for sample in samples}),
        made_by=", ".join(sorted({_origin(sample) for sample in samples})),
        legend=legend(),
    )


def _origin(sample: Sample) -> str:
    told = sample.provenance
    return f"teacher {told.get('teacher', 'unknown')}, context {told.get('context', 'unknown')}"

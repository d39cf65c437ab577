"""Clips: which pictures are frames of one, and of one video; shown or not, they lie on one side of a split.

A clip is told by a sample whose pictures have times: by all frames that it lists, and by ``scene`` and ``video`` of its
provenance where they are there.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from llavapose.data.index.groups import BETWEEN
from llavapose.records import Sample

_VIDEO, _SCENE = "//video/", "//scene/"
"""Before what is told of a clip beside its frames: no path below a folder begins so."""


def clip_key(sample: Sample) -> str:
    """A sample's clip as a text: its frames, its video, its scene; "" where its pictures are no frames."""
    if not sample.times_s:
        return ""
    video, scene = (sample.provenance.get(name) for name in ("video", "scene"))
    told = [f"{_VIDEO}{video}"] if isinstance(video, str) and video else []
    told += [f"{_SCENE}{scene}"] if isinstance(scene, int) else []
    return BETWEEN.join([*sample.images, *told])


def packed_clips(names: Sequence[str], keys: Collection[str]) -> Mapping[str, np.ndarray]:
    """The arrays of ``Groups`` that are of clips; none where there is no clip.

    Args:
        names: of all pictures, in alphabetical order.
        keys: of all clips.
    """
    if not keys:
        return {}
    clips = [key.split(BETWEEN) for key in keys]
    return {"group_clips": _firsts(names, clips), "group_scenes": _scenes(names, clips)}


def _firsts(names: Sequence[str], clips: Iterable[Sequence[str]]) -> np.ndarray:
    """int32[P]: the first picture of the same clip or video as each; clips that share a frame are one."""
    home: dict[str, str] = {}

    def root(name: str) -> str:
        while (above := home.setdefault(name, name)) != name:
            home[name] = home[above]
            name = above
        return name

    for parts in clips:
        first = root(parts[0])
        for other in parts[1:]:
            # Numbers of scenes may come again in another set.
            if not other.startswith(_SCENE):
                home[root(other)] = first
    seen = dict[str, int]()
    found = (seen.setdefault(root(name), at) if name in home else at for at, name in enumerate(names))
    return np.fromiter(found, dtype=np.int32, count=len(names))


def _scenes(names: Sequence[str], clips: Iterable[Sequence[str]]) -> np.ndarray:
    """int64[P]: the scene that each is a frame of; -1: no frame, -2: a frame whose scene is not told."""
    scenes = dict[str, int]()
    for parts in clips:
        told = next((int(part.removeprefix(_SCENE)) for part in parts if part.startswith(_SCENE)), -2)
        scenes |= {part: told for part in parts if not part.startswith(_VIDEO)}
    return np.fromiter((scenes.get(name, -1) for name in names), dtype=np.int64, count=len(names))

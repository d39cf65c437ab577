"""Which scene a sample's picture belongs to, and a frame as a picture that stands alone."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from llavapose.records import Frame, Scene


def by_picture(scenes: Iterable[Scene], name: Callable[[str], str] = str) -> dict[str, Scene]:
    """Picture -> its scene, of clips by any of their frames; where clips share a frame, the one that begins with it.

    Args:
        scenes: pictures and clips.
        name: what a path is found by.
    """
    found: dict[str, Scene] = {}
    listed = list(scenes)
    for scene in listed:
        found[name(scene.frames[0].image if scene.frames else scene.image)] = scene
    for scene in listed:
        for frame in scene.frames:
            found.setdefault(name(frame.image), scene)
    return found


def as_picture(scene: Scene, frame: Frame) -> Scene:
    """The frame as a picture that stands alone, with those who are seen in it."""
    people = tuple(person for person in frame.people if person is not None)
    return replace(scene, image=frame.image, people=people, things=(), frames=())

"""Clips of stick figures that move, and answerers of known character: who sees order, a bag of frames, nothing."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from benchmarks.people.moving import mirrored
from llavapose.config.choices import Control
from llavapose.evaluation.answerers.protocol import Likelihoods
from llavapose.pose.motion.vocabulary import OPPOSITES
from llavapose.records import Answer, Scene
from llavapose.scenes.coco import SceneSet
from tests.pose.motion.stick import ARM_UP, ELBOW_BENT, MOTIONS, _again, _pair, clip, scene_of

NUM_FRAMES = 20
KEYS = {
    **{name: (keys,) for name, keys in MOTIONS.items() if name not in ("keeps still", "turns")},
    "hand up three times": (_again(ARM_UP, 3, step_s=0.5),),
    "elbow bends twice": (_again(ELBOW_BENT, 2),),
    "one first": _pair([(0.4, {}), (1.0, ARM_UP)], [(1.6, {}), (2.2, ARM_UP)]),
}


def backwards(scene: Scene) -> Scene:
    """The same played backwards."""
    times = [frame.time_s for frame in scene.frames]
    return scene_of([replace(frame, time_s=time) for frame, time in zip(scene.frames[::-1], times, strict=True)])


def clips(num: int = 96) -> tuple[Scene, ...]:
    """``num`` clips: every motion in turn, as it is, mirrored, backwards, and both; each picture has its own name."""
    found = []
    names = sorted(KEYS)
    for number in range(num):
        scene = clip(*KEYS[names[number % len(names)]], num=NUM_FRAMES)
        way = number // len(names)
        scene = mirrored(scene) if way % 2 else scene
        scene = backwards(scene) if way // 2 % 2 else scene
        frames = tuple(
            replace(frame, image=f"{number:03d}/{place:02d}.jpg") for place, frame in enumerate(scene.frames)
        )
        found.append(replace(scene_of(frames), id=number + 1, video=f"clip {number}", split="val"))
    return tuple(found)


class Clips:
    """A benchmark that asks nothing and has clips, for the probe."""

    name = "clips"
    questions = ()

    def __init__(self, scenes: tuple[Scene, ...]) -> None:
        self.scenes = SceneSet(scenes=scenes, images=Path("clips"))


class Planted:
    """Weighs statements about clips by what it can see.

    Args:
        sees: "order": which way the frames go; "bag": which frames there are, in whatever order; "middle": the middle
            frame alone, so still facts; "nothing".
        frames: how many it is shown.
    """

    batch_size = 4
    controls = tuple(Control)

    def __init__(self, sees: str, frames: int = 8) -> None:
        self.sees, self.frames, self.asked = sees, frames, []

    def identity(self):
        return [self.sees, self.frames]

    def answers(self, questions, images, arm):
        """What it says of the middle of whatever it is shown: nothing."""
        for one in questions:
            yield Answer(question_id=one.id, arm=arm, text="")

    def likelihoods(self, items, images, shown: Mapping[int, tuple[str, ...]]):
        for item in items:
            self.asked.append((item, shown[item.scene_id]))
            believes = self.believes(item, shown[item.scene_id])
            # Who cannot tell holds the statement for true that comes first in the alphabet.
            right = item.true < item.flipped if believes is None else believes
            likely, not_likely = (-1.0, -1.0), (-2.0, -2.0)
            yield Likelihoods(true=likely if right else not_likely, flipped=not_likely if right else likely)

    def believes(self, item, seen: tuple[str, ...]) -> bool | None:
        """Whether the true statement, None: cannot tell."""
        own = bool(seen) and set(seen) <= set(item.images)
        still = item.kind not in OPPOSITES and item.kind != "repeats"
        if self.sees == "nothing" or not own or (self.sees == "middle" and not still):
            return None
        if still or self.sees == "bag":  # of a bag that says so by something else than order, such as the background
            return True if still or len(set(seen)) > 1 else None
        if list(seen) == sorted(seen):
            return True if len(set(seen)) > 1 else None
        if list(seen) == sorted(seen, reverse=True):
            return item.kind == "repeats"
        return None

"""Settings of the annotated pictures."""

from dataclasses import dataclass, field
from pathlib import Path

from omegaconf import MISSING

from llavapose.config.choices import Joints, SceneSource, Selected
from llavapose.config.values import not_a_seed

MOST_DRAWN = 1_000_000
"""Pictures of a split of the built-in world: the next split's ids begin behind them."""

FRAMES = (3, 64)
"""Least and most frames of a clip of the built-in world in motion."""


@dataclass(kw_only=True)
class SplitPaths:
    """The files of one split in COCO's format, relative to ``ScenesConfig.root``."""

    images: Path | None = None
    """Folder of the pictures."""
    keypoints: Path | None = None
    """``person_keypoints_*.json``."""
    instances: Path | None = None
    """``instances_*.json``; null: no objects but people."""
    captions: Path | None = None
    """``captions_*.json``; null: no captions."""
    results: Path | None = None
    """In place of ``keypoints``: what a pose estimator found in the pictures, in COCO's results format."""
    listed: Path | None = None
    """With ``results``: which image id is which file, a JSON with COCO's ``images`` or ``{id: name}``; null: the number
    at the end of a file's name is its id, as in COCO's."""
    heads: Path | None = None
    """MPII's head boxes, for PCKh: ``gt_valid.mat``, or a JSON list of x1, y1, x2, y2 in the order of ``keypoints``."""


@dataclass(kw_only=True)
class EstimatedConfig:
    """What counts of a pose estimator's results."""

    joint_score: float = 0.3
    """A joint with this score or more is labelled as visible, any other is not labelled. 0.3 is what MMPose draws from;
    no score tells whether a joint is hidden, so none is."""
    person_score: float = 0.3
    """People with a lower score are left out."""

    def problems(self) -> list[str]:
        """What is wrong with these values, one line each."""
        return [
            f"scenes.estimated.{key} is {getattr(self, key)}; expected 0 to 1"
            for key in ("joint_score", "person_score")
            if not 0 <= getattr(self, key) <= 1
        ]


@dataclass(kw_only=True)
class ScenesConfig:
    """Group ``scenes``: annotated pictures."""

    name: str = MISSING
    source: SceneSource = SceneSource.world
    root: Path = MISSING
    """Folder of the data set; for the built-in worlds, the folder they are drawn into."""
    download: str | None = None
    """Where the files can be had, for the message when they are missing."""
    train: SplitPaths = field(default_factory=SplitPaths)
    """Files of the training pictures (source coco)."""
    val: SplitPaths = field(default_factory=SplitPaths)
    """Files of the held-out pictures (source coco)."""
    num_train: int | None = None
    """Training pictures, or clips; null: all of the data set's (the built-in worlds need a number)."""
    num_val: int | None = None
    """Held-out pictures, or clips; null: all of the data set's (the built-in worlds need a number)."""
    image_size: int = 224
    """Side of the built-in worlds' square pictures, in pixels."""
    num_frames: int = 16
    """Frames of a scene (source motion): of a clip of 3 seconds, evenly apart."""
    seed: int = 0
    """Seed of the built-in worlds; no effect on other sources."""
    select: Selected = Selected.joints
    """Which training pictures qualify: any with a ``person`` (the papers'), or with enough labelled ``joints``."""
    min_labelled_joints: int = 0
    """With ``select=joints``: a training picture needs a person with this many labelled joints."""
    excluded_ids: Path | None = None
    """File of COCO image ids, one a line, that must stay out of training data; 2014 and 2017 share ids."""
    held_out: Path | None = None
    """Folder of frozen benchmarks (``*.jsonl``): by their ids, their pictures stay out of training data as well."""
    joints: Joints = Joints.coco17
    """Which joints ``keypoints`` has a place for. Instruction data is made of COCO's 17 alone; joints can be located
    whichever they are."""
    estimated: EstimatedConfig = field(default_factory=EstimatedConfig)
    """With ``train.results`` or ``val.results``: what counts of them."""

    @property
    def drawn(self) -> bool:
        """Whether the scenes are drawn on first use: they need no files."""
        return self.source in (SceneSource.world, SceneSource.motion)

    def problems(self) -> list[str]:
        """What is wrong with these values, one line each."""
        found = not_a_seed("scenes.", self.seed)
        found += _of_world(self) if self.drawn else _of_files(self)
        if not 0 <= self.min_labelled_joints <= 17:
            found.append(f"scenes.min_labelled_joints is {self.min_labelled_joints}; expected 0 to 17")
        return found


def _of_world(config: ScenesConfig) -> list[str]:
    found, what = [], "clips" if config.source == SceneSource.motion else "pictures"
    for key in ("num_train", "num_val"):
        value = getattr(config, key)
        if value is None or value < 1:
            found.append(f"scenes.{key} is {value}; the world needs a number of {what}, e.g. {key}=200")
        elif value > MOST_DRAWN:
            found.append(f"scenes.{key} is {value}; the world has at most {MOST_DRAWN:,} {what} of a split")
    if not 32 <= config.image_size <= 2048:
        found.append(f"scenes.image_size is {config.image_size}; expected 32 to 2048 pixels")
    least, most = FRAMES
    if config.source == SceneSource.motion and not least <= config.num_frames <= most:
        found.append(f"scenes.num_frames is {config.num_frames}; expected {least} to {most} frames a clip")
    return found


def _of_files(config: ScenesConfig) -> list[str]:
    found = config.estimated.problems()
    if config.train.images is None or (config.train.keypoints is None and config.train.results is None):
        found.append(
            "scenes.train needs `images` (a folder) and `keypoints` (person_keypoints_*.json), or `results` of a pose "
            "estimator"
        )
    for name, split in (("train", config.train), ("val", config.val)):
        if split.results is not None and split.keypoints is not None:
            found.append(
                f"scenes.{name} has `keypoints` and `results`; say scenes.{name}.keypoints=null, or no results"
            )
        if split.results is not None and (config.source != SceneSource.coco or config.joints != Joints.coco17):
            found.append(f"scenes.{name}.results are read with source=coco and joints=coco17 alone")
        if split.listed is not None and split.results is None:
            found.append(f"scenes.{name}.listed says which picture is which in `results`; set that too, or null")
    if (config.source == SceneSource.mpii) != (config.joints == Joints.mpii16):
        found.append(
            f"scenes.source={config.source} has not the joints {config.joints}; mpii has mpii16, and alone has"
        )
    return found

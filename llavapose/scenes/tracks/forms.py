"""What differs between sets of tracked people that are written as COCO files: joints, rate, who is labelled.

Credits: PoseTrack18 (Andriluka et al., CVPR 2018), PoseTrack21 (Doering et al., CVPR 2022; ``doc/dataset_structure.md``
of its repository), JHMDB (Jhuang et al., ICCV 2013) as mmpose merges it.
"""

from dataclasses import dataclass

from llavapose.pose.skeleton import COCO17


@dataclass(frozen=True, kw_only=True)
class Form:
    """One way to write tracked people.

    Attributes:
        name: as in the settings.
        joints: of the file, in its order, called as in a ``Skeleton``; where the file's category lists names of its
            own, those hold.
        never: joints that the file has a place for and nobody labelled.
        hidden: whether the file tells which joints are hidden: if not, every labelled one counts as visible.
        everyone: whether all people of a frame are labelled; if not, nobody counts them.
        fps: frames a second where neither file nor settings tell.
        every_s: seconds between two frames of a scene where the settings do not tell.
    """

    name: str
    joints: tuple[str, ...] = COCO17.joints
    never: frozenset[str] = frozenset()
    hidden: bool = True
    everyone: bool = True
    fps: float = 25.0
    every_s: float = 0.0

    @property
    def what(self) -> str:
        """How messages begin."""
        return f"tracks ({self.name})"


TRACKED = Form(name="tracked")
"""Any COCO file whose annotations have `track_id`. 25 frames a second is what most videos have, within a fifth."""

POSETRACK = Form(
    name="posetrack",
    joints=("nose", "head bottom", "head top", *COCO17.joints[3:]),
    # "Placeholders for compatibility with COCO", says PoseTrack21.
    never=frozenset({"left ear", "right ear"}),
    hidden=False,
    # Clips of five seconds have 101 to 149 frames: between 20 and 30 a second, and no file tells which.
    fps=25.0,
    # Every fourth frame is labelled, in the middle of a video all of them: so that no scene changes its pace.
    every_s=0.16,
)
"""PoseTrack18 and 21. A visibility of 1 says that a joint is labelled; regions to ignore hold people whom nobody
labelled, which count as crowds."""

JHMDB = Form(
    name="jhmdb",
    joints=(
        "neck", "belly", "head", "right shoulder", "left shoulder", "right hip", "left hip", "right elbow",
        "left elbow", "right knee", "left knee", "right wrist", "left wrist", "right ankle", "left ankle",
    ),
    hidden=False,
    # Only who acts is labelled.
    everyone=False,
    fps=30.0,
)  # fmt: skip
"""JHMDB: 15 joints, no visibility, clips of 15 to 40 frames at 30 a second."""

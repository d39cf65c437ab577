"""Which pictures each scene's items are shown with: its own, another scene's, its frames in another order, or none."""

from collections.abc import Sequence

from llavapose.config.choices import Control
from llavapose.evaluation.controls import FEWEST_ORDERED, Images, cycled, moved, spread
from llavapose.evaluation.probe.items import ProbeItem
from llavapose.pose.motion.vocabulary import GROUPS as MOTION_GROUPS

TRUE, SHUFFLED, NO_PICTURE = "true", Control.shuffled.value, Control.no_picture.value
"""The passes: what ``pictures`` says in the probe's rows and tables."""
FRAME_PASSES = tuple(one.value for one in Control if one.of_frames)
"""Those that show a clip's own frames in another order."""
PASSES = (TRUE, SHUFFLED, *FRAME_PASSES, NO_PICTURE)


def asked_in(which: str, items: Sequence[ProbeItem]) -> tuple[ProbeItem, ...]:
    """The items of a pass: where frames are moved, those about motion that are shown two or more.

    What is true in the middle of a clip does not hang on the order.
    """
    if which not in FRAME_PASSES:
        return tuple(items)
    return tuple(one for one in items if one.kind in MOTION_GROUPS and len(one.images) >= FEWEST_ORDERED)


def shown_in(which: str, items: Sequence[ProbeItem], seed: int) -> dict[int, Images]:
    """Scene id -> what is shown in one pass: a picture, or the frames in order; () where none is."""
    if which == NO_PICTURE:
        return {item.scene_id: () for item in items}
    if which in FRAME_PASSES:
        return {item.scene_id: moved(item.images, Control(which), item.scene_id) for item in items}
    return pictures_shown(items, shuffled=which == SHUFFLED, seed=seed)


def pictures_shown(items: Sequence[ProbeItem], *, shuffled: bool, seed: int) -> dict[int, Images]:
    """Scene id -> what is shown: its own, or with ``shuffled`` another scene's (one cycle, so never its own).

    As many frames as its own has; where the other has fewer, some twice.
    """
    own = {item.scene_id: item.images for item in items}
    if not shuffled:
        return own
    return {scene: spread(images, len(own[scene])) for scene, images in cycled(own, seed).items()}

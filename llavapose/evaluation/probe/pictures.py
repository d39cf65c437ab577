"""Which picture each scene's items are shown with: its own, another scene's, or none."""

from collections.abc import Sequence

from llavapose.evaluation.controls import NO_IMAGE, cycled
from llavapose.evaluation.probe.items import ProbeItem

TRUE, SHUFFLED, NO_PICTURE = "true", "shuffled", "no_picture"
"""The passes: what ``pictures`` says in the probe's rows and tables."""


def shown_in(which: str, items: Sequence[ProbeItem], seed: int) -> dict[int, str]:
    """Scene id -> image shown in one pass; "" where none is."""
    if which == NO_PICTURE:
        return {item.scene_id: NO_IMAGE for item in items}
    return pictures_shown(items, shuffled=which == SHUFFLED, seed=seed)


def pictures_shown(items: Sequence[ProbeItem], *, shuffled: bool, seed: int) -> dict[int, str]:
    """Scene id -> image shown: its own, or with ``shuffled`` that of another scene (one cycle, so never its own)."""
    own = {item.scene_id: item.image for item in items}
    return cycled(own, seed) if shuffled else own

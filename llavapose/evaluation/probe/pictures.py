"""Which picture each scene's items are shown with."""

from collections.abc import Sequence
from random import Random

from llavapose.evaluation.probe.items import ProbeItem


def pictures_shown(items: Sequence[ProbeItem], *, shuffled: bool, seed: int) -> dict[int, str]:
    """Scene id -> image shown: its own, or with ``shuffled`` that of another scene (one cycle, so never its own)."""
    own = {item.scene_id: item.image for item in items}
    if not shuffled:
        return own
    order = sorted(own)
    Random(seed).shuffle(order)
    return {scene: own[following] for scene, following in zip(order, order[1:] + order[:1], strict=True)}

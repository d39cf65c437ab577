"""Which picture each scene's items are shown with."""

from collections.abc import Sequence

from llavapose.evaluation.controls import cycled
from llavapose.evaluation.probe.items import ProbeItem


def pictures_shown(items: Sequence[ProbeItem], *, shuffled: bool, seed: int) -> dict[int, str]:
    """Scene id -> image shown: its own, or with ``shuffled`` that of another scene (one cycle, so never its own)."""
    own = {item.scene_id: item.image for item in items}
    return cycled(own, seed) if shuffled else own

"""The pose probe of an arm: every item with its own picture and, as controls, with another one and with none.

Of clips, facts about motion are asked with the frames in another order too (``pictures``).
"""

import logging
import math
from collections.abc import Iterator, Sequence
from typing import Any

from llavapose.errors import DataError
from llavapose.evaluation.answerers.protocol import (
    ChoosingAnswerer,
    Likelihoods,
    ProbedAnswerer,
)
from llavapose.evaluation.arm import Arm
from llavapose.evaluation.controls import NO_IMAGE, frames_of
from llavapose.evaluation.probe.items import ProbeItem, build_probe, item_row
from llavapose.evaluation.probe.pictures import FRAME_PASSES, NO_PICTURE, SHUFFLED, TRUE, asked_in, shown_in
from llavapose.evaluation.probe.rows import check_probes
from llavapose.evaluation.result_file import write_rows
from llavapose.files import fingerprint, read_jsonl

log = logging.getLogger(__name__)


def probe(arm: Arm) -> None:
    """Score every item with its own picture and, as controls, with another one and with none: ``probe/``."""
    config, scenes = arm.probe, arm.benchmark.scenes.scenes
    answerer = arm.answerer
    chooses = not isinstance(answerer, ProbedAnswerer) and isinstance(answerer, ChoosingAnswerer)
    num_items = config.num_asked if chooses else config.num_items
    if not config.enabled or not config.num_items:
        return
    if not (isinstance(answerer, ProbedAnswerer) or chooses) or not scenes or not num_items:
        why = "its answerer gives no likelihoods" if scenes else "its pictures have no annotations"
        if scenes and chooses:
            why = "probe.num_asked=200 asks an endpoint, two calls a pair and pass"
        log.info("%s: no probe, %s", arm.name, why)
        return
    chosen = sorted(scenes, key=lambda scene: scene.id)[: config.num_images]
    items = build_probe(chosen, config.seed, num_items=num_items, max_items_per_fact=config.max_items_per_fact)
    if not items:
        log.warning("%s: no probe, no fact of the %d held-out pictures has its opposite in another; more pictures are "
                    "needed (scenes.num_val)", arm.name, len(chosen))  # fmt: skip
        return
    if any(item.frames for item in items):  # else no checkpoint is opened for its number of frames
        items = tuple(item.with_chosen_frames(frames_of(answerer)) for item in items)
    asked = [item_row(item) for item in items]
    moved = [one for one in FRAME_PASSES if config.frame_controls is not False and asked_in(one, items)]
    passes = (TRUE, *[SHUFFLED] * config.shuffled, *moved, *[NO_PICTURE] * config.no_picture)
    made = fingerprint([answerer.identity(), asked, passes, config.seed])
    of_pass = {which: asked_in(which, items) for which in passes}
    pictures = [(which, item.scene_id) for which in passes for item in of_pass[which]]

    def rows_from(start: int) -> Iterator[dict[str, Any]]:
        for which in passes:
            left = of_pass[which][max(0, start) :]
            start -= len(of_pass[which])
            yield from _probe_rows(arm, of_pass[which], left, which)

    path = arm.out / "probe" / f"{arm.name}.jsonl"
    write_rows(path, made, pictures, rows_from, "pair")
    _say_unlike(arm)
    if chooses:
        rows = [row for _, row in read_jsonl(path, what="probe")]
        unanswered = sum(one is None for row in rows for one in row["chosen"])
        log.info("%s: %d of %d choices unanswered, neither right nor wrong", arm.name, unanswered, 2 * len(rows))


def _say_unlike(arm: Arm) -> None:
    """A line where the arms of a folder were not probed about the same facts, as after other settings for one."""
    try:
        check_probes(arm.out)
    except DataError as error:
        log.warning("%s; until then their skills are of other facts, and board=%s is refused", error, arm.out)


def _probe_rows(
    arm: Arm, items: Sequence[ProbeItem], left: Sequence[ProbeItem], which: str
) -> Iterator[dict[str, Any]]:
    """One pass, with the pictures that it shows, over those of the items that are left to score."""
    shown, answerer, images = shown_in(which, items, arm.probe.seed), arm.answerer, arm.benchmark.scenes.images
    if not left:
        return
    if isinstance(answerer, ProbedAnswerer):
        weighed = answerer.likelihoods(left, images, shown)
        scored = (_weighed(item, found, arm.name) for item, found in zip(left, weighed, strict=True))
    else:
        assert isinstance(answerer, ChoosingAnswerer), "checked before"
        chosen = answerer.choices(left, images, shown)
        scored = ({"chosen": [one.first, one.second], "right": one.right} for one in chosen)
    for item, found in zip(left, scored, strict=True):
        seen = shown[item.scene_id]
        # One name where one picture is shown, as in rows of before there were frames.
        picture = list(seen) if len(seen) > 1 else next(iter(seen), NO_IMAGE)
        yield {"arm": arm.name, "pictures": which, **item_row(item), "picture": picture, **found}


def _weighed(item: ProbeItem, found: Likelihoods, arm: str) -> dict[str, Any]:
    if not all(map(math.isfinite, (*found.true, *found.flipped))):
        raise DataError(
            f"probe: {arm} gives {item.true!r} a likelihood that is no number; its weights hold NaN, as "
            "after a training that diverged: train it anew with a lower optim.lr"
        )
    return {"loglik_true": list(found.true), "loglik_flipped": list(found.flipped)}

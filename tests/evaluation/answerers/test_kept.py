"""A picture that the probe shows again is not read again, and not a bit of any likelihood changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from PIL import Image

from llavapose.evaluation.answerers.checkpoint.answerer import CheckpointAnswerer
from llavapose.evaluation.answerers.checkpoint.generation import Prefix
from llavapose.evaluation.answerers.checkpoint.kept import KeptReads, content
from tests.evaluation.answerers.test_trie import ITEM

NUM = 4
ITEMS = [replace(ITEM, id=f"{number}", scene_id=number, image=f"{number:03}.png") for number in range(NUM)]
OWN = {number: (f"{number:03}.png",) for number in range(NUM)}
SHUFFLED = {number: (f"{(number + 1) % NUM:03}.png",) for number in range(NUM)}


def counted(tiny_base, most_bytes: int | None = None) -> tuple[CheckpointAnswerer, list[int]]:
    """An answerer, and the pictures that its vision encoder is given."""
    answerer = CheckpointAnswerer(tiny_base, device="cpu")
    if most_bytes is not None:
        answerer._reads = KeptReads(most_bytes)
    seen: list[int] = []
    answerer.model.model.vision_tower.register_forward_pre_hook(
        lambda module, args, kwargs: seen.append((kwargs.get("pixel_values", args[0] if args else None)).shape[0]),
        with_kwargs=True,
    )
    return answerer, seen


def weighed(answerer, images, shown, items=ITEMS):
    return list(answerer.likelihoods(items, images, shown))


def test_the_shuffled_control_reads_no_picture_again(tiny_base, tiny_pictures):
    keeping, seen = counted(tiny_base)
    anew, every = counted(tiny_base, most_bytes=0)
    for shown in (OWN, SHUFFLED):
        assert weighed(keeping, tiny_pictures, shown) == weighed(anew, tiny_pictures, shown)
    assert (sum(seen), sum(every)) == (NUM, 2 * NUM)
    assert keeping._reads.num_bytes > 0 and anew._reads.num_bytes == 0


def test_what_was_kept_before_changes_no_bit(tiny_base, tiny_pictures):
    """As of a run that is killed amid its second pass, and goes on with nothing kept."""
    whole, _ = counted(tiny_base)
    weighed(whole, tiny_pictures, OWN)
    expected = weighed(whole, tiny_pictures, SHUFFLED)
    later, _ = counted(tiny_base)
    assert weighed(later, tiny_pictures, SHUFFLED, ITEMS[2:]) == expected[2:]


def test_memory_is_bounded_and_what_is_kept_stays(tiny_base, tiny_pictures):
    probe, _ = counted(tiny_base)
    weighed(probe, tiny_pictures, OWN, ITEMS[:1])
    one = probe._reads.num_bytes
    answerer, seen = counted(tiny_base, most_bytes=2 * one + one // 2)
    first, second = weighed(answerer, tiny_pictures, OWN), weighed(answerer, tiny_pictures, OWN)
    assert first == second and answerer._reads.num_bytes == 2 * one
    assert sum(seen) == NUM + (NUM - 2), "two are kept, the others are read in each pass"


def test_another_picture_under_the_same_name_is_read(tiny_base, tmp_path):
    answerer, seen = counted(tiny_base)
    Image.new("RGB", (48, 32), "red").save(tmp_path / "000.png")
    before = weighed(answerer, tmp_path, OWN, ITEMS[:1])
    Image.new("RGB", (48, 32), "blue").save(tmp_path / "000.png")
    after = weighed(answerer, tmp_path, OWN, ITEMS[:1])
    assert sum(seen) == 2 and before != after


@pytest.mark.parametrize(
    "other",
    [
        Prefix(ids=(1, 2, 4), inputs={"pixel_values": torch.zeros(1, 3)}),
        Prefix(ids=(1, 2, 3), inputs={"pixel_values": torch.tensor([[0.0, 0.0, 1e-30]])}),
        Prefix(ids=(1, 2, 3), inputs={"pixel_values": torch.zeros(3, 1)}),
        Prefix(ids=(1, 2, 3), inputs={"other": torch.zeros(1, 3)}),
        Prefix(ids=(1, 2, 3), inputs={"pixel_values": torch.zeros(1, 3, dtype=torch.int32)}),
        Prefix(ids=(1, 2, 3)),
    ],
)
def test_prefixes_are_told_apart_by_all_that_they_hold(other):
    one = Prefix(ids=(1, 2, 3), inputs={"pixel_values": torch.zeros(1, 3)})
    assert content(one) == content(Prefix(ids=(1, 2, 3), inputs={"pixel_values": torch.zeros(1, 3)}))
    assert content(one) != content(other)

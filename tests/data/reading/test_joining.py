"""Groups of different sizes in one batch give each its own features."""

import pytest
import torch

from llavapose.data.reading.joining import join_inputs
from llavapose.data.reading.shown import Shown
from tests.data.reading.bases import NATIVE, Base, base, noise

GROUPS = (((64, 200),), ((40, 30), (130, 60)), ((210, 640),), ((64, 64), (64, 64), (30, 90)))


def states(one: Base, groups: list[Shown], inputs: dict[str, torch.Tensor]) -> list[torch.Tensor]:
    """Logits of each group's prefix in a batch of a row a group."""
    width = max(len(group.ids) for group in groups)
    ids = torch.zeros(len(groups), width, dtype=torch.long)
    mask, types = torch.zeros_like(ids), torch.zeros_like(ids)
    rope = torch.zeros(3, len(groups), width, dtype=torch.long)
    for row, group in enumerate(groups):
        num = len(group.ids)
        ids[row, :num], mask[row, :num] = torch.tensor(group.ids), 1
        types[row, :num] = 0 if group.blocks is None else group.blocks >= 0
        rope[:, row, :num] = torch.arange(num) if group.rope is None else group.rope
    told = {one.family.type_ids: types} if one.family.type_ids else {}
    told |= {"position_ids": rope} if one.family.grid_positions else {}
    with torch.no_grad():
        logits = one.model(input_ids=ids, attention_mask=mask, use_cache=False, **told, **inputs).logits
    return [logits[row, : len(group.ids)] for row, group in enumerate(groups)]


@pytest.mark.parametrize("name", NATIVE)
def test_joined_inputs_give_each_group_its_own_features(name):
    one = base(name)
    groups = [
        one.pictures.shown([noise(*size, seed=at + 7 * number) for at, size in enumerate(sizes)])
        for number, sizes in enumerate(GROUPS)
    ]
    inputs, rows = join_inputs(groups)
    for key, value in inputs.items():
        taken = rows.get(key, torch.ones(len(groups), dtype=torch.long))
        assert taken.tolist() == [len(group.inputs[key]) for group in groups] and int(taken.sum()) == len(value)
    together = states(one, groups, inputs)
    for group, found in zip(groups, together, strict=True):
        (alone,) = states(one, [group], group.inputs)
        torch.testing.assert_close(found, alone, atol=1e-5, rtol=0)
    # The other way round is something else: the test can see pictures.
    swapped, _ = join_inputs([groups[2], *groups[1:2], groups[0], groups[3]])
    try:
        other = states(one, groups, swapped)[0]
    except (ValueError, RuntimeError, IndexError):
        return  # as many placeholders as features: told by the model
    assert (other - together[0]).abs().max() > 1e-3


@pytest.mark.parametrize("name", ["smolvlm", "internvl", "qwen3_vl", "gemma3"])
def test_tiles_are_joined_without_padding(name):
    groups = [base(name).pictures.shown([noise(*size)]) for size in ((64, 200), (40, 30), (210, 640))]
    pixels = [group.inputs["pixel_values"] for group in groups]
    joined = join_inputs(groups)[0]["pixel_values"]
    assert joined.numel() == sum(one.numel() for one in pixels)
    assert name == "gemma3" or len({one.numel() for one in pixels}) > 1


def test_numbers_of_patches_count_on():
    def group(*indices: int, crops: int) -> Shown:
        inputs = {"pixel_values": torch.zeros(crops, 16, 3), "image_token_pooling": torch.tensor(indices)[:, None]}
        return Shown(ids=(1,), inputs=inputs, next_position=1, patch_indices="image_token_pooling")

    inputs, rows = join_inputs([group(0, 31, -1, crops=2), group(0, -1, crops=1), group(5, crops=1)])
    assert inputs["image_token_pooling"].flatten().tolist() == [0, 31, -1, 32, -1, 53]
    assert rows["image_token_pooling"].tolist() == [3, 2, 1] and rows["pixel_values"].tolist() == [2, 1, 1]


def test_smaller_ones_are_padded_behind():
    def group(rows: int, height: int) -> Shown:
        return Shown(ids=(1,), inputs={"pixel_values": torch.ones(rows, 3, height, 4)}, next_position=1)

    inputs, rows = join_inputs([group(1, 2), group(1, 5)])
    assert inputs["pixel_values"].shape == (2, 3, 5, 4) and rows == {}
    assert inputs["pixel_values"][0, :, :2].eq(1).all() and inputs["pixel_values"][0, :, 2:].eq(0).all()

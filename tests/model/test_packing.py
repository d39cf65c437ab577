"""Packed = unpacked, per token and in the gradients; and every way of getting it wrong is seen."""

from dataclasses import replace
from functools import partial

import pytest
import torch

from llavapose.data.conversation import Conversation, num_image_tokens
from llavapose.errors import LlavaPoseError
from llavapose.model.attention.alone import unpack
from llavapose.model.attention.mask import packed_mask
from llavapose.model.attention.proof import FLOOR, check_packing
from llavapose.model.batch import GROUP, IGNORE, PADDING, Batch
from llavapose.model.losses import sample_losses, token_losses
from tests.model.compared import packing_error
from tests.packed import pack

LAYOUTS = {  # rows -> picture groups -> samples; groups without a picture, in reading order
    "a picture a row": ([[(0, 1, 2, 3)], [(6,)], [(9, 8)]], set()),
    "several a row": ([[(0, 1, 2, 3), (6,)], [(9, 8)]], set()),
    "all in a row": ([[(6,), (9, 8), (0, 1, 2, 3)]], set()),
    "one without": ([[(0, 1, 2), (6,)], [(3,), (9, 8)]], {1}),
    "all without": ([[(0,), (1,), (2,), (3,), (6,)], [(9,), (8,)]], set(range(7))),
}


@pytest.fixture(scope="module", params=LAYOUTS)
def batch(request, processor, samples) -> Batch:
    """Three pictures with four, one and two branches, so that rows differ in length."""
    rows, without = LAYOUTS[request.param]
    conversation = Conversation(processor.tokenizer, num_image_tokens(processor))
    branches = [conversation.branch(sample, max_length=512) for sample in samples]
    drawn = list(torch.randn(7, 3, 42, 42, generator=torch.Generator().manual_seed(0)))
    groups = [group for row in rows for group in row]
    pictures = [None if number in without else drawn[number] for number in range(len(groups))]
    prefixes = (conversation.prefix, conversation.prefix_without_picture)
    return pack(*prefixes, rows, branches, pictures, step_weight=1, blank=torch.zeros(3, 42, 42))


@pytest.fixture(scope="module")
def crowded(processor, samples) -> Batch:
    """Two pictures in one row, the first with two samples."""
    conversation = Conversation(processor.tokenizer, num_image_tokens(processor))
    branches = [conversation.branch(sample, max_length=512) for sample in samples]
    pictures = list(torch.randn(2, 3, 42, 42, generator=torch.Generator().manual_seed(1)))
    prefixes = (conversation.prefix, conversation.prefix_without_picture)
    return pack(*prefixes, [[(0, 1), (9, 8)]], branches, pictures, step_weight=1, blank=pictures[0])


def losses_of(model, batch, mask=packed_mask):
    return token_losses(model, batch, mask(batch.segments))


def proof_of(model, batch, *, mask=packed_mask, scale=1.0, **settings):
    def losses(given):
        return losses_of(model, given, mask) * scale

    return check_packing(losses, batch, language=model.model.language_model, **settings)


def gradients(model, batch):
    model.zero_grad()
    losses_of(model, batch).sum().backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def test_groups_are_prefix_and_branches(batch):
    assert batch.num_samples == 7
    branches = 0
    for row in range(batch.segments.shape[0]):
        segments = batch.segments[row]
        for segment in (one for one in segments.unique().tolist() if one != PADDING):
            positions = batch.positions[row, segments == segment].tolist()
            start = 0 if segment % GROUP == 0 else int((segments == segment // GROUP * GROUP).sum())
            assert positions == list(range(start, start + len(positions)))
            branches += segment % GROUP > 0
    assert branches == 7
    assert batch.num_tokens == int((batch.segments != PADDING).sum()) <= batch.num_computed == batch.segments.numel()
    assert batch.num_targets == int((batch.targets != IGNORE).sum()) > 7


def test_every_picture_lies_with_its_tokens(batch, processor):
    image = batch.input_ids == processor.tokenizer.convert_tokens_to_ids("<image>")
    tokens = num_image_tokens(processor)
    assert int(image.sum()) == tokens * len(batch.pixel_values) == tokens * len(batch.picture_groups)
    for row, group in batch.picture_groups.tolist():
        assert int(image[row, batch.segments[row] == group * GROUP].sum()) == tokens


def test_a_batch_without_pictures_has_a_blank_one(processor, samples):
    conversation = Conversation(processor.tokenizer, num_image_tokens(processor))
    branches = [conversation.branch(sample, max_length=512) for sample in samples]
    prefixes = (conversation.prefix, conversation.prefix_without_picture)
    blank = torch.full((3, 42, 42), 0.5)
    found = pack(*prefixes, [[(0,)]], branches, [None], step_weight=1, blank=blank)
    assert torch.equal(found.pixel_values, blank[None]) and found.picture_groups.tolist() == [[1, 0]]
    assert (found.targets[1] == IGNORE).all() and found.num_samples == 1
    assert found.input_ids[1, : len(conversation.prefix)].tolist() == list(conversation.prefix)
    pictured = pack(*prefixes, [[(0,)], [(4,)]], branches, [None, blank], step_weight=1, blank=blank)
    assert len(pictured.pixel_values) == 1 and pictured.input_ids.shape[0] == 2


def test_mask_shows_prefix_and_own_branch_only():
    mask = packed_mask(torch.tensor([[0, 0, 1, 1, 2, PADDING]]))[0, 0]
    expected = ["100000", "110000", "111000", "111100", "110010", "000001"]
    assert ["".join(str(int(value)) for value in row) for row in mask] == expected


def test_mask_keeps_pictures_of_a_row_apart():
    mask = packed_mask(torch.tensor([[0, 1, 2, GROUP, GROUP, GROUP + 1, GROUP + 2, PADDING]]))[0, 0]
    expected = ["10000000", "11000000", "10100000", "00010000", "00011000", "00011100", "00011010", "00000001"]
    assert ["".join(str(int(value)) for value in row) for row in mask] == expected


def test_unpacked_rows_stand_alone(batch):
    alone = unpack(batch)
    blank = len(batch.pixel_values) == 1 and batch.num_samples == 7 and batch.targets[-1].eq(IGNORE).all()
    assert alone.input_ids.shape[0] == batch.num_samples + int(blank)
    assert int((alone.targets != IGNORE).sum()) == int((batch.targets != IGNORE).sum())
    for row in range(alone.input_ids.shape[0]):
        length = int((alone.segments[row] != PADDING).sum())
        assert alone.positions[row, :length].tolist() == list(range(length))


def test_packed_losses_are_those_of_a_plain_forward(llava, batch):
    """The reference is transformers' own causal forward of each sample alone: no mask, no positions of ours."""
    packed = losses_of(llava, batch)
    alone = unpack(batch)
    plain = []
    pictures = {row: number for number, (row, _) in enumerate(alone.picture_groups.tolist())}
    for row in range(alone.input_ids.shape[0]):
        length = int((alone.segments[row] != PADDING).sum())
        seen = alone.pixel_values[pictures[row]][None] if row in pictures else None
        logits = llava(input_ids=alone.input_ids[row : row + 1, :length], pixel_values=seen)
        targets = alone.targets[row, :length]
        loss = torch.nn.functional.cross_entropy(logits.logits[0], targets, ignore_index=IGNORE, reduction="none")
        plain.append(loss[targets != IGNORE])
    torch.testing.assert_close(packed, torch.cat(plain), atol=1e-5, rtol=0)


def test_packed_gradients_are_those_of_separate_samples(llava, batch):
    packed, alone = gradients(llava, batch), gradients(llava, unpack(batch))
    assert packed.keys() == alone.keys() and len(packed) > 30
    for name, value in packed.items():
        scale = max(1.0, float(alone[name].abs().max()))
        torch.testing.assert_close(value / scale, alone[name] / scale, atol=1e-5, rtol=0, msg=name)


def test_eager_attention_agrees(llava, batch):
    with torch.no_grad():
        sdpa = losses_of(llava, batch)
        llava.set_attn_implementation("eager")
        torch.testing.assert_close(losses_of(llava, batch), sdpa, atol=1e-5, rtol=0)


def test_padding_reaches_no_loss(llava, batch):
    noise = batch.input_ids.clone()
    noise[batch.segments == PADDING] = 7
    with torch.no_grad():
        torch.testing.assert_close(losses_of(llava, replace(batch, input_ids=noise)), losses_of(llava, batch))


def test_check_passes_and_reports(llava, batch):
    assert proof_of(llava, batch, tolerance=1e-4, backend="sdpa").losses.largest < 1e-4
    # Rounding explains next to nothing in float32: the floor holds.
    assert proof_of(llava, batch, backend="sdpa").losses.largest < FLOOR


def causal(segments):
    num_tokens = segments.shape[1]
    return torch.ones(num_tokens, num_tokens).tril().bool().expand(segments.shape[0], 1, -1, -1)


def leaking(segments):
    """A branch sees the branches before it."""
    return causal(segments) & (segments != PADDING)[:, None, None, :] | packed_mask(segments)


def blind(segments):
    """Restarted positions read as sequence boundaries: a branch sees itself, not the picture."""
    return packed_mask(segments) & (segments[:, None, :, None] == segments[:, None, None, :])


def neighbours(segments):
    """The pictures of a row see one another: a branch sees every prefix before it."""
    return packed_mask(segments) | causal(segments) & (segments % GROUP == 0)[:, None, None, :]


def first_prefix(segments):
    """Every branch of a row sees the first picture of it, as if there were one."""
    return packed_mask(torch.where(segments == PADDING, PADDING, segments % GROUP + (segments >= GROUP) * 100))


@pytest.mark.parametrize("wrong", [causal, leaking, blind, neighbours, first_prefix])
def test_check_sees_a_wrong_mask(llava, crowded, wrong):
    with pytest.raises(
        LlavaPoseError, match=r"packed losses differ from separate samples by .* set model\.packed_attention=dense"
    ):
        proof_of(
            llava,
            crowded,
            mask=wrong,
            tolerance=1e-3,
            backend="wrong",
        )


def test_where_the_dense_mask_fails_it_is_not_what_is_advised(llava, crowded):
    with pytest.raises(LlavaPoseError, match=r"^attention 'dense': packed losses differ .*; set data\.packing=none$"):
        proof_of(llava, crowded, mask=causal, tolerance=1e-3, backend="dense")


def test_check_sees_positions_that_run_on(llava, crowded):
    running = torch.arange(crowded.positions.shape[1]).expand_as(crowded.positions)
    mutated = replace(crowded, positions=running)
    assert packing_error(partial(losses_of, llava), mutated).largest > 1e-3


def test_check_sees_pictures_in_another_order(llava, crowded):
    def turned(batch: Batch) -> torch.Tensor:
        packed = batch.input_ids.shape == crowded.input_ids.shape
        return losses_of(llava, replace(batch, pixel_values=batch.pixel_values.flip(0)) if packed else batch)

    assert packing_error(turned, crowded).largest > 1e-3


def test_check_sees_nan(llava, batch):
    with pytest.raises(LlavaPoseError):
        proof_of(
            llava,
            batch,
            scale=float("nan"),
            tolerance=1e-3,
            backend="broken",
        )


def test_losses_by_sample(llava, batch):
    losses = losses_of(llava, batch).detach()
    found = sample_losses(losses, batch)
    assert sorted(found) == [0, 1, 2, 3, 6, 8, 9]
    assert sum(count for _, count in found.values()) == len(losses)
    assert sum(total for total, _ in found.values()) == pytest.approx(float(losses.double().sum()))

"""Packed = unpacked, per token and in the gradients; and every way of getting it wrong is seen."""

from dataclasses import replace
from functools import partial

import pytest
import torch

from llavapose.data.conversation import Conversation, num_image_tokens
from llavapose.data.pack import pack
from llavapose.errors import LlavaPoseError
from llavapose.model.attention import check_packing, packed_mask, packing_error, unpack
from llavapose.model.batch import IGNORE, PADDING, Batch
from llavapose.model.llava import sample_losses, token_losses


@pytest.fixture(scope="module")
def batch(processor, samples) -> Batch:
    """Three pictures with four, one and two branches, so that rows differ in length."""
    conversation = Conversation(processor.tokenizer, num_image_tokens(processor))
    branches = [conversation.branch(sample, max_length=512) for sample in samples]
    pictures = list(torch.randn(3, 3, 42, 42, generator=torch.Generator().manual_seed(0)))
    prefixes = (conversation.prefix, conversation.prefix_without_picture)
    rows = [[(0, 1, 2, 3)], [(6,)], [(9, 8)]]
    return pack(*prefixes, rows, branches, pictures, step_weight=1, blank=pictures[0])


def losses_of(model, batch, mask=packed_mask):
    return token_losses(model, batch, mask(batch.segments))


def gradients(model, batch):
    model.zero_grad()
    losses_of(model, batch).sum().backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def test_rows_are_prefix_and_branches(batch):
    assert batch.num_samples == 7
    assert batch.segments.unique().tolist() == [PADDING, 0, 1, 2, 3, 4]
    prefix = int((batch.segments[0] == 0).sum())
    for segment in (1, 2, 3, 4):
        positions = batch.positions[0, batch.segments[0] == segment].tolist()
        assert positions == list(range(prefix, prefix + len(positions)))
    assert batch.num_tokens == int((batch.segments != PADDING).sum()) < batch.segments.numel()


def test_mask_shows_prefix_and_own_branch_only():
    mask = packed_mask(torch.tensor([[0, 0, 1, 1, 2, PADDING]]))[0, 0]
    expected = ["100000", "110000", "111000", "111100", "110010", "000001"]
    assert ["".join(str(int(value)) for value in row) for row in mask] == expected


def test_unpacked_rows_stand_alone(batch):
    alone = unpack(batch)
    assert alone.input_ids.shape[0] == batch.num_samples
    assert int((alone.targets != IGNORE).sum()) == int((batch.targets != IGNORE).sum())
    for row in range(alone.input_ids.shape[0]):
        length = int((alone.segments[row] != PADDING).sum())
        assert alone.positions[row, :length].tolist() == list(range(length))


def test_packed_losses_are_those_of_a_plain_forward(llava, batch):
    """The reference is transformers' own causal forward of each sample alone: no mask, no positions of ours."""
    packed = losses_of(llava, batch)
    alone = unpack(batch)
    plain = []
    for row in range(alone.input_ids.shape[0]):
        length = int((alone.segments[row] != PADDING).sum())
        logits = llava(
            input_ids=alone.input_ids[row : row + 1, :length], pixel_values=alone.pixel_values[row : row + 1]
        )
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
    assert check_packing(partial(losses_of, llava), batch, tolerance=1e-4, backend="sdpa") < 1e-4


def causal(segments):
    num_tokens = segments.shape[1]
    return torch.ones(num_tokens, num_tokens).tril().bool().expand(segments.shape[0], 1, -1, -1)


def leaking(segments):
    """A branch sees the branches before it."""
    return causal(segments) & (segments != PADDING)[:, None, None, :] | packed_mask(segments)


def blind(segments):
    """Restarted positions read as sequence boundaries: a branch sees itself, not the picture."""
    return packed_mask(segments) & (segments[:, None, :, None] == segments[:, None, None, :])


@pytest.mark.parametrize("wrong", [causal, leaking, blind])
def test_check_sees_a_wrong_mask(llava, batch, wrong):
    with pytest.raises(LlavaPoseError, match=r"packed losses differ from separate samples by .* set model\.attention"):
        check_packing(partial(losses_of, llava, mask=wrong), batch, tolerance=1e-3, backend="wrong")


def test_check_sees_positions_that_run_on(llava, batch):
    running = torch.arange(batch.positions.shape[1]).expand_as(batch.positions)
    mutated = replace(batch, positions=running)
    assert packing_error(partial(losses_of, llava), mutated) > 1e-3


def test_check_sees_nan(llava, batch):
    with pytest.raises(LlavaPoseError):
        check_packing(lambda b: losses_of(llava, b) * float("nan"), batch, tolerance=1e-3, backend="broken")


def test_losses_by_sample(llava, batch):
    losses = losses_of(llava, batch).detach()
    found = sample_losses(losses, batch)
    assert sorted(found) == [0, 1, 2, 3, 6, 8, 9]
    assert sum(count for _, count in found.values()) == len(losses)
    assert sum(total for total, _ in found.values()) == pytest.approx(float(losses.double().sum()))

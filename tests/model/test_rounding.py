"""The packing check in bfloat16: as strict as rounding allows, on a model as deep as those that are trained."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
import torch
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

from llavapose.data.conversation import Conversation, num_image_tokens
from llavapose.errors import LlavaPoseError
from llavapose.model.attention.alone import unpack
from llavapose.model.attention.mask import packed_mask
from llavapose.model.attention.proof import check_packing, differences
from llavapose.model.batch import Batch
from tests.conftest import IMAGE_SIZE, PATCH_SIZE
from tests.model.compared import packing_error, rounding_noise
from tests.model.test_packing import blind, causal, leaking, losses_of, neighbours, proof_of
from tests.packed import pack


def deep_llava(processor) -> LlavaForConditionalGeneration:
    """32 layers, 64 wide; weights large enough for attention to look somewhere, as that of a trained model does."""
    torch.manual_seed(0)
    size = {"hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 4}
    text = LlamaConfig(
        **size, num_hidden_layers=32, vocab_size=len(processor.tokenizer), initializer_range=0.1, pad_token_id=0
    )
    vision = CLIPVisionConfig(**size, num_hidden_layers=2, image_size=IMAGE_SIZE, patch_size=PATCH_SIZE)
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=processor.tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=num_image_tokens(processor),
        vision_feature_layer=-1,
    )
    return LlavaForConditionalGeneration(config).eval()


@pytest.fixture(scope="module")
def deep(processor) -> LlavaForConditionalGeneration:
    return deep_llava(processor).to(torch.bfloat16)


@pytest.fixture(scope="module")
def batch(processor, samples) -> Batch:
    conversation = Conversation(processor.tokenizer, num_image_tokens(processor))
    branches = [conversation.branch(sample, max_length=512) for sample in samples]
    pictures = list(torch.randn(3, 3, IMAGE_SIZE, IMAGE_SIZE, generator=torch.Generator().manual_seed(0)))
    prefixes = (conversation.prefix, conversation.prefix_without_picture)
    rows = [[(0, 1, 2, 3), (6,)], [(9, 8)]]
    return pack(*prefixes, rows, branches, pictures, step_weight=1, blank=pictures[0])


def test_what_rounding_does_is_the_distance_to_float32(deep, batch, processor):
    noise = rounding_noise(partial(losses_of, deep), batch)
    with torch.no_grad():
        exact = deep_llava(processor)
        exact.load_state_dict(deep.state_dict())
        distance = differences(losses_of(deep, unpack(batch)), losses_of(exact, unpack(batch)))
    assert 0.5 < noise.typical / distance.typical < 2 and noise.typical > 1e-3
    # And what is exact moves by nothing.
    assert rounding_noise(partial(losses_of, exact), batch).largest < 1e-4


def test_packing_passes(deep, batch):
    error = proof_of(deep, batch, backend="sdpa")
    assert error.losses.within(rounding_noise(partial(losses_of, deep), batch))


@pytest.mark.parametrize("wrong", [causal, leaking, blind, neighbours])
def test_a_wrong_mask_is_seen(deep, batch, wrong):
    with pytest.raises(LlavaPoseError, match=r"attention 'wrong': packed losses differ from separate samples by"):
        proof_of(deep, batch, mask=wrong, backend="wrong")


def test_positions_that_run_on_are_seen(deep, batch):
    packed = batch.input_ids.shape

    def run_on(one: Batch) -> torch.Tensor:
        running = torch.arange(one.positions.shape[1]).expand_as(one.positions)
        return losses_of(deep, replace(one, positions=running) if one.input_ids.shape == packed else one)

    with pytest.raises(LlavaPoseError):
        check_packing(run_on, batch, language=deep.model.language_model, backend="wrong")


def test_a_leak_into_one_branch_is_seen(deep, batch):
    """One branch of seven sees its neighbour: typical differences are small, the largest is not."""

    def one_leak(segments: torch.Tensor) -> torch.Tensor:
        mask = packed_mask(segments)
        if segments.max() > 0:
            sees, seen = (segments[0] == 2).nonzero().flatten(), (segments[0] == 1).nonzero().flatten()
            mask[0, 0, sees[:, None], seen[None, :]] = True
        return mask

    right = packing_error(partial(losses_of, deep), batch)
    wrong = packing_error(partial(losses_of, deep, mask=one_leak), batch)
    assert wrong.largest > 5 * right.largest
    with pytest.raises(LlavaPoseError):
        proof_of(deep, batch, mask=one_leak, backend="wrong")

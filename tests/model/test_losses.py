"""What learns, and losses at supervised positions alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from llavapose.config.choices import LossMean
from llavapose.data.conversation import Conversation, num_image_tokens
from llavapose.data.plan.weights import sample_weights
from llavapose.model.attention.mask import packed_mask
from llavapose.model.batch import IGNORE
from llavapose.model.losses import token_losses, token_weights
from llavapose.model.parts import count_parameters, freeze_unused, freeze_vision
from tests.packed import pack


@pytest.fixture(scope="module")
def batch(processor, samples):
    conversation = Conversation(processor.tokenizer, num_image_tokens(processor))
    branches = [conversation.branch(sample, max_length=512) for sample in samples]
    pictures = [torch.zeros(3, 42, 42), torch.ones(3, 42, 42)]
    prefixes = (conversation.prefix, conversation.prefix_without_picture)
    return pack(*prefixes, [[(0, 1)], [(4, 5, 6)]], branches, pictures, step_weight=1, blank=pictures[0])


def test_losses_at_supervised_positions_are_those_of_all_logits(llava, batch):
    mask = packed_mask(batch.segments)
    with torch.no_grad():
        chosen = token_losses(llava, batch, mask)
        logits = llava(
            input_ids=batch.input_ids,
            pixel_values=batch.pixel_values,
            attention_mask=mask,
            position_ids=batch.positions,
            use_cache=False,
        ).logits
        every = F.cross_entropy(logits.transpose(1, 2), batch.targets, ignore_index=IGNORE, reduction="none")
    torch.testing.assert_close(chosen, every[batch.targets != IGNORE], atol=1e-6, rtol=0)
    assert len(chosen) == int((batch.targets != IGNORE).sum()) < 0.6 * batch.num_tokens


@pytest.mark.parametrize("mean", [LossMean.token, LossMean.sqrt, LossMean.sample])
def test_a_sample_weighs_what_the_plan_counts_on(batch, mean):
    weights = token_weights(batch, mean.power)
    owner = batch.sample_index[batch.targets != IGNORE]
    for sample in owner.unique():
        mine = weights[owner == sample]
        assert float(mine.sum()) == pytest.approx(float(sample_weights(np.array([len(mine)]), mean)[0]), rel=1e-5)
        assert (mine == mine[0]).all()


def test_freezing_leaves_connector_and_language_model(llava, batch):
    freeze_vision(llava)
    token_losses(llava, batch, packed_mask(batch.segments)).sum().backward()
    for name, parameter in llava.named_parameters():
        assert (parameter.grad is None) is name.startswith("model.vision_tower."), name
    total, trainable = count_parameters(llava.parameters())
    assert total - trainable == sum(p.numel() for p in llava.model.vision_tower.parameters())


@pytest.mark.parametrize("layer", [-1, -2, 1])
def test_every_parameter_that_learns_gets_a_gradient(llava, batch, layer):
    llava.config.vision_feature_layer = layer
    freeze_unused(llava)
    token_losses(llava, batch, packed_mask(batch.segments)).sum().backward()
    unused = {name for name, p in llava.named_parameters() if not p.requires_grad}
    assert unused == {name for name, p in llava.named_parameters() if p.grad is None}
    assert any("layers.1." in name for name in unused) is (layer != -1)


def test_the_picture_reaches_every_answer(llava, batch):
    with torch.no_grad():
        mask = packed_mask(batch.segments)
        seen = token_losses(llava, batch, mask)
        batch.pixel_values, kept = batch.pixel_values.flip(0), batch.pixel_values
        other = token_losses(llava, batch, mask)
        batch.pixel_values = kept
    assert ((seen - other).abs() > 1e-6).all()

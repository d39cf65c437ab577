"""A batch with several pictures in a row, and the models that the self-test is tried on."""

from __future__ import annotations

import pytest
import torch

from llavapose.data.conversation import Conversation, num_image_tokens
from llavapose.model.batch import Batch
from tests.conftest import IMAGE_SIZE, make_llava
from tests.model.test_rounding import deep_llava
from tests.packed import pack


@pytest.fixture(scope="session")
def crowded(processor, samples) -> Batch:
    """Three rows: two pictures with four samples and one; one with two, then a sample without; one with padding."""
    return crowded_batch(processor, samples)


def crowded_batch(processor, samples) -> Batch:
    conversation = Conversation(processor.tokenizer, num_image_tokens(processor))
    branches = [conversation.branch(sample, max_length=512) for sample in samples]
    pictures = list(torch.randn(4, 3, IMAGE_SIZE, IMAGE_SIZE, generator=torch.Generator().manual_seed(0)))
    prefixes = (conversation.prefix, conversation.prefix_without_picture)
    rows = [[(0, 1, 2, 3), (6,)], [(9, 8), (5,)], [(7,)]]
    given = [pictures[0], pictures[1], pictures[2], None, pictures[3]]
    return pack(*prefixes, rows, branches, given, step_weight=1, blank=pictures[0])


@pytest.fixture
def llava(processor):
    """Two layers, float32; a new one for every test."""
    return make_llava(processor).eval()


@pytest.fixture(scope="session")
def _deep_state(processor):
    return deep_llava(processor).state_dict()


@pytest.fixture
def deep(processor, _deep_state):
    """32 layers in bfloat16."""
    model = deep_llava(processor)
    model.load_state_dict(_deep_state)
    return model.to(torch.bfloat16)

"""The forecast against bytes that tiny models hold on this machine; all sizes: ``python -m benchmarks.memory``."""

import pytest

from benchmarks.llavas import SIZES, random_batch, rows_of, tiny_config
from benchmarks.memory import (
    TOLERANCE,
    activation_lines,
    bytes_of,
    kept_by_autograd,
    lines_of_ranks,
    single_lines,
)
from llavapose.model.attention.mask import packed_mask
from llavapose.training.forecast.activations import batch_bytes, logit_activations, mask_bytes
from llavapose.training.forecast.shapes import shapes_of


@pytest.fixture(scope="module")
def config():
    return tiny_config(SIZES["small"])


def test_states_of_one_process(config):
    lines = single_lines(config)
    assert {line.what.partition(",")[0] for line in lines} == {"parameters", "gradients", "optimizer"}
    assert all(line.measured and abs(line.error) < TOLERANCE for line in lines), lines


def test_activations_kept_and_computed_again(config):
    lines = list(activation_lines(config))
    assert len(lines) == 11
    assert all(line.measured and abs(line.error) < TOLERANCE for line in lines), lines


def test_mask_logits_and_batch(config):
    shapes = shapes_of(config.to_dict(), where="test")
    batch = random_batch(shapes, rows=3, branches=[30, 20], prefix=25)
    rows = rows_of(batch)
    assert mask_bytes(rows) == bytes_of([packed_mask(batch.segments)])
    tables = [batch.input_ids, batch.positions, batch.segments, batch.targets, batch.sample_index, batch.pixel_values]
    assert batch_bytes(shapes, rows) == bytes_of(tables)
    assert logit_activations(shapes, rows) == 4 * int((batch.targets != -100).sum()) * config.text_config.vocab_size


def test_a_frozen_vision_encoder_keeps_nothing(config):
    """Checkpointing lets gradients into the embeddings, those of patches too, unless it is told not to."""
    from benchmarks.memory import built
    from llavapose.training.forecast.setup import Setup

    shapes = shapes_of(config.to_dict(), where="test")
    batch = random_batch(shapes, rows=3, branches=[30], prefix=25)
    model = built(config, Setup(checkpointing=True))
    kept = kept_by_autograd(model, batch, autocast=False)
    model.enable_input_require_grads()
    assert kept_by_autograd(model, batch, autocast=False) > kept + (shapes.picture.encoded - 1) * 3 * 64 * 4


@pytest.mark.long
def test_states_of_two_processes_under_every_strategy():
    lines = lines_of_ranks(["small"])["small"]
    assert len(lines) == 16
    assert all(line.measured and abs(line.error) < TOLERANCE for line in lines), lines

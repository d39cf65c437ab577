"""What 7B and 13B hold, by what was worked out for them by hand, and how strategies share it out."""

from dataclasses import replace

import pytest

from llavapose.config.choices import AdapterType
from llavapose.training.forecast.setup import Engine, Setup, weights_of
from llavapose.training.forecast.shapes import read_shapes
from llavapose.training.forecast.states import Phase, checkpoint_bytes, state_parts

GIB = 2**30
SEVEN, THIRTEEN = read_shapes("llava-hf/llava-1.5-7b-hf"), read_shapes("llava-hf/llava-1.5-13b-hf")
ZERO3 = Setup(
    engine=Engine.zero3, ranks=2, ranks_a_node=2, weight_bytes=2, frozen_bytes=2, compute_bytes=2, masters=True,
    sharded_loading=True, loading_bytes=2,
)  # fmt: skip


def step(shapes, setup):
    """GiB of a step, before buckets and context."""
    return sum(part.gpu for part in state_parts(shapes, setup) if Phase.step in part.phase) / GIB


def part(name, shapes, setup):
    return next(one for one in state_parts(shapes, setup) if one.name == name)


@pytest.mark.parametrize(("sub_group", "gib"), [(10**12, 75.8), (10**9, 58.1)])
def test_7b_on_two_cards_by_sub_group(sub_group, gib):
    assert step(SEVEN, replace(ZERO3, sub_group=sub_group)) == pytest.approx(gib, rel=0.02)


def test_13b_on_two_cards_has_105_gb_of_states():
    names = ("parameters", "gradients", "optimizer")
    assert sum(part(name, THIRTEEN, ZERO3).gpu for name in names) / 1e9 == pytest.approx(105, rel=0.01)


def test_a_checkpoint_of_7b_is_95_gb():
    assert checkpoint_bytes(SEVEN, ZERO3) / 1e9 == pytest.approx(95, rel=0.01)
    assert checkpoint_bytes(SEVEN, replace(ZERO3, ranks=16)) == checkpoint_bytes(SEVEN, ZERO3)


def test_beside_an_adapter_a_checkpoint_holds_what_is_trained():
    setup = Setup(adapter=AdapterType.lora, adapter_rank=128)
    assert checkpoint_bytes(SEVEN, setup) == 12 * weights_of(SEVEN, setup).trained < 5e9


def test_float32_in_one_process_is_16_bytes_a_trained_weight():
    weights = weights_of(SEVEN, Setup())
    held = [part(name, SEVEN, Setup()).gpu for name in ("parameters", "gradients", "optimizer")]
    assert sum(held) == 16 * weights.trained + 4 * weights.frozen


def test_each_strategy_shares_what_it_says():
    two, four = replace(ZERO3, ranks=2), replace(ZERO3, ranks=4)
    for name in ("parameters", "gradients", "optimizer"):
        assert part(name, SEVEN, four).gpu * 2 == part(name, SEVEN, two).gpu
    zero2 = replace(ZERO3, engine=Engine.zero2)
    assert part("parameters", SEVEN, zero2).gpu == 2 * SEVEN.total
    assert part("optimizer", SEVEN, zero2).gpu == part("optimizer", SEVEN, ZERO3).gpu
    whole = [part("optimizer", SEVEN, Setup(ranks=ranks, ddp=True)).gpu for ranks in (2, 4)]
    assert whole[0] == whole[1]
    shards = Setup(engine=Engine.fsdp2, ranks=2, compute_bytes=2)
    assert part("parameters", SEVEN, shards).gpu == 4 * SEVEN.total / 2


def test_offload_moves_states_to_the_host():
    offloaded = replace(ZERO3, offload_optimizer=True, offload_parameters=True)
    assert step(SEVEN, offloaded) == 0
    moved = sum(one.host for one in state_parts(SEVEN, offloaded))
    assert moved == pytest.approx(step(SEVEN, ZERO3) * GIB)


def test_adapters_learn_little_and_4_bits_weigh_little():
    lora = Setup(adapter=AdapterType.lora, adapter_rank=128, frozen_bytes=2, compute_bytes=2)
    # 319.8 M low-rank weights: rank 128 beside all seven matrices of 32 layers.
    assert weights_of(SEVEN, lora).trained == pytest.approx(319.8e6 + SEVEN.connector, rel=1e-3)
    halves = replace(lora, adapter_targets=("q_proj", "v_proj"))
    assert weights_of(SEVEN, halves).trained - SEVEN.connector == 128 * 32 * 4 * 4096
    half, four_bits = (part("parameters", SEVEN, s).gpu for s in (lora, replace(lora, adapter=AdapterType.qlora)))
    hidden = SEVEN.text.layers * SEVEN.text_layer_matrices
    assert half - four_bits == pytest.approx(1.482 * hidden, rel=0.01)


def test_what_learns_of_a_vision_encoder_that_is_not_frozen():
    weights = weights_of(SEVEN, Setup(freeze_vision=False))
    # The layer that no feature passes through, and the last norm.
    assert weights.frozen == SEVEN.vision_layer + 2 * 1024
    linear = weights_of(SEVEN, Setup(linear_connector=True))
    assert weights_of(SEVEN, Setup()).trained - linear.trained == 4096 * 4097

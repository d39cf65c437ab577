"""The encoder's share of a step, by hand for the 7B."""

import pytest

from benchmarks.features import LENGTHS, counts, vision_share
from llavapose.training.forecast.shapes import read_shapes


def test_the_share_of_the_7b_is_what_a_hand_counts() -> None:
    shapes = read_shapes("llava-hf/llava-1.5-7b-hf")
    tokens = 576 + 36 + sum(LENGTHS["7B"])
    vision = 23 * (2 * 12.6e6 * 577 + 4 * 577**2 * 1024)
    language = 8 * 32 * 202.4e6 * tokens + 16 * 32 * tokens**2 * 4096
    found = vision_share(shapes, LENGTHS["7B"], shared=True, checkpointing=True)
    assert found == pytest.approx(vision / (language + vision), rel=0.05)
    assert found < vision_share(shapes, LENGTHS["7B"], shared=False, checkpointing=True)


def test_the_table() -> None:
    told = "\n".join(counts())
    assert "| 7B | a picture's samples share it | 0.4% |" in told and "53 GB" in told

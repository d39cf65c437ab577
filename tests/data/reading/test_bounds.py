"""``model.max_pixels`` bounds what a picture is shown with, where a processor has something for it."""

import copy

import pytest

from llavapose.data.reading.bounds import bound_pixels
from llavapose.errors import ConfigError
from llavapose.families.known import LLAVA
from tests.conftest import make_processor
from tests.data.reading.bases import base, noise

LARGE = (210, 640)
"""Three times as wide as high: what is cut in tiles takes three of them."""


@pytest.mark.parametrize(
    ("name", "bound", "least"),
    [
        ("qwen2_vl", 4_000, 784),
        ("qwen3_vl", 4_000, 784),
        ("internvl", 1_568, 784),
        ("smolvlm", 784, 1),
        ("mistral3", 1_000, 49),
        ("llava_onevision", 784, 784),
    ],
)
def test_a_bound_shows_fewer_tokens_and_no_more_pixels(name, bound, least):
    one = base(name)
    processor = copy.deepcopy(one.processor)
    bound_pixels(processor, one.family, bound)
    bounded = one.read(processor)
    found, whole = bounded.shown([noise(*LARGE)]), one.pictures.shown([noise(*LARGE)])
    assert len(found.ids) < len(whole.ids)
    assert bounded.num_tokens([LARGE]) == len(found.ids)
    small = (20, 24)
    if name != "smolvlm":  # it enlarges what is smaller than its longest side
        assert bounded.num_tokens([small]) == one.pictures.num_tokens([small])
    if name.startswith("qwen"):
        time, rows, columns = found.inputs["image_grid_thw"][0].tolist()
        patch = processor.image_processor.patch_size
        assert time * rows * columns * patch**2 <= bound
    if least > 1:
        with pytest.raises(ConfigError, match=rf"model\.max_pixels is {least - 1}.*expected at least {least}"):
            bound_pixels(copy.deepcopy(one.processor), one.family, least - 1)


def test_a_bound_above_the_processor_s_own_changes_nothing():
    one = base("qwen3_vl")
    processor = copy.deepcopy(one.processor)
    bound_pixels(processor, one.family, 10**9)
    assert processor.image_processor.size == one.processor.image_processor.size


@pytest.mark.parametrize("name", ["gemma3", "janus"])
def test_where_nothing_reads_it_it_is_refused(name):
    with pytest.raises(ConfigError, match=r"model\.max_pixels is 1000, and \w+ shows every picture at one size"):
        bound_pixels(base(name).processor, base(name).family, 1000)
    with pytest.raises(ConfigError, match="llava shows every picture at one size"):
        bound_pixels(make_processor(), LLAVA, 1000)
    bound_pixels(make_processor(), LLAVA, None)

"""What a model is shown of pictures: the processor's own tokens, counts without pixels, positions, blocks."""

import random
from dataclasses import replace

import pytest
import torch
from PIL import Image

from llavapose.data.reading.native import NativePictures
from llavapose.errors import CheckpointError
from llavapose.families.family import SeesItself
from tests.data.reading.bases import NATIVE, SENTINEL, base, noise

SIZES = ((48, 32), (30, 60), (64, 64), (200, 90), (61, 333))


@pytest.mark.parametrize("name", NATIVE)
@pytest.mark.parametrize("sizes", [SIZES[:1], SIZES[1:3], SIZES])
def test_ids_and_inputs_are_the_processor_s_own(name, sizes):
    one = base(name)
    images = [noise(*size, seed=at) for at, size in enumerate(sizes)]
    found = one.pictures.shown(images)
    text = one.rendered(len(images), SENTINEL)
    begun = one.processor.tokenizer.bos_token
    adds = not (begun and text.startswith(begun))
    whole = one.processor(text=[text], images=[images], add_special_tokens=adds, return_tensors="pt")
    assert list(found.ids) == whole["input_ids"][0].tolist()[: len(found.ids)]
    rest = one.processor.tokenizer.decode(whole["input_ids"][0][len(found.ids) :])
    assert rest.lstrip().startswith(SENTINEL)
    kept = whole["pixel_values"]
    assert torch.equal(found.inputs["pixel_values"].flatten(), kept.flatten())
    assert set(found.inputs) == set(whole) - {"input_ids", "attention_mask", "token_type_ids", "mm_token_type_ids"}


@pytest.mark.parametrize("name", NATIVE)
def test_tokens_are_counted_without_pixels(name, monkeypatch):
    pictures = base(name).pictures
    for sizes in [*[(size,) for size in SIZES], SIZES[:2], SIZES[2:5], (SIZES[3], SIZES[3])]:
        wanted = len(pictures.shown([Image.new("RGB", (width, height)) for height, width in sizes]).ids)
        assert pictures.num_tokens(sizes) == wanted
    if pictures._rest[1] is not None:
        monkeypatch.setattr(NativePictures, "shown", None)  # more sizes cost no more pixels
        assert pictures.num_tokens([(77, 99)]) > 0
    assert (pictures.constant is None) == (name not in ("gemma3", "janus"))


def test_a_processor_that_miscounts_is_not_believed(monkeypatch):
    one = base("qwen3_vl")
    told = one.processor._get_num_multimodal_tokens
    monkeypatch.setattr(one.processor, "_get_num_multimodal_tokens", lambda image_sizes: told(image_sizes=[(28, 28)]))
    pictures = one.pictures
    assert pictures.num_tokens([(64, 200)]) == len(pictures.shown([Image.new("RGB", (200, 64))]).ids)


@pytest.mark.parametrize("name", ["llava_onevision", "qwen3_vl", "internvl", "smolvlm"])
@pytest.mark.parametrize("num", range(1, 10))
def test_groups_of_any_number_of_pictures_are_counted_as_shown(name, num):
    pictures, drawn = base(name).pictures, random.Random(num)
    for _ in range(4):
        sizes = [(drawn.randint(20, 300), drawn.randint(20, 300)) for _ in range(num)]
        shown = pictures.shown([Image.new("RGB", (width, height), (50, 90, 7)) for height, width in sizes])
        assert pictures.num_tokens(sizes) == len(shown.ids), sizes


def test_a_count_that_differs_for_several_pictures_is_not_believed():
    """LLaVA-OneVision cuts a picture that stands alone into tiles, and its own count does so for every picture."""
    pictures = base("llava_onevision").pictures
    pictures.num_tokens([(64, 200)] * 4)
    assert pictures._rest[4] is None


def test_a_rest_below_zero_is_not_believed(monkeypatch):
    one = base("qwen3_vl")
    told = one.processor._get_num_multimodal_tokens

    def many(image_sizes):
        found = told(image_sizes=image_sizes)
        found.num_image_tokens = [number + 100 for number in found.num_image_tokens]
        return found

    monkeypatch.setattr(one.processor, "_get_num_multimodal_tokens", many)
    pictures = one.pictures
    assert pictures.num_tokens([(64, 200)]) == len(pictures.shown([Image.new("RGB", (200, 64))]).ids)
    assert pictures._rest[1] is None


@pytest.mark.parametrize("name", ["qwen2_vl", "qwen2_5_vl", "qwen3_vl"])
@pytest.mark.parametrize("sizes", [SIZES[:1], SIZES[1:3], SIZES, (*SIZES[3:], *SIZES[:2])])
def test_grid_positions_are_the_model_s_own_also_of_text_behind(name, sizes):
    one = base(name)
    found = one.pictures.shown([noise(*size) for size in sizes])
    behind = one.processor.tokenizer("Where are the hands?", add_special_tokens=False).input_ids
    ids = torch.tensor([[*found.ids, *behind]])
    types = (ids == one.model.config.image_token_id).int()
    wanted, _ = one.model.model.get_rope_index(
        ids, image_grid_thw=found.inputs["image_grid_thw"], attention_mask=torch.ones_like(ids), mm_token_type_ids=types
    )
    num = len(found.ids)
    assert found.rope is not None and torch.equal(found.rope, wanted[:, 0, :num])
    branch = torch.arange(len(behind)).expand(3, -1) + found.next_position
    assert torch.equal(branch, wanted[:, 0, num:])
    if len(sizes) > 1:
        assert found.next_position < num, "rows and columns go side by side"


def test_blocks_number_pictures_or_take_all_for_one():
    one = base("gemma3")
    found = one.pictures.shown([noise(*size) for size in SIZES[:3]])
    image = torch.tensor(found.ids) == one.model.config.image_token_index
    assert found.blocks is not None and torch.equal(found.blocks >= 0, image)
    assert found.blocks[image].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert found.rope is None and found.next_position == len(found.ids)
    joined = replace(one.family, sees_itself=SeesItself.group)
    group = NativePictures(one.processor, joined, one.wording.head, marker=one.wording.marker).shown(
        [noise(*size) for size in SIZES[:3]]
    )
    assert group.blocks is not None and set(group.blocks[image].tolist()) == {0}
    assert base("qwen3_vl").pictures.shown([noise(40, 40)]).blocks is None


def test_pictures_tokens_are_found_by_the_processor_s_own_ids(monkeypatch):
    """The separate side of the self-test finds blocks by them; Molmo 2 marks rows and borders as well."""
    one = base("gemma3")
    found = one.pictures.shown([noise(*size) for size in SIZES[:3]])
    assert found.blocks is not None
    assert [token in one.pictures.picture_ids for token in found.ids] == (found.blocks >= 0).tolist()

    class Several(type(one.processor)):
        image_token_ids = (7, 5, 6)

    monkeypatch.setattr(one.processor, "__class__", Several)
    assert one.pictures.picture_ids == (7, 5, 6)


@pytest.mark.parametrize("name", NATIVE)
def test_a_blank_is_small_and_no_padding(name):
    pictures = base(name).pictures
    found = pictures.blank()
    assert len(found.ids) <= pictures.num_tokens([(900, 900)]) and found.inputs["pixel_values"].abs().sum() > 0


def test_a_head_without_the_processor_s_marker_is_told():
    one = base("qwen3_vl")
    pictures = NativePictures(one.processor, one.family, lambda num, times_s: "no picture", marker=one.wording.marker)
    with pytest.raises((CheckpointError, ValueError)):
        pictures.shown([noise(40, 40)])

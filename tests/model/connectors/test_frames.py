"""Attention over time: step 0 is plain frames, groups do not touch, packed is separate, asked as trained."""

from __future__ import annotations

import pytest
import torch
from PIL import Image
from transformers import DynamicCache

from llavapose.config.choices import ConnectorType
from llavapose.config.model import ConnectorConfig
from llavapose.data.conversation import CHAT_TEMPLATE, Conversation, num_image_tokens
from llavapose.data.pack import pack
from llavapose.data.reading.read import square_pictures
from llavapose.errors import ConfigError, LlavaPoseError
from llavapose.evaluation.answerers.checkpoint.generation import Prefix, Prompt, greedy, read_prefixes
from llavapose.evaluation.answerers.checkpoint.single import answer_alone, sharing_agrees
from llavapose.model.attention.alone import unpack
from llavapose.model.attention.mask import packed_mask
from llavapose.model.connectors.fit import fit_connector, set_connector
from llavapose.model.connectors.frames import places_in_time
from llavapose.model.losses import token_losses
from llavapose.model.pretrained import load_model, load_processor, write_checkpoint
from llavapose.model.vision import Vision
from tests.model.connectors.test_own import stirred
from tests.model.dino import write_dino

HEADS = ConnectorConfig(type=ConnectorType.frame_attention, heads=4)
GROUPS = ((3, (0, 1, 2)), (1, (4,)), (2, (8, 9)), (3, (12,)))
"""Pictures of each group, and the samples behind them."""


def pictures(num, seed):
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randint(0, 255, (num, 42, 42, 3), generator=generator, dtype=torch.uint8)
    return [Image.fromarray(one.numpy()) for one in pixels]


def batch_of(processor, samples, *, groups=GROUPS, order=None, rows=((0, 1), (2, 3))):
    """A packed batch of groups of frames; ``order``: those of the first group."""
    conversation = Conversation(processor.tokenizer, num_image_tokens(processor))
    reads = square_pictures(processor, conversation)
    shown = []
    for number, (frames, _) in enumerate(groups):
        images = pictures(frames, number)
        shown.append(reads.shown([images[one] for one in order] if order and not number else images))
    branches = [conversation.branch(sample, max_length=512) for sample in samples]
    packed_rows = [[groups[one][1] for one in row] for row in rows]
    prefix = conversation.prefix_without_picture
    return pack(packed_rows, branches, shown, text_prefix=prefix, step_weight=1, blank=reads.blank)


def losses_of(model, batch):
    return token_losses(model, batch, packed_mask(batch.segments))


def by_sample(model, batch):
    """Sample -> the losses of its tokens."""
    losses, owner = losses_of(model, batch), batch.sample_index[batch.targets != -100]
    return {int(one): losses[owner == one].detach() for one in owner.unique()}


@pytest.fixture
def framed(llava):
    set_connector(llava, "frame_attention", sizes=HEADS)
    return stirred(llava)


def test_step_0_is_plain_frames_bit_for_bit(llava, processor, samples):
    batch = batch_of(processor, samples)
    before = losses_of(llava, batch)
    set_connector(llava, "frame_attention", sizes=HEADS)
    assert torch.equal(losses_of(llava, batch), before)
    optimizer = torch.optim.SGD(llava.model.multi_modal_projector.parameters(), lr=0.1)
    silent = []
    for _ in range(2):
        optimizer.zero_grad()
        losses_of(llava, batch).mean().backward()
        found = llava.model.multi_modal_projector.named_parameters()
        # Attention's scores are the same whatever is added to all keys: their bias has no gradient but rounding.
        silent.append({name for name, one in found if not one.grad.abs().sum() > 0} - {"keys.bias"})
        optimizer.step()
    assert silent[0] and not silent[1]
    with torch.no_grad():
        plain, after = llava.model.multi_modal_projector, losses_of(llava, batch)
        plain.out.weight.zero_()
        plain.out.bias.zero_()
        assert not torch.allclose(losses_of(llava, batch), after, atol=1e-4), "it says something behind one step"


def test_packed_is_separate_gradients_too(framed, processor, samples):
    packed = batch_of(processor, samples)
    assert packed.picture_rows["pixel_values"].tolist() == [3, 1, 2, 3]
    separate, found, parts = unpack(packed), [], framed.model.multi_modal_projector
    for batch in (packed, separate):
        framed.zero_grad()
        losses = by_sample(framed, batch)
        losses_of(framed, batch).sum().backward()
        found.append((losses, {name: one.grad.clone() for name, one in parts.named_parameters()}))
    for sample, losses in found[0][0].items():
        torch.testing.assert_close(losses, found[1][0][sample], atol=1e-5, rtol=0)
    for name, gradient in found[0][1].items():
        torch.testing.assert_close(found[1][1][name], gradient, atol=1e-5 * float(gradient.abs().max() + 1), rtol=1e-4)


def test_one_sample_a_row_by_its_own_rows(framed, processor, samples):
    """Without a batch's word a row of ids is a group: what asking does is what training did."""
    separate = unpack(batch_of(processor, samples))
    expected = losses_of(framed, separate)
    rows = separate.picture_rows["pixel_values"].tolist()
    assert sorted(rows) == [1, 2, 2, 3, 3, 3, 3]
    chosen = separate.targets != -100
    mask = (separate.segments >= 0).long()
    logits = framed(input_ids=separate.input_ids, attention_mask=mask, pixel_values=separate.pixel_values).logits
    found = torch.nn.functional.cross_entropy(logits[chosen], separate.targets[chosen], reduction="none")
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    assert framed.model.multi_modal_projector.sizes is None, "nothing lasts"


def test_frames_in_another_order_change_their_own_group_alone(framed, processor, samples):
    before = by_sample(framed, batch_of(processor, samples))
    after = by_sample(framed, batch_of(processor, samples, order=(2, 1, 0)))
    for sample in before:
        same = torch.allclose(before[sample], after[sample], atol=1e-6, rtol=0)
        assert same is (sample not in GROUPS[0][1]), sample


def test_places_tell_the_order(framed):
    """Attention alone gives reversed frames the same answers, reversed: places do not."""
    turns = places_in_time(16, torch.zeros(1, 128))
    assert turns.shape == (16, 128) and float(turns.abs().max()) <= 1
    distances = torch.cdist(turns, turns) + 99 * torch.eye(16)
    assert float(distances.min()) > 1, "no two places are alike"
    connector = framed.model.multi_modal_projector
    connector.sizes = [4]
    frames = torch.randn(4, 9, 32)
    with torch.no_grad():
        assert not torch.allclose(connector(frames).flip(0), connector(frames.flip(0)), atol=1e-3)


def test_single_pictures_pass_untouched_and_all_weights_take_part(framed, processor, samples):
    alone = batch_of(processor, samples, groups=((1, (0, 1)), (1, (4,))), rows=((0,), (1,)))
    said = losses_of(framed, alone)
    said.sum().backward()
    gradients = {name: one.grad for name, one in framed.model.multi_modal_projector.named_parameters()}
    assert all(value is not None for value in gradients.values()), "none is left out, or ranks wait for each other"
    assert not any(gradients[name].any() for name in gradients if not name.startswith("linear"))
    set_connector(framed, "mlp2x_gelu")
    assert torch.equal(losses_of(framed, alone), said)
    blank = batch_of(processor, samples, groups=(), rows=())
    fit_connector(framed, HEADS)
    assert losses_of(framed, blank).numel() == 0


@pytest.mark.parametrize("pool", [1, 3])
def test_asked_many_at_once_alone_and_from_its_folder(framed, tiny_base, tmp_path, pool):
    fit_connector(framed, ConnectorConfig(pool=pool))
    processor = load_processor(str(tiny_base), chat_template=CHAT_TEMPLATE, pool=pool)
    conversation = Conversation(processor.tokenizer, num_image_tokens(processor))
    reads = square_pictures(processor, conversation)
    prompts = []
    for number, frames in enumerate((3, 1, 3, 2)):
        shown = reads.shown(pictures(frames, number))
        prefix = Prefix(ids=shown.ids, inputs=shown.inputs)
        prompts += [Prompt(prefix=prefix, ids=conversation.question(text, where="x")) for text in ("Why?", "Is it?")]
    told = {"ends": {processor.tokenizer.eos_token_id}, "max_new_tokens": 6}
    together = greedy(framed, prompts, batch_size=8, **told)
    assert together == [answer_alone(framed, prompt, **told) for prompt in prompts]
    assert sharing_agrees(framed, prompts)
    # Read alone or beside others, and not as three pictures that nobody put together.
    prefixes = [prompts[0].prefix, prompts[4].prefix]
    both, one = read_prefixes(framed, prefixes, 2), read_prefixes(framed, prefixes[:1], 1)
    torch.testing.assert_close(both[prefixes[0]].cached[0], one[prefixes[0]].cached[0], atol=1e-5, rtol=0)
    cache = DynamicCache()
    ids = torch.tensor([prefixes[0].ids])
    framed(input_ids=ids, past_key_values=cache, picture_rows=[1, 1, 1], **prefixes[0].inputs)
    assert not torch.allclose(cache.layers[1].keys, one[prefixes[0]].cached[1][0], atol=1e-3)
    folder = str(
        write_checkpoint(
            tmp_path / "hf", state=framed.state_dict(), config=framed.config, processor=processor, dtype=torch.float32
        )
    )
    loaded = load_model(folder)
    assert type(loaded).__name__ == "ConnectorLlava" and greedy(loaded, prompts, batch_size=8, **told) == together
    with torch.no_grad():
        logits = [model(input_ids=ids, **prefixes[0].inputs).logits for model in (framed, loaded)]
    assert torch.equal(*logits)


def test_behind_another_encoder(tiny_base, tmp_path):
    llava = load_model(str(tiny_base), vision=Vision(base=str(write_dino(tmp_path / "dino")), size=70))
    set_connector(llava, "frame_attention", sizes=ConnectorConfig(heads=4, pool=5), reset=True)
    stirred(llava)
    ids = torch.full((2, 3), llava.config.image_token_id)
    ids[1, 0] = 5
    pixels = torch.randn(5, 3, 70, 70)
    assert llava(input_ids=ids, pixel_values=pixels).logits.shape[:2] == (2, 3)


def test_mistakes_are_one_line(framed):
    with pytest.raises(ConfigError, match=r"connector\.heads is 5, and the vision encoder's features are 32 wide"):
        set_connector(framed, "frame_attention", sizes=ConnectorConfig(heads=5))
    pixels = torch.randn(2, 3, 42, 42)
    with pytest.raises(LlavaPoseError, match="2 pictures, and of 3 it is told which belong together"):
        framed(input_ids=torch.zeros(1, 3, dtype=torch.long), pixel_values=pixels, picture_rows=[3])
    with pytest.raises(LlavaPoseError, match="2 pictures, and of 1 it is told"):
        framed.get_image_features(pixels)
    with pytest.raises(LlavaPoseError, match="pictures without input_ids"):
        framed(inputs_embeds=torch.zeros(1, 3, 32), pixel_values=pixels)
    assert ConnectorConfig(type=ConnectorType.frame_attention, branches=2).problems() == [
        "connector.branches=2 is read by nothing: it goes with connector=multi_branch"
    ]
    assert ConnectorConfig(heads=2).problems() == [
        "connector.heads=2 is read by nothing: it goes with connector=pose_attention or frame_attention"
    ]

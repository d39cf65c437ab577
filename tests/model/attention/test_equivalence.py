"""Packed = separate in a whole model: losses, gradients of every weight, and steps, whatever keeps branches apart."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from llavapose.model.attention.alone import unpack
from llavapose.model.attention.branches import BRANCHES
from llavapose.model.attention.interface import NAME
from llavapose.model.attention.mask import DENSE, packed_mask
from llavapose.model.attention.proof import differences
from llavapose.model.attention.rules import Rows
from llavapose.model.attention.varlen import varlen
from llavapose.model.losses import token_losses, token_weights
from llavapose.model.parts import checkpoint_layers, freeze_vision
from tests.conftest import make_llava
from tests.model.attention.reference import REFERENCE
from tests.model.compared import rounding_noise

BACKENDS = {"dense": DENSE, "branches": BRANCHES, "varlen": varlen(REFERENCE)}


def plain(model, batch):
    """Separate samples by transformers' own attention."""
    return token_losses(model, batch, packed_mask(batch.segments))


def by(backend, model, batch):
    return token_losses(model, batch, backend.see(Rows(segments=batch.segments)))


def trained(processor, dtype=torch.float32, checkpointing=False):
    model = make_llava(processor).to(dtype)
    freeze_vision(model)
    if checkpointing:
        checkpoint_layers(model)
    model.train()
    model.model.vision_tower.eval()
    return model


def gradients(model, losses):
    losses.sum().backward()
    return {name: one.grad.double() for name, one in model.named_parameters() if one.grad is not None}


@pytest.mark.parametrize("checkpointing", [False, True], ids=["kept", "checkpointed"])
@pytest.mark.parametrize(("dtype", "limit"), [(torch.float64, 1e-6), (torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
@pytest.mark.parametrize("name", BACKENDS)
def test_losses_and_gradients_are_those_of_separate_samples(processor, crowded, name, dtype, limit, checkpointing):
    """In float64 too transformers' norms compute in float32; attention by itself is held to 1e-12 (test_backends)."""
    packed, alone = (trained(processor, dtype, checkpointing) for _ in range(2))
    found, expected = by(BACKENDS[name], packed, crowded), plain(alone, unpack(crowded))
    moved = differences(found.detach(), expected.detach())
    assert (moved.typical if dtype is torch.bfloat16 else moved.largest) < limit
    found, expected = gradients(packed, found), gradients(alone, expected)
    assert found.keys() == expected.keys() and len(found) > 20
    whole = torch.cat([one.flatten() for one in expected.values()]).norm()
    for key, value in expected.items():
        # Of its own size, but that what is next to nothing in all of them may be rounding and no more.
        apart = (found[key] - value).norm()
        assert float(apart) < limit * max(float(value.norm()), 1e-3 * float(whole)) * (1 if limit < 1e-2 else 3), key


@torch.no_grad()
@pytest.mark.parametrize("name", BACKENDS)
def test_bfloat16_at_32_layers(deep, crowded, name):
    """Why 2e-2: bfloat16 rounds a number by up to 2^-9 of its size, and 64 times on its way (attention and MLP).

    Roundings that know nothing of one another add up as the root of their number: 8 x 2^-9 = 0.016, by which logits of
    size 1 move, and losses with them. Separate samples whose positions alone are shifted move as much as that, and
    packing moves them no further.
    """
    expected = plain(deep, unpack(crowded))
    packed = differences(by(BACKENDS[name], deep, crowded), expected).typical
    shifted = rounding_noise(lambda batch: plain(deep, batch), crowded).typical
    assert 0.016 / 2 < shifted < 2e-2
    assert packed < min(2e-2, 1.5 * shifted)


def steps(processor, batches, losses, *, mean=False):
    """Three steps of SGD, two micro-batches each, clipped."""
    model = trained(processor)
    optimizer = torch.optim.SGD([one for one in model.parameters() if one.requires_grad], lr=0.5)
    weight = sum(float(token_weights(batch, 0.5).sum()) for batch in batches)
    norms = []
    for _ in range(3):
        optimizer.zero_grad()
        for batch in batches:
            found = losses(model, batch) * token_weights(batch, 0.5)
            (found.mean() / len(batches) if mean else found.sum() / weight).backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)))
        optimizer.step()
    return model.state_dict(), norms


def cut(batch, rows):
    """Some rows of a batch, with their pictures."""
    keep = torch.tensor([row in rows for row in batch.picture_groups[:, 0].tolist()])
    places = batch.picture_groups[keep].clone()
    places[:, 0] = torch.tensor([rows.index(row) for row in places[:, 0].tolist()])
    table = {
        name: getattr(batch, name)[rows] for name in ("input_ids", "positions", "segments", "targets", "sample_index")
    }
    return replace(batch, **table, pixel_values=batch.pixel_values[keep], picture_groups=places)


def apart(found, expected):
    return max(float((found[key] - value).abs().max()) for key, value in expected.items())


@pytest.mark.parametrize("name", BACKENDS)
def test_steps_with_sgd_accumulation_and_clipping(processor, crowded, name):
    batches = [cut(crowded, [0]), cut(crowded, [1, 2])]
    expected, norms = steps(processor, [unpack(batch) for batch in batches], plain)
    assert min(norms) > 0.5, "clipped"
    found, again = steps(processor, batches, lambda model, batch: by(BACKENDS[name], model, batch))
    assert apart(expected, trained(processor).state_dict()) > 1e-2
    assert apart(found, expected) < 1e-5 and again == pytest.approx(norms, rel=1e-4)
    wrong, _ = steps(processor, batches, lambda model, batch: by(BACKENDS[name], model, batch), mean=True)
    assert apart(wrong, expected) > 1e-3, "the mean of the micro-batches' means is another step"


def test_the_model_generates_as_before(processor, crowded):
    """Behind a packed forward the layers know the packed function's name; without rows it is transformers' own."""
    model = make_llava(processor).eval()
    ids = processor.tokenizer("USER: What is it? ASSISTANT:", return_tensors="pt")
    ids = {key: torch.cat([value, value]) for key, value in ids.items() if key in ("input_ids", "attention_mask")}
    ids["attention_mask"][1, :3] = 0  # padded on the left
    with torch.no_grad():
        before = model(**ids).logits, model.generate(**ids, max_new_tokens=5, do_sample=False)
        by(BRANCHES, model, crowded)
        assert model.model.language_model.config._attn_implementation == NAME
        after = model(**ids).logits, model.generate(**ids, max_new_tokens=5, do_sample=False)
    assert torch.equal(before[0], after[0]) and torch.equal(before[1], after[1])


def test_what_is_saved_knows_nothing_of_it(processor, crowded, tmp_path):
    model = make_llava(processor).eval()
    by(BRANCHES, model, crowded)
    assert model.model.vision_tower.config._attn_implementation == "sdpa"
    model.config.save_pretrained(tmp_path)
    assert NAME not in (tmp_path / "config.json").read_text()

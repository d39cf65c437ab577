"""Every family: packed = separate, in losses and all gradients; every mistake fails the self-test."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial

import pytest
import torch

from llavapose.errors import CheckpointError, ConfigError, LlavaPoseError
from llavapose.families.family import UNUSED, SeesItself
from llavapose.families.known import FAMILIES
from llavapose.model.attention.alone import unpack
from llavapose.model.attention.branches import BRANCHES
from llavapose.model.attention.choose import to_try
from llavapose.model.attention.mask import DENSE, OWN
from llavapose.model.attention.proof import check_packing
from llavapose.model.attention.rules import CAUSAL, Rules, rows_of, rules_of
from llavapose.model.attention.varlen import varlen
from llavapose.model.losses import token_losses
from llavapose.model.parts import checkpoint_layers, family_of, freeze_unused, freeze_vision, language_of
from tests.model.attention.reference import REFERENCE
from tests.model.bases.models import BASES as KNOWN
from tests.model.bases.models import BLIND, PACKABLE, WINDOW
from tests.model.bases.rows import packed, plain_losses, single_rows
from tests.model.bases.rows import rows_of as rows_by_hand
from tests.model.bases.unknown import UNKNOWN
from tests.model.bases.wrong import BLOCKS, MISTAKES, Rule, seen_by

BASES = {**KNOWN, **{base.name: base for base in UNKNOWN}}
NAMES = [base.name for base in PACKABLE]
CAUSAL_NAMES = [base.name for base in PACKABLE if base.name not in ("gemma3", "molmo2") and "windows" not in base.name]


@cache
def made(name):
    """(model, rows, the batch of them)."""
    model, prefixes = BASES[name].model()
    rows = rows_by_hand(prefixes)
    return model, rows, packed(rows)


def rules_for(model):
    return rules_of(language_of(model).config, family_of(model))


def by(backend, model, batch):
    return token_losses(model, batch, backend.see(rows_of(batch, rules_for(model))))


def prove(model, losses, batch, backend="dense"):
    alone = partial(by, OWN, model)
    return check_packing(losses, batch, language=language_of(model), alone=alone, backend=backend)


def gradients(model, losses):
    model.zero_grad()
    losses.sum().backward()
    found = {name: one.grad.clone() for name, one in model.named_parameters() if one.grad is not None}
    model.zero_grad()
    return found


@pytest.mark.parametrize("name", NAMES)
def test_losses_and_all_gradients_are_those_of_separate_samples(name):
    """Separate is the public forward, one sample at a time, with transformers' own masks and positions."""
    model, rows, batch = made(name)
    expected = plain_losses(BASES[name], model, rows)
    found = by(DENSE, model, batch)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    found, expected = gradients(model, found), gradients(model, expected)
    assert found.keys() == expected.keys()
    size = max(float(value.abs().max()) for value in expected.values())
    for key, value in expected.items():
        torch.testing.assert_close(found[key] / size, value / size, atol=1e-5, rtol=0, msg=key)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_trained_has_gradients_also_where_activations_are_made_again(name):
    model, rows, batch = made(name)
    expected = gradients(model, plain_losses(BASES[name], model, rows))
    again, _ = BASES[name].model()
    freeze_unused(again)
    checkpoint_layers(again)
    again.train()
    for module in again.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    found = gradients(again, by(DENSE, again, batch))
    trained = {key for key, one in again.named_parameters() if one.requires_grad}
    assert found.keys() == trained, trained ^ found.keys()
    size = max(float(value.abs().max()) for value in expected.values())
    for key, value in found.items():
        torch.testing.assert_close(value / size, expected[key] / size, atol=1e-5, rtol=0, msg=key)


@pytest.mark.parametrize("name", NAMES)
def test_a_frozen_vision_encoder_leaves_the_connector_and_the_language(name):
    model, _ = BASES[name].model()
    model.train()
    freeze_vision(model)
    family = family_of(model)
    kept = {family.part_of(key) for key, one in model.named_parameters() if one.requires_grad}
    assert kept == {"connector", "language"}
    assert not any(model.get_submodule(one).training for one in family.vision)
    assert language_of(model).training
    within = [key for key, module in model.named_modules() if family.part_of(f"{key}.weight") == "connector"]
    assert all(model.get_submodule(key).training for key in within)
    found = gradients(model, by(DENSE, model, made(name)[2]))
    assert found.keys() == {key for key, one in model.named_parameters() if one.requires_grad}


@pytest.mark.parametrize("name", NAMES)
def test_samples_that_stand_alone_are_those_that_were_packed(name):
    model, rows, batch = made(name)
    with torch.no_grad():
        expected = plain_losses(BASES[name], model, rows)
        torch.testing.assert_close(by(OWN, model, unpack(batch)), expected, atol=1e-5, rtol=0)
        single = packed(single_rows(rows))
        torch.testing.assert_close(by(OWN, model, single), expected, atol=1e-5, rtol=0)
        torch.testing.assert_close(by(DENSE, model, single), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", NAMES)
def test_eager_attention_agrees(name):
    model, rows, batch = BASES[name].model()[0], *made(name)[1:]
    with torch.no_grad():
        expected = plain_losses(BASES[name], model, rows)
        model.set_attn_implementation("eager")
        torch.testing.assert_close(by(DENSE, model, batch), expected, atol=1e-5, rtol=0)
        torch.testing.assert_close(by(OWN, model, unpack(batch)), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", CAUSAL_NAMES)
@pytest.mark.parametrize("backend", [BRANCHES, varlen(REFERENCE)], ids=lambda one: one.name)
def test_causal_families_have_every_backend(name, backend):
    model, rows, batch = BASES[name].model()[0], *made(name)[1:]
    expected = gradients(model, plain_losses(BASES[name], model, rows))
    found = gradients(model, by(backend, model, batch))
    size = max(float(value.abs().max()) for value in expected.values())
    for key, value in expected.items():
        torch.testing.assert_close(found[key] / size, value / size, atol=1e-5, rtol=0, msg=key)
    assert prove(model, partial(by, backend, model), batch).losses.largest < 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_the_self_test_passes(name):
    model, _, batch = made(name)
    proof = prove(model, partial(by, DENSE, model), batch)
    assert proof.losses.largest < 1e-4 and proof.gradients.largest < 1e-3


@pytest.mark.parametrize(
    ("name", "mistake"),
    [(base.name, name) for base in PACKABLE for name, one in MISTAKES.items() if one.concerns(base)],
)
def test_every_mistake_fails_the_self_test(name, mistake):
    model, _, batch = made(name)
    wrong = MISTAKES[mistake]

    def losses(given):
        return token_losses(model, wrong.batch(given), seen_by(BASES[name], wrong.batch(given), wrong.rule))

    with pytest.raises(LlavaPoseError, match=r"^attention 'wrong': packed (losses|gradients) differ .* typically"):
        prove(model, losses, batch, backend="wrong")


@pytest.mark.parametrize("mistake", ["text counted by tokens", "pictures in a line"])
def test_rotary_positions_that_came_wrong_with_the_batch_fail_it(mistake):
    """The separate side counts them anew, as transformers does."""
    model, _, batch = made("qwen3_vl")
    with pytest.raises(LlavaPoseError, match="packed losses differ"):
        prove(model, partial(by, DENSE, model), MISTAKES[mistake].batch(batch))


@pytest.mark.parametrize("name", ["qwen2_vl", "qwen2_5_vl", "qwen3_vl"])
def test_rows_and_columns_exchanged_fail_it(name):
    """They move a loss by less than a thousandth."""
    model, _, batch = made(name)
    with pytest.raises(LlavaPoseError, match="packed losses differ"):
        prove(model, partial(by, DENSE, model), replace(batch, rope=batch.rope[[0, 2, 1]]))


@pytest.mark.parametrize("name", ["llava", "qwen3_vl"])
def test_a_little_of_the_token_before_that_no_mask_reaches_fails_it(name):
    model, batch = BASES[name].model()[0], made(name)[2]

    def leak(module, given, out):
        found = out[0] if isinstance(out, tuple) else out
        mixed = found + 0.01 * torch.nn.functional.pad(found, (0, 0, 1, 0))[:, :-1]
        return (mixed, *out[1:]) if isinstance(out, tuple) else mixed

    language_of(model).layers[0].register_forward_hook(leak)
    with pytest.raises(LlavaPoseError, match="packed losses differ"):
        prove(model, partial(by, DENSE, model), batch)


@pytest.mark.parametrize("name", ["gemma3", "molmo2"])
@pytest.mark.parametrize("mistake", BLOCKS)
def test_blocks_that_came_wrong_with_the_batch_fail_it(name, mistake):
    """The separate side finds pictures' tokens by their ids, as the processor does."""
    model, _, batch = made(name)
    with pytest.raises(LlavaPoseError, match="packed losses differ"):
        prove(model, partial(by, DENSE, model), BLOCKS[mistake](batch))


@pytest.mark.parametrize("name", ["gemma3", "qwen2_vl, windows", "mistral3, windows"])
@pytest.mark.parametrize("window", [WINDOW - 1, WINDOW + 1, 1 << 20])
def test_a_window_that_is_read_wrongly_fails_it(name, window):
    """The separate side has transformers' own masks: it shares no mistake with the packed one."""
    model, _, batch = made(name)
    wrong = replace(rules_for(model), window=window)

    def losses(given):
        return token_losses(model, given, DENSE.see(rows_of(given, wrong)))

    with pytest.raises(LlavaPoseError, match="packed losses differ"):
        prove(model, losses, batch)


@pytest.mark.parametrize("name", ["gemma3", "molmo2"])
def test_blocks_that_nobody_reads_fail_it(name):
    model, _, batch = made(name)

    def losses(given):
        return token_losses(model, given, DENSE.see(replace(rows_of(given, rules_for(model)), blocks=None)))

    with pytest.raises(LlavaPoseError, match="packed losses differ"):
        prove(model, losses, batch)


@pytest.mark.parametrize("name", ["qwen2_vl", "qwen3_vl"])
def test_packed_rows_without_the_positions_that_pictures_need_are_refused(name):
    model, _, batch = made(name)
    with pytest.raises(LlavaPoseError, match=rf"^packed rows of '{name}' need .*; use data\.packing=none$"):
        by(DENSE, model, replace(batch, rope=None))


@pytest.mark.parametrize("name", [base.name for base in BLIND])
def test_layers_that_no_mask_reaches_are_refused_in_words(name):
    model, _, _ = made(name)
    rules = rules_for(model)
    kind = rules.layers[0]
    assert not family_of(model).packs and all(
        family_of(made(base.name)[0]).packs for base in BASES.values() if base not in BLIND
    )
    expected = (
        rf"^data\.packing: this base cannot be packed: 1 of 2 layers \({kind}: 0\) keep the samples of a row apart by "
        r"no mask; .*; set data\.packing=none$"
    )
    for setting in ("auto", "dense", "branches"):
        with pytest.raises(ConfigError, match=expected):
            to_try(setting, device="cpu", eager=False, rules=rules)
    assert to_try("auto", device="cpu", eager=False, rules=rules, packs=False) == (OWN,)


@pytest.mark.parametrize("name", [base.name for base in BLIND])
def test_layers_that_no_mask_reaches_fail_the_self_test_where_nobody_declares_them(name):
    model, _, batch = made(name)

    def losses(given):
        return token_losses(model, given, seen_by(BASES[name], given, Rule()))

    with pytest.raises(LlavaPoseError, match=r"packed losses differ .*; set data\.packing=none$"):
        prove(model, losses, batch)


@pytest.mark.parametrize("name", [base.name for base in BLIND])
def test_layers_that_no_mask_reaches_train_on_rows_of_one_sample(name):
    model, rows, _ = made(name)
    batch = packed(single_rows(rows))
    expected = plain_losses(BASES[name], model, rows)
    found = by(OWN, model, batch)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    found, expected = gradients(model, found), gradients(model, expected)
    size = max(float(value.abs().max()) for value in expected.values())
    for key, value in expected.items():
        torch.testing.assert_close(found[key] / size, value / size, atol=1e-5, rtol=0, msg=key)


@pytest.mark.parametrize("name", ["gemma3", "qwen2_vl, windows", "mistral3, windows", "molmo2"])
def test_what_is_not_plainly_causal_gets_a_mask_and_says_why(name):
    model, _, _ = made(name)
    rules = rules_for(model)
    assert to_try("auto", device="cuda", eager=False, rules=rules) == (DENSE,)
    assert to_try("dense", device="cpu", eager=False, rules=rules) == (DENSE,)
    for setting in ("branches", "flex", "varlen"):
        with pytest.raises(ConfigError, match=rf"^model\.packed_attention={setting} serves .*; use .*auto or dense$"):
            to_try(setting, device="cuda", eager=False, rules=rules)
    assert ("see 3 tokens back" in rules.told()) == (rules.window is not None)
    assert ("see each other both ways" in rules.told()) == (rules.sees_itself != SeesItself.none)


def test_rules_in_words():
    layers = tuple("full_attention" if place % 4 == 3 else "linear_attention" for place in range(8))
    assert Rules(layers=layers).blind_told() == (
        "6 of 8 layers (linear_attention: 0-2, 4-6) keep the samples of a row apart by no mask"
    )
    one = Rules(layers=("sliding_attention", "full_attention"), window=4, sees_itself=SeesItself.picture)
    assert one.told() == (
        "1 of 2 layers (sliding_attention: 0) see 4 tokens back; the tokens of a picture see each other both ways"
    )
    assert one.blind == () and not one.causal and CAUSAL.causal and CAUSAL.told() == ""


@pytest.mark.parametrize("name", [*NAMES, *(base.name for base in BLIND)])
def test_logits_are_the_models_own(name):
    """Whatever a head does to the output embeddings' product, scaling or capping, would show."""
    model, rows, _ = made(name)
    group = rows[0][0]
    with torch.no_grad():
        batch = packed([[replace(group, branches=group.branches[:1])]])
        expected = plain_losses(BASES[name], model, [[replace(group, branches=group.branches[:1])]])
        torch.testing.assert_close(by(OWN, model, batch), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", [base.name for base in UNKNOWN])
def test_a_family_that_nobody_looked_at_is_guessed_and_proven(name):
    model, rows, batch = BASES[name].model()[0], *made(name)[1:]
    family = family_of(model)
    assert family.guessed and family.vision
    expected = plain_losses(BASES[name], model, rows)
    single = packed(single_rows(rows))
    # Scaled logits, windows and positions are the model's own there.
    found = by(OWN, model, replace(single, rope=None))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    assert gradients(model, found).keys() == gradients(model, expected).keys()
    for backend in (DENSE, BRANCHES) if rules_for(model).causal else (DENSE,):
        assert prove(model, partial(by, backend, model), batch).losses.largest < 1e-4
        with torch.no_grad():
            torch.testing.assert_close(by(backend, model, batch), expected, atol=1e-5, rtol=0)
    if family.grid_positions:
        with pytest.raises(LlavaPoseError, match=r"^packed rows of 'glm4v' need .*; use data\.packing=none$"):
            by(DENSE, model, replace(batch, rope=None))


def test_no_language_layers_are_no_base():
    from transformers import CLIPConfig, CLIPModel

    model = CLIPModel(CLIPConfig(text_config={"num_hidden_layers": 1}, vision_config={"num_hidden_layers": 1}))
    with pytest.raises(
        CheckpointError, match=r"^base: no language layers found in a model of model_type 'clip'; .*base$"
    ):
        family_of(model)


@pytest.mark.parametrize("said", [{"use_bidirectional_attention": True}, {"is_causal": False}])
def test_layers_that_see_what_is_to_be_learnt_are_refused(said):
    from transformers import GemmaConfig

    with pytest.raises(ConfigError, match=r"^model\.base: the language layers of this 'llava' see later tokens"):
        rules_of(GemmaConfig(**said), FAMILIES[0])


def test_every_family_is_tried():
    tried = {made(base.name)[0].config.model_type for base in (*PACKABLE, *BLIND)}
    assert {kind for family in FAMILIES for kind in family.model_types} - tried == {"llavapose", "qwen3_5_moe"}
    assert all(family_of(made(name)[0]).part_of("model.language_model.layers.0.x") != UNUSED for name in BASES)

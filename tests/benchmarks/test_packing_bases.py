"""benchmarks/packing.py --base: every family's arms agree on every sample's loss, and an arm that leaks does not pass."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks import packing_bases
from benchmarks.bases_made_up import MADE_UP, Maker
from benchmarks.packing import main
from benchmarks.packing_arms import plan_of
from benchmarks.packing_bases import ROW_TOKENS, arms_for, batches_for, loads_of, with_prefixes
from llavapose.data.plan.lengths import Lengths
from llavapose.data.plan.published import published_lengths
from llavapose.families.known import FAMILIES
from llavapose.model.losses import token_losses

REFUSED = {"qwen3_5", "qwen3_5_moe", "lfm2_vl"}
"""Whose layers no mask reaches: no row holds several samples."""


@pytest.fixture(autouse=True)
def lengths(monkeypatch) -> Lengths:
    """Some hundred pictures of the published set's shape."""
    whole, _ = published_lengths()
    chosen = whole.of(np.flatnonzero(whole.image < 300))
    monkeypatch.setattr(packing_bases, "published_lengths", lambda: (chosen, None))
    return chosen


def test_every_known_family_that_can_be_packed_is_there():
    known = {kind for family in FAMILIES for kind in family.model_types}
    assert set(MADE_UP) == known - REFUSED - {"llavapose"}


@pytest.mark.parametrize("name", MADE_UP)
def test_both_arms_have_the_same_losses(capsys, name):
    assert main(["--base", name, "--small"]) == 0
    told = capsys.readouterr().out
    assert told.count(f"\n| `{name}` |") == 1, told
    assert "each sample's loss is that of pictures to 0.0001 of it" in told


@pytest.mark.parametrize("name", ["llava", "qwen3_vl", "gemma3", "molmo2"])
def test_samples_that_see_each_other_do_not_pass(monkeypatch, capsys, name):
    """A row in one causal call is ordinary packing that leaks."""
    right = packing_bases.OwnRows.see

    def leaking(self, batch):
        right(self, batch)
        self.spans = [[(0, batch.segments.shape[1])] for _ in batch.segments]
        self.masks = {}

    monkeypatch.setattr(packing_bases.OwnRows, "see", leaking)
    assert main(["--base", name, "--small"]) == 2
    assert "samples: s" in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize("name", MADE_UP)
def test_tokens_by_lengths_are_those_of_the_batches(lengths, name):
    maker, samples = Maker(MADE_UP[name], small=True), np.arange(7, 7 + 32 * 9, 9).astype(np.int32)
    shown = with_prefixes(lengths, maker)
    for arm in arms_for(maker):
        plan = plan_of(shown, arm, samples)
        batches = list(batches_for(plan, shown, maker))
        load = loads_of(plan, shown, arm, dense=False)
        assert load.tokens == sum(batch.num_computed for batch in batches)
        assert load.tokens - load.padding == sum(batch.num_tokens for batch in batches)
        assert load.pictures == sum(batch.num_pictured for batch in batches)


@pytest.mark.parametrize("name", MADE_UP)
def test_pictures_of_published_size_are_what_the_model_takes(name):
    """As many placeholders as the model has features for, at every size of the mix: it raises otherwise."""
    maker = Maker(MADE_UP[name], small=True)
    model = maker.model().eval()
    for number in range(4):
        shown = maker.shown(number)
        assert len(shown.ids) == maker.num_tokens(number)
        model.model.get_image_features  # noqa: B018: every family's name for it
        assert sum(one == 1 for one in shown.ids) <= maker.num_tokens(number)


def test_llavas_epoch_is_that_of_the_llava_benchmark():
    """The same samples, prefixes and planner: 2.24 times fewer tokens, as docs/packing.md says of it."""
    whole, _ = published_lengths()
    maker = Maker(MADE_UP["llava"])
    assert {maker.num_tokens(number) for number in range(4)} == {611}
    assert [arm.settings.row_tokens for arm in arms_for(maker)] == [ROW_TOKENS] * 2 == [4096] * 2


@pytest.mark.parametrize("name", ["qwen3_5", "lfm2_vl", "llavapose", "unheard_of"])
def test_other_bases_are_refused(capsys, name):
    with pytest.raises(SystemExit) as ended:
        main(["--base", name])
    assert ended.value.code == 2 and name in capsys.readouterr().err


def test_the_plain_benchmark_has_no_base(capsys):
    with pytest.raises(SystemExit):
        main(["--base", "llava", "--peer", "trl"])
    assert "--base" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["qwen3_vl", "gemma3"])
def test_own_rows_are_each_sample_alone(lengths, name):
    """A row of several samples has the losses of rows of one each, under the mask that transformers makes itself."""
    from llavapose.model.attention.alone import unpack

    maker = Maker(MADE_UP[name], small=True)
    model, shown = maker.model().eval(), with_prefixes(lengths, maker)
    own = packing_bases.OwnRows(model)
    plan = plan_of(shown, arms_for(maker)[1], np.arange(16).astype(np.int32))
    batch = next(iter(batches_for(plan, shown, maker)))
    with torch.no_grad():
        found = own.losses(batch)
        model.model.language_model.config._attn_implementation = "sdpa"
        alone = unpack(batch)
        expected = token_losses(model, alone, alone.segments != -1)
    assert found.sum().item() == pytest.approx(expected.sum().item(), rel=1e-5)

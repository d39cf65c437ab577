"""benchmarks/packing.py --base: every family's arms agree on each sample's loss; one that leaks does not pass."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks import packing_bases
from benchmarks.bases_made_up import MADE_UP, Maker
from benchmarks.packing import main
from benchmarks.packing_arms import PAPERS, arms_of, plan_of
from benchmarks.packing_bases import arms_for, bare_times, batches_for, loads_of, with_prefixes
from benchmarks.packing_load import load_of_plan
from llavapose.data.plan.epoch import plan_epoch
from llavapose.data.plan.lengths import Lengths
from llavapose.data.plan.published import published_lengths
from llavapose.families.defaults import LEAD
from llavapose.families.known import FAMILIES
from llavapose.families.resolution import picture_of
from llavapose.model.attention.alone import unpack
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
    assert main(["--base", name, "--small", "--steps", "1"]) == 0
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
    assert main(["--base", name, "--small", "--steps", "1"]) == 2
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
def test_a_prefix_has_the_published_tokens_of_its_picture(name):
    """At the sizes of the mix, undiminished; that placeholders are the model's features is seen by running it."""
    maker = Maker(MADE_UP[name])
    for number, (height, width) in enumerate([(480, 640), (480, 640), (640, 480), (427, 640)]):
        shown = maker.shown(number)
        assert len(shown.ids) == maker.num_tokens(number)
        assert len(shown.ids) - LEAD[name] == picture_of(maker.config, height, width).tokens


def test_llavas_epoch_is_that_of_the_llava_benchmark(lengths):
    maker = Maker(MADE_UP["llava"])
    assert {maker.num_tokens(number) for number in range(4)} == {611}
    shown = with_prefixes(lengths, maker)
    for mine, llavas in zip(arms_for(maker), arms_of(PAPERS), strict=False):
        found = loads_of(plan_epoch(shown, mine.settings), shown, mine, dense=False)
        assert found == load_of_plan(plan_epoch(lengths, llavas.settings), lengths, llavas)


def test_times_without_padding_are_counted_by_hand():
    """Two pictures with a prefix of 10: three samples of 5, and one of 20."""
    tokens = np.array([5, 5, 20, 5], dtype=np.int32)
    lengths = Lengths(
        image=np.array([0, 0, 1, 0]), num_tokens=tokens, num_targets=tokens, num_words=tokens, prefix=tokens * 0 + 10
    )
    assert bare_times(lengths) == pytest.approx((4 * 10 + 35) / (2 * 10 + 35))


@pytest.mark.parametrize(("name", "tokens"), [("qwen3_vl", 4096), ("internvl", 8192), ("llava_onevision", 8192)])
def test_rows_of_large_pictures_are_longer(name, tokens):
    assert [arm.settings.row_tokens for arm in arms_for(Maker(MADE_UP[name]))] == [tokens] * 2


@pytest.mark.parametrize("name", ["qwen3_5", "lfm2_vl", "llavapose", "unheard_of"])
def test_other_bases_are_refused(capsys, name):
    with pytest.raises(SystemExit) as ended:
        main(["--base", name])
    assert ended.value.code == 2 and name in capsys.readouterr().err


def test_arms_that_a_base_has_not_are_refused(capsys):
    with pytest.raises(SystemExit):
        main(["--base", "llava", "--peer", "trl"])
    assert "--base" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["qwen3_vl", "gemma3"])
def test_own_rows_are_each_sample_alone(lengths, name):
    """A row of several samples has the losses of rows of one each, under the mask that transformers makes itself."""
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

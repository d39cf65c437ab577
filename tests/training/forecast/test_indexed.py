"""An index that an earlier run has left gives the plan the run's own lengths, and so its own steps."""

from dataclasses import replace

import pytest

from llavapose.cli.plan import _mixture, forecast
from llavapose.config.choices import Packing, Sampler, VisionType
from llavapose.config.compose import composed, typed
from llavapose.data.check import INDEX
from llavapose.data.plan.epoch import plan_epoch
from llavapose.training.fit import build_data
from llavapose.training.forecast.settings import plan_settings, setup_of
from llavapose.training.forecast.shapes import read_shapes


@pytest.fixture
def config(conf, tiny_jsonl, tiny_pictures, tmp_path):
    there = (f"data.path={tiny_jsonl}", f"data.images={tiny_pictures}", f"data_dir={tmp_path}", "dry_run=true")
    chosen = ("data.num_val=4", "+data.counts.conv=9", "evaluate=false", "batch_size=2", "data.sampler=llava")
    return typed("train", composed("train", conf, [*there, *chosen]))


def build(config):
    return build_data(config, samples=config.data.path, images=config.data.images, accumulate=1)


def test_the_plan_is_the_run_s_own(config, monkeypatch):
    data = build(config)
    monkeypatch.setattr("llavapose.cli.plan.all_samples", None)
    found = _mixture(config)
    assert found.source == f"{config.data.path}, tokens from its index"
    for name in ("image", "num_tokens", "num_targets", "num_words"):
        assert getattr(found.lengths, name).tolist() == getattr(data.train.lengths, name).tolist()
    frame = data.train.conversation.frame
    assert (found.prefixes.picture, found.prefixes.text) == (len(frame.prefix), len(frame.prefix_of_text))
    planned = forecast(config).epoch
    assert (planned.steps, planned.source) == (data.steps_per_epoch(1), found.source)
    settings = data.plan_settings(1)
    assert plan_epoch(found.lengths, settings).fingerprint == data.plan(0).fingerprint


@pytest.mark.parametrize("sampler", list(Sampler))
def test_the_forecast_follows_the_packing(config, sampler):
    """Tokens, padding and pictures of an epoch are those of the batches that a run would load."""
    tokens = []
    for packing in Packing:
        chosen = replace(config, batch_size=8, data=replace(config.data, packing=packing, sampler=sampler))
        batches = list(build(chosen).train_dataloader())
        planned = forecast(chosen).epoch
        assert planned.tokens == sum(batch.num_tokens for batch in batches)
        computed = sum(batch.num_computed for batch in batches)
        assert planned.padding == pytest.approx(1 - planned.tokens / computed)
        assert planned.widest.tokens == max(batch.num_computed for batch in batches)
        counted = [(len(batch.pixel_values), batch.num_samples) for batch in batches]
        tokens.append((planned.tokens, *map(sum, zip(*counted, strict=True))))
    shared, ordinary, alone = tokens
    assert ordinary == alone and ordinary[1] == ordinary[2] == shared[2]
    assert shared[0] < ordinary[0] and shared[1] < ordinary[1]


def test_without_an_index_words_are_counted_and_none_is_built(config, tmp_path):
    assert forecast(config).epoch.source == f"{config.data.path}, tokens from its words"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("change", ["max_length", "kind", "tokenizer", "file", "vision"])
def test_another_s_index_is_not_taken(config, change, tmp_path, monkeypatch):
    build(config)
    if change == "max_length":
        config.data.max_length -= 1
    elif change == "kind":
        config.data.kind = "conv"
    elif change == "tokenizer":
        monkeypatch.setattr("llavapose.data.index.tokens.TINY_BASE", tmp_path)
    elif change == "vision":
        # Fewer patches of a picture beside the same tokenizer.
        config.model = replace(config.model, vision=VisionType.dinov2)
    else:
        copy = tmp_path / "more.jsonl"
        copy.write_text(config.data.path.read_text() + "\n")
        config.data.path = copy
    before = sorted((tmp_path / INDEX).iterdir())
    assert _mixture(config).source.endswith("tokens from its words")
    assert sorted((tmp_path / INDEX).iterdir()) == before


def test_prefixes_that_are_guessed_are_llava_s(config):
    shapes = read_shapes("llava-hf/llava-1.5-7b-hf")
    settings = plan_settings(config, shapes, setup_of(config, num_gpus=0))
    assert (settings.prefix_tokens, settings.text_prefix_tokens) == (611, 35)

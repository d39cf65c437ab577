"""What a base is, told by its folder's config.json or its name in ``conf/model``, decides before anything is made."""

from __future__ import annotations

import json
import shutil

import pytest

from llavapose.config.checks.inputs import missing_inputs
from llavapose.config.compose import composed, typed
from llavapose.files import TINY_BASE
from tests.config.test_check import mistakes

GEMMA = "google/gemma-3-4b-it"


@pytest.fixture
def base(tmp_path):
    """A folder with all files of a base, of any ``model_type``."""

    def make(kind: str):
        folder = tmp_path / kind
        shutil.copytree(TINY_BASE, folder)
        (folder / "config.json").write_text(json.dumps({"model_type": kind}))
        return folder

    return make


def lacking(conf, *words: str) -> list[str]:
    return missing_inputs(typed("train", composed("train", conf, words)))


@pytest.mark.parametrize("kind", ["lfm2_vl", "qwen3_5", "qwen3_5_moe"])
def test_layers_that_no_mask_reaches_are_refused_with_packing(conf, base, kind):
    folder = base(kind)
    line = f"data.packing=pictures: {folder} is {kind!r}, whose layers keep the samples of a row apart by no mask; "
    assert mistakes(conf, f"model.base={folder}") == [f"{line}set data.packing=none"]
    assert mistakes(conf, f"model.base={folder}", "dry_run=true") == [f"{line}set data.packing=none"]
    assert mistakes(conf, f"model.base={folder}", "data.packing=samples")[0].startswith("data.packing=samples: ")
    assert lacking(conf, f"model.base={folder}", "data.packing=none") == []


@pytest.mark.parametrize("kind", ["qwen3_vl", "qwen2_5_vl", "gemma3", "llava", "llavapose", "aya_vision", "idefics3"])
def test_what_packs_or_may_pack_passes(conf, base, kind):
    """Of a family that nobody looked at, the self-test decides."""
    assert lacking(conf, f"model.base={base(kind)}") == []


@pytest.mark.parametrize("kind", ["llama", "of_tomorrow"])
@pytest.mark.parametrize("packing", ["pictures", "none"])
def test_what_answers_about_no_pictures_is_refused_in_words(conf, base, kind, packing):
    folder = base(kind)
    (line,) = lacking(conf, f"model.base={folder}", f"data.packing={packing}")
    assert line.startswith(f"model.base: {folder}: model_type is {kind!r}, which answers about no pictures; expected ")
    words = line.replace(",", " ").split()
    assert {"'llava'", "'qwen2_vl'", "'qwen2_5_vl'", "'qwen3_vl'", "'smolvlm'"} <= set(words)
    packed, alone = line.split("with data.packing=none")
    assert "lfm2_vl" not in packed and "qwen3_5" not in packed and "lfm2_vl" in alone and "qwen3_5_moe" in alone
    assert "the self-test decides" in line and "llavapose" not in line.replace(str(folder), "")


def test_a_size_that_nothing_reads_is_refused(conf, base):
    line = "model.max_pixels=200704: {} is {}, which shows every picture at one size; leave it out"
    assert mistakes(conf, "model=gemma3_4b", "model.max_pixels=200704") == [line.format(GEMMA, "'gemma3'")]
    folder = base("janus")
    assert mistakes(conf, f"model.base={folder}", "model.max_pixels=200704") == [line.format(folder, "'janus'")]
    assert lacking(conf, f"model.base={base('internvl')}", "model.max_pixels=200704") == []
    assert lacking(conf, f"model.base={base('aya_vision')}", "model.max_pixels=200704") == [], "told by the processor"


@pytest.mark.parametrize("gone", ["tokenizer_config.json", "processor_config.json"])
def test_a_folder_without_a_processor_is_told_what_to_copy(conf, base, gone):
    folder = base("llava")
    (folder / gone).unlink()
    name = gone if gone != "processor_config.json" else "preprocessor_config.json or processor_config.json"
    assert lacking(conf, f"model.base={folder}") == [
        f"model.base: {folder} has no {name}: its processor is missing; copy the base's tokenizer "
        "and processor files there"
    ]
    (folder / "preprocessor_config.json").write_text("{}")
    assert len(lacking(conf, f"model.base={folder}")) == (gone == "tokenizer_config.json")


def test_a_folder_that_is_no_checkpoint(conf, tmp_path):
    (tmp_path / "empty").mkdir()
    assert lacking(conf, f"model.base={tmp_path / 'empty'}") == [
        f"model.base: {tmp_path / 'empty'} has no config.json and no *.safetensors weights; expected a whole "
        "checkpoint, such as a base's or the `hf` folder that train.py leaves"
    ]

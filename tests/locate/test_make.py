"""Samples of kind locate as a run asks for them: made once, crops with them, nothing that was left out."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from llavapose.cli.training import prepare
from llavapose.config.compose import settings
from llavapose.config.scenes import ScenesConfig
from llavapose.config.teaching import LocateConfig
from llavapose.data.choose import hold_out
from llavapose.data.index.records import ensure_records
from llavapose.locate.make import ensure_located, samples_of
from llavapose.samples import read_samples
from llavapose.scenes.open import open_scenes


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> ScenesConfig:
    root = tmp_path_factory.mktemp("world")
    return ScenesConfig(name="world", root=root, num_train=14, num_val=4, image_size=96)


def test_what_is_left_out_is_never_asked_and_the_most_is_kept(world):
    scenes = open_scenes(world, "train")
    asked = Counter(s.provenance["joint"] for s in samples_of(scenes, LocateConfig(left_out=["nose", "left wrist"])))
    assert len(asked) == 15 and not {"nose", "left_wrist"} & asked.keys() and len(set(asked.values())) == 1
    few = list(samples_of(scenes, LocateConfig(max_joints=5, versions=2)))
    assert max(Counter(sample.image for sample in few).values()) == 5
    assert all(sample.turns[1].text != "not visible" for sample in few), "the papers ask for visible joints"
    assert few == list(samples_of(scenes, LocateConfig(max_joints=5, versions=2)))
    assert few != list(samples_of(scenes, LocateConfig(max_joints=5, versions=2, seed=1)))


def test_what_is_left_out_is_in_no_answer_about_everyone(world):
    scenes = open_scenes(world, "train")
    config = LocateConfig(view="picture", asking="json", left_out=["nose", "left wrist"])  # type: ignore[arg-type]
    texts = [sample.turns[1].text for sample in samples_of(scenes, config)]
    assert texts and not [text for text in texts if "nose" in text or "left wrist" in text]
    assert all("right wrist" in text for text in texts)


def test_crops_are_made_once_and_again_where_settings_change(world, tmp_path, capsys):
    config = LocateConfig(size=48, versions=1)
    samples, images = ensure_located(world, config, tmp_path)
    read = read_samples(samples, images)  # every picture is there
    assert {sample.kind for sample in read} == {"locate"} and len({sample.image for sample in read}) * 17 == len(read)
    made = {path: path.stat().st_mtime_ns for path in images.rglob("*.jpg")}
    assert ensure_located(world, config, tmp_path) == (samples, images)
    assert "made before, settings unchanged" in capsys.readouterr().out
    assert made == {path: path.stat().st_mtime_ns for path in images.rglob("*.jpg")}
    assert ensure_located(world, replace(config, coding="bins"), tmp_path)[0] != samples


def test_held_out_people_are_of_held_out_pictures(world, tmp_path):
    """Several people and versions of one picture stand on one side."""
    samples, images = ensure_located(world, LocateConfig(size=32, versions=2, max_joints=2), tmp_path)
    records = ensure_records(samples, images, kind=None, folder=tmp_path / "index")
    train, val = hold_out(records, np.arange(len(records)), num_val=20, num_samples=None, seed=0)
    pictures = [{records.names[records.image[row]].rpartition("_")[2] for row in rows} for rows in (train, val)]
    assert len(val) >= 20 and pictures[1] and not pictures[0] & pictures[1]


def test_a_mixture_of_kinds_has_both(conf: Path, tmp_path):
    words = ["data=full_locate", "scenes.num_train=12", "scenes.num_val=4", "scenes.image_size=64", "locate.size=32",
             "teacher.num_samples=40", f"scenes.root={tmp_path}/w", f"data_dir={tmp_path}/d",
             "evaluate=false"]  # fmt: skip
    data, images = prepare(settings("train", conf, words))
    counts = Counter(sample.kind for sample in read_samples(data.samples, images))
    assert counts["locate"] % 17 == 0 and counts["locate"] > 100 and min(counts.values()) > 3 and len(counts) == 4
    assert prepare(settings("train", conf, words))[0].samples == data.samples


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["locate.coding=octal"], r"locate\.coding"),
        (["locate.margin=9"], r"locate\.margin is 9\.0; expected 0\.5 to 4"),
        (["locate.left_out=[tail]"], r"locate\.left_out has tail; expected some of nose"),
        (["locate.size=3"], r"locate\.size is 3; expected at least 32"),
        (["locate.max_joints=0"], r"locate\.max_joints is 0; expected at least 1"),
    ],
)
def test_settings_that_cannot_be(conf, words, said):
    with pytest.raises(Exception, match=said):
        settings("train", conf, ["data=locate", *words])

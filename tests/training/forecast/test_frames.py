"""A plan counts the tokens of frames: expected where there are no samples, by the samples' words, by their index."""

import numpy as np
import pytest
from PIL import Image

from llavapose.cli.plan import forecast
from llavapose.cli.training import refuse_no_room
from llavapose.config.compose import composed, typed
from llavapose.config.schema import DataConfig
from llavapose.data.conversation import CHAT_TEMPLATE
from llavapose.data.datamodule import PoseDataModule
from llavapose.errors import ConfigError
from llavapose.model.pretrained import load_processor
from llavapose.records import Sample, Turn
from llavapose.samples import write_samples
from llavapose.training.forecast.frames import told, with_prefixes
from llavapose.training.forecast.indexed import read_index
from llavapose.training.forecast.mixture import all_samples, chosen_of

TIMES = tuple(0.2 * at for at in range(6))
LEAD, PICTURE = 35, 64


@pytest.fixture(autouse=True)
def _nothing_is_here_yet(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def place(tmp_path):
    """Four clips with three samples each, and one sample of a picture."""
    samples = []
    for clip in range(4):
        (tmp_path / str(clip)).mkdir()
        names = tuple(f"{clip}/{at}.png" for at in range(6))
        for name in names:
            Image.new("RGB", (32, 32), (9, 90, clip)).save(tmp_path / name)
        turns = (Turn(role="user", text="Who sits down?"), Turn(role="assistant", text="The man in the red cap."))
        samples += [Sample(id=f"{clip}-{at}", images=names, kind="conv", turns=turns, times_s=TIMES) for at in range(3)]
    samples.append(Sample(id="still", images=("0/3.png",), kind="conv", turns=turns))
    write_samples(tmp_path / "samples.jsonl", samples)
    return tmp_path / "samples.jsonl", tmp_path


def mixture(frames) -> DataConfig:
    return DataConfig(name="x", kinds={"conv": 1.0}, num_val=0, max_length=512, frames=frames)


def of(conf, *overrides):
    return typed("train", composed("train", conf, ["data=motion", "dry_run=true", *overrides]))


def test_expected_clips_have_their_frames_in_front(conf):
    plans = {number: forecast(of(conf, f"data.frames={number}")) for number in (1, 4, 8)}
    for number, plan in plans.items():
        (line,) = [note for note in plan.epoch.notes if "of a clip" in note]
        # 35 of the system sentence; 16 a frame, pooled 2 x 2, and 8 of its time.
        assert f"show {number} frame{'s' * (number > 1)} of a clip, {35 + 24 * number} tokens in front" in line
    assert plans[8].epoch.pictures == 8 * plans[1].epoch.pictures == 2 * plans[4].epoch.pictures
    assert plans[8].epoch.tokens > plans[4].epoch.tokens > plans[1].epoch.tokens
    assert forecast(of(conf, "data.frames=null")).epoch.pictures == 16 * plans[1].epoch.pictures, "all of the world's"


@pytest.mark.parametrize("frames", [None, 1, 3])
def test_an_estimate_is_near_what_the_index_counts(place, frames):
    samples, images = place
    processor = load_processor("tiny", chat_template=CHAT_TEMPLATE)
    guessed = all_samples(mixture(frames), samples, seed=0)
    guessed = with_prefixes(guessed, lead=LEAD, image_tokens=PICTURE)
    data = PoseDataModule(samples=samples, images=images, processor=processor, config=mixture(frames), batch_size=2)
    found = read_index(
        samples, images, kind=None, folder=samples.parent / "index", base="tiny", image_tokens=PICTURE,
        max_length=512, frames=frames,
    )  # fmt: skip
    assert found is not None and found.lengths.prefix is not None and guessed.lengths.prefix is not None
    exact = data.train.lengths.prefix
    assert exact is not None and sorted(exact.tolist()) == sorted(found.lengths.prefix.tolist())
    np.testing.assert_array_equal(guessed.lengths.shown, found.lengths.shown)
    np.testing.assert_array_equal(guessed.image, found.image)
    assert np.abs(guessed.lengths.prefix - found.lengths.prefix).max() < 0.1 * found.lengths.prefix.max()
    number = frames or 6
    assert told(found)[0].startswith(f"12 samples show {number} frame{'s' * (number > 1)} of a clip, ")
    assert told(found)[0].endswith("; 4 clips")
    other = {"kind": None, "folder": samples.parent / "index", "base": "tiny", "image_tokens": PICTURE}
    assert read_index(samples, images, max_length=512, frames=5, **other) is None


def test_what_is_held_out_is_the_run_s(place):
    samples, images = place
    config = mixture(2)
    config.num_val = 3
    guessed = chosen_of(all_samples(config, samples, seed=1), config, seed=1)
    processor = load_processor("tiny", chat_template=CHAT_TEMPLATE)
    data = PoseDataModule(samples=samples, images=images, processor=processor, config=config, batch_size=2, seed=1)
    assert sorted(guessed.image.tolist()) == sorted(data.train.lengths.image.tolist())


def test_single_pictures_are_counted_as_before(place):
    samples, _ = place
    alone = all_samples(mixture(None), samples, seed=0)
    assert told(alone) and not told(all_samples(mixture(None), None, seed=0))
    whole = all_samples(mixture(None), None, seed=0)
    assert with_prefixes(whole, lead=LEAD, image_tokens=PICTURE) is whole


def test_frames_that_leave_no_room_are_told_before_anything_is_made(conf):
    with pytest.raises(ConfigError, match=r"data\.max_length is 512, and 8 frames of tiny alone take 512 tokens; leave"):
        refuse_no_room(of(conf, "connector.pool=1"))
    refuse_no_room(of(conf))
    refuse_no_room(of(conf, "connector.pool=1", "data.frames=1"))

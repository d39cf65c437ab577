"""Files of every form, damaged at random places: read, or refused in one line, never anything else."""

import json
import pickle
import random
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest

from llavapose.errors import DataError
from llavapose.scenes.tracks.forms import JHMDB, POSETRACK, TRACKED
from llavapose.scenes.tracks.micro_actions import read_answers, read_labels
from llavapose.scenes.tracks.pyskl import read_pyskl
from llavapose.scenes.tracks.tracked import read_tracked
from tests.scenes.tracks.test_pyskl import NAME
from tests.scenes.tracks.test_pyskl import clip as pickled_clip
from tests.scenes.tracks.test_read import posetrack
from tests.scenes.tracks.written import JHMDB_JOINTS, clip, joints, written

ODD: tuple[Any, ...] = (
    None, True, False, -1, 0, 1, 2**63, 10**400, 1e308, -0.5, "", "x", "../..", "/etc", "a\x00b", "\ud800", "<image>",
    "é" * 300, [], {}, [[]], [None], {"id": 1}, [1, 2, 3], [0] * 51, ["nose"], "1", "walk", 3, 17,
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value of a document."""
    keys = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, inner in keys for found in places(inner, (*path, key)))]


def damaged(told: Any, rng: random.Random) -> Any:
    """A copy in which one to three values are odd ones, gone, there twice, or somewhere else's."""
    copy = deepcopy(told)
    for _ in range(rng.randint(1, 3)):
        path = rng.choice(places(copy)[1:])
        holder = copy
        for key in path[:-1]:
            holder = holder[key]
        match rng.randrange(4):
            case 0:
                del holder[path[-1]]
            case 1 if isinstance(holder, list):
                holder.append(holder[path[-1]])
            case _:
                holder[path[-1]] = deepcopy(rng.choice(ODD))
    return copy


def jhmdb() -> dict[str, Any]:
    told = clip(3, people=1)
    for one in told["annotations"]:
        one["keypoints"] = joints(one["bbox"][0], 20, num=15)
    told["categories"][0]["keypoints"] = JHMDB_JOINTS
    return told


def outcomes(one: Callable[[], Any]) -> str:
    try:
        one()
    except DataError as error:
        assert "\n" not in str(error) and len(str(error)) <= 1000
        return "refused"
    return "read"


@pytest.mark.parametrize(
    ("told", "form"),
    [(clip(3, videos=[{"id": 1, "name": "walk", "fps": 5}]), TRACKED), (posetrack(), POSETRACK), (jhmdb(), JHMDB)],
    ids=["tracked", "posetrack", "jhmdb"],
)
def test_damaged_files_of_tracks(tmp_path, told, form):
    written(tmp_path, told)
    path, rng, found = tmp_path / "damaged.json", random.Random(form.name), set()
    for _ in range(400):
        text = json.dumps(damaged(told, rng))
        path.write_text(text[: rng.randrange(len(text))] if rng.random() < 0.05 else text, encoding="utf-8")
        found.add(outcomes(lambda: read_tracked(images=tmp_path, keypoints=path, form=form)))
    assert found == {"read", "refused"}


def test_damaged_files_of_captions_and_objects(tmp_path):
    told, rng, found = clip(3), random.Random(5), set()
    keypoints = written(tmp_path, told)
    captions = {**told, "annotations": [{"id": 1, "image_id": 2, "caption": "A walk"}]}
    path = tmp_path / "captions.json"
    for _ in range(150):
        path.write_text(json.dumps(damaged(captions, rng)), encoding="utf-8")
        found.add(outcomes(lambda: read_tracked(images=tmp_path, keypoints=keypoints, captions=path, instances=path)))
    assert "refused" in found


def test_damaged_pickles_of_poses(tmp_path):
    path, rng, found = tmp_path / "poses.pkl", random.Random(9), set()
    odd = (*ODD[:9], np.zeros((1, 4, 17, 2)), np.zeros(3), np.float32(1), (), (1, 2), {1}, b"x", ((),))
    for _ in range(300):
        one: dict[Any, Any] = pickled_clip("a")
        data: dict[Any, Any] = {"split": {"train": ["a"]}, "annotations": [one, pickled_clip("b")]}
        for holder in rng.choices((one, one, data, data["split"]), k=rng.randint(1, 2)):
            holder[rng.choice(list(holder))] = rng.choice(odd)
        path.write_bytes(pickle.dumps(data))
        found.add(outcomes(lambda: read_pyskl(path, part="train", images=None, frame_name=NAME, pictures=False)))
    assert found == {"read", "refused"}


def test_damaged_answer_keys(tmp_path):
    rng, found = random.Random(3), set()
    whole = "0003_01_0005.mp4 8\n0003_01_0006.mp4 9\n"
    path = tmp_path / "labels.txt"
    for _ in range(200):
        data = bytearray(whole, "ascii")
        for _ in range(rng.randint(1, 3)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(bytes(data))
        found.add(outcomes(lambda: read_labels(path)))
        found.add(outcomes(lambda: read_answers(path)))
    assert found == {"read", "refused"}

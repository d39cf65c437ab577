"""The scenes drawn by hand as a set with pictures."""

import random
from pathlib import Path

import pytest
from PIL import Image

from llavapose.records import Scene
from llavapose.scenes.coco import SceneSet
from tests.drawn_by_hand import ALONE, MUTE, THREE


@pytest.fixture
def scene_set(tmp_path: Path) -> SceneSet:
    """The three scenes with plain pictures, each several times under other ids."""
    scenes = []
    for number in range(12):
        source = random.Random(number).choice((THREE, ALONE, MUTE))
        name = f"{number:03}.png"
        Image.new("RGB", (300, 300), (90, 120, 150)).save(tmp_path / name)
        fields = {**source.__dict__, "id": number, "image": name}
        scenes.append(Scene(**fields))
    return SceneSet(scenes=tuple(scenes), images=tmp_path)

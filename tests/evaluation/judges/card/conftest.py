"""A small world, drawn once: pictures whose poses are known for certain."""

from pathlib import Path

import pytest

from llavapose.config.scenes import ScenesConfig
from llavapose.records import Scene
from llavapose.scenes.open import open_scenes

NUM_IMAGES = 12


@pytest.fixture(scope="session")
def world(tmp_path_factory) -> ScenesConfig:
    root: Path = tmp_path_factory.mktemp("world")
    return ScenesConfig(name="world", root=root, num_train=4, num_val=40, image_size=64)


@pytest.fixture(scope="session")
def world_scenes(world) -> tuple[Scene, ...]:
    return tuple(open_scenes(world, "val").scenes)

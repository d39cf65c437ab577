"""Annotated people that tests of locating share: the built-in world's, and COCO's where its sample lies beside."""

from pathlib import Path

import pytest

from llavapose.scenes.world.world import WorldSettings, ensure_world

COCO = Path(__file__).parents[3] / "shared" / "data" / "coco_val2017_sample"


@pytest.fixture(scope="module", params=["world", "coco"])
def annotations(request, tmp_path_factory) -> Path:
    """A person_keypoints file."""
    if request.param == "coco":
        if not (COCO / "person_keypoints.json").is_file():
            pytest.skip("no COCO pictures here")
        return COCO / "person_keypoints.json"
    settings = WorldSettings(num_train=0, num_val=12, image_size=192)
    world = ensure_world(tmp_path_factory.mktemp("world"), settings, progress=False)
    return world / "annotations" / "person_keypoints_val.json"

"""The built-in world laid out as COCO lies on a disk: 2014 and 2017, the same ids under other names."""

import json
import shutil
from pathlib import Path

from llavapose.config.choices import SceneSource
from llavapose.config.scenes import ScenesConfig, SplitPaths
from llavapose.scenes.world.world import WorldSettings, ensure_world

KINDS = ("person_keypoints", "instances", "captions")


def lay_out(root: Path, drawn: Path, *, num_train: int = 8, num_val: int = 24) -> Path:
    """``root`` as COCO's folder: 2014's train and val; 2017's val, which holds every second picture of 2014's."""
    world = ensure_world(
        drawn, WorldSettings(num_train=num_train, num_val=num_val, image_size=64, seed=3), progress=False
    )
    (root / "annotations").mkdir(parents=True)
    for split in ("train", "val"):
        folder = root / f"{split}2014"
        folder.mkdir()
        for picture in (world / split).iterdir():
            shutil.copy(picture, folder / f"COCO_{split}2014_{picture.name}")
        for kind in KINDS:
            content = json.loads((world / "annotations" / f"{kind}_{split}.json").read_text())
            for image in content["images"]:
                image["file_name"] = f"COCO_{split}2014_{image['file_name']}"
            (root / "annotations" / f"{kind}_{split}2014.json").write_text(json.dumps(content))
    (root / "val2017").mkdir()
    for kind in KINDS:
        content = json.loads((world / "annotations" / f"{kind}_val.json").read_text())
        content["images"] = [image for image in content["images"] if image["id"] % 2]
        kept = {image["id"] for image in content["images"]}
        content["annotations"] = [one for one in content["annotations"] if one["image_id"] in kept]
        (root / "annotations" / f"{kind}_val2017.json").write_text(json.dumps(content))
        for image in content["images"]:
            shutil.copy(world / "val" / image["file_name"], root / "val2017" / image["file_name"])
    return root


def scenes_of(root: Path, year: int = 2014, **changes: object) -> ScenesConfig:
    """The settings of ``conf/scenes/coco<year>.yaml`` for this folder."""

    def split(name: str) -> SplitPaths:
        files = {kind: Path(f"annotations/{kind}_{name}{year}.json") for kind in KINDS}
        return SplitPaths(
            images=Path(f"{name}{year}"),
            keypoints=files["person_keypoints"],
            instances=files["instances"],
            captions=files["captions"],
        )

    values = {
        "name": f"coco{year}", "source": SceneSource.coco, "root": root, "train": split("train"), "val": split("val"),
        "min_labelled_joints": 5, "download": f"http://images.cocodataset.org/zips/val{year}.zip",
    }  # fmt: skip
    return ScenesConfig(**{**values, **changes})  # type: ignore[arg-type]

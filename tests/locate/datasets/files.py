"""Small sets in the forms of Human-Art, CrowdPose and MPII, with pictures of one colour."""

import json
from pathlib import Path
from typing import Any

from PIL import Image

from llavapose.pose.skeleton import CROWDPOSE14, MPII16

COLOURS = ("red", "green", "blue")


def crowdpose(root: Path) -> dict[str, Any]:
    """Three pictures of more and more crowded people; the form is that of ``crowdpose_test.json``: no area."""
    images, people = [], []
    names = [name.replace(" ", "_") for name in CROWDPOSE14.joints[:12]] + ["head", "neck"]
    (root / "images").mkdir(parents=True)
    for number, index in ((100000, 0.1), (100001, 0.5), (100002, 0.9)):
        Image.new("RGB", (640, 425), COLOURS[number % 3]).save(root / "images" / f"{number}.jpg")
        images.append({"file_name": f"{number}.jpg", "id": number, "height": 425, "width": 640, "crowdIndex": index})
        for at in range(2):
            points = [(50 + 250 * at + 11 * joint, 40 + 20 * joint, 2 if joint % 5 else 1) for joint in range(14)]
            people.append(
                {
                    "num_keypoints": 14, "iscrowd": 0, "keypoints": [value for point in points for value in point],
                    "image_id": number, "bbox": [40 + 250 * at, 20, 200, 300], "category_id": 1, "id": len(people) + 1,
                }
            )  # fmt: skip
        people.append(
            {
                "num_keypoints": 0, "iscrowd": 0, "keypoints": [0] * 42, "image_id": number, "bbox": [1, 1, 9, 9],
                "category_id": 1, "id": len(people) + 1,
            }
        )  # fmt: skip
    categories = [{"supercategory": "person", "id": 1, "name": "person", "keypoints": names, "skeleton": [[16, 14]]}]
    content = {"categories": categories, "images": images, "annotations": people}
    (root / "json").mkdir()
    (root / "json" / "crowdpose_test.json").write_text(json.dumps(content))
    return content


def humanart(root: Path) -> dict[str, Any]:
    """One painting with a person; fields and large ids as in ``validation_humanart.json``."""
    name = "HumanArt/images/2D_virtual_human/digital_art/000000001648.jpg"
    (root / name).parent.mkdir(parents=True)
    Image.new("RGB", (320, 437), "red").save(root / name)
    joints = [value for at in range(17) for value in (60.4305 + 9 * at, 50.0197 + 15 * at, 2)]
    image = {
        "file_name": name, "height": 437, "width": 320, "id": 2000000001648, "page_url": "https://example.org/art",
        "image_url": "https://example.org/art.jpg", "picture_name": "Autumn", "author": "None",
        "description": "digital_art, a girl standing under a tree", "category": "digital art",
    }  # fmt: skip
    person = {
        "keypoints": joints, "keypoints_21": [*joints, *[0] * 12], "self_contact": [[245.1376, 270.4875]],
        "num_keypoints": 17, "num_keypoints_21": 17, "iscrowd": 0, "image_id": 2000000001648,
        "area": 28873.690076053096, "bbox": [50.61884, 40.95864, 175.629312, 271.904112], "category_id": 1,
        "id": 2000000006746, "annotator": 67037,
    }  # fmt: skip
    content = {
        "info": {}, "images": [image], "annotations": [person],
        "categories": [{"supercategory": "person", "id": 1, "name": "person"}],
    }  # fmt: skip
    path = root / "HumanArt" / "annotations" / "validation_humanart.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content))
    return content


def mpii(root: Path, *, num: int = 3) -> list[dict[str, Any]]:
    """People as in HRNet's ``valid.json``: two of them in one picture, the last without ankles."""
    (root / "images").mkdir(parents=True)
    (root / "annot").mkdir()
    people = []
    for at in range(num):
        name = f"{5808361 + at // 2:09}.jpg"
        Image.new("RGB", (1280, 720), COLOURS[at % 3]).save(root / "images" / name)
        joints = [[300.0 + 40 * at + 20 * joint, 150.0 + 25 * joint] for joint in range(16)]
        labelled = [1] * 16
        if at == num - 1:
            for joint in (0, 5):
                joints[joint], labelled[joint] = [-1.0, -1.0], 0
        people.append(
            {
                "joints_vis": labelled, "joints": joints, "image": name, "scale": 2.0 + at,
                "center": [500.0 + 40 * at, 300.0],
            }
        )  # fmt: skip
    (root / "annot" / "valid.json").write_text(json.dumps(people))
    (root / "annot" / "train.json").write_text(json.dumps(people))
    heads = [[400.0, 100.0, 430.0, 140.0]] * num
    (root / "annot" / "heads.json").write_text(json.dumps(heads))
    return people


def gt_valid(path: Path, people: list[dict[str, Any]], *, shift: float = 0.0) -> None:
    """MPII's truth as a Matlab file, with the names and shapes of HRNet's ``gt_valid.mat``."""
    import numpy as np
    from scipy.io import savemat

    places = np.array([one["joints"] for one in people], float).transpose(1, 2, 0) + shift
    boxes = np.array([[[400.0, 100.0], [430.0, 140.0]]] * len(people)).transpose(1, 2, 0)
    missing = 1 - np.array([one["joints_vis"] for one in people]).T
    assert places.shape[0] == len(MPII16.joints)
    savemat(path, {"headboxes_src": boxes, "pos_gt_src": places, "jnt_missing": missing})

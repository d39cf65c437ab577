"""Targets of the vision encoder: right for the patch they lie on, mirrored with the picture."""

import numpy as np
import torch
from transformers import CLIPVisionModel

from llavapose.base.architecture import vision_config
from llavapose.base.targets import MAX_PEOPLE, NUM_JOINTS, mirrored_order, patch_targets, scene_arrays
from llavapose.base.vision import patch_features, scale_features
from llavapose.pose.skeleton import COCO17
from llavapose.records import Person, Scene

GRID = 8


def one_person(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    keypoints = np.concatenate([rng.uniform(0.2, 0.8, (1, NUM_JOINTS, 2)), np.full((1, NUM_JOINTS, 1), 2)], -1)
    low, high = keypoints[0, :, :2].min(0), keypoints[0, :, :2].max(0)
    return keypoints, np.concatenate([low, high])[None]


def test_offsets_point_from_the_patch_to_the_joint():
    keypoints, boxes = one_person(np.random.default_rng(0))
    targets = patch_targets(keypoints, boxes, grid=GRID)
    mine = np.flatnonzero(targets.flags[:, 0])
    assert len(mine) > 10
    for patch in mine:
        centre = np.array([patch % GRID + 0.5, patch // GRID + 0.5]) / GRID
        found = centre + targets.values[patch, : 2 * NUM_JOINTS].reshape(NUM_JOINTS, 2)
        np.testing.assert_allclose(found, keypoints[0, :, :2], atol=1e-6)


def test_joints_that_are_not_labelled_weigh_nothing():
    keypoints, boxes = one_person(np.random.default_rng(1))
    keypoints[0, 9] = 0
    targets = patch_targets(keypoints, boxes, grid=GRID)
    mine = targets.flags[:, 0] == 1
    assert (targets.weights[mine][:, 18:20] == 0).all()
    assert (targets.weights[mine][:, 16:18] == 1).all()


def test_people_are_ordered_from_the_left():
    keypoints, _ = one_person(np.random.default_rng(2))
    left, right = keypoints.copy(), keypoints.copy()
    left[..., 0] *= 0.4
    right[..., 0] = 0.6 + right[..., 0] * 0.4
    both = np.concatenate([right, left])
    low, high = both[:, :, :2].min(1), both[:, :, :2].max(1)
    targets = patch_targets(both, np.concatenate([low, high], 1), grid=GRID)
    order = targets.flags[:, -MAX_PEOPLE:].argmax(-1)
    columns = np.arange(GRID * GRID) % GRID
    on = targets.flags[:, 0] == 1
    assert (order[on & (columns < 3)] == 0).all() and (order[on & (columns > 4)] == 1).all()
    assert targets.count == 1


def test_mirrored_order_trades_sides_and_keeps_the_nose():
    order = mirrored_order()
    assert order[0] == 0
    assert (order[order] == np.arange(NUM_JOINTS)).all()
    assert COCO17.joints[order[COCO17.joints.index("left knee")]] == "right knee"


def test_scene_arrays_follow_the_padded_square():
    points = tuple((0.5, 0.0, 2) for _ in range(NUM_JOINTS))
    person = Person(id=1, box_xyxy=(0.0, 0.0, 1.0, 1.0), keypoints=points)
    scene = Scene(id=1, image="a.jpg", width=200, height=100, people=(person,))
    keypoints, boxes = scene_arrays(scene)
    np.testing.assert_allclose(keypoints[0, 0, :2], (0.5, 0.25))
    np.testing.assert_allclose(boxes[0], (0, 0.25, 1, 0.75))


def test_scaling_an_encoder_scales_its_features_alone():
    torch.manual_seed(0)
    tower = CLIPVisionModel(vision_config()).eval()
    pictures = torch.rand(2, 3, 112, 112)
    with torch.no_grad():
        before = patch_features(tower, pictures)
        scale_features(tower, 0.25)
        after = patch_features(tower, pictures)
    torch.testing.assert_close(after, before * 0.25, atol=1e-4, rtol=1e-3)

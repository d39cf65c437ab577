"""Targets of the vision encoder: right for the patch they lie on, mirrored with the picture."""

import numpy as np
import torch
from transformers import CLIPVisionModel

from llavapose.base import body_frame
from llavapose.base.architecture import vision_config
from llavapose.base.targets import LOCAL, NUM_JOINTS, PERSON_ORDER, VISIBLE, mirrored_order, patch_targets, scene_arrays
from llavapose.base.vision import patch_features, scale_features
from llavapose.pose.skeleton import COCO17
from llavapose.records import Person, Scene, Thing

GRID = 8
NOTHING = np.zeros((0, 5))


def one_person(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    keypoints = np.concatenate([rng.uniform(0.2, 0.8, (1, NUM_JOINTS, 2)), np.full((1, NUM_JOINTS, 1), 2)], -1)
    low, high = keypoints[0, :, :2].min(0), keypoints[0, :, :2].max(0)
    return keypoints, np.concatenate([low, high])[None]


def test_offsets_point_from_the_patch_to_the_joint():
    keypoints, boxes = one_person(np.random.default_rng(0))
    targets = patch_targets(keypoints, boxes, NOTHING, grid=GRID)
    mine = np.flatnonzero(targets.flags[:, 0])
    assert len(mine) > 10
    for patch in mine:
        centre = np.array([patch % GRID + 0.5, patch // GRID + 0.5]) / GRID
        found = centre + targets.values[patch, : 2 * NUM_JOINTS].reshape(NUM_JOINTS, 2)
        np.testing.assert_allclose(found, keypoints[0, :, :2], atol=1e-6)


def test_joints_that_are_not_labelled_weigh_nothing():
    keypoints, boxes = one_person(np.random.default_rng(1))
    keypoints[0, 9] = 0
    targets = patch_targets(keypoints, boxes, NOTHING, grid=GRID)
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
    targets = patch_targets(both, np.concatenate([low, high], 1), NOTHING, grid=GRID)
    order = targets.flags[:, PERSON_ORDER].argmax(-1)
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
    cup = Thing(id=2, category="cup", box_xyxy=(0.0, 0.0, 0.5, 1.0))
    unknown = Thing(id=3, category="toaster", box_xyxy=(0.0, 0.0, 0.5, 1.0))
    scene = Scene(id=1, image="a.jpg", width=200, height=100, people=(person,), things=(cup, unknown))
    keypoints, boxes, things = scene_arrays(scene)
    np.testing.assert_allclose(keypoints[0, 0, :2], (0.5, 0.25))
    np.testing.assert_allclose(boxes[0], (0, 0.25, 1, 0.75))
    np.testing.assert_allclose(things, [(0, 0.25, 0.5, 0.75, body_frame.CATEGORIES.index("cup"))])


def test_joints_in_the_own_frame_are_the_same_at_every_patch_and_wherever_the_person_is():
    keypoints, boxes = one_person(np.random.default_rng(3))
    small = keypoints * (0.5, 0.5, 1) + (0.3, 0.1, 0)
    here = patch_targets(keypoints, boxes, NOTHING, grid=GRID).values[:, LOCAL:-4]
    there = patch_targets(small, boxes * 0.5 + (0.3, 0.1, 0.3, 0.1), NOTHING, grid=GRID).values[:, LOCAL:-4]
    np.testing.assert_allclose(here, np.broadcast_to(here[0], here.shape))
    np.testing.assert_allclose(here[0], there[0], atol=1e-6)


def test_things_are_told_at_the_hand_that_is_near_and_at_the_patches_of_their_box():
    keypoints, boxes = one_person(np.random.default_rng(4))
    keypoints[0, 9, :2], keypoints[0, 10, :2] = (0.3, 0.3), (0.9, 0.9)
    cup = body_frame.CATEGORIES.index("cup")
    targets = patch_targets(keypoints, boxes, np.array([(0.25, 0.25, 0.35, 0.35, cup)]), grid=GRID)
    mine = np.flatnonzero(targets.flag_weights[:, VISIBLE] > 0)
    held = targets.flags[mine, VISIBLE : VISIBLE + len(body_frame.ENDS)]
    assert (held[:, 0] == 1).all() and (held[:, 1] == 0).all()  # the left wrist, not the right one
    assert (targets.flags[mine, VISIBLE + len(body_frame.ENDS) + cup] == 1).all()
    in_box = targets.flags[:, -len(body_frame.CATEGORIES) + cup] == 1
    assert in_box.sum() == 1 and in_box[2 * GRID + 2]


def test_scaling_an_encoder_scales_its_features_alone():
    torch.manual_seed(0)
    tower = CLIPVisionModel(vision_config()).eval()
    pictures = torch.rand(2, 3, 112, 112)
    with torch.no_grad():
        before = patch_features(tower, pictures)
        scale_features(tower, 0.25)
        after = patch_features(tower, pictures)
    torch.testing.assert_close(after, before * 0.25, atol=1e-4, rtol=1e-3)

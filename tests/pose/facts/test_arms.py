"""Hands lowered, in front of the body, folded, on the hip; bodies upside down; who is nearest in depth."""

from dataclasses import replace

import pytest

from llavapose.pose.facts.relations import nearest
from llavapose.pose.facts.scene import scene_facts

# The front figure: shoulders at y 100 (x 236 and 164), hips at y 200, a torso of 100 pixels.
PLATE = {"left_elbow": (246, 155), "left_wrist": (205, 150), "right_elbow": (154, 155), "right_wrist": (195, 150)}
PHONE = {"left_elbow": (246, 160), "left_wrist": (208, 168)}
FOLDED = {"left_elbow": (236, 158), "left_wrist": (184, 150), "right_elbow": (164, 158), "right_wrist": (216, 148)}
AKIMBO = {"left_elbow": (290, 150), "left_wrist": (232, 192), "right_elbow": (110, 150), "right_wrist": (168, 192)}
REACHING = {"left_elbow": (230, 138), "left_wrist": (222, 150), "right_elbow": (170, 138), "right_wrist": (178, 150)}


def _arms(figures, hidden=(), **joints):
    facts = scene_facts(figures.scene(figures.person(hidden=hidden, **joints)))
    return {(f.part, f.value) for f in facts if f.kind == "arm_height" and f.sure}


def _heights(figures, hidden=(), **joints):
    return {value for _, value in _arms(figures, hidden, **joints)}


@pytest.mark.parametrize("joints", [PLATE, PHONE, REACHING])
def test_a_hand_before_the_trunk_is_in_front_of_the_body(figures, joints):
    assert ("left arm", "in front of the body") in _arms(figures, **joints)


def test_folded_arms_are_folded_both(figures):
    assert _arms(figures, **FOLDED) == {("left arm", "folded"), ("right arm", "folded")}


def test_one_arm_alone_is_not_folded(figures):
    joints = {key: value for key, value in FOLDED.items() if key.startswith("left")}
    assert "folded" not in _heights(figures, **joints)


@pytest.mark.parametrize("joints", [AKIMBO, PLATE, PHONE, FOLDED, REACHING])
def test_only_hanging_hands_are_lowered(figures, joints):
    sides = {key.split("_")[0] for key in joints}
    assert not {(f"{side} arm", "lowered") for side in sides} & _arms(figures, **joints)


def test_a_hand_on_the_hip_is_nothing_for_certain(figures):
    assert _arms(figures, **AKIMBO) == set()


def test_hands_seen_from_behind_are_not_in_front(figures):
    """What is seen before a back is behind the body."""
    front = figures.person(**PLATE)
    turned = {name: (400 - x * 400, y * 400) for name, (x, y, _) in zip(_joints(), front.keypoints, strict=True)}
    behind = {name.replace(" ", "_"): point for name, point in turned.items()}
    heights = _heights(figures, ("nose", "left eye", "right eye"), **behind)
    assert not heights & {"in front of the body", "folded", "lowered"}


def test_reaching_forward_seen_from_the_side(figures):
    side = _sideways()
    reaching = side | {"left_elbow": (150, 140), "left_wrist": (100, 150)}
    assert ("left arm", "in front of the body") in _arms(figures, ("right ear", "right eye"), **reaching)
    behind = side | {"left_elbow": (238, 145), "left_wrist": (275, 165)}
    assert ("left arm", "in front of the body") not in _arms(figures, ("right ear", "right eye"), **behind)


def _sideways():
    """Facing image left."""
    return {
        "nose": (176, 62), "left_eye": (182, 54), "right_eye": (180, 54), "left_ear": (204, 56), "right_ear": (203, 56),
        "left_shoulder": (203, 100), "right_shoulder": (197, 100), "left_hip": (202, 200), "right_hip": (198, 200),
        "left_elbow": (204, 160), "right_elbow": (198, 160), "left_wrist": (202, 212), "right_wrist": (196, 212),
        "left_knee": (201, 286), "right_knee": (199, 286), "left_ankle": (202, 371), "right_ankle": (198, 371),
    }  # fmt: skip


def _joints():
    from llavapose.pose.skeleton import COCO17

    return COCO17.joints


BODILY = {"trunk", "stance", "arm_height", "legs", "leg_lift", "facing"}


@pytest.mark.parametrize("sideways", [False, True])
def test_a_handstand_says_nothing_of_up_and_down(figures, sideways):
    upright = figures.person(**_sideways()) if sideways else figures.person()
    turned = replace(upright, keypoints=tuple((x, 1 - y, seen) for x, y, seen in upright.keypoints))
    sure = {f.kind for f in scene_facts(figures.scene(turned)) if f.sure}
    assert not sure & BODILY
    assert "knee" in sure


def test_a_cartwheel_with_one_foot_still_down_is_not_bent_over(figures):
    joints = {
        "nose": (200, 330), "left_eye": (206, 336), "right_eye": (194, 336), "left_ear": (212, 328),
        "right_ear": (188, 328), "left_shoulder": (236, 290), "right_shoulder": (170, 300), "left_hip": (215, 195),
        "right_hip": (180, 200), "left_elbow": (250, 340), "right_elbow": (160, 350), "left_wrist": (255, 385),
        "right_wrist": (150, 390), "left_knee": (240, 115), "left_ankle": (262, 35), "right_knee": (110, 260),
        "right_ankle": (70, 335),
    }  # fmt: skip
    sure = {f.kind for f in scene_facts(figures.scene(figures.person(**joints))) if f.sure}
    assert not sure & BODILY


def test_who_touches_the_toes_is_bent_over(figures):
    """Head down, but on both feet: the word is right."""
    joints = _sideways() | {
        "left_hip": (230, 190), "right_hip": (226, 190), "left_shoulder": (180, 255), "right_shoulder": (176, 257),
        "nose": (170, 300), "left_ear": (182, 292), "right_ear": (182, 292), "left_eye": (173, 305),
        "right_eye": (173, 305), "left_elbow": (195, 300), "right_elbow": (195, 300), "left_wrist": (200, 345),
        "right_wrist": (200, 345), "left_knee": (222, 285), "right_knee": (220, 285), "left_ankle": (225, 371),
        "right_ankle": (223, 371),
    }  # fmt: skip
    sure = {(f.kind, f.value) for f in scene_facts(figures.scene(figures.person(**joints))) if f.sure}
    assert ("trunk", "bent over") in sure


def _boxes(figures, *boxes):
    people = [replace(figures.person(index), box_xyxy=box) for index, box in enumerate(boxes)]
    return figures.scene(*people)


def test_nearest_needs_people_of_like_size(figures):
    alike = _boxes(figures, (0.05, 0.2, 0.15, 0.6), (0.2, 0.2, 0.3, 0.6), (0.7, 0.2, 0.8, 0.6))
    assert {(f.person, f.target) for f in nearest(alike) if f.sure} >= {(0, 1), (1, 0)}
    deep = _boxes(figures, (0.05, 0.1, 0.3, 0.95), (0.2, 0.2, 0.3, 0.55), (0.7, 0.2, 0.8, 0.6))
    assert not [f for f in nearest(deep) if f.sure and 0 in (f.person, f.target)]


def test_a_skeleton_without_a_face_is_not_told_from_behind_by_its_absence(figures, monkeypatch):
    from llavapose.pose.skeleton import CROWDPOSE14

    named = dict(zip(_joints(), figures.person().keypoints, strict=True))
    mirrored = {name: (1 - x, y, seen) for name, (x, y, seen) in named.items()}
    joints = tuple(mirrored.get(name, (0.5, 0.1, 2)) for name in CROWDPOSE14.joints)
    scene = figures.scene(replace(figures.person(), keypoints=joints))
    facts = scene_facts(replace(scene, skeleton="crowdpose14"))
    assert not [f for f in facts if f.kind == "facing" and f.sure]
    assert ("arm_height", "lowered") in {(f.kind, f.value) for f in facts if f.sure}

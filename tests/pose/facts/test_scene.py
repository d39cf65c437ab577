"""Facts of hand-drawn figures, and the symmetries that every fact must keep."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llavapose.errors import DataError
from llavapose.pose.facts import scene as facts_module
from llavapose.pose.facts.scene import RULES, scene_facts
from llavapose.pose.skeleton import COCO17
from llavapose.pose.vocabulary import OPPOSITES, PARTS, VALUES, flip_part
from llavapose.records import Fact, Person, Scene, Thing


def _sure(scene) -> dict[tuple[str, str | None], str]:
    return {(fact.kind, fact.part): fact.value for fact in scene_facts(scene) if fact.sure}


def test_a_person_standing_in_front_of_us(figures):
    facts = _sure(figures.scene(figures.person()))
    expected = {
        ("elbow", "left elbow"): "straight", ("elbow", "right elbow"): "straight", ("knee", "left knee"): "straight",
        ("knee", "right knee"): "straight", ("arm_height", "left arm"): "lowered",
        ("arm_height", "right arm"): "lowered", ("legs", None): "together", ("leg_lift", "left leg"): "on the ground",
        ("leg_lift", "right leg"): "on the ground", ("trunk", None): "upright",
        ("stance", None): "standing", ("facing", None): "toward the camera",
        ("place", None): "middle", ("count", None): "1",
    }  # fmt: skip
    assert facts == expected


@pytest.mark.parametrize(
    ("joints", "key", "value"),
    [
        ({"left_wrist": (190, 165)}, ("elbow", "left elbow"), "bent"),
        ({"left_elbow": (250, 45), "left_wrist": (252, -8)}, ("arm_height", "left arm"), "above the head"),
        ({"right_elbow": (105, 98), "right_wrist": (54, 100)}, ("arm_height", "right arm"), "at shoulder height"),
        ({"right_elbow": (105, 98), "right_wrist": (54, 100)}, ("arm_side", "right arm"), "out to the side"),
        ({"left_elbow": (240, 155), "left_wrist": (180, 150)}, ("arm_side", "left arm"), "across the body"),
        ({"left_ankle": (262, 362), "left_knee": (240, 282), "right_ankle": (138, 362), "right_knee": (160, 282)},
         ("legs", None), "apart"),
        ({"right_knee": (170, 270), "right_ankle": (165, 310)}, ("leg_lift", "right leg"), "lifted"),
    ],
)  # fmt: skip
def test_a_moved_limb_is_told(figures, joints, key, value):
    assert _sure(figures.scene(figures.person(**joints))).get(key) == value


def test_from_behind_left_and_right_trade_places_and_the_face_is_hidden(figures):
    front = figures.person()
    points = {name: (400 - x * 400, y * 400) for name, (x, y, _) in zip(COCO17.joints, front.keypoints, strict=True)}
    behind = figures.person(
        hidden=("nose", "left eye", "right eye"), **{name.replace(" ", "_"): point for name, point in points.items()}
    )
    assert _sure(figures.scene(behind))["facing", None] == "away from the camera"


def test_a_foreshortened_leg_that_looks_straight_is_not_called_straight(figures):
    seated = {"left_knee": (222, 225), "left_ankle": (222, 310)}
    facts = _sure(figures.scene(figures.person(**seated)))
    assert facts.get(("knee", "left knee")) != "straight"
    assert facts["knee", "right knee"] == "straight"


def test_hidden_and_unlabelled_joints(figures):
    hidden = _sure(figures.scene(figures.person(hidden=("left wrist",))))
    assert not any(part in ("left elbow", "left arm", "left hand") for _, part in hidden)
    unlabelled = scene_facts(figures.scene(figures.person(unlabelled=("left wrist",))))
    assert not any(fact.part in ("left elbow", "left arm") for fact in unlabelled)
    assert any(fact.part == "right elbow" for fact in unlabelled)


def test_a_crowd_makes_the_count_unsure(figures):
    (number,) = [fact for fact in scene_facts(figures.scene(figures.person(), num_crowds=1)) if fact.kind == "count"]
    assert (number.value, number.sure) == ("1", False)


def test_who_is_where(figures):
    scene = figures.row(4)
    facts = [fact for fact in scene_facts(scene) if fact.sure]
    order = {(f.person, f.target): f.value for f in facts if f.kind == "side_of"}
    assert order[0, 1] == "right of"
    assert order[1, 0] == "left of"
    lonely = figures.scene(figures.person(dx=-190), figures.person(1, dx=20), figures.person(2, dx=180))
    pairs = {(f.person, f.target) for f in scene_facts(lonely) if f.kind == "nearest" and f.sure}
    assert pairs == {(0, 1), (1, 2), (2, 1)}


def test_an_empty_scene_has_no_facts_and_an_unknown_skeleton_is_an_error(figures):
    assert scene_facts(figures.scene()) == ()
    with pytest.raises(DataError, match="skeleton 'coco18'"):
        scene_facts(replace(figures.scene(figures.person()), skeleton="coco18"))


def test_a_skeleton_without_a_joint_has_only_the_facts_it_can_tell(figures, monkeypatch):
    keep = [i for i, joint in enumerate(COCO17.joints) if joint not in ("nose", "left elbow")]
    cut = replace(COCO17, name="cut", joints=tuple(COCO17.joints[i] for i in keep))
    monkeypatch.setattr(facts_module, "skeleton_named", lambda name: cut)
    person = figures.person()
    scene = figures.scene(replace(person, keypoints=tuple(person.keypoints[i] for i in keep)))
    parts = {(fact.kind, fact.part) for fact in scene_facts(scene)}
    assert ("elbow", "right elbow") in parts
    assert ("elbow", "left elbow") not in parts
    assert ("arm_height", "left arm") not in parts


def test_rules_name_joints_kinds_and_parts_that_exist():
    for rule in RULES:
        assert rule.kind in VALUES
        assert {joint.format(side="left") for joint in rule.needs} <= set(COCO17.joints)
        assert (rule.part is not None) == (rule.kind in PARTS)
    assert set(OPPOSITES) <= set(VALUES)


COORDINATE = st.integers(0, 1024).map(lambda value: value / 1024)


@st.composite
def scenes(draw) -> Scene:
    """Any joints at all: symmetries do not depend on people looking like people."""
    people = []
    for index in range(draw(st.integers(1, 3))):
        joint = st.tuples(COORDINATE, COORDINATE, st.sampled_from((0, 1, 2, 2, 2)))
        joints = draw(st.lists(joint, min_size=17, max_size=17))
        keypoints = tuple((x, y, v) if v else (0.0, 0.0, 0) for x, y, v in joints)
        x, y = draw(st.integers(0, 700)), draw(st.integers(0, 200))
        box = (x / 1024, y / 1024, (x + draw(st.integers(50, 300))) / 1024, (y + draw(st.integers(500, 800))) / 1024)
        people.append(Person(id=index, box_xyxy=box, keypoints=keypoints))
    x, y = draw(COORDINATE), draw(COORDINATE)
    things = (Thing(id=9, category="umbrella", box_xyxy=(x / 2, y / 2, x / 2 + 0.2, y / 2 + 0.3)),)
    return Scene(id=1, image="1.jpg", width=draw(st.integers(50, 900)), height=draw(st.integers(50, 900)),
                 people=tuple(people), things=things)  # fmt: skip


def _mirrored(scene: Scene) -> Scene:
    swap = dict(COCO17.pairs) | {right: left for left, right in COCO17.pairs}

    def box(b):
        return (1 - b[2], b[1], 1 - b[0], b[3])

    people = []
    for person in scene.people:
        points = [person.keypoints[swap.get(i, i)] for i in range(17)]
        points = tuple((1 - x, y, v) if v else (0.0, 0.0, 0) for x, y, v in points)
        people.append(replace(person, box_xyxy=box(person.box_xyxy), keypoints=points))
    things = tuple(replace(thing, box_xyxy=box(thing.box_xyxy)) for thing in scene.things)
    return replace(scene, people=tuple(people), things=things)


SWAPPED = {
    ("facing", "image left"): "image right", ("facing", "image right"): "image left", ("place", "left"): "right",
    ("place", "right"): "left", ("side_of", "left of"): "right of", ("side_of", "right of"): "left of",
}  # fmt: skip


def _key(fact: Fact):
    person = -1 if fact.person is None else fact.person
    # What an unsure fact would say is never read: on a tie it may be either.
    return (fact.kind, person, fact.part or "", fact.target or 0, fact.value if fact.sure else "", fact.sure)


@settings(max_examples=150, deadline=None)
@given(scenes())
def test_a_mirrored_picture_swaps_left_and_right_and_nothing_else(scene):
    expected = []
    for fact in scene_facts(scene):
        part = flip_part(fact.part) if fact.part else None
        value = SWAPPED.get((fact.kind, fact.value), fact.value)
        expected.append(replace(fact, part=part, value=value))
    assert sorted(map(_key, scene_facts(_mirrored(scene)))) == sorted(map(_key, expected))


@settings(max_examples=150, deadline=None)
@given(scenes(), st.sampled_from((0.25, 0.5, 2.0, 4.0)))
def test_scale_changes_nothing(scene, factor):
    bigger = replace(scene, width=int(scene.width * 4 * factor), height=int(scene.height * 4 * factor))
    same = replace(scene, width=scene.width * 4, height=scene.height * 4)
    if bigger.width * same.height == bigger.height * same.width:
        assert list(map(_key, scene_facts(bigger))) == list(map(_key, scene_facts(same)))


@settings(max_examples=150, deadline=None)
@given(scenes(), st.sampled_from((-0.25, 0.125, 0.5)), st.sampled_from((-0.5, 0.25)))
def test_shifting_changes_only_the_place(scene, dx, dy):
    def moved(box):
        return (box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy)

    people = tuple(
        replace(p, box_xyxy=moved(p.box_xyxy),
                keypoints=tuple((x + dx, y + dy, v) if v else (x, y, v) for x, y, v in p.keypoints))
        for p in scene.people
    )  # fmt: skip
    things = tuple(replace(thing, box_xyxy=moved(thing.box_xyxy)) for thing in scene.things)
    other = replace(scene, people=people, things=things)
    before = [_key(fact) for fact in scene_facts(scene) if fact.kind != "place"]
    assert [_key(fact) for fact in scene_facts(other) if fact.kind != "place"] == before

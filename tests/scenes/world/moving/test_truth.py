"""The latent truth: written by hand for one person, and for all of a world in the vocabulary's words."""

import random
from dataclasses import replace

import pytest

from llavapose.pose.motion.vocabulary import PARTS, VALUES
from llavapose.scenes.world.drawn.body import random_build
from llavapose.scenes.world.drawn.limb_states import aim, bent
from llavapose.scenes.world.drawn.wardrobe import random_outfit
from llavapose.scenes.world.moving.actor import Actor, Low, Move, Path
from llavapose.scenes.world.moving.script import Script, cast_of, script
from llavapose.scenes.world.moving.timing import Clock
from llavapose.scenes.world.moving.truth import truth_of

CLOCK = Clock(num_frames=16)
DOWN, UP = (bent(aim(angle, 0.0, 1.0), (0.0, 0.1, 1.0), 175.0) for angle in (8.0, 165.0))
FOLDED = bent(aim(85.0, 0.0, 1.0), (0.0, 1.0, 0.0), 80.0)
LEVEL = bent(aim(85.0, 0.0, 1.0), (0.0, 1.0, 0.0), 172.0)
RIGHT = bent(aim(8.0, 0.0, -1.0), (0.0, 0.1, 1.0), 175.0)


def _actor(move: Move | None = None, left: tuple = (DOWN, UP), **given: object) -> Actor:
    rng = random.Random(0)
    actor = Actor(
        build=random_build(rng), outfit=random_outfit(rng), view="front", pitch_deg=8.0, acts="exercising",
        arms={"left": left, "right": (RIGHT, RIGHT)}, moves=(move,) if move else (),
    )  # fmt: skip
    return replace(actor, **given)


def _told(*actors: Actor) -> list[list[tuple]]:
    truth = truth_of(Script(setting="park", actors=actors, apart=None), CLOCK, 1, "000001")
    return [
        [(event["kind"], event["part"], event["value"]) for event in person["events"] if not event["within"]]
        for person in truth["people"]
    ]


def _move(channel: str, *, forward: bool = True, start: float = 1.0, end: float = 2.0, times: int = 0) -> Move:
    return Move(name=channel, channel=channel, forward=forward, start_s=start, end_s=end, times=times)


def test_raising_an_arm_is_told_past_shoulder_and_head() -> None:
    hand = [("hand_motion", "left hand", f"raised past the {what}") for what in ("shoulder", "head")]
    assert _told(_actor(_move("left arm"))) == [hand]
    lowered = [("hand_motion", "left hand", f"lowered past the {what}") for what in ("shoulder", "head")]
    assert _told(_actor(_move("left arm", forward=False))) == [lowered]


def test_bending_an_elbow() -> None:
    (events,) = _told(_actor(_move("left arm"), left=(LEVEL, FOLDED)))
    assert ("elbow_motion", "left elbow", "bends") in events
    (events,) = _told(_actor(_move("left arm", forward=False), left=(LEVEL, FOLDED)))
    assert ("elbow_motion", "left elbow", "straightens") in events


def test_sitting_down_bends_both_knees() -> None:
    low = Low(stance="sitting", height=0.245, back=0.22, outward=0.4, lean_deg=2.0)
    (events,) = _told(_actor(_move("stance", forward=False), low=low))
    assert sorted(events, key=str) == [
        ("knee_motion", "left knee", "bends"), ("knee_motion", "right knee", "bends"),
        ("stance_motion", None, "sits down"),
    ]  # fmt: skip
    (events,) = _told(_actor(_move("stance"), low=replace(low, stance="crouching", height=0.18, back=0.1)))
    assert ("stance_motion", None, "stands up") in events


def test_turning_and_walking() -> None:
    assert _told(_actor(_move("yaw"), yaw_deg=(0.0, 90.0))) == [[("turn", None, "own left")]]
    shift = replace(_move("path"), name="shift")
    assert _told(_actor(shift, path=Path(along=(0.6, 0.0), pairs=2, sideways=True))) == [
        [("shift", None, "image right")]
    ]
    away = replace(_move("path", forward=False), name="approach")
    assert _told(_actor(away, path=Path(along=(0.0, 1.0), pairs=2))) == [[("approach", None, "away")]]


def test_how_often() -> None:
    (events,) = _told(_actor(_move("left arm", start=0.2, end=2.6, times=3)))
    assert events == [("repeats", "left hand", "3")]
    (events,) = _told(_actor(_move("left arm", times=1), left=(LEVEL, FOLDED)))
    assert ("repeats", "left elbow", "1") in events


def test_who_first() -> None:
    early, late = _actor(_move("left arm", start=0.3, end=1.2)), _actor(_move("left arm", start=1.5, end=2.4))
    truth = truth_of(Script(setting="park", actors=(late, early), apart=True), CLOCK, 1, "000001")
    assert truth["first"] == 1
    orders = [event for person in truth["people"] for event in person["events"] if event["kind"] == "order"]
    assert [(one["value"], one["target"]) for one in orders] == [("after", 1), ("before", 0)]
    together = replace(late, moves=(_move("left arm", start=0.35, end=1.2),))
    assert truth_of(Script(setting="park", actors=(together, early), apart=False), CLOCK, 1, "x")["first"] is None


@pytest.fixture(scope="module")
def truths() -> list[dict]:
    found = []
    for number in range(120):
        rng = random.Random(f"truth {number}")
        found.append(truth_of(script(rng, CLOCK, cast_of(0, number)), CLOCK, number, f"{number:06d}"))
    return found


def test_all_of_it_is_in_the_vocabularys_words(truths: list[dict]) -> None:
    kinds = set()
    for person in (person for truth in truths for person in truth["people"]):
        assert all(len(values) == CLOCK.num_frames for values in person["signals"].values())
        for event in person["events"]:
            kinds.add(event["kind"])
            assert event["value"] in VALUES[event["kind"]]
            assert event["part"] in PARTS.get(event["kind"], (None,))
            assert event["kind"] == "order" or 0 <= event["start_s"] < event["end_s"] <= 3.0
    assert kinds == set(VALUES)


def test_who_stands_still_has_no_motion(truths: list[dict]) -> None:
    for person in (person for truth in truths for person in truth["people"] if not person["moves"]):
        assert not person["events"]
        assert all(max(values) == min(values) for values in person["signals"].values())

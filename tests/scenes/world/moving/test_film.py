"""Frames of a clip: one backdrop, people who stay themselves, feet that stand still, things that go along."""

import random
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from llavapose.scenes.world.drawn.body import SIDES
from llavapose.scenes.world.moving.actor import Actor, placed
from llavapose.scenes.world.moving.blend import blended, eased
from llavapose.scenes.world.moving.captions import captions_of
from llavapose.scenes.world.moving.catalogue import raised_arm
from llavapose.scenes.world.moving.film import Film, film
from llavapose.scenes.world.moving.script import Script, cast_of, script
from llavapose.scenes.world.moving.timing import Clock

CLOCK = Clock(num_frames=16)
# Which way somebody goes, in all the words that a caption might slip into.
TELLING = ("left", "right", "raise", "rais", "lower", "sit", "stand up", "first", "twice", "times", "nearer", "toward")


@pytest.fixture(scope="module")
def films() -> list[Film]:
    return [film(1, number, 96, CLOCK) for number in range(1, 13)]


@pytest.fixture(scope="module")
def scripts() -> list[Script]:
    found = []
    for number in range(150):
        rng = random.Random(f"film {number}")
        found.append(script(rng, CLOCK, cast_of(0, number)))
    return found


def _actors(scripts: list[Script], *names: str) -> Iterator[Actor]:
    for one in scripts:
        yield from (actor for actor in one.actors if {move.name for move in actor.moves} & set(names))


def test_the_backdrop_does_not_flicker(films: list[Film]) -> None:
    """Away from everybody and their things, no pixel of a clip ever changes."""
    for one in films:
        free = np.ones((96, 96), dtype=bool)
        for shot in one.shots:
            for item in shot.seen:
                x1, y1, x2, y2 = item.box_px
                # Outlines that the map does not hold, shadows, and a ball's way.
                free[max(0, y1 - 3) : y2 + 8, max(0, x1 - 12) : x2 + 12] = False
        pixels = np.stack([np.asarray(shot.picture) for shot in one.shots])
        assert (pixels[:, free] == pixels[0, free]).all()


def test_frames_of_a_clip_differ_where_somebody_moves(films: list[Film]) -> None:
    for one in films:
        same = all(np.array_equal(one.shots[0].picture, shot.picture) for shot in one.shots[1:])
        assert same == all(not actor.moves for actor in one.script.actors)


def test_everybody_is_seen_in_every_frame(films: list[Film]) -> None:
    for one in films:
        for shot in one.shots:
            owners = [item.owner for item in shot.seen if item.category == "person"]
            assert owners == list(range(len(one.script.actors)))


def test_what_is_held_is_at_the_hand(films: list[Film]) -> None:
    held = 0
    for one in films:
        for shot in one.shots:
            for item in shot.seen:
                actor = one.script.actors[item.owner]
                if item.how != "held" or item.category in ("sports ball", "tennis racket", "baseball bat"):
                    continue
                person = shot.people[item.owner]
                hand = person.place(person.body.points[f"{actor.acting} hand"])
                x1, y1, x2, y2 = item.box_px
                away = max(x1 - hand[0], hand[0] - x2, y1 - hand[1], hand[1] - y2)
                assert away < 0.12 * person.scale
                held += 1
    assert held


def test_feet_stay_where_they_stand(scripts: list[Script]) -> None:
    """Who sits down, crouches or moves an arm never slides; who lifts a leg stands on the other."""
    for actor in _actors(scripts, "seat", "crouch", "arm", "wave"):
        if {move.channel for move in actor.moves} - {"stance", "left arm", "right arm"}:
            continue
        for side in SIDES:
            people = [placed(actor, actor.shares(time_s)) for time_s in CLOCK.times_s]
            ankles = np.array([one.place(one.body.points[f"{side} ankle"]) for one in people])
            # Of a body height: legs of another length than the way reach a hair less far.
            assert np.ptp(ankles, axis=0).max() < 0.01 * actor.scale


def test_a_foot_stands_while_the_other_steps(scripts: list[Script]) -> None:
    """Sideways and ahead: in any tenth of a second, the foot that moves least has hardly moved."""
    walkers = list(_actors(scripts, "shift"))
    assert walkers
    for actor in walkers:
        people = [placed(actor, actor.shares(time_s / 20)) for time_s in range(61)]
        feet = np.array([[one.place(one.body.points[f"{side} ankle"])[0] for side in SIDES] for one in people])
        hips = np.array([one.origin[0] for one in people])
        assert np.abs(np.diff(feet, axis=0)).min(axis=1).max() < 0.03 * actor.scale
        assert abs(hips[-1] - hips[0]) > 0.1
        assert np.abs(feet - hips[:, None]).max() < 0.4 * actor.scale


def test_sitting_needs_something_to_sit_on(scripts: list[Script]) -> None:
    sitters = [actor for one in scripts for actor in one.actors if actor.low and actor.low.stance == "sitting"]
    assert sitters and all(actor.seat for actor in sitters)


def test_a_way_back_is_the_way_there_backwards() -> None:
    rng = random.Random(3)
    for _ in range(20):
        low, high = raised_arm(rng, "left", "front", next(iter(_builds())))
        for share in (0.0, 0.2, 0.5, 0.9):
            there, back = blended(low, high, share), blended(high, low, 1 - share)
            assert np.allclose((*there.upper, *there.lower), (*back.upper, *back.lower), atol=1e-6)
            assert eased(share) == pytest.approx(1 - eased(1 - share))
        assert np.allclose(blended(low, high, 1.0).lower, high.lower, atol=1e-6)


def test_an_actor_played_backwards_is_the_same_actor_with_motions_turned_round(scripts: list[Script]) -> None:
    for actor in _actors(scripts, "arm", "seat", "shift", "turn", "knee"):
        turned = tuple(
            replace(move, forward=not move.forward, start_s=3.0 - move.end_s, end_s=3.0 - move.start_s)
            for move in actor.moves
            if not move.times
        )
        if len(turned) < len(actor.moves):
            continue
        backwards = replace(actor, moves=turned)
        for time_s in (0.4, 1.3, 2.2):
            one, other = placed(actor, actor.shares(time_s)), placed(backwards, backwards.shares(3.0 - time_s))
            assert np.allclose(one.body.points["left wrist"], other.body.points["left wrist"], atol=1e-6)
            assert np.allclose(one.origin, other.origin, atol=1e-6)


def test_captions_do_not_say_which_way(scripts: list[Script]) -> None:
    for number, one in enumerate(scripts):
        texts = captions_of(one, random.Random(number))
        assert len(set(texts)) == 5
        for text in texts:
            assert text[0].isupper() and text.endswith(".") and "{" not in text
            assert not [word for word in TELLING if word in text.lower().split()], text


def _builds() -> Iterator:
    from llavapose.scenes.world.drawn.body import random_build

    yield random_build(random.Random(0))

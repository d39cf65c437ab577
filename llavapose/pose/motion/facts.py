"""Tracks -> motion facts.

>>> motion_facts(scene)[0]
Fact(kind='hand_motion', person=0, value='raised past the head', sure=True, part='left hand', target=None,
measure=1.42, span_s=(0.6, 1.2))
"""

import itertools
from collections.abc import Sequence

from llavapose.pose.motion import body, limbs, paths
from llavapose.pose.motion.limbs import Moved
from llavapose.pose.motion.order import moving, order
from llavapose.pose.motion.tracks import Track, track_of
from llavapose.pose.people import prominent
from llavapose.records import Fact, Scene

_SIDES = ("left", "right")


def motion_facts(scene: Scene) -> tuple[Fact, ...]:
    """What a scene's frames say about how its people move, sure and unsure; none of a picture that stands alone.

    At most one fact a kind, person and part; of ``order`` one a person and other person. Whoever only seems to move
    because everybody does (the camera turns, or zooms) is never sure to.
    """
    if len(scene.frames) < 2:
        return ()
    tracks = [track_of(scene, person) for person in range(len(scene.people))]
    told = prominent(scene)
    found = {person: _moves(tracks[person], [one for one in tracks if one.person != person]) for person in told}
    facts = [_fact(tracks[person], move) for person, moves in found.items() for move in moves]
    return (*facts, *_orders([tracks[person] for person in told]))


def _moves(track: Track, others: Sequence[Track]) -> list[Moved]:
    found = [limbs.hand(track, side) for side in _SIDES]
    found += [limbs.hinge(track, joint, side) for joint in ("elbow", "knee") for side in _SIDES]
    found += [body.stance(track), body.turn(track), paths.shift(track, others), paths.approach(track, others)]
    return [move for move in found if move]


def _orders(tracks: Sequence[Track]) -> list[Fact]:
    """Who moves first, of every two people who move; told of both."""
    times = {track.person: (track, when) for track in tracks if (when := moving(track))}
    facts = []
    for one, other in itertools.permutations(times, 2):
        (track, when), (_, others) = times[one], times[other]
        move = order(when, others, track.times_s)
        facts += [_fact(track, move, target=other)] if move else []
    return facts


def _fact(track: Track, move: Moved, target: int | None = None) -> Fact:
    first, last = (track.times_s[number] for number in move.span)
    return Fact(kind=move.kind, person=track.person, value=move.value, sure=move.sure, part=move.part, target=target,
                measure=move.measure, span_s=(first, last))  # fmt: skip

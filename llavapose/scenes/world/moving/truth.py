"""The latent truth of a clip: what everybody does, from the script and the joints in space, never from a picture.

One object a clip::

    {"scene_id": 7, "video": "000007", "setting": "park", "apart": true, "first": 0, "people": [
      {"track_id": 0, "view": "front", "moves": [{"name": "arm", "channel": "left arm", "forward": true, ...}],
       "events": [{"kind": "hand_motion", "part": "left hand", "value": "raised past the head", "start_s": 0.8,
                   "end_s": 1.9, "from": -0.9, "to": 1.4, "clear": true, "within": false}, ...],
       "signals": {"left elbow": [171.2, ...], ...}}]}

``kind``, ``part`` and ``value`` are those of ``pose/motion/vocabulary.py``; ``from`` and ``to`` the numbers behind
them; an event that is not ``clear`` is so small that people would differ about it; one ``within`` another is a single
time of a repeated motion.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llavapose.scenes.world.drawn.body import SIDES
from llavapose.scenes.world.drawn.stage import Placed
from llavapose.scenes.world.moving.actor import Actor, Move, placed
from llavapose.scenes.world.moving.script import Script
from llavapose.scenes.world.moving.timing import APART_S, Clock

LEAST_DEG, CLEAR_DEG = 25.0, 45.0
"""An elbow or knee that changes by less is held still; by less than the second, people would differ."""

CLEAR_RISE = 0.15
"""Torso lengths that a hand begins below and ends above what it passes."""

Event = dict[str, Any]


def truth_of(script: Script, clock: Clock, number: int, video: str) -> dict[str, Any]:
    """One clip's truth."""
    people = [_person(actor, clock, track) for track, actor in enumerate(script.actors)]
    begins = [min((move.start_s for move in actor.moves), default=None) for actor in script.actors]
    _add_order(people, begins)
    known = sorted((start, track) for track, start in enumerate(begins) if start is not None)
    clear = len(known) > 1 and known[1][0] - known[0][0] >= APART_S
    return {
        "scene_id": number, "video": video, "setting": script.setting, "num_people": len(people),
        "apart": script.apart, "first": known[0][1] if clear else None, "people": people,
    }  # fmt: skip


def _person(actor: Actor, clock: Clock, track: int) -> dict[str, Any]:
    over_time = [signals(actor, time_s) for time_s in clock.times_s]
    events = sorted(_events(actor), key=lambda event: (event["start_s"], event["kind"], event["part"] or ""))
    return {
        "track_id": track, "view": actor.view, "acts": actor.acts, "holds": actor.holds, "acting": actor.acting,
        "low": actor.low.stance if actor.low else None,
        "moves": [{key: getattr(move, key) for key in ("name", "channel", "forward", "start_s", "end_s", "times")}
                  for move in actor.moves],
        "events": events,
        "signals": {name: [one[name] for one in over_time] for name in over_time[0]},
    }  # fmt: skip


def signals(actor: Actor, time_s: float) -> dict[str, float]:
    """The numbers behind the facts at a time.

    "left elbow", "left knee" (degrees, 180 straight); "left hand over shoulder", "left hand over head" (torso lengths
    in the camera's vertical); "stance" (0 low, 1 standing); "yaw"; "x" of the hips (sides of the picture); "size" (a
    body height, in sides of the picture).
    """
    shares = actor.shares(time_s)
    person = placed(actor, shares)
    found = {"stance": shares["stance"] if actor.low else 1.0, "yaw": person.acted.camera.yaw_deg}
    found |= {"x": person.origin[0], "size": person.scale}
    for side in SIDES:
        found[f"{side} elbow"] = person.acted.figure.arms[side].interior_deg
        found[f"{side} knee"] = person.acted.figure.legs[side].interior_deg
        found[f"{side} hand over shoulder"], found[f"{side} hand over head"] = _rises(person, side)
    return {name: round(value, 3) for name, value in found.items()}


def _rises(person: Placed, side: str) -> tuple[float, float]:
    points, build = person.body.points, person.acted.build
    wrist = points[f"{side} wrist"][1]
    top = points["head"][1] - build["head"]
    return (points[f"{side} shoulder"][1] - wrist) / build["torso"], (top - wrist) / build["torso"]


def _events(actor: Actor) -> Iterator[Event]:
    for move in actor.moves:
        spans = _halves(move) if move.times else [(move.start_s, move.end_s)]
        for start_s, end_s in spans:
            # Just inside: the next motion of the same limb may begin where this one ends.
            ends = signals(actor, start_s), signals(actor, end_s - 1e-6)
            yield from _changes(actor, move, ends, (start_s, end_s))
        if move.times:
            yield from _repeated(actor, move)


def _halves(move: Move) -> list[tuple[float, float]]:
    """There, back, there, back: the single ways of a repeated motion."""
    half = (move.end_s - move.start_s) / (2 * move.times)
    return [(move.start_s + half * i, move.start_s + half * (i + 1)) for i in range(2 * move.times)]


def _changes(
    actor: Actor, move: Move, ends: tuple[Mapping[str, float], Mapping[str, float]], span: tuple[float, float]
) -> Iterator[Event]:
    """What the numbers say has changed from the begin of a way to its end."""
    a, b = ends
    within = bool(move.times)

    def event(kind: str, part: str | None, value: str, name: str, clear: bool) -> Event:
        return {"kind": kind, "part": part, "value": value, "start_s": round(span[0], 3), "end_s": round(span[1], 3),
                "from": a[name], "to": b[name], "clear": clear, "within": within}  # fmt: skip

    for side in SIDES:
        for what in ("shoulder", "head"):
            name = f"{side} hand over {what}"
            if move.channel == f"{side} arm" and (a[name] > 0) != (b[name] > 0):
                value = f"{'raised' if b[name] > 0 else 'lowered'} past the {what}"
                clear = min(abs(a[name]), abs(b[name])) >= CLEAR_RISE
                yield event("hand_motion", f"{side} hand", value, name, clear)
        for joint, channels in (("elbow", (f"{side} arm",)), ("knee", (f"{side} leg", "stance"))):
            name = f"{side} {joint}"
            if move.channel in channels and abs(b[name] - a[name]) >= LEAST_DEG:
                value = "bends" if b[name] < a[name] else "straightens"
                yield event(f"{joint}_motion", name, value, name, abs(b[name] - a[name]) >= CLEAR_DEG)
    if move.channel == "stance" and actor.low:
        down = "sits down" if actor.low.stance == "sitting" else "crouches down"
        yield event("stance_motion", None, "stands up" if b["stance"] > a["stance"] else down, "stance", True)
    if move.channel == "yaw":
        yield event("turn", None, "own left" if b["yaw"] > a["yaw"] else "own right", "yaw", True)
    if move.name == "shift":
        yield event("shift", None, "image right" if b["x"] > a["x"] else "image left", "x", True)
    if move.name == "approach":
        yield event("approach", None, "nearer" if b["size"] > a["size"] else "away", "size", True)


def _repeated(actor: Actor, move: Move) -> Iterator[Event]:
    """How often: of the joint that bends, and of the hand where it passes the shoulder each time."""
    a, b = signals(actor, move.start_s), signals(actor, _halves(move)[0][1])
    side = move.channel.partition(" ")[0]
    parts = []
    if move.channel.endswith("leg"):
        parts.append((f"{side} knee", f"{side} knee", CLEAR_DEG))
    else:
        parts.append((f"{side} elbow", f"{side} elbow", CLEAR_DEG))
        parts.append((f"{side} hand", f"{side} hand over shoulder", 0.5))
    for part, name, least in parts:
        change = abs(b[name] - a[name])
        if change >= least / 2:
            yield {"kind": "repeats", "part": part, "value": str(move.times), "start_s": move.start_s,
                   "end_s": move.end_s, "from": a[name], "to": b[name], "clear": change >= least,
                   "within": False}  # fmt: skip


def _add_order(people: Sequence[dict[str, Any]], begins: Sequence[float | None]) -> None:
    """Who begins before whom, of all pairs that clearly do."""
    for track, start in enumerate(begins):
        for target, later in enumerate(begins):
            if start is None or later is None or abs(start - later) < APART_S:
                continue
            value = "before" if start < later else "after"
            people[track]["events"].append(
                {"kind": "order", "part": None, "value": value, "target": target, "start_s": start, "end_s": later,
                 "from": start, "to": later, "clear": True, "within": False}
            )  # fmt: skip

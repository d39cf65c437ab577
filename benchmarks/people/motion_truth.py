"""Motion facts against the moving world's latent truth: which are right, and which true events are stated.

An event of the truth is one way of one part ("left hand", "raised past the head") or how often it goes there and back;
``within`` are the single ways of what is repeated, and an event that is not ``clear`` is so small that people would
differ about it: whoever states it is right, and whoever does not has missed nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llavapose.pose.motion.vocabulary import VALUES
from llavapose.records import Fact, Scene

Truth = dict[str, Any]
LEAST_DEG, LEAST_TORSOS = 25.0, 0.25
"""A way of an elbow or knee, and of a hand, that is one by the numbers in space."""


@dataclass(kw_only=True)
class Tally:
    """Of one kind.

    Attributes:
        right, wrong: stated facts.
        false: of the wrong ones, those where nothing of the kind happens to that part.
        unsure: facts that are kept and not stated.
        events, found: clear events, and those of them that are stated with their value.
    """

    right: int = 0
    wrong: int = 0
    false: int = 0
    unsure: int = 0
    events: int = 0
    found: int = 0

    @property
    def stated(self) -> int:
        """Sure facts."""
        return self.right + self.wrong


@dataclass(kw_only=True)
class Scored:
    """All kinds, and a line a wrong stated fact."""

    kinds: dict[str, Tally] = field(default_factory=lambda: {kind: Tally() for kind in VALUES})
    values: Counter[tuple[str, str, bool]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    @property
    def all(self) -> Tally:
        """The kinds together."""
        names = Tally.__dataclass_fields__
        return Tally(**{name: sum(getattr(one, name) for one in self.kinds.values()) for name in names})


def placed_truths(scenes: Iterable[Scene], truths: Iterable[Truth]) -> dict[int, Truth]:
    """Scene's id -> its truth, with people in the order of the scene's, whose ids are their tracks'."""
    by_scene = {truth["scene_id"]: truth for truth in truths}
    placed = {}
    for scene in scenes:
        people = {person["track_id"]: person for person in by_scene[scene.id]["people"]}
        places = {one.id: place for place, one in enumerate(scene.people)}
        for person in people.values():
            for event in person["events"]:
                if "target" in event:
                    event["target"] = places[event["target"]]
        placed[scene.id] = {**by_scene[scene.id], "people": [people[one.id] for one in scene.people]}
    return placed


def score(scenes: Iterable[tuple[Scene, Sequence[Fact]]], truths: Mapping[int, Truth]) -> Scored:
    """Facts of scenes against their truth, by scene's id; people are the truth's by their place."""
    scored = Scored()
    for scene, facts in scenes:
        people = truths[scene.id]["people"]
        for fact in facts:
            _count(scored, scene, fact, people)
        stated = {(f.kind, f.person, f.part, f.target): f.value for f in facts if f.sure}
        for place, person in enumerate(people):
            _count_events(scored, scene, place, person, stated)
    return scored


def _count(scored: Scored, scene: Scene, fact: Fact, people: Sequence[Truth]) -> None:
    tally = scored.kinds[fact.kind]
    if not fact.sure:
        tally.unsure += 1
        return
    assert fact.person is not None
    person = people[fact.person]
    right = is_right(fact, person)
    scored.values[fact.kind, fact.value, right] += 1
    if right:
        tally.right += 1
        return
    happens = _events(person, fact.kind, fact.part, fact.target)
    tally.wrong += 1
    tally.false += not happens
    told = [(event["value"], event["from"], event["to"]) for event in happens]
    moves = [(move["name"], move["channel"], move["times"]) for move in person["moves"]]
    scored.wrong.append(f"{fact.kind}: clip {scene.id}, person {fact.person} ({person['view']}), {fact.part or ''} "
                        f"{fact.value} ({fact.measure}) {fact.span_s}; truth {told}; moves {moves}")  # fmt: skip


def _count_events(
    scored: Scored, scene: Scene, place: int, person: Truth, stated: Mapping[tuple[Any, ...], str]
) -> None:
    for event in person["events"]:
        if not event["clear"] or event["within"] or not _told(event, person):
            continue
        tally = scored.kinds[event["kind"]]
        found = stated.get((event["kind"], place, event["part"], event.get("target"))) == event["value"]
        tally.events += 1
        tally.found += found
        if not found:
            scored.missed.append(f"{event['kind']}: clip {scene.id}, person {place} ({person['view']}), {event}")


def _told(event: Truth, person: Truth) -> bool:
    """Whether an event is the one that a fact should tell: of a hand, the highest that it passes."""
    if event["kind"] != "hand_motion" or event["value"].endswith("head"):
        return True
    higher = _events(person, "hand_motion", event["part"])
    return not any(one["value"].endswith("head") for one in higher)


def is_right(fact: Fact, person: Truth) -> bool:
    """Whether a stated fact is true of its person."""
    values = [event["value"] for event in _events(person, fact.kind, fact.part, fact.target)]
    if fact.kind == "hand_motion" and fact.value.endswith("shoulder"):
        # Who passes the head is said to pass the head.
        passed = _events(person, fact.kind, fact.part)
        return fact.value in values and not any(one["clear"] and one["value"].endswith("head") for one in passed)
    return fact.value in values or (fact.kind == "repeats" and int(fact.value) == times_in_truth(fact, person))


def times_in_truth(fact: Fact, person: Truth) -> int:
    """How often a part goes there and back by the numbers in space, where the script does not say so by name.

    An arm that is lowered once may bend and straighten on its way.
    """
    part = fact.part or ""
    hand = part.endswith("hand")
    numbers = person["signals"][f"{part} over shoulder" if hand else part]
    least, ways, low, high, up = (LEAST_TORSOS if hand else LEAST_DEG), 0, numbers[0], numbers[0], None
    for number in numbers:
        low, high = min(low, number), max(high, number)
        if up is not False and high - number >= least:
            ways, up, low = ways + (up is True), False, number
        elif up is not True and number - low >= least:
            ways, up, high = ways + (up is False), True, number
    return (ways + (up is not None)) // 2


def _events(person: Truth, kind: str, part: str | None, target: int | None = None) -> list[Truth]:
    return [event for event in person["events"]
            if event["kind"] == kind and event["part"] == part and not event["within"]
            and event.get("target") == target]  # fmt: skip


def lines(scored: Scored) -> Iterable[str]:
    """The table as text."""
    yield (f"{'kind':14s} {'stated':>6s} {'right':>7s} {'wrong':>5s} {'false':>5s} {'unsure':>6s} {'events':>6s} "
           f"{'told':>6s}")  # fmt: skip
    for kind, one in [*scored.kinds.items(), ("all", scored.all)]:
        right = f"{one.right / one.stated:7.2%}" if one.stated else "      -"
        told = f"{one.found / one.events:6.0%}" if one.events else "     -"
        yield f"{kind:14s} {one.stated:6d} {right} {one.wrong:5d} {one.false:5d} {one.unsure:6d} {one.events:6d} {told}"

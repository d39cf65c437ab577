"""Reasoning about several people: how two differ, whether they see each other, who of all could do something first."""

import random
from collections.abc import Callable, Sequence

from llavapose.pose.language import people_words, state
from llavapose.records import Fact
from llavapose.teacher.offline.evidence import Evidence
from llavapose.teacher.offline.themes.theme import Finding, Theme, closed, open_

COMPARED = ("stance", "facing", "trunk", "arm_height", "elbow", "knee", "leg_lift", "legs")


def _pairs(evidence: Evidence, person: int) -> tuple[int, int] | None:
    """The person and the next one to the right."""
    place = evidence.people.index(person)
    return (person, evidence.people[place + 1]) if place + 1 < len(evidence.people) else None


def _both(evidence: Evidence, pair: tuple[int, int], same: bool) -> list[tuple[Fact, Fact]]:
    """Facts of the same kind and part of two people, with the same value or with clearly different ones."""
    first, second = ({(f.kind, f.part): f for f in evidence.of(one, *COMPARED)} for one in pair)
    found = [(first[key], second[key]) for key in first if key in second]
    near = {"bent", "slightly bent"}
    return [two for two in found if (two[0].value == two[1].value) == same and {two[0].value, two[1].value} != near]


def _differ(same: bool) -> Callable[[Evidence, int, random.Random], Finding | None]:
    def find(evidence: Evidence, person: int, rng: random.Random) -> Finding | None:
        pair = _pairs(evidence, person)
        found = _both(evidence, pair, same) if pair else []
        if pair is None or not found:
            return None
        a, b = (evidence.names[one] for one in pair)
        chosen = rng.sample(found, min(len(found), 2))
        what = " and ".join(dict.fromkeys(_aspect(two[0]) for two in chosen))
        told = [_told(two, evidence, a, b) for two in chosen]
        if same:
            texts = (f"the two have the {what} in common", f"both are alike in the {what}",
                     f"it is the {what} that they both share")  # fmt: skip
        else:
            texts = (f"they differ in the {what}", f"the {what} set the two apart" if len(chosen) > 1 or
                     what in ("arms", "elbows", "knees", "legs") else f"the {what} sets the two apart",
                     f"one can tell the two from each other by the {what}")  # fmt: skip
        return Finding(texts=tuple("|".join((text, *told)) for text in texts), people=pair, yes=same)

    return find


def _aspect(fact: Fact) -> str:
    return {"stance": "stance", "facing": "direction", "trunk": "upper body", "arm_height": "arms", "elbow": "elbows",
            "knee": "knees", "leg_lift": "legs", "legs": "legs"}[fact.kind]  # fmt: skip


def _told(two: tuple[Fact, Fact], evidence: Evidence, a: str, b: str) -> str:
    """Both facts in one sentence."""
    first, second = (state(fact, evidence.scene, 0, evidence.names).removesuffix(".") for fact in two)
    joint = "and" if two[0].value == two[1].value else "while"
    return f"{first}, {joint} {second[:1].lower()}{second[1:]}."


def _see(evidence: Evidence, person: int, rng: random.Random) -> Finding | None:
    """Whether two neighbours look at each other, by where they face."""
    pair = _pairs(evidence, person)
    facing = [fact for one in pair for fact in evidence.of(one, "facing")] if pair else []
    if pair is None or len(facing) != 2:
        return None
    looks = (facing[0].value, facing[1].value)
    if looks == ("image right", "image left"):
        texts = ("they are turned to each other", "each has the other straight ahead", "nothing but air is between "
                 "their faces")  # fmt: skip
        return Finding(texts=texts, because=tuple(facing), people=pair)
    if looks == ("image left", "image right"):
        texts = ("they have their backs to each other", "each looks away from the other", "both would have to turn "
                 "around for that")  # fmt: skip
        return Finding(texts=texts, because=tuple(facing), people=pair, yes=False)
    if looks[0] == looks[1]:
        texts = ("they are side by side or in a row, not face to face", "the faces point the same way and do not meet",
                 "one of them would have to turn first")  # fmt: skip
        return Finding(texts=texts, because=tuple(facing), people=pair, yes=False)
    texts = ("their directions do not meet", "at least one of them would have to turn the head for that",
             "each is busy with another part of the scene")  # fmt: skip
    return Finding(texts=texts, because=tuple(facing), people=pair, yes=False)


def _attend(evidence: Evidence, person: int, rng: random.Random) -> Finding | None:
    """Whether two neighbours attend to the same side."""
    found = _see(evidence, person, rng)
    if found is None or found.yes:
        return None
    same = found.because[0].value == found.because[1].value
    texts = ("the same side of the scene is ahead of both", "what one of them sees the other sees as well",
             "both could be watching the same thing") if same else (
             "they look at different sides of the scene", "what one of them sees is out of view for the other",
             "each has something else ahead")  # fmt: skip
    return Finding(texts=texts, because=found.because, people=found.people, yes=same)


def _who(
    fitting: Sequence[tuple[str, tuple[str, ...]]],
    against: Sequence[tuple[str, tuple[str, ...]]],
    texts: tuple[str, ...],
) -> Callable[[Evidence, int, random.Random], Finding | None]:
    """The only one who has a fitting fact, where every other has a fact against it."""

    def find(evidence: Evidence, person: int, rng: random.Random) -> Finding | None:
        if person != evidence.people[0]:
            return None  # a question about all is asked once
        for kind, values in fitting:
            have = {one: fact for one in evidence.people for fact in evidence.of(one, kind) if fact.value in values}
            if len(have) != 1:
                continue
            chosen = next(iter(have))
            others = [_first(evidence, one, against) for one in evidence.people if one != chosen]
            if all(others) and not any(_first(evidence, one, fitting) for one in evidence.people if one != chosen):
                because = tuple(sorted((have[chosen], *[fact for fact in others if fact]), key=lambda fact: _rank(
                    fact, evidence, chosen)))  # fmt: skip
                said = tuple(text.replace("{x}", evidence.names[chosen]) for text in texts)
                return Finding(texts=said, because=because[:3], people=evidence.people)
        return None

    return find


def _rank(fact: Fact, evidence: Evidence, chosen: int) -> int:
    return -1 if fact.person == chosen else evidence.people.index(fact.person or 0)


def _first(evidence: Evidence, person: int, wanted: Sequence[tuple[str, tuple[str, ...]]]) -> Fact | None:
    return next((fact for kind, values in wanted for fact in evidence.of(person, kind) if fact.value in values), None)


def _company(evidence: Evidence, person: int, rng: random.Random) -> Finding | None:
    """How many others there are."""
    number, all_people = evidence.count(), evidence.scene.people
    if number is None or person != evidence.people[0] or not 1 < len(all_people) <= 10:
        return None
    others = people_words(len(all_people) - 1).replace("person", "other person").replace("people", "other people")
    texts = (f"there {'is' if len(all_people) == 2 else 'are'} {others} in the picture, so each of them has company",
             f"nobody is alone here, for each has {others} around",
             f"each has the company of {others}")  # fmt: skip
    return Finding(texts=texts, because=(number,), people=evidence.people)


_STAND = (("stance", ("standing",)),)
_LOW = (("stance", ("sitting", "crouching", "lying")),)
_BUSY = (("stance", ("crouching",)), ("trunk", ("bent over",)), ("arm_height", ("above the head",)))
_EASY = (("stance", ("sitting", "lying")),)
_NOT_EASY = (("stance", ("standing", "crouching")),)
_HIGH = (("arm_height", ("above the head",)),)
_NOT_HIGH = (("arm_height", ("lowered", "raised", "at shoulder height")),)
_BACK, _FRONT = (("facing", ("away from the camera",)),), (("facing", ("toward the camera",)),)
_SIDEWAYS = (("facing", ("toward the camera", "image left", "image right")),)
_NOT_FRONT = (("facing", ("away from the camera", "image left", "image right")),)
_ONE_LEG, _TWO_LEGS = (("leg_lift", ("lifted",)),), (("stance", ("sitting", "lying", "crouching", "standing")),)
_KINDS = ("stance", "facing", "trunk", "arm_height", "legs")

THEMES: tuple[Theme, ...] = (
    Theme(name="differ", kinds=(), several=True, find=_differ(same=False), asked=(
        *open_("How do {a} and {b} differ?", "What sets {a} apart from {b}?"),)),
    Theme(name="alike", kinds=(), several=True, find=_differ(same=True), asked=(
        *open_("What do the poses of {a} and {b} have in common?",),)),
    Theme(name="see", kinds=("stance",), several=True, find=_see, asked=closed(
        "Can {a} and {b} look each other in the eye?", "Could {a} and {b} be talking to each other face to face?",
        "Do {a} and {b} see each other?")),
    Theme(name="attend", kinds=("stance",), several=True, find=_attend, asked=closed(
        "Are {a} and {b} attending to the same side of the scene?", "Are {a} and {b} turned the same way?")),
    Theme(name="walk first", kinds=_KINDS, several=True, asked=open_("Who could walk off first?",), find=_who(
        _STAND, _LOW, ("{x} has the shortest way to a first step", "it would be {x}, who need not get up",
                       "{x} could, because nobody else is on the feet"))),
    Theme(name="ground", kinds=_KINDS, several=True, asked=open_("Who is closest to the ground?",), find=_who(
        _LOW, _STAND, ("it is {x}, for nobody else has come down", "{x} is the lowest of all",
                       "{x}, and nobody else, has left the full height"))),
    Theme(name="tire", kinds=_KINDS, several=True, asked=open_("Who would tire first?",), find=_who(
        _BUSY, (("stance", ("sitting", "lying", "standing")), ("trunk", ("upright",))), (
            "{x} has chosen the hardest pose and would tire before anybody else", "it would be {x}, since the others "
            "have it easier", "{x} spends the most strength"))),
    Theme(name="ease of all", kinds=_KINDS, several=True, asked=open_("Who looks the most at ease?",), find=_who(
        _EASY, _NOT_EASY, ("{x} does, with no weight on the legs", "it is {x}, who has found some rest",
                           "{x} has the least to do"))),
    Theme(name="highest", kinds=_KINDS, several=True, asked=open_("Who could reach the highest right now?",), find=_who(
        _HIGH, _NOT_HIGH, ("{x} is already on the way up with a hand", "it would be {x}, who has a hand overhead",
                           "{x} could, because the others have their hands lower"))),
    Theme(name="last", kinds=_KINDS, several=True, find=_who(
        _BACK, _SIDEWAYS, ("{x} would be the last, with the camera behind", "it would be {x}, who cannot see us",
                           "{x} has no eyes for us at all")), asked=open_(
        "Who would be the last to notice the photographer?",)),
    Theme(name="poses for it", kinds=_KINDS, several=True, asked=open_("Who is the easiest to recognise?",), find=_who(
        _FRONT, _NOT_FRONT, ("{x} is, as the only one whose face is toward us", "it is {x}, because the others do not "
                             "show us the whole face", "{x} looks our way, unlike the rest"))),
    Theme(name="unsteady", kinds=_KINDS, several=True, asked=open_("Who has the most delicate balance?",), find=_who(
        _ONE_LEG, _TWO_LEGS, ("it is {x}, who has only one foot to stand on", "{x} has, with half the usual support",
                              "{x} could lose it before anybody else does"))),
    Theme(name="company", kinds=(), several=True, joints=False, find=_company, asked=open_(
        "How much company do the people have?",)),
)  # fmt: skip
"""Several people."""

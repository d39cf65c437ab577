"""Five captions of a picture in the manner of COCO's captioners: who, doing what, with what, where, in which colours.

They name actions and things and leave out how the limbs are held: that is what keypoints add.
"""

import random
from collections import Counter

from llavapose.scenes.world.drawn.actions import ACTIONS
from llavapose.scenes.world.drawn.backdrops import PLACES
from llavapose.scenes.world.drawn.stage import Placed, Staged

# As COCO's captioners count.
_GROUPS = {2: ("Two", "A couple of", "A pair of"), 3: ("Three", "A group of three"), 4: ("Four", "A group of four")}
_PLURALS = {"man": "men", "woman": "women", "boy": "boys", "girl": "girls", "person": "people"}

_ALONE = (
    "A {noun} is {verb} {place}.",
    "A {noun} in a {shirt} shirt {verb} {place}.",
    "A {noun} wearing {trousers} pants is {verb} {place}.",
    "The {noun} in {shirt} is {verb}.",
    "There is a {noun} {verb} {place}.",
    "A {noun} dressed in {shirt} and {trousers} {verb} {place}.",
    "A {noun} {verb} {place} during the day.",
    "A picture of a {noun} {verb}.",
    "A {noun} in a {shirt} top {verb} {place}.",
    "Someone in a {shirt} shirt is {verb} {place}.",
    "{place_start}, a {noun} is {verb}.",
    "This {noun} is {verb} {place}.",
)
_TOGETHER = (
    "{number} {people} {place}.",
    "{number} {people} are {verb} {place}.",
    "A {noun} {verb} while a {noun2} is {verb2} {place}.",
    "A {noun} in {shirt} is {verb} near a {noun2} in {shirt2}.",
    "There are {number_low} {people} {place}.",
    "{number} {people}, one of them {verb}.",
    "A {noun} in a {shirt} shirt {verb} with others {place}.",
    "A {noun} and a {noun2} spending time {place}.",
    "{number} {people} together {place}, one is {verb2}.",
    "{place_start}, a {noun} is {verb} and a {noun2} is {verb2}.",
    "One {noun} is {verb} and another person is {verb2}.",
    "A {noun2} is {verb2} beside a {noun} {place}.",
)
PAIRED = ("{number} {people} are {verb} {place}.",)
"""Templates that say that all do the same."""


def captions_of(staged: Staged, rng: random.Random) -> list[str]:
    """Five different captions."""
    alone = len(staged.people) == 1
    # "Two men are surfing" must be true of both.
    same = len({person.acted.action for person in staged.people}) == 1
    pool = [t for t in (_ALONE if alone else _TOGETHER) if same or t not in PAIRED]
    return [_fill(template, staged, rng) for template in rng.sample(pool, 5)]


def _fill(template: str, staged: Staged, rng: random.Random) -> str:
    people = list(staged.people)
    # Whoever is named first tells nothing about who stands where.
    rng.shuffle(people)
    first, second = people[0], people[1 % len(people)]
    words = {**_words(first, rng), **{f"{k}2": v for k, v in _words(second, rng).items()}}
    number = rng.choice(_GROUPS[len(people)]) if len(people) > 1 else "One"
    where = f"{_preposition(staged.setting)} {rng.choice(PLACES[staged.setting])}"
    text = template.format(**words, place=where, place_start=where.capitalize(), people=_people(people), number=number,
                           number_low=number.lower())  # fmt: skip
    # The few mistakes that the templates can make.
    return text.replace("A a ", "A ").replace(" a orange", " an orange").replace(" a older", " an older")


def _words(person: Placed, rng: random.Random) -> dict[str, str]:
    outfit = person.outfit
    # One in seven, as with the children's heads of ``body``, but drawn apart: no caption gives a build away.
    noun = f"young {outfit.noun}" if outfit.noun in ("man", "woman") and rng.random() < 0.15 else outfit.noun
    return {"noun": noun, "verb": rng.choice(ACTIONS[person.acted.action].verbs), "shirt": outfit.shirt,
            "trousers": outfit.trousers}  # fmt: skip


def _people(people: list[Placed]) -> str:
    """The plural that fits all: "men" where all are men."""
    nouns = Counter(person.outfit.noun for person in people)
    return _PLURALS[next(iter(nouns))] if len(nouns) == 1 else "people"


def _preposition(setting: str) -> str:
    return {"sea": "in", "park": "in", "room": "in"}.get(setting, "on")

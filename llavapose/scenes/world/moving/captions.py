"""Five captions of a clip: who, doing what, where, in which colours.

They say what somebody does and leave out which way, how often and who first: that is what frames add.
"""

import random
from collections import Counter

from llavapose.scenes.world.drawn.backdrops import PLACES
from llavapose.scenes.world.moving.actor import Actor
from llavapose.scenes.world.moving.script import Script

_GROUPS = {2: ("Two", "A couple of", "A pair of"), 3: ("Three", "A group of three")}
_PLURALS = {"man": "men", "woman": "women", "boy": "boys", "girl": "girls", "person": "people"}

_ALONE = (
    "A {noun} is {verb} {place}.",
    "A {noun} in a {shirt} shirt is {verb} {place}.",
    "A {noun} wearing {trousers} pants is {verb} {place}.",
    "The {noun} in {shirt} is {verb}.",
    "There is a {noun} {verb} {place}.",
    "A {noun} dressed in {shirt} and {trousers} is {verb} {place}.",
    "A clip of a {noun} {verb}.",
    "Someone in a {shirt} shirt is {verb} {place}.",
    "{place_start}, a {noun} is {verb}.",
    "This {noun} is {verb} {place}.",
)
_TOGETHER = (
    "{number} {people} {place}.",
    "A {noun} is {verb} while a {noun2} is {verb2} {place}.",
    "A {noun} in {shirt} is {verb} near a {noun2} in {shirt2}.",
    "There are {number_low} {people} {place}.",
    "{number} {people}, one of them {verb}.",
    "A {noun} in a {shirt} shirt is {verb} with others {place}.",
    "A {noun} and a {noun2} spending time {place}.",
    "{number} {people} together {place}, one is {verb2}.",
    "{place_start}, a {noun} is {verb} and a {noun2} is {verb2}.",
    "A clip of {number_low} {people} {place}.",
)


def captions_of(script: Script, rng: random.Random) -> list[str]:
    """Five different captions."""
    pool = _ALONE if len(script.actors) == 1 else _TOGETHER
    return [_fill(template, script, rng) for template in rng.sample(pool, 5)]


def _fill(template: str, script: Script, rng: random.Random) -> str:
    people = list(script.actors)
    # Whoever is named first tells nothing about who stands where, or who moves first.
    rng.shuffle(people)
    first, second = people[0], people[1 % len(people)]
    words = {**_words(first), **{f"{key}2": value for key, value in _words(second).items()}}
    number = rng.choice(_GROUPS[len(people)]) if len(people) > 1 else "One"
    preposition = "in" if script.setting in ("park", "room") else "on"
    where = f"{preposition} {rng.choice(PLACES[script.setting])}"
    nouns = Counter(actor.outfit.noun for actor in people)
    text = template.format(
        **words, place=where, place_start=where.capitalize(), number=number, number_low=number.lower(),
        people=_PLURALS[next(iter(nouns))] if len(nouns) == 1 else "people",
    )  # fmt: skip
    return text.replace(" a orange", " an orange")


def _words(actor: Actor) -> dict[str, str]:
    outfit = actor.outfit
    return {"noun": outfit.noun, "verb": actor.acts, "shirt": outfit.shirt, "trousers": outfit.trousers}

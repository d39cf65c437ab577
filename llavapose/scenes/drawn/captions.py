"""Five captions a picture, as COCO's annotators write them: who does what where, in what colours; limbs are not spelt out."""

import numpy as np

from llavapose.scenes.drawn.stage import Actor, Picture

WHERE = {
    "street": "on a city street", "park": "in a park", "room": "in a room", "beach": "on the beach",
    "snow": "on a snowy slope", "sea": "in the ocean", "court": "on a sports court",
}  # fmt: skip
NUMBERS = ("zero", "one", "two", "three", "four")


def write_captions(picture: Picture, rng: np.random.Generator) -> tuple[str, ...]:
    """Five different captions of one picture."""
    writers = _ONE if len(picture.actors) == 1 else _SEVERAL
    found: dict[str, None] = {}
    for index in rng.permutation(len(writers)):
        text = writers[index](picture, rng)
        found.setdefault(text[0].upper() + text[1:] + ".")
        if len(found) == 5:
            break
    return tuple(found)


def _noun(actor: Actor) -> str:
    return "woman" if actor.look.woman else "man"


def _dressed(actor: Actor) -> str:
    article = "an" if actor.look.shirt[0] in "aeiou" else "a"
    return f"a {_noun(actor)} in {article} {actor.look.shirt} shirt"


def _trousered(actor: Actor) -> str:
    lower = "pants" if actor.look.long_trousers else "shorts"
    return f"a {_noun(actor)} wearing {actor.look.trousers} {lower}"


def _people(picture: Picture) -> str:
    women = sum(actor.look.woman for actor in picture.actors)
    num = len(picture.actors)
    word = "women" if women == num else "men" if women == 0 else "people"
    return f"{NUMBERS[num]} {word}"


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


_ONE = (
    lambda p, rng: f"{_dressed(p.actors[0])} is {p.actors[0].action} {WHERE[p.place]}",
    lambda p, rng: f"{_trousered(p.actors[0])} {p.actors[0].action}",
    lambda p, rng: f"a {_noun(p.actors[0])} {p.actors[0].action} {WHERE[p.place]}",
    lambda p, rng: f"a person is {p.actors[0].action} {WHERE[p.place]}",
    lambda p, rng: f"there is a {_noun(p.actors[0])} {p.actors[0].action} {WHERE[p.place]}",
    lambda p, rng: f"a {_noun(p.actors[0])} with a {p.actors[0].look.shirt} top is {p.actors[0].action}",
    lambda p, rng: f"a picture of a {_noun(p.actors[0])} who is {p.actors[0].action}",
    lambda p, rng: f"{_dressed(p.actors[0])} {WHERE[p.place]}",
    lambda p, rng: f"someone {p.actors[0].action} {WHERE[p.place]} in {p.actors[0].look.trousers} "
    + ("pants" if p.actors[0].look.long_trousers else "shorts"),
)


def _pick(picture: Picture, rng: np.random.Generator) -> Actor:
    return picture.actors[rng.integers(len(picture.actors))]


def _each(picture: Picture, rng: np.random.Generator) -> str:
    return _joined([f"a {_noun(actor)} {actor.action}" for actor in picture.actors])


def _one_of(picture: Picture, rng: np.random.Generator) -> str:
    actor = _pick(picture, rng)
    return f"{_dressed(actor)} is {actor.action} near {NUMBERS[len(picture.actors) - 1]} other " + (
        "person" if len(picture.actors) == 2 else "people"
    )


def _pair(picture: Picture, rng: np.random.Generator) -> str:
    one, two = rng.permutation(len(picture.actors))[:2]
    first, second = picture.actors[one], picture.actors[two]
    return f"{_dressed(first)} is {first.action} while {_trousered(second)} is {second.action}"


_SEVERAL = (
    lambda p, rng: f"{_people(p)} {WHERE[p.place]}",
    lambda p, rng: f"{_people(p)}, one of them {_pick(p, rng).action}",
    lambda p, rng: f"there are {_people(p)} {WHERE[p.place]}",
    lambda p, rng: f"a group of {_people(p)} {WHERE[p.place]}",
    _each,
    _one_of,
    _pair,
    lambda p, rng: f"{_dressed(_pick(p, rng))} and others {WHERE[p.place]}",
    lambda p, rng: f"a picture of {_people(p)} {WHERE[p.place]}",
)
"""Ways to caption, drawn without repetition."""

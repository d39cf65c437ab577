"""What captions say: who is there, what they do and wear, where it is; read with care, nothing where they say nothing.

>>> reading(scene)
Reading(noun="woman", does=("drinking from a cup", "having a drink"), wears=("a red shirt",), places=("in a room",))
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from llavapose.pose.check import check_text
from llavapose.pose.people import prominent
from llavapose.records import Fact, Scene
from llavapose.teacher.offline.caption_words import (
    CLOTHES,
    COLOURS,
    DANGLING,
    ENDS,
    NUMBERS,
    PLURALS,
    SINGULARS,
    SPACES,
    SPOTS,
    SURFACES,
    VERBS,
    family_of,
)

_PERSON = re.compile(rf"\b(?P<noun>{'|'.join(SINGULARS)})\b(?!'s)(?! (?:made|hole|kind|powered)\b)")
_PEOPLE = re.compile(rf"\b(?:(?P<number>{'|'.join(NUMBERS)}) )?(?:[\w-]+ ){{0,2}}?(?P<noun>{'|'.join(PLURALS)})\b")
_VERB = re.compile(rf"\b(?:{'|'.join(sorted(VERBS, key=len, reverse=True))})\b")
_END = re.compile(ENDS)
_WEARING = re.compile(
    r"\b(?:wearing|in|dressed in) (?P<what>(?:(?:a|an|the) )?"
    rf"(?:(?!a\b|the\b|and\b|on\b|in\b)[\w-]+ ){{0,2}}(?:{CLOTHES}))\b"
)
_COLOUR = re.compile(rf"\b(?:in|dressed in) (?P<what>{COLOURS})\b(?! (?:{CLOTHES}|and))")
_NO_WORD = r"(?!on\b|in\b|at\b|of\b|by\b|to\b|the\b|an?\b|with\b|and\b)"
_SPOT = rf"(?:on|in|at|along|across|through|down|near) (?:(?:a|an|the) (?:{_NO_WORD}[\w-]+ ){{0,3}}?(?:{SPOTS}))"
_PLACE = re.compile(rf"\b(?P<place>{_SPOT})\b(?! (?:covered |topped )?(?:{SPOTS})\b)(?! covered\b)(?!'s)")
_TAIL = re.compile(rf"^(?P<action>.+?) (?P<place>{_SPOT})$")
_OWN = re.compile(r"\b(?:his|her|their|its|my|he|she|they|him|them|himself|herself)\b")
_BETWEEN = (
    r" (?:(?:is|are|who is|who are|that is|who|and|seen|shown) )?"
    rf"(?:(?:wearing|in|dressed in|with) (?:(?:a|an|the) )?(?:[\w-]+ ){{0,3}}?(?:{CLOTHES}|{COLOURS})"
    rf"(?: and (?:[\w-]+ )?(?:{CLOTHES}|{COLOURS}))?,? (?:(?:is|are|and|who is) )?)?(?:\w+ly )?"
)
"""What may stand between a person and the verb that is said of them."""

_MAIN = re.compile(r"\b(?:is|are|has|have)\b")
_NOMINAL = re.compile(r"(?:an?|the|one|two|three|four|several|some|many|people|there|this) ")

MOST_WORDS = 8
"""Words of an action: longer ones have more to them than an action."""


@dataclass(frozen=True, kw_only=True)
class Deed:
    """One caption's word for what somebody does: who (a singular or plural noun), how many, the action."""

    noun: str
    number: int
    action: str


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the captions of a picture tell.

    Attributes:
        noun: what everyone spoken of can be called: "woman"; "person" where captions do not agree.
        does: what the only person does, or what all do; commonest first.
        deeds: what single ones of several people do.
        wears: clothes of the only person: "a red shirt", "red".
        places: where the picture is: "on the beach".
    """

    noun: str = "person"
    does: tuple[str, ...] = ()
    deeds: tuple[Deed, ...] = ()
    wears: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def reading(scene: Scene) -> Reading:
    """Read all captions of a scene."""
    texts = [_plain(text) for text in scene.captions]
    places = _common(lambda text: [place for match in _PLACE.finditer(text) if (place := _spot(match["place"]))], texts)
    number = len(scene.people)
    if number == 1 and not scene.num_crowds:
        own = [text for text in texts if _is_of_one(text)]
        noun = _noun(own)
        does = _ranked(deed.action for text in own for deed in _deeds(text) if _fits(deed.action, noun))
        wears = _common(lambda text: [m["what"] for one in (_WEARING, _COLOUR) for m in one.finditer(text)], own)
        return Reading(noun=noun, does=does, wears=wears, places=places)
    deeds = [deed for text in texts for deed in _deeds(text) if _fits(deed.action, "")]
    together = [] if scene.num_crowds else [deed.action for deed in deeds if deed.number == number > 1]
    known = Counter(deed.action for deed in deeds if deed.number == 1)
    ranked = sorted((deed for deed in deeds if deed.number == 1), key=lambda d: (-known[d.action], d.action))
    kept = tuple({deed.action: deed for deed in ranked}.values())
    noun = _shared(texts, number) if len(prominent(scene)) == number else "person"
    return Reading(noun=noun, does=_ranked(together), deeds=kept, places=places)


def _spot(place: str) -> str:
    """Where somebody is who goes there: "on a slope" of "down a slope"; "" where the way does not tell it."""
    way, _, rest = place.partition(" ")
    if way not in ("down", "through", "across"):
        return place
    if way == "down" and rest.split()[-1] in SURFACES:
        return f"on {rest}"
    return f"in {rest}" if way == "through" and rest.split()[-1] in SPACES else ""


def captions(scene: Scene) -> tuple[str, ...]:
    """The different captions as sentences: a capital first, a full stop last."""
    sentences = (f"{text[:1].upper()}{text[1:].rstrip(' .')}." for text in scene.captions if text.strip(" ."))
    return tuple(dict.fromkeys(sentences))


def shown(scene: Scene) -> tuple[str, ...]:
    """The captions as main clauses without a full stop: "the picture shows a man on a bench"; those that can be one."""
    texts = [text[:1].lower() + text[1:].rstrip(" .") for text in captions(scene)]
    told = [text if _MAIN.search(text) else f"the picture shows {text}" for text in texts if _NOMINAL.match(text)]
    return tuple(dict.fromkeys(told))


def consistent(scene: Scene, facts: Sequence[Fact]) -> Scene:
    """The scene without captions that contradict a sure fact: "people standing" where one of them sits."""
    kept = [
        text
        for text in scene.captions
        if all(item.outcome != "contradicted" for item in check_text(text, scene, tuple(facts)))
    ]
    return scene if len(kept) == len(scene.captions) else replace(scene, captions=tuple(kept))


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("’", "'").strip(" .").split())


def _common(search: Callable[[str], list[str]], texts: Sequence[str]) -> tuple[str, ...]:
    """What the texts hold, by how many of them say it, then by length."""
    return _ranked(phrase for text in texts for phrase in dict.fromkeys(search(text)))


def _ranked(phrases: Iterable[str]) -> tuple[str, ...]:
    counts = Counter(phrases)
    return tuple(sorted(counts, key=lambda phrase: (-counts[phrase], len(phrase), phrase)))


def _is_of_one(text: str) -> bool:
    """Whether a caption speaks of exactly one person."""
    return len(_PERSON.findall(text)) == 1 and not _PEOPLE.search(text)


def _noun(texts: Sequence[str]) -> str:
    """What the captions call the only person: a man, woman, boy or girl where all that say so agree, else by role."""
    nouns = Counter(SINGULARS[match["noun"]] for text in texts for match in _PERSON.finditer(text))
    told = {noun: number for noun, number in nouns.items() if noun in ("man", "woman", "boy", "girl")}
    if told:
        if told.keys() & {"man", "boy"} and told.keys() & {"woman", "girl"}:
            return "person"
        return max(told, key=lambda noun: (told[noun], noun))
    roles = {noun: number for noun, number in nouns.items() if noun != "person"}
    return max(roles, key=lambda noun: (roles[noun], noun)) if roles else "person"


def _shared(texts: Sequence[str], number: int) -> str:
    """What each of ``number`` people can be called: "man" where the captions speak of as many men."""
    found = {PLURALS[m["noun"]] for text in texts for m in _PEOPLE.finditer(text) if NUMBERS.get(m["number"]) == number}
    told = found - {"person"}
    return told.pop() if len(told) == 1 else "person"


def _deeds(text: str) -> Iterator[Deed]:
    """What a caption says that somebody does; the verb must follow its person with nobody and nothing between."""
    found = [(match, 1) for match in _PERSON.finditer(text)]
    found += [(match, NUMBERS.get(match["number"] or "", 0)) for match in _PEOPLE.finditer(text)]
    found.sort(key=lambda one: one[0].end())
    for place, (match, number) in enumerate(found):
        stop = found[place + 1][0].start() if place + 1 < len(found) else len(text)
        verb = _VERB.search(text, match.end(), max(stop, match.end()))
        if verb is None or not re.fullmatch(_BETWEEN, text[match.end() : verb.start()]):
            continue
        action = _action(text[verb.start() :], verb[0])
        if action:
            yield Deed(noun=match["noun"], number=number, action=action)


def _action(text: str, verb: str) -> str:
    """The words of an action from its verb on, without the place that ends it; "" where they do not end well."""
    end = _END.search(text, len(verb))
    words = text[: end.start() if end else len(text)].strip(" ,").split()[:MOST_WORDS]
    phrase = " ".join((VERBS[verb], *words[len(verb.split()) :]))
    tail = _TAIL.match(phrase)
    if tail and tail["action"].split()[-1] not in DANGLING:
        phrase = tail["action"]
    if phrase.split()[-1] in DANGLING or len(words) == MOST_WORDS:
        return ""
    return phrase if family_of(phrase) else ""


def _fits(action: str, noun: str) -> bool:
    """Whether an action can be told of the noun: its pronouns are the noun's."""
    own = {"his": "he", "her": "she"}
    gender = {"man": "he", "boy": "he", "woman": "she", "girl": "she"}.get(noun)
    return all(own.get(word) is not None and own[word] == gender for word in _OWN.findall(action))

"""Answers written without the picture, to develop the pose judge against: thirteen ways to be rated for nothing.

Each takes the kind of question, its text, a random generator and honest answers to questions about *training* pictures,
``{kind: ((question, answer), ...)}``; none sees the picture that it is asked about.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from llavapose.pose.things import ANNOTATED
from llavapose.pose.vocabulary import PARTS, VALUES

Honest = Mapping[str, Sequence[tuple[str, str]]]
Cheat = Callable[[str, str, random.Random, Honest], str]

_RARE = ("lying", "crouching", "sitting")
_SENTENCE = re.compile(r"[^.]+\.")


def absent_objects(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """Denies contact with objects that hardly any picture holds: each is certain to be absent."""
    things = rng.sample(sorted(ANNOTATED - {"person"}), 10)
    return f"{_who(question).capitalize()} is " + ", ".join(f"not touching a {thing}" for thing in things) + "."


def rare_values_denied(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """Denies what is hardly ever so."""
    who = _who(question)
    denied = [f"{who} is not {value}" for value in _RARE]
    denied += [f"the legs of {who} are not in a stride", f"the trunk of {who} is not bent over"]
    denied += [f"the {side} arm of {who} is not across the body" for side in ("left", "right")]
    return " ".join(f"{text.capitalize()}." for text in denied)


def tautologies_of_place(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """True by the meaning of the words: the one on the left is left of the one on the right."""
    return (
        "The person on the left is on the left side of the picture. The person on the right is on the right side of the "
        "picture. The person on the left is to the left of the person on the right. The person on the right is to the "
        "right of the person on the left. The person in the middle is in the middle of the picture."
    )


def majority(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """The sentences that honest answers say most often; to a short question, the commonest answer to its like."""
    if kind == "conv":
        alike = [answer for asked, answer in honest["conv"] if _shape(asked) == _shape(question)]
        return _commonest(alike or [answer for _, answer in honest["conv"]])[0]
    said = [part.strip() for _, answer in honest[kind] for part in _SENTENCE.findall(answer)]
    return " ".join(_commonest(said)[:8])


def flying_to_the_moon(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """Three likely facts and a conclusion out of nowhere."""
    said = [part.strip() for _, answer in honest["detail"] for part in _SENTENCE.findall(answer)]
    likely = [text for text in _commonest(said) if text.startswith("The ")]
    return " ".join((*likely[:3], "So the person will fly to the moon."))


def either_or(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """Names two values with "either ... or": one of them is likely right."""
    who = _who(question)
    found = [f"{who} is either standing or sitting", f"{who} faces either toward the camera or away from the camera"]
    for part_kind, parts in PARTS.items():
        if part_kind != "contact":
            first, second = VALUES[part_kind][0], VALUES[part_kind][-1]
            found += [f"the {part} of {who} is either {first} or {second}" for part in parts]
    return " ".join(f"{text.capitalize()}." for text in found)


def both_ways(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """A claim and, later on, its opposite."""
    who = _who(question)
    first = [f"{who} is standing", f"the left elbow of {who} is bent", f"the right arm of {who} is raised",
             f"the left knee of {who} is straight", f"{who} is facing toward the camera"]  # fmt: skip
    second = [f"{who} is sitting", f"the left elbow of {who} is straight", f"the right arm of {who} is lowered",
              f"the left knee of {who} is bent", f"{who} is facing away from the camera"]  # fmt: skip
    return " ".join(f"{text.capitalize()}." for text in (*first, *second))


def every_value(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """Everything that could be said of a pose."""
    who = _who(question)
    found = [f"{who} is {value}" for value in (*VALUES["stance"], *VALUES["trunk"])]
    found += [f"{who} is facing {value.replace('image', 'the')}" for value in VALUES["facing"]]
    found += [f"the legs of {who} are {value}" for value in VALUES["legs"]]
    found += [f"the {part} of {who} is {value}" for name, parts in PARTS.items() if name != "contact"
              for part in parts for value in VALUES[name]]  # fmt: skip
    return " ".join(f"{text.capitalize()}." for text in found)


def ten_times(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """One likely claim, ten times in other words."""
    who = _who(question)
    wordings = (
        "{} is standing.", "{} stands.", "In the picture, {} is standing.", "{} is standing here.", "{} is on the feet.",
        "{} is standing up.", "Here {} stands.", "{} remains standing.", "{} is clearly standing.", "{} stands there.",
    )  # fmt: skip
    return " ".join(wording.format(who.capitalize() if wording[0] == "{" else who) for wording in wordings)


def question_echoed(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """The question as a statement."""
    text = question.rstrip("?. ")
    turned = re.sub(
        r"^(Is|Are) (the [^,]*?) (?=facing|standing|sitting|leaning|upright|straight|bent)", r"\2 is ", text
    )
    return f"{text}: {turned}. {question} {turned}."


def another_pictures_answer(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """What is true of a training picture, with the same question where there is one."""
    alike = [answer for asked, answer in honest[kind] if _shape(asked) == _shape(question)]
    return rng.choice(alike or [answer for _, answer in honest[kind]])


def padding(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """One guess between many sentences that say nothing."""
    empty = "The picture is rich in detail and rewards a closer look. Everything in it has its place. "
    return empty * 5 + f"{_who(question).capitalize()} is standing. " + empty * 5


def confident_nonsense(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """Precise in numbers and sure in tone."""
    who = _who(question)
    return (
        f"Without any doubt, the left elbow of {who} is bent at exactly 47 degrees, the right knee at 112 degrees. "
        f"{who.capitalize()} is standing on the right leg with 83% of the weight, the left arm is raised by 31 cm, and "
        f"the trunk is leaning by 14 degrees. {who.capitalize()} is facing toward the camera."
    )


CHEATS: dict[str, Cheat] = {
    cheat.__name__: cheat
    for cheat in (
        absent_objects,
        rare_values_denied,
        tautologies_of_place,
        majority,
        flying_to_the_moon,
        either_or,
        both_ways,
        every_value,
        ten_times,
        question_echoed,
        another_pictures_answer,
        padding,
        confident_nonsense,
    )
}
"""Name -> cheat."""


def _who(question: str) -> str:
    """The person that a question names, "the person" where it names none."""
    named = re.search(r"the (?:\w+ )?person(?: (?:on the left|on the right|in the middle|from the left))?", question)
    return named[0] if named else "the person"


def _shape(question: str) -> str:
    """A question without the side and the person that it names: what its likes share."""
    text = question.removeprefix("<image>\n").lower()
    return re.sub(r"\b(left|right|first|second|third) (?=\w)|( on the left| on the right| in the middle)", "", text)


def _commonest(texts: Sequence[str]) -> list[str]:
    return [text for text, _ in Counter(texts).most_common()]

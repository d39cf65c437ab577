"""Complex reasoning: a question that gives nothing away, and an answer that first names poses, then concludes."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from llavapose.pose.language import people_words, sentence, state
from llavapose.records import Fact
from llavapose.teacher.offline import captions
from llavapose.teacher.offline.balance import ordered
from llavapose.teacher.offline.evidence import Evidence

ACTIVITIES: dict[str, tuple[str, str]] = {
    "skiing": ("winter sport", "glide further over the snow"),
    "snowboarding": ("winter sport", "glide further over the snow"),
    "surfing": ("water sport", "follow the wave and keep the balance"),
    "skateboarding": ("street sport", "roll on and keep the balance"),
    "swinging": ("ball game", "hit the ball and follow through"),
    "hitting": ("ball game", "hit the ball and follow through"),
    "serving": ("ball game", "hit the ball and follow through"),
    "batting": ("ball game", "hit the ball and follow through"),
    "throwing": ("throwing game", "let go and follow the throw with the eyes"),
    "pitching": ("throwing game", "let go and follow the throw with the eyes"),
    "catching": ("ball game", "catch and throw back"),
    "kicking": ("ball game", "kick and run after the ball"),
    "playing": ("game", "go on with the game"),
    "running": ("run", "take another quick step"),
    "jogging": ("run", "take another quick step"),
    "walking": ("walk", "take another step"),
    "jumping": ("jump", "land on the feet again"),
    "sitting": ("rest", "stay for a while or get up"),
    "lying": ("rest", "stay for a while or get up"),
    "resting": ("rest", "stay for a while or get up"),
    "crouching": ("task near the ground", "get up again"),
    "squatting": ("task near the ground", "get up again"),
    "kneeling": ("task near the ground", "get up again"),
    "bending": ("task near the ground", "come up again"),
    "reaching": ("task that needs the hands", "take hold of something"),
    "stretching": ("exercise", "relax again"),
    "waving": ("greeting", "go on to greet somebody"),
    "pointing": ("talk", "explain what is meant"),
    "holding": ("task that needs the hands", "go on with what the hands hold"),
    "carrying": ("task that needs the hands", "carry it further"),
    "riding": ("ride", "ride on"),
    "talking": ("talk", "go on with the talk"),
    "looking": ("moment of attention", "look on"),
    "reading": ("quiet moment", "read on"),
    "drinking": ("meal", "go on with the meal"),
    "eating": ("meal", "go on with the meal"),
    "strolling": ("walk", "take another step"),
    "tossing": ("throwing game", "let go and follow the throw with the eyes"),
    "greeting": ("greeting", "go on to greet somebody"),
    "training": ("game with an animal", "praise the animal"),
    "flying": ("game in the wind", "follow the wind and pull the string"),
    "using": ("talk", "go on with the talk"),
    "having": ("meal", "go on with the meal"),
    "posing": ("moment of waiting", "wait or walk on"),
    "seated": ("rest", "stay for a while or get up"),
    "standing": ("moment of waiting", "wait or walk on"),
}
"""Verb of a caption -> (what it is part of, what may come next)."""

STANCES = {stance: ACTIVITIES[stance] for stance in ("standing", "sitting", "crouching", "lying")}
"""The same from a stance, where the captions say no verb."""


@dataclass(frozen=True, kw_only=True)
class Conclusion:
    """What follows, and the facts or the caption that it follows from."""

    text: str
    because: tuple[Fact, ...] = ()
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class Theme:
    """One line of reasoning.

    Attributes:
        questions: wordings; none says what the picture shows.
        kinds: kinds of fact that bear on it, named first in the answer.
        conclude: what follows, None where the scene gives no ground.
        several: whether it needs at least two people.
    """

    questions: tuple[str, ...]
    kinds: tuple[str, ...]
    conclude: Callable[[Evidence], Conclusion | None]
    several: bool = False


def question_and_answer(evidence: Evidence, seed: int, index: int = 0) -> tuple[str, str] | None:
    """The ``index``-th question about the scene with its answer; None where there are no more questions."""
    rng = random.Random(f"{seed}/{evidence.scene.id}/complex")
    fitting = [theme for theme in THEMES if not theme.several or len(evidence.people) > 1]
    ends = [(theme, theme.conclude(evidence)) for theme in fitting]
    asked = [(theme, end, question) for theme, end in ends if end for question in theme.questions]
    rng.shuffle(asked)
    if index >= len(asked):
        return None
    theme, end, question = asked[index]
    rng = random.Random(f"{seed}/{evidence.scene.id}/complex/{index}")
    return question, " ".join((*_grounds(evidence, theme, end, rng), end.text))


def _grounds(evidence: Evidence, theme: Theme, end: Conclusion, rng: random.Random) -> list[str]:
    """Up to four sentences that name what is seen, first of all what the conclusion follows from."""
    others = [fact for fact in evidence.facts if fact.kind in theme.kinds and fact not in end.because]
    weighted = [(fact, evidence.balance.weight(fact, evidence.scene)) for fact in others]
    room = max(rng.choice((2, 3, 3, 4)) - len(end.because), 0)
    chosen = sorted((*end.because, *ordered(weighted, rng)[:room]), key=lambda fact: _place(fact, evidence))
    sentences = [state(fact, evidence.scene, 0 if rng.random() < 0.7 else rng.randrange(3)) for fact in chosen]
    texts = captions.captions(evidence.scene)
    if end.caption:
        sentences.insert(0, end.caption)
    elif texts and len(sentences) < 2:
        sentences.insert(0, rng.choice(texts))
    return sentences


def _place(fact: Fact, evidence: Evidence) -> tuple[int, str, str]:
    rank = evidence.people.index(fact.person) if fact.person in evidence.people else -1
    return rank, fact.kind, fact.part or ""


class _Activity(NamedTuple):
    part_of: str
    next_move: str
    because: tuple[Fact, ...] = ()
    caption: str = ""


def _telling(evidence: Evidence, doing: str) -> str:
    """The shortest caption that tells it."""
    return min((text for text in captions.captions(evidence.scene) if doing in text.lower()), key=len, default="")


def _activity(evidence: Evidence) -> _Activity | None:
    """What the scene is part of, what comes next, and the grounds: the captions' verbs, else the first stance."""
    for doing in captions.doing(evidence.scene):
        if captions.verb(doing) in ACTIVITIES:
            return _Activity(*ACTIVITIES[captions.verb(doing)], caption=_telling(evidence, doing))
    stances = [fact for person in evidence.people for fact in evidence.of(person, "stance")]
    return _Activity(*STANCES[stances[0].value], because=(stances[0],)) if stances else None


def _next(evidence: Evidence) -> Conclusion | None:
    activity = _activity(evidence)
    who = "the person" if len(evidence.scene.people) == 1 else "the people"
    if not activity:
        return None
    text = f"So {who} may {activity.next_move} next."
    return Conclusion(text=text, because=activity.because, caption=activity.caption)


def _purpose(evidence: Evidence) -> Conclusion | None:
    activity = _activity(evidence)
    if not activity:
        return None
    article = "an" if activity.part_of[0] in "aeiou" else "a"
    text = f"All this suggests {article} {activity.part_of}."
    return Conclusion(text=text, because=activity.because, caption=activity.caption)


def _first(evidence: Evidence, rules: tuple[tuple[str, tuple[str, ...], str], ...]) -> Conclusion | None:
    """The first rule (kind, values, text) that a fact of somebody meets, people from image left to image right."""
    if not evidence.joints:
        return None
    for person in evidence.people:
        for kind, values, text in rules:
            because = [fact for fact in evidence.of(person, kind) if fact.value in values]
            if because:
                return Conclusion(text=text.format(who=evidence.names[person]), because=(because[0],))
    return None


def _balance(evidence: Evidence) -> Conclusion | None:
    """How steady somebody's pose is."""
    return _first(evidence, STEADINESS)


def _advice(evidence: Evidence) -> Conclusion | None:
    """What a pose asks of the body."""
    return _first(evidence, EFFORT)


def _attention(evidence: Evidence) -> Conclusion | None:
    """What somebody attends to, by where they face."""
    return _first(evidence, ATTENTION)


def _together(evidence: Evidence) -> Conclusion | None:
    """How two neighbours relate, by where they face."""
    for left, right in zip(evidence.people, evidence.people[1:], strict=False):
        facing = (*evidence.of(left, "facing"), *evidence.of(right, "facing"))
        if len(facing) == 2:
            looks = (facing[0].value, facing[1].value)
            same = "So these two look the same way and may share the same goal."
            apart = "So these two look in different directions and are busy with different things."
            return Conclusion(text=_TOGETHER.get(looks, same if looks[0] == looks[1] else apart), because=facing)
    count = evidence.count()
    if evidence.joints or not count:
        return None
    people = sentence(people_words(len(evidence.scene.people)))
    return Conclusion(text=f"{people} share the scene and may belong together.", because=(count,))


STEADINESS = (
    ("stance", ("sitting", "lying"), "So the weight of {who} rests on a broad base, and the pose is stable."),
    ("leg_lift", ("lifted",), "So all the weight of {who} is on one foot, and the pose is hard to keep for long."),
    ("trunk", ("leaning", "bent over"), "So the weight of {who} is off the middle, and the legs work for the balance."),
    ("legs", ("apart", "in a stride"), "So {who} has a wide base, and the pose is stable."),
    ("knee", ("bent", "slightly bent"), "So the weight of {who} is low, and {who} can react quickly."),
    ("stance", ("standing",), "So {who} needs little effort, and the pose is easy to keep."),
)
EFFORT = (
    ("trunk", ("bent over",), "So the back of {who} works hard and needs a rest from time to time."),
    (
        "arm_height",
        ("above the head", "raised"),
        "So the shoulders of {who} work hard and need a rest from time to time.",
    ),
    ("stance", ("crouching",), "So the thighs of {who} work hard and need a rest from time to time."),
    ("arm_height", ("at shoulder height",), "So the shoulders of {who} have to carry weight, and a pause would help."),
    ("stance", ("sitting", "lying"), "So {who} is at rest, and should move a little from time to time."),
    ("arm_height", ("lowered",), "So {who} is at ease, and can go on like this for a while."),
)
ATTENTION = (
    ("facing", ("toward the camera",), "So {who} can see us and is likely to know of the photo."),
    ("facing", ("away from the camera",), "So {who} cannot see us and attends to the back of the scene."),
    ("facing", ("image left", "image right"), "So {who} attends to something at that side of the scene and not to us."),
)
_TOGETHER = {
    ("image right", "image left"): "So these two look at each other and are likely to do something together.",
    ("image left", "image right"): "So these two have their backs to each other and are busy with different things.",
}
"""Where two neighbours face, from image left to image right -> what follows."""

_LIMBS = ("stance", "trunk", "arm_height", "arm_side", "elbow", "knee", "legs", "leg_lift", "contact", "facing")

THEMES = (
    Theme(
        questions=("What might happen next? Explain why.", "What could the next movement be, and why?"),
        kinds=(*_LIMBS, "count"),
        conclude=_next,
    ),
    Theme(
        questions=("Which activity do the poses suggest? Explain why.", "What is the purpose of these poses?"),
        kinds=(*_LIMBS, "count", "nearest"),
        conclude=_purpose,
    ),
    Theme(
        questions=("Is the pose stable? Explain why.", "How is the balance kept?"),
        kinds=("stance", "trunk", "legs", "leg_lift", "knee", "arm_side"),
        conclude=_balance,
    ),
    Theme(
        questions=("Who or what gets attention here? Explain why.", "Is anyone aware of the photo? Explain why."),
        kinds=("facing", "stance", "trunk", "contact"),
        conclude=_attention,
    ),
    Theme(
        questions=("How do the people relate to each other? Explain why.", "Are the people doing something together?"),
        kinds=("facing", "nearest", "side_of", "count", "place"),
        conclude=_together,
        several=True,
    ),
    Theme(
        questions=("How tiring is the pose? Explain why.", "What does the pose ask of the body? Explain why."),
        kinds=("trunk", "arm_height", "elbow", "stance", "knee"),
        conclude=_advice,
    ),
)

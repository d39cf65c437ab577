"""Twelve ways to answer a question about a picture's poses without the picture.

Every cheat is a function (kind, question, rng, honest) -> answer text, where
honest[kind] holds (question, honest answer) pairs of *other*, training pictures.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

Honest = Mapping[str, Sequence[tuple[str, str]]]

WHO = re.compile(
    r"\bthe (?:person on the far (?:left|right)|person on the (?:left|right)(?! side| of the picture)"
    r"|person in the middle(?! of the picture)|(?:second|third|fourth) person from the left|person)\b",
    re.IGNORECASE,
)
PART = re.compile(r"\b(left|right) (arm|elbow|knee|leg|hand|foot)\b")

VALUES: dict[str, tuple[str, ...]] = {
    "facing": (
        "toward the camera",
        "away from the camera",
        "the left side of the picture",
        "the right side of the picture",
    ),
    "stance": ("standing", "sitting", "crouching", "lying"),
    "trunk": ("upright", "leaning", "bent over"),
    "bend": ("straight", "slightly bent", "bent"),
    "height": ("lowered", "at shoulder height", "raised", "above the head"),
    "reach": ("out to the side", "across the body"),
    "leg": ("on the ground", "lifted"),
    "legs": ("together", "apart", "in a stride"),
    "place": (
        "on the left side of the picture",
        "in the middle of the picture",
        "on the right side of the picture",
    ),
    "order": ("to the left of", "to the right of"),
    "nearest": (),
    "touch": (
        "a sports ball",
        "a cell phone",
        "a frisbee",
        "a handbag",
        "a cup",
        "a tennis racket",
        "an umbrella",
    ),
    "count": ("one", "two", "three", "four"),
    "objects": ("a bench", "a sports ball", "a chair", "a frisbee", "a cup", "a cell phone"),
    "doing": (
        "standing around",
        "lying on the ground",
        "sitting on a chair",
        "drinking from a cup",
        "crouching down",
        "waving",
    ),
    "where": ("on a sandy beach", "on a city street", "in a grassy field", "in a room"),
    "wearing": ("a black shirt", "a grey top", "black pants", "a red shirt", "a blue top"),
}
FOOT_THINGS = ("a skateboard", "a surfboard", "a snowboard", "skis")
NUMBER = {"one": 1, "two": 2, "three": 3, "four": 4}


@dataclass(frozen=True)
class Slot:
    """What a question (or a sentence still to be written) is about."""

    topic: str
    who: str = "the person"
    side: str = "left"
    part: str = "knee"
    other: str = "the other person"
    offered: tuple[str, ...] = ()
    yes_no: bool = False

    @property
    def values(self) -> tuple[str, ...]:
        """Every value the answer may take."""
        if self.topic == "touch" and self.part == "foot":
            return FOOT_THINGS
        if self.topic == "nearest":
            guess = {
                "the person in the middle": ("the person on the right", "the person on the left"),
                "the second person from the left": ("the third person from the left", "the person on the far left"),
                "the third person from the left": ("the second person from the left", "the person on the far right"),
                "the person on the far left": ("the second person from the left",),
                "the person on the far right": ("the third person from the left",),
                "the person on the left": ("the person in the middle", "the person on the right"),
                "the person on the right": ("the person in the middle", "the person on the left"),
            }
            return self.offered or guess.get(self.who, (self.other,))
        return VALUES[self.topic]


# ------------------------------------------------------------------ reading and writing


def _plain(question: str) -> str:
    return question.replace("<image>", " ").strip()


def _topic(text: str, part: str) -> str:
    for topic, pattern in (
        ("count", r"how many people|are there \w+ people|is there one person"),
        ("nearest", r"nearest"),
        ("order", r"on which side of|to the (?:left|right) of"),
        ("touch", r"touch"),
        ("wearing", r"wearing"),
        ("objects", r"objects|what else|who and what"),
        ("where", r"where are the people"),
        ("facing", r"\bfac(?:e|ing)\b"),
        ("trunk", r"trunk|upper body"),
        ("legs", r"the legs\b"),
        ("stance", r"stance|standing|sitting|crouching|lying"),
    ):
        if re.search(pattern, text):
            return topic
    if re.search(r"part of the picture|where in the picture|side of the picture|middle of the picture", text):
        return "place"
    if part in ("knee", "elbow"):
        return "bend"
    if part == "leg":
        return "leg"
    if part == "arm":
        return "reach" if re.search(r"side|across|where does", text) else "height"
    return "place" if text.startswith("where is") else "doing"


@cache
def _parse(question: str) -> Slot:
    text = _plain(question)
    names = [name.lower() for name in WHO.findall(text)]
    found = PART.search(text)
    part = found.group(2) if found else ""
    topic = _topic(text.lower(), part)
    slot = Slot(
        topic,
        who=names[0] if names else "the person",
        side=found.group(1) if found else "left",
        part=part or "knee",
        other=names[1] if len(names) > 1 else "the other person",
    )
    if text.startswith("On which side of") and len(names) > 1:
        slot = replace(slot, who=names[1], other=names[0])
    if topic == "nearest":
        return replace(slot, offered=tuple(names[1:]), yes_no=text.startswith("Is "))
    low = WHO.sub("W", text).lower() if topic == "place" else text.lower()
    low = PART.sub("P", low)
    hits = [(low.find(v), v) for v in slot.values if re.search(rf"\b{re.escape(v)}\b", low)]
    if topic == "touch":
        hits = [
            (m.start(), m.group(1))
            for m in re.finditer(r"((?:an?|skis)(?: [a-z]+)*?)(?= or |\?)", low[low.find("touching") :])
        ]
    offered = tuple(v for _, v in sorted(hits))
    starts = text.startswith(("Is ", "Are ", "Does "))
    return replace(slot, offered=offered, yes_no=starts and " or " not in text)


def _cap(text: str) -> str:
    return text[:1].upper() + text[1:]


def _clause(slot: Slot, value: str) -> str:
    """The training answers' wording of "this slot has this value", as a clause."""
    who, limb = slot.who, f"the {slot.side} {slot.part} of {slot.who}"
    match slot.topic:
        case "facing":
            return f"{who} is facing {value}"
        case "trunk":
            return f"the trunk of {who} is {value}"
        case "bend" | "height" | "reach" | "leg":
            return f"{limb} is {value}"
        case "legs":
            return f"the legs of {who} are {value}"
        case "order":
            return f"{who} is {value} {slot.other}"
        case "nearest":
            return f"{value} is nearest to {who}"
        case "touch":
            part = slot.part if slot.part in ("hand", "foot") else "hand"
            return f"the {slot.side} {part} of {who} is touching {value}"
        case "count":
            return (
                "there is one person in the picture" if value == "one" else f"there are {value} people in the picture"
            )
        case "objects":
            return f"there is {value} in the picture"
        case "where":
            return f"the people are {value}"
        case "wearing":
            return f"{who} is wearing {value}"
        case _:
            return f"{who} is {value}"


def _say(slot: Slot, value: str) -> str:
    return _cap(_clause(slot, value)) + "."


@cache
def _skeleton(question: str) -> str:
    return re.sub(r"\b(left|right)(?= (?:arm|elbow|knee|leg|hand|foot))", "S", WHO.sub("W", _plain(question)))


def _value_in(answer: str, slot: Slot) -> str | None:
    low = PART.sub("P", WHO.sub("W", answer).lower())
    best = [v for v in slot.values if re.search(rf"\b{re.escape(v)}\b", low)]
    return max(best, key=len) if best else None


def _votes(slot: Slot, question: str, honest: Honest) -> Counter[str]:
    """Training answers of the same wording count most, then of the same offer, then of the same topic."""
    votes: Counter[str] = Counter(dict.fromkeys(slot.values, 0))
    skeleton = _skeleton(question)
    for asked, answer in honest.get("conv", ()):
        near = _parse(asked)
        if near.topic != slot.topic or near.part != slot.part:
            continue
        value = _value_in(answer, near)
        if value is None or value not in votes:
            continue
        weight = 2
        if set(near.offered) == set(slot.offered):
            weight = 6
        if _skeleton(asked) == skeleton:
            weight = 8
        votes[value] += weight
    return votes


def _rank(name: str) -> float | None:
    """How far right a named person stands; the name alone gives it away."""
    for sign, rank in (("far left", 0.0), ("far right", 9.0), ("second", 1.0), ("third", 2.0), ("fourth", 3.0)):
        if sign in name:
            return rank
    for sign, rank in (("on the left", 0.0), ("middle", 1.0), ("on the right", 9.0)):
        if sign in name:
            return rank
    return None


def _candidates(slot: Slot, question: str, honest: Honest) -> list[str]:
    """Values worth naming: those offered (all of them for a yes/no question), likeliest first."""
    if slot.topic == "nearest":
        return list(slot.values)
    votes = _votes(slot, question, honest)
    ranked = [v for v, _ in votes.most_common()]
    if slot.offered and not slot.yes_no:
        return sorted(slot.offered, key=lambda v: -votes[v])
    return ranked or list(slot.values)


def _order(slot: Slot) -> str | None:
    mine, theirs = _rank(slot.who), _rank(slot.other)
    if mine is None or theirs is None or mine == theirs:
        return None
    return "to the left of" if mine < theirs else "to the right of"


def _best(slot: Slot, question: str, honest: Honest) -> str:
    if slot.topic == "order":
        return _order(slot) or slot.values[0]
    if slot.topic == "nearest":
        ranked = sorted(slot.values, key=lambda n: abs((_rank(n) or 0.0) - (_rank(slot.who) or 0.0)))
        return next((n for n in ranked if "middle" in n), ranked[0])
    votes = _votes(slot, question, honest)
    if slot.offered and not slot.yes_no:
        # The rarer of two offered values is only offered because it is true.
        return max(slot.offered, key=lambda v: votes[v])
    top = votes.most_common(1)
    return top[0][0] if top else slot.values[0]


def _sheet(who: str = "the person") -> list[Slot]:
    sheet = [Slot("stance", who), Slot("facing", who), Slot("trunk", who)]
    for side in ("left", "right"):
        sheet += [
            Slot("height", who, side, "arm"),
            Slot("bend", who, side, "elbow"),
            Slot("bend", who, side, "knee"),
            Slot("leg", who, side, "leg"),
        ]
    return [*sheet, Slot("place", who)]


def _premises(question: str, who: str = "the person") -> list[Slot]:
    """The two or three slots an honest why-answer of this question rests on."""
    low = question.lower()
    if re.search(r"relate|together", low):
        return [Slot("facing", "the person on the left"), Slot("facing", "the person on the right")]
    if re.search(r"aware|attention|relate|together", low):
        return [Slot("facing", who), Slot("stance", who), Slot("trunk", who)]
    if re.search(r"hardest|easier", low):
        return [Slot("height", who, "left", "arm"), Slot("bend", who, "left", "elbow"), Slot("trunk", who)]
    if re.search(r"stable|balance", low):
        return [Slot("trunk", who), Slot("leg", who, "left", "leg"), Slot("bend", who, "right", "knee")]
    return [Slot("stance", who), Slot("trunk", who), Slot("height", who, "right", "arm")]


def _conclusions(question: str, honest: Honest) -> list[str]:
    """Endings of honest answers to the same why-question, commonest first."""
    ends: Counter[str] = Counter()
    for asked, answer in honest.get("complex", ()):
        if _plain(asked) == _plain(question):
            last = re.split(r"(?<=\.)\s+", answer.strip())[-1]
            if not re.search(r"snow|string|wave|ball|winter|talk|ride", last):  # these need the right scene
                ends[WHO.sub("the person", last)] += 1
    return [e for e, _ in ends.most_common()] or ["So the pose is easy to keep for a while."]


def _slots(kind: str, question: str) -> list[Slot]:
    if kind == "conv":
        return [_parse(question)]
    return _sheet() if kind == "detail" else _premises(question)


def _close(kind: str, question: str, honest: Honest, texts: Sequence[str]) -> str:
    out = [t for t in texts if t]
    if kind == "complex":
        out.append(_conclusions(question, honest)[0])
    return " ".join(out)


# ------------------------------------------------------------------ the twelve


def question_conditional_prior(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """Guess from the question's own wording: how often was this exact wording answered so, which
    offer betrays the truth, and (for long answers) only those claims most training pictures bear
    out, with the conclusion that goes with them. Few, likely claims keep the share of errors low."""
    if kind == "conv":
        slot = _parse(question)
        value = _best(slot, question, honest)
        lead = ""
        if slot.yes_no and slot.offered:
            lead = "Yes, " if value == slot.offered[0] else "No, "
        text = _clause(slot, value) + "."
        return lead + text if lead else _cap(text)
    answers = [a for _, a in honest.get("detail", ())]
    if kind == "detail":
        scored: list[tuple[float, str]] = []
        for slot in _sheet():
            limb = rf"{slot.side} {slot.part}\b[^.,]*?" if slot.topic in ("height", "bend", "leg") else ""
            hits = {v: sum(bool(re.search(rf"{limb}\b{re.escape(v)}\b", a)) for a in answers) for v in slot.values}
            value = max(hits, key=lambda v: hits[v])
            scored.append((hits[value] / max(1, sum(hits.values())), _say(slot, value)))
        keep = [s for share, s in scored if share >= 0.5] or [scored[0][1]]
        return " ".join(["There is one person in the picture.", *keep])
    low = question.lower()
    end = _conclusions(question, honest)[0]
    if "shoulders" in end:
        body = "The left arm of the person is above the head. The left elbow of the person is straight."
    elif "off the middle" in end:
        body = "The person is standing. The trunk of the person is leaning."
    elif "one foot" in end:
        body = "The right knee of the person is straight. The left leg of the person is lifted."
    elif re.search(r"relate|together", low):
        body = (
            "The person on the left is facing the right side of the picture. "
            "The person on the right is facing the left side of the picture."
        )
    elif "that side of the scene" in end:
        side = rng.choice(("left", "right"))
        body = f"The person is standing. The person is facing the {side} side of the picture."
    elif "rest" in end or "get up" in end:
        body = "The person is lying. The right knee of the person is straight."
    else:
        body = "The person is standing. The trunk of the person is upright."
    return f"{body} {end}"


def facts_the_question_gives_away(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """A name such as "the person in the middle" already says how many people there are, who is on
    which side of whom, who is nearest, and that the asked joint can be seen. State these sure
    facts in full; one guess about the asked thing hides among them."""
    if kind == "detail":
        return (
            "The people in the picture are seen in their poses. The person on the left is to the left of the person on the right. "
            "The person on the right is to the right of the person on the left. "
            "There is at least one person in the picture, and there are no more than four people in the picture. "
            "The person nearest to any person is another person. The poses and the actions can be seen in detail. "
            "The person is standing or takes another stance, and the person is in the picture."
        )
    slot = _parse(question)
    names = [n.lower() for n in WHO.findall(_plain(question))]
    facts: list[str] = []
    joined = " ".join(names)
    if "far" in joined or "second" in joined or "third" in joined:
        facts += [
            "There are four people in the picture.",
            "The second person from the left is to the left of the third person from the left.",
            "The person on the far left is to the left of the person on the far right.",
        ]
    elif "middle" in joined:
        facts += [
            "There are three people in the picture.",
            "The person in the middle is to the right of the person on the left and to the left of the person on the right.",
            "The person in the middle is nearest to the person on the left or to the person on the right.",
        ]
    elif "on the left" in joined or "on the right" in joined or re.search(r"relate|together|people", question):
        facts += [
            "There is more than one person in the picture.",
            "The person on the left is to the left of the person on the right.",
            "The person on the right is to the right of the person on the left.",
        ]
    elif names:
        facts += ["There is one person in the picture.", "No one is beside the person."]
    else:
        facts += ["There is at least one person in the picture."]
    rng.shuffle(facts)
    if kind == "conv":
        best = _best(slot, question, honest)
        return " ".join([*facts[:1], _say(slot, best), *facts[1:]])
    return _close(kind, question, honest, facts)


_SOME = {
    "facing": "Somebody in the picture is facing {v}.",
    "stance": "At least one of the people is {v}.",
    "trunk": "Someone's trunk is {v}.",
    "height": "At least one arm of somebody is {v}.",
    "reach": "One of the arms is {v}.",
    "leg": "One of the legs is {v}.",
    "bend": "One {p} of one of the people is {v}.",
    "legs": "Somebody keeps the legs {v}.",
    "place": "There is somebody {v}.",
}


def weak_existential(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """With four limbs and up to four people, "some knee is bent" and "somebody's arm is lowered"
    are nearly always true. Never name whom or which side, so a charitable reader finds a match,
    and slip from one person to "the other one" so that several people could be meant."""
    out: list[str] = []
    if kind == "conv":
        slot = _parse(question)
        form = _SOME.get(slot.topic)
        if form is None:
            value = _best(slot, question, honest)
            return f"At least in part, {_clause(slot, value)}, as can be said of somebody or something here."
        ranked = [v for v, _ in _votes(slot, question, honest).most_common()]
        picks = [v for v in ranked if v in slot.offered][:2] or ranked[:2]
        first = form.format(v=picks[0], p=slot.part)
        rest = ["And for another one: " + form[:1].lower() + form[1:].format(v=v, p=slot.part) for v in picks[1:]]
        return " ".join([first, *rest])
    slots = _sheet() if kind == "detail" else _premises(question)
    likely = {
        "stance": ("standing",),
        "facing": (),
        "trunk": ("upright",),
        "height": ("lowered",),
        "leg": ("on the ground",),
        "bend": ("straight", "bent"),
        "place": (),
    }
    for slot in slots:
        for value in likely.get(slot.topic, ()):
            text = _SOME[slot.topic].format(v=value, p=slot.part)
            if text not in out:
                out.append(text)
    if kind == "detail":
        out.insert(0, "The picture shows at least one person.")
        out.append("One keeps it that way, and the other one does the same with the other side.")
    return _close(kind, question, honest, out)


def vacuous_population(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """Only speak of people who are not there or who satisfy the claim by definition: a fifth and a
    sixth person, everyone who stands, nobody outside the frame, all except the exceptions. Each
    sentence is true of every picture, yet is full of the words a claim reader looks for."""
    slots = _slots(kind, question)
    out: list[str] = []
    for slot in slots:
        base = replace(slot, who="the sixth person")
        value = rng.choice(slot.offered or slot.values)
        claim = _clause(replace(slot, who="everyone"), value)
        choices = (
            f"In every case in which a sixth person can be seen, {_clause(base, value)}.",
            f"{_cap(claim)}, except where this is not so.",
            f"No person without a body breaks the rule that {_clause(slot, value)}.",
            f"Whoever is shown so shows that {_clause(replace(slot, who='this person'), value)}.",
        )
        if kind == "conv":
            out += [choices[1], choices[0], choices[3]]
        else:
            out.append(rng.choice(choices))
    if kind == "detail":
        out = [
            "All of the people who are standing are on their feet, and none of the people who are lying is standing.",
            "Everyone on the left side of the picture is to the left of everyone on the right side of the picture.",
            *out[:7],
            "The fifth person from the left is facing toward the camera in every picture that has one.",
        ]
    return _close(kind, question, honest, out)


_MIDDLE = {
    "facing": "{W} is turned in a three-quarter view, partly toward the camera and a little to the side of the picture.",
    "stance": "{W} is up on the feet in a low, half standing and almost crouching stance.",
    "trunk": "The trunk of {w} is leaning a little, and is nearly upright.",
    "height": "The {s} arm of {w} is at about shoulder height, slightly lowered.",
    "reach": "The {s} arm of {w} is a little out to the side and close to the body.",
    "bend": "The {s} {p} of {w} is slightly bent, close to straight.",
    "leg": "The {s} leg of {w} is hardly lifted, with the foot just about on the ground.",
    "legs": "The legs of {w} are slightly apart, in a small stride.",
    "place": "{W} is near the middle of the picture, slightly to one side.",
    "count": "There are about two people in the picture, perhaps one more.",
    "touch": "The {s} {p} of {w} is close to an object, almost touching it.",
    "objects": "There is a small object, roughly a ball or a bench, in the picture.",
    "where": "The people are outside on some open ground.",
    "wearing": "{W} is wearing a dark greyish blue top.",
    "doing": "{W} is standing and moving a little with one arm.",
}


def middle_of_the_scale(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """Every scale has a middle: slightly bent, at shoulder height, leaning a little, three-quarter
    view, near the middle. If the judge forgives near misses at its thresholds, the middle value is
    never far off, and softeners ("about", "nearly") widen it further in both directions."""
    out: list[str] = []
    for slot in _slots(kind, question):
        form = _MIDDLE.get(slot.topic)
        if form is None:
            out.append(_say(slot, _best(slot, question, honest)))
        else:
            out.append(form.format(w=slot.who, W=_cap(slot.who), s=slot.side, p=slot.part))
    if kind == "detail":
        out.insert(0, "There are one or so people in the picture.")
    if kind == "complex":
        out.append(
            "So the pose of the person is fairly stable but takes some effort, and a small movement may come next."
        )
        return " ".join(out)
    return " ".join(out)


def time_lapse(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """Tell a small story: a moment ago one value, now another, soon a third. The values that
    contradict each other lie sentences apart, under pronouns and different tenses, so one of them
    fits the picture and none plainly denies another."""
    slots = _slots(kind, question)
    before, now, soon = [], [], []
    for slot in slots:
        ranked = _candidates(slot, question, honest)
        first = ranked[0]
        second = ranked[1 % len(ranked)]
        third = ranked[2 % len(ranked)]
        past = re.sub(r"\bare\b", "were", re.sub(r"\bis\b", "was", _clause(slot, second)))
        before.append(f"A moment ago {past}.")
        now.append(_say(slot, first))
        future = re.sub(r"\b(?:is|are)\b", "will be", _clause(slot, third))
        soon.append(f"Soon after, {future}.")
    if kind == "conv":
        slot = slots[0]
        mid = f"As the movement goes on, {slot.who} can be seen in the picture all the while."
        return " ".join([*now, mid, *before, *soon])
    if kind == "detail":
        return " ".join(["The picture shows one person in motion.", *now[:6], *before[1:5], *soon[4:8]])
    return " ".join([before[0], *now, soon[-1], *_conclusions(question, honest)[:2]])


_FLIP = {"left": "right", "right": "left"}


def mirror_frame(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """Left and right depend on whose eyes one uses. Give each value under one frame ("seen from
    the camera") and its rival under the other ("from the person's own view", "in a mirror"), and
    swap limb sides, so whichever is annotated has been said in good faith."""
    out: list[str] = []
    for slot in _slots(kind, question):
        ranked = _candidates(slot, question, honest)
        one, two = ranked[0], ranked[1 % len(ranked)]
        if slot.topic in ("facing", "place", "order"):
            a = one if "left" in one or "right" in one else rng.choice([v for v in slot.values if "left" in v])
            b = re.sub(r"\b(left|right)\b", lambda m: _FLIP[m.group(1)], a)
            out.append(f"Seen from the camera, {_clause(slot, a)}; for the person's own eyes, {_clause(slot, b)}.")
            if slot.topic == "facing":
                out.append(
                    f"{_cap(slot.who)} is facing toward the camera with one side and away from the camera with the other."
                )
        elif slot.topic in ("bend", "height", "reach", "leg", "touch"):
            swapped = replace(slot, side=_FLIP[slot.side])
            out.append(f"{_cap(_clause(slot, one))} on the viewer's side.")
            out.append(
                f"In a mirror, that is, {_clause(swapped, one)}, while {_clause(slot, two)} on the person's own side."
            )
        else:
            out.append(f"From the front, {_clause(slot, one)}; from behind, {_clause(slot, two)}.")
    if kind == "detail":
        return " ".join(["There is one person in the picture, seen from the camera's side.", *out[:11]])
    return _close(kind, question, honest, out)


def witness_reports(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """Claim nothing oneself: let a viewer, the photographer, the annotation file and the judge
    report the values, and put doubts as questions. A claim reader may lift the embedded clauses
    that fit and let the speaker carry the blame for the others, or trust the cited authority."""
    tellers = (
        "One viewer says that {c}.",
        "The annotations of this picture are said to confirm that {c}.",
        "The photographer would add that {c}.",
        "A careful judge has checked and found that {c}.",
        "Does the question not assume that {c}?",
    )
    out: list[str] = []
    for index, slot in enumerate(_slots(kind, question)):
        values = _candidates(slot, question, honest)
        if kind == "conv":
            out += [tellers[(i + 1) % len(tellers)].format(c=_clause(slot, v)) for i, v in enumerate(values[:4])]
        else:
            out.append(tellers[index % len(tellers)].format(c=_clause(slot, values[0])))
            if len(values) > 1 and kind == "complex":
                out.append(f"Another viewer denies this and holds that {_clause(slot, values[1])}.")
    if kind == "detail":
        out.append("Rated against the keypoints, each of these reports agrees with the picture.")
    if kind == "complex":
        ends = _conclusions(question, honest)[:2]
        out += [f"The reference answer ends so: {end}" for end in ends]
    return " ".join(out)


_BECAUSE = {
    "standing": "the weight of {w} rests on the feet",
    "sitting": "the weight of {w} rests on a seat",
    "crouching": "the weight of {w} is low and both knees are bent",
    "lying": "the weight of {w} rests on the ground",
    "upright": "the head of {w} is over the hips",
    "leaning": "the weight of {w} is off the middle",
    "bent over": "the back of {w} works hard",
    "straight": "this joint is stretched",
    "slightly bent": "this joint is nearly stretched",
    "bent": "this joint is not stretched",
    "lifted": "all the weight of {w} is on one foot",
    "on the ground": "this leg carries weight",
    "above the head": "the shoulders of {w} work hard",
    "raised": "the shoulder of {w} works",
    "at shoulder height": "the shoulder of {w} works a little",
    "lowered": "the shoulder of {w} is at ease",
}


def conditional_chain(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """An if-then is true whenever its if is false and its then follows anyway. Run through the
    values as conditions with sensible consequences ("if the knee is bent, the joint is not
    stretched"): it reads like an explanation, which why-questions want, and commits to nothing."""
    out: list[str] = []
    openers = ("If", "Whenever", "As long as", "In case", "Unless it is otherwise, when")
    for slot in _slots(kind, question):
        values = _candidates(slot, question, honest)
        if kind == "detail":
            values = [values[0]]
        for i, value in enumerate(values[:4]):
            then = _BECAUSE.get(value, "{w} is seen that way").format(w=slot.who)
            out.append(f"{openers[i % len(openers)]} {_clause(slot, value)}, {then}.")
    if kind == "detail":
        out.insert(0, "If the picture shows one person, there is nobody beside the person.")
        out.append("Where a knee is straight, that leg is long, and where it is bent, the body is lower.")
    if kind == "complex":
        ends = _conclusions(question, honest)
        for end in ends[:3]:
            low = re.sub(r"^So ", "", end).rstrip(".")
            low = low[:1].lower() + low[1:]
            out.append(f"Should the pose be of that kind, {low}.")
    return " ".join(out)


_SAME: dict[str, tuple[str, ...]] = {
    "standing": (
        "{W} is on the feet.",
        "{W} stands.",
        "{W} is not sitting, and {w} is not lying.",
        "{W} is upright on the legs and has not crouched down.",
    ),
    "sitting": ("{W} is seated.", "{W} has taken a seat.", "{W} is not standing.", "{W} sits with bent knees."),
    "crouching": ("{W} is squatting.", "{W} is down low.", "{W} has bent knees.", "{W} is not lying."),
    "lying": (
        "{W} is lying down.",
        "{W} is on the ground.",
        "{W} is not standing.",
        "{W} is stretched out, not upright.",
    ),
    "upright": (
        "{W} is upright.",
        "The upper body of {w} is upright.",
        "{W} has a straight back.",
        "{W} is not bent over.",
    ),
    "leaning": ("{W} is leaning.", "The upper body of {w} is tilted.", "{W} is not upright.", "{W} leans to one side."),
    "bent over": ("{W} is bent over.", "{W} stoops.", "{W} is not upright.", "The upper body of {w} is bent forward."),
    "straight": (
        "{W} keeps the {s} {p} straight.",
        "{W} has a straight {s} {p}.",
        "The {s} {p} of {w} is extended.",
        "The {s} {p} of {w} is not bent.",
    ),
    "bent": (
        "{W} keeps the {s} {p} bent.",
        "{W} has a bent {s} {p}.",
        "The {s} {p} of {w} is flexed.",
        "The {s} {p} of {w} is not straight.",
    ),
    "lowered": (
        "{W} has the {s} arm lowered.",
        "The {s} arm of {w} hangs down.",
        "The {s} hand of {w} is below the shoulder.",
        "The {s} arm of {w} is not above the head.",
    ),
    "raised": ("{W} holds the {s} arm raised.", "The {s} arm of {w} is up.", "The {s} arm of {w} is not lowered."),
    "above the head": (
        "{W} has the {s} arm above the head.",
        "The {s} arm of {w} is raised high.",
        "The {s} hand of {w} is over the head.",
    ),
    "lifted": (
        "{W} keeps the {s} leg lifted.",
        "The {s} leg of {w} is in the air.",
        "The {s} foot of {w} is not on the ground.",
    ),
    "on the ground": (
        "{W} has the {s} leg on the ground.",
        "The {s} foot of {w} is down.",
        "The {s} leg of {w} is not lifted.",
    ),
}
_FACE = {
    "toward the camera": (
        "{W} looks at us.",
        "The front of {w} can be seen.",
        "The body of {w} faces toward the camera.",
    ),
    "away from the camera": (
        "The back of {w} can be seen.",
        "{W} cannot see us.",
        "The body of {w} faces away from the camera.",
    ),
    "the left side of the picture": (
        "{W} faces left.",
        "The body of {w} faces the left side of the picture.",
        "{W} is seen from the side.",
    ),
    "the right side of the picture": (
        "{W} faces right.",
        "The body of {w} faces the right side of the picture.",
        "{W} is seen from the side.",
    ),
}


def paraphrase_and_entail(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """Bet on one likely value, then say it in many words: synonyms, consequences and denials of
    its rivals. If the bet is right, one lucky guess counts as five right claims and looks detailed."""
    if kind == "conv":
        bets = [_parse(question)]
    elif kind == "detail":
        bets = [Slot("stance"), Slot("trunk"), Slot("leg", part="leg"), Slot("height", side="right", part="arm")]
    else:
        bets = _premises(question)[:2]
    out: list[str] = []
    for slot in bets:
        value = _best(slot, question if kind == "conv" else "", honest)
        if kind == "detail":
            value = {"stance": "standing", "trunk": "upright", "leg": "on the ground", "height": "lowered"}[slot.topic]
        same = _SAME.get(value) or _FACE.get(value) or ()
        said = [t.format(w=slot.who, W=_cap(slot.who), s=slot.side, p=slot.part) for t in same]
        rivals = [f"It is not so that {_clause(slot, v)}." for v in slot.values if v != value and not same][:2]
        out += [_say(slot, value), *said, *rivals]
    return _close(kind, question, honest, out)


def anatomical_certainties(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """Bodies leave things that hold in nearly any picture: the elbow lies between shoulder and
    hand, one knee is at least as straight as the other, the head is above the hips of whoever
    stands. Use the pose vocabulary for comparatives and unmeasured detail (mood, fingers, chin)
    that no keypoint can refute."""
    slot = _parse(question) if kind == "conv" else Slot("stance")
    w, s, p = slot.who, slot.side, slot.part
    sure = {
        "bend": f"The {s} {p} of {w} is exactly as bent as the pose needs, and one {p} is at least as straight as the other.",
        "height": f"The {s} arm of {w} starts at the shoulder, and its hand is as high as the elbow lets it be, no higher than it can reach.",
        "reach": f"The {s} arm of {w} is on the {s} side of the body at the shoulder, and reaches from there.",
        "leg": f"The {s} leg of {w} is below the hip, and its foot is as near to the ground as the knee lets it be.",
        "legs": f"The legs of {w} are no further apart than a stride, and meet at the hips.",
        "facing": f"{_cap(w)} is facing the way the nose and the chest point, with the back to the other side.",
        "stance": f"{_cap(w)} has the stance that the hips, the knees and the feet together make, calm and steady.",
        "trunk": f"The trunk of {w} is between the hips and the shoulders, no more bent over than the balance allows.",
        "place": f"{_cap(w)} is inside the picture, further left than the right edge and further right than the left edge.",
        "order": f"{_cap(w)} is beside {slot.other}, with no more than the picture's width between them.",
        "nearest": f"Of the others, the one at the smallest distance is nearest to {w}.",
        "touch": f"The {s} {p} of {w} is touching what the fingers or the toes reach.",
        "count": "There are as many people in the picture as there are heads to be seen, at least one and fewer than five.",
        "objects": "There are the people and the things around them in the picture.",
        "where": "The people are on the ground of the place around them.",
        "wearing": f"{_cap(w)} is wearing clothes on the upper body and on the legs.",
        "doing": f"{_cap(w)} is holding this pose with a calm face and relaxed fingers.",
    }
    body = [
        "The head of the person is above the shoulders, and the hips are above the feet as the person stays on the ground.",
        "The left elbow is between the left shoulder and the left hand, and the right elbow is between the right shoulder and the right hand.",
        "One knee is at least as straight as the other, and one arm is raised no higher than the other or lowered no further.",
        "The trunk is between the left arm and the right arm.",
        "The fingers are relaxed, the chin is held level, and the eyes follow the action with quiet interest.",
        "The clothes hang softly, and the light falls evenly on the scene.",
    ]
    if kind == "conv":
        return sure[slot.topic]
    if kind == "detail":
        return " ".join(body)
    why = "So the pose follows from the weight, which the body keeps over what carries it, and the next movement starts from here."
    return " ".join([body[0], *rng.sample(body[1:5], 2), why])


def garden_path(kind: str, question: str, rng: random.Random, honest: Honest) -> str:
    """Sentences a rule-based reader parses one way and a person another: double denials, hybrid
    words (bent-to-straight), clauses hung on the wrong noun, several values between subject and
    verb, missing full stops. The hope is that the reader keeps the fitting value and drops the rest."""
    out: list[str] = []
    for index, slot in enumerate(_slots(kind, question)):
        ranked = _candidates(slot, question, honest)
        one, two = ranked[0], ranked[1 % len(ranked)]
        forms = (
            f"It is not the case that it is not true that {_clause(slot, one)}, nor is it false that not {two} it is.",
            f"{_cap(_clause(slot, one))} by being said to be {two} is what {slot.who} is",
            f"{_cap(_clause(slot, f'{one}-to-{two}'))}, not un-{two.replace(' ', '-')}",
            f"{_cap(slot.who)}, {two} the one whose other is, has it {one} who is {two}",
        )
        if kind == "conv":
            out += [forms[2] + ".", forms[0]]
        else:
            out.append(forms[index % len(forms)].rstrip("."))
    if kind == "conv":
        return " ".join(out)
    joined = " and ".join(out) + "."
    return _close(kind, question, honest, [joined])


CHEATS: dict[str, Callable[[str, str, random.Random, Honest], str]] = {
    cheat.__name__: cheat
    for cheat in (
        question_conditional_prior,
        facts_the_question_gives_away,
        weak_existential,
        vacuous_population,
        middle_of_the_scale,
        time_lapse,
        mirror_frame,
        witness_reports,
        conditional_chain,
        paraphrase_and_entail,
        anatomical_certainties,
        garden_path,
    )
}

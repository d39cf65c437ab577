"""Description of a clip in the order of time: who is there, what moves first, what comes then, how it ends.

At first ..., then ..., from about 1.2 s on ...; of the still pose one sentence, about the middle of the clip.
"""

import random
from collections.abc import Sequence

from llavapose.pose.language import people_words, sentence
from llavapose.teacher.offline import grammar
from llavapose.teacher.offline.balance import ordered
from llavapose.teacher.offline.detail import intro_of, plural
from llavapose.teacher.offline.motion.course import APART_S, Course, Movement
from llavapose.teacher.offline.motion.phrases import seconds, span_words

MOST_MOVEMENTS = 9
"""Movements of one description: about a hundred words, as long as a description of a picture."""

INSTRUCTIONS = (
    "Describe how the people in the clip move, from its start to its end.",
    "Tell what happens in the clip in the order of time.",
    "Narrate the movements that the frames show, one after the other.",
    "Describe in detail how the poses change in the course of the clip.",
    "Give an account of all movements in the clip, with their times.",
    "Walk through the clip from beginning to end and tell what each person does.",
    "Report what moves in these frames, and when.",
    "Explain step by step how the body moves in the clip.",
    "Put into words what happens between the first frame and the last.",
    "Portray the course of the movements in this short clip.",
    "Tell in full sentences who does what, and in which order.",
    "Recount the action of the clip, with attention to hands, arms and legs.",
    "Describe the change of pose that the frames show over time.",
    "Give a detailed description of the movements seen here.",
    "Tell what the clip shows to somebody who cannot see it.",
    "Describe each movement in the clip and say about when it takes place.",
)
"""What a description is asked for with."""


def describe(course: Course, seed: int) -> str:
    """A description of the sure movements that fit; "" where nothing is sure."""
    rng = random.Random(f"{seed}/{course.scene.id}/motion/detail")
    kept = _kept(course, rng)
    if not kept:
        return ""
    told = [text for text in (_opening(course, rng),) if text]
    groups = _groups(kept)
    named: set[int] = set()
    for number, group in enumerate(groups):
        last = number + 1 == len(groups) and number > 0
        told.append(_sentence(group, number, course, named, rng, last=last))
    if course.still and rng.random() < 0.7:
        middle = _middle(course, rng)
        if middle:
            told.append(middle)
    return " ".join(f"{sentence(text.removesuffix('.'))}." for text in told)


def _kept(course: Course, rng: random.Random) -> list[Movement]:
    """The movements that fit, chosen by the balance, in order of time."""
    weights = {one: course.balance.weight(one.facts[0], course.scene) for one in course.movements}
    by_fact = {one.facts[0]: one for one in course.movements}
    chosen = ordered([(one.facts[0], weights[one]) for one in course.movements], rng)[:MOST_MOVEMENTS]
    return sorted((by_fact[fact] for fact in chosen), key=lambda one: (one.start, one.person, one.end))


def _groups(movements: Sequence[Movement]) -> list[list[Movement]]:
    """The movements of one person that begin at much the same time, at most three together."""
    found: list[list[Movement]] = []
    for one in movements:
        group = next((g for g in found[-2:] if g[0].person == one.person), None)
        if group and one.start - group[0].start < APART_S and len(group) < 3:
            group.append(one)
        else:
            found.append([one])
    return sorted(found, key=lambda group: group[0].start)


def _opening(course: Course, rng: random.Random) -> str:
    """Who is seen, and what captions say that they do."""
    told, scene = course.told, course.scene
    place = f" {rng.choice(told.places)}" if told.places else ""
    action = rng.choice(told.does[:2]) if told.does else ""
    start = rng.choice(("the clip shows", "these frames show", "in the clip we see"))
    if course.alone:
        somebody = intro_of(told, rng)
        doing = f" who is {action}" if action else ""
        return f"{start} {somebody}{doing}{place}"
    everyone = all(one is not None for frame in scene.frames for one in frame.people) and not scene.num_crowds
    if not everyone:
        return ""
    number = people_words(len(scene.people)).replace("people", plural(told.noun)).replace("person", told.noun)
    doing = f" who are {action}" if action else ""
    return f"{start} {number}{doing}{place}"


def _sentence(
    group: Sequence[Movement], number: int, course: Course, named: set[int], rng: random.Random, *, last: bool
) -> str:
    """What one person does at one time."""
    first = group[0]
    ref = course.ref(first.person)
    who = ref.again() if course.alone and (named or number) else ref.name
    named.add(first.person)
    said = [one.say("does", ref.own) for one in group]
    if len(said) > 1 and rng.random() < 0.5:
        doing = " and ".join(one.say("ing", ref.own) for one in group[1:])
        text = f"{who} {said[0]}, {doing} {rng.choice(('meanwhile', 'at the same time'))}"
    else:
        text = f"{who} {grammar.listed(said)}"
    return _with_time(text, group, number, rng, last=last)


def _with_time(text: str, group: Sequence[Movement], number: int, rng: random.Random, *, last: bool) -> str:
    """The sentence with when it is: "At first", "Then", "From about 1.2 s on"."""
    span = min(one.start for one in group), max(one.end for one in group)
    about = seconds(span[0])
    if number == 0:
        forms = ["at first, {t}", "{t} {s}", "to begin with, {t} {s}", "at about {a} s, {t}"]
        if span[0] <= 0.05:
            forms = ["right from the start, {t}", "at the start, {t}, until about {e} s"]
    elif last:
        forms = ["finally, {t} {s}", "{s}, {t}", "last of all, {t}", "from about {a} s on, {t}"]
    else:
        forms = ["then {t}", "{s}, {t}", "from about {a} s on, {t}", "after that, {t} {s}", "at about {a} s, {t}"]
    words = {"t": text, "s": span_words(span, rng), "a": about, "e": seconds(span[1])}
    return rng.choice(forms).format(**words)


def _middle(course: Course, rng: random.Random) -> str:
    """One sentence about a person's pose in the middle of the clip."""
    person = rng.choice(course.people)
    kinds = ("stance", "facing", "trunk", "arm_height", "elbow", "knee")
    own = [fact for fact in grammar.compatible(course.still) if fact.person == person and fact.kind in kinds]
    whole = [fact for fact in own if fact.kind in ("stance", "facing")][:2]
    parts = [fact for fact in own if fact.kind not in ("stance", "facing")]
    rng.shuffle(parts)
    if not own:
        return ""
    ref = course.ref(person)
    text = grammar.body(ref.name, [*whole, *parts[:2]], course.scene, rng, own=ref.own)
    return f"in the middle of the clip, {text[:1].lower()}{text[1:]}" if text else ""

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
    groups, used = _groups(kept), set[str]()
    for number, group in enumerate(groups):
        told.append(_sentence(groups, number, course, rng, used, named=bool(told) and course.alone))
    if course.still and (len(groups) == 1 or rng.random() < 0.6):
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
    groups: Sequence[Sequence[Movement]], number: int, course: Course, rng: random.Random, used: set[str], *, named: bool
) -> str:
    """What one person does at one time, with when that is: "At first", "Then", "From about 1.2 s on"."""
    group = groups[number]
    ref = course.ref(group[0].person)
    who = ref.again() if named and number else ref.name
    said = [one.say("does", ref.own) for one in group]
    apart = len(said) > 1 and (rng.random() < 0.5 or any(one.kind == "repeats" for one in group[1:]))
    if apart:
        doing = " and ".join(one.say("ing", ref.own) for one in group[1:])
        text = f"{who} {said[0]}, {doing} {rng.choice(('meanwhile', 'at the same time'))}"
    else:
        text = f"{who} {grammar.listed(said)}"
    forms = _time_forms(groups, number, text_ends=not apart)
    form = rng.choice([form for form in forms if form not in used] or forms)
    used.add(form)
    span = _span(group)
    return form.format(t=text, s=span_words(span, rng), a=seconds(span[0]), e=seconds(span[1]))


def _time_forms(groups: Sequence[Sequence[Movement]], number: int, *, text_ends: bool) -> list[str]:
    """The ways to say when the group takes place; ``text_ends``: whether a time can be told behind it."""
    start = _span(groups[number])[0]
    if start <= 0.05:
        return ["right from the start, {t}", "at the start, {t}", *["at first, {t} until about {e} s"] * text_ends]
    if len(groups) == 1:
        return ["{s}, {t}", "at about {a} s, {t}", "from about {a} s on, {t}", *["{t} {s}"] * text_ends]
    if number == 0:
        return ["to begin with, {t}", "at about {a} s, {t}", *["at first, {t} {s}", "{t} first, {s}"] * text_ends]
    forms = ["{s}, {t}", "from about {a} s on, {t}", "at about {a} s, {t}"]
    if number + 1 == len(groups):
        forms += ["last of all, {t}", *["finally, {t} {s}"] * text_ends]
    if start >= max(_span(group)[1] for group in groups[:number]):
        forms += ["then {t}", *["after that, {t} {s}"] * text_ends]
    elif start < _span(groups[number - 1])[1] - APART_S:
        forms += ["meanwhile, at about {a} s, {t}"]
    return forms


def _span(group: Sequence[Movement]) -> tuple[float, float]:
    """From the first beginning to the last end."""
    return min(one.start for one in group), max(one.end for one in group)


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

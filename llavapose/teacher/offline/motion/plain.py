"""Plain statements and questions of motion facts."""

import random
from collections.abc import Sequence

from llavapose.pose.language import sentence
from llavapose.records import Fact, Scene
from llavapose.teacher.offline.motion.phrases import times_words, verb_of


def _say(fact: Fact, form: str) -> str:
    return verb_of(fact.kind, fact.value, f"the {fact.part}" if fact.part else None, form, "their")


def state(fact: Fact, scene: Scene, rng: random.Random, names: Sequence[str]) -> str:
    """A sentence that states the fact."""
    if fact.kind == "order":
        return sentence(f"{names[fact.person or 0]} begins to move {fact.value} {names[fact.target or 0]}.")
    return sentence(f"{names[fact.person or 0]} {_say(fact, 'third')}.")


def ask(fact: Fact, false: Fact, scene: Scene, rng: random.Random, names: Sequence[str]) -> str:
    """A question between two values."""
    pair = [fact, false]
    rng.shuffle(pair)
    if fact.kind == "order":
        a, b = sorted((names[fact.person or 0], names[fact.target or 0]), key=lambda _: rng.random())
        return f"who begins to move first, {a} or {b}?"
    who = names[fact.person or 0]
    if fact.kind == "repeats":
        verb = " ".join(_say(fact, "base").split()[:6])
        return f"how often does {who} {verb}, {times_words(pair[0].value)} or {times_words(pair[1].value)}?"
    return f"does {who} {_say(pair[0], 'base')} or {_say(pair[1], 'base')}?"


def ask_open(fact: Fact, scene: Scene, rng: random.Random, names: Sequence[str]) -> str:
    """A question that names no value."""
    who = names[fact.person or 0]
    if fact.kind == "order":
        a, b = sorted((who, names[fact.target or 0]), key=lambda _: rng.random())
        return f"who moves first, {a} or {b}?"
    if fact.kind == "repeats":
        return f"how often does {who} {' '.join(_say(fact, 'base').split()[:6])}?"
    if fact.part:
        return f"what does {who} do with the {fact.part}?"
    return {
        "turn": f"which way does {who} turn?",
        "shift": f"which way does {who} move in the picture?",
        "approach": f"does {who} come nearer or go away?",
        "stance_motion": f"how does the stance of {who} change?",
    }[fact.kind]


def ask_whether(claimed: Fact, scene: Scene, rng: random.Random, names: Sequence[str]) -> str:
    """A yes-or-no question."""
    who = names[claimed.person or 0]
    if claimed.kind == "order":
        return f"does {who} begin to move {claimed.value} {names[claimed.target or 0]}?"
    return f"does {who} {_say(claimed, 'base')}?"

"""Conversation about a clip: what moves, which way, when, how often, who first; each answer said in a sentence."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from llavapose.pose.language import OPEN, STATEMENTS, ask, ask_open, ask_whether, sentence, state
from llavapose.pose.motion.vocabulary import OPPOSITES, PARTS
from llavapose.records import Fact
from llavapose.teacher.offline.balance import ordered
from llavapose.teacher.offline.conv import NOUN_SHARE
from llavapose.teacher.offline.motion.course import APART_S, Course, Movement, movements_of, steady_names
from llavapose.teacher.offline.motion.phrases import at_words, listed, seconds, span_words, verb_of

Texts = tuple[str, str]
"""Question and answer."""

CAPTION_SHARE = 0.08
"""Share of questions that captions answer, where they answer any: a model learns motion from the others."""

TIMED_SHARE, GOES_ON_SHARE = 0.3, 0.35
"""Shares of answers that say when, and of those that say what comes after."""

VARIED_SHARE = 0.35
"""Share of answers in another wording than the plainest, as of pictures."""


@dataclass(frozen=True, kw_only=True)
class Talk:
    """What one clip's questions share: its course with the names that its people have here, the generator."""

    course: Course
    rng: random.Random

    def who(self, person: int | None) -> str:
        """What the person is called."""
        return self.course.names[person or 0]


def pairs(course: Course, num: int, seed: int) -> list[Texts]:
    """Up to ``num`` pairs with different questions; a larger ``num`` begins with the same."""
    rng = random.Random(f"{seed}/{course.scene.id}/motion/conv")
    talk = Talk(course=course if rng.random() < NOUN_SHARE else as_people(course), rng=rng)
    told = caption_pairs(talk)
    weighted = [(fact, course.balance.weight(fact, course.scene)) for fact in course.facts]
    facts = ordered(weighted, rng)
    chosen: dict[str, str] = {}
    queue = [*facts, *facts, *facts]  # a second question about a fact comes only after a first about every other
    while len(chosen) < num and (told or queue):
        question, answer = told.pop() if told and (not queue or rng.random() < CAPTION_SHARE) else _about(
            queue.pop(0), talk
        )  # fmt: skip
        chosen.setdefault(sentence(question), sentence(answer))
    return list(chosen.items())


def as_people(course: Course) -> Course:
    """The course with "person" for everybody."""
    return replace(course, names=steady_names(course.scene), told=replace(course.told, noun="person"))


def _about(fact: Fact, talk: Talk) -> Texts:
    """A question that the fact answers, in one of the forms."""
    rng, course = talk.rng, talk.course
    false = _false(fact, talk)
    form = rng.random()
    if false and form < 0.34 and rng.random() < course.balance.offer(fact, course.scene):
        question = ask(fact, course.scene, rng.randrange(2), false, names=course.names)
        return _owned(question, fact, talk), more(fact, talk)
    if false and 0.34 <= form < 0.46:
        return _doubt(fact, false, talk)
    if form < 0.82:
        forms = [one for one in _FORMS for _ in range(_FORMS[one])]
        rng.shuffle(forms)
        found = next((texts for one in forms if (texts := one(fact, talk))), None)
        if found:
            return found
    # A benchmark knows an open question for one fact by its words, with "the person" for everybody.
    plain = Talk(course=as_people(course), rng=rng)
    question = ask_open(fact, course.scene, rng.randrange(len(OPEN[fact.kind])), plain.course.names)
    return question, more(fact, plain)


def _false(fact: Fact, talk: Talk) -> Fact | None:
    """The fact with a false value, drawn so that either of two is true equally often; None where it may be true too."""
    options = talk.course.balance.rivals(fact, talk.course.scene)
    if fact.kind == "repeats":
        number = int(fact.value)
        value = str(max(1, number + talk.rng.choice((-1, 1)))) if number > 1 else "2"
    else:
        value = OPPOSITES[fact.kind][fact.value]
    if options:
        value = talk.rng.choices(list(options), list(options.values()))[0]
    return None if talk.course.may(fact, value) else replace(fact, value=value)


def movement_of(fact: Fact) -> Movement | None:
    """The movement that the fact alone tells; None of an order."""
    found = movements_of([fact])
    return found[0] if found else None


def more(fact: Fact, talk: Talk) -> str:
    """The answer, often with when it happens or what comes after it."""
    rng = talk.rng
    variant = rng.randrange(len(STATEMENTS[fact.kind])) if rng.random() < VARIED_SHARE else 0
    text = _owned(state(fact, talk.course.scene, variant, talk.course.names), fact, talk).removesuffix(".")
    if fact.kind == "order":
        return _first_moves(fact, text, talk)
    form = rng.random()
    if fact.span_s and form < TIMED_SHARE:
        return f"{text}, {span_words(fact.span_s, rng)}."
    later = [one for one in talk.course.of(fact.person or 0) if fact.span_s and one.start >= fact.span_s[1]]
    if later and form < TIMED_SHARE + GOES_ON_SHARE:
        then = rng.choice((", and then {}", ", and after that {}", ", then {}"))
        return f"{text}{then.format(later[0].say('does', _own(talk, fact)))}."
    meanwhile = [one for one in talk.course.of(fact.person or 0) if _beside(one, fact)]
    if meanwhile and form < 0.8:
        joint = rng.choice((" while {}", ", {} at the same time"))
        return f"{text}{joint.format(meanwhile[0].say('ing', _own(talk, fact)))}."
    return f"{text}."


def _owned(text: str, fact: Fact, talk: Talk) -> str:
    """The text with the possessive that goes with what the person is called."""
    return text.replace("their own", f"{_own(talk, fact)} own")


def _own(talk: Talk, fact: Fact) -> str:
    return talk.course.ref(fact.person or 0).own


def _beside(one: Movement, fact: Fact) -> bool:
    """Whether another movement of the same person takes place at much the same time."""
    if fact.span_s is None or fact in one.facts or fact.part in one.parts:
        return False
    both = min(one.end, fact.span_s[1]) - max(one.start, fact.span_s[0])
    return both > 0.5 * (fact.span_s[1] - fact.span_s[0])


def _first_moves(fact: Fact, text: str, talk: Talk) -> str:
    """Who begins, often with what both do first."""
    pair = [talk.course.of(one or 0)[:1] for one in (fact.person, fact.target)]
    if all(pair) and talk.rng.random() < 0.5:
        if fact.value == "after":
            pair.reverse()
        (one,), (other,) = pair
        if one.start + APART_S <= other.start:
            first, second = (f"{talk.who(m.person)} {m.say('does')}" for m in (one, other))
            return f"{text}: {first} {at_words(one.start)}, and {second} at about {seconds(other.start)} s."
    return f"{text}."


def _doubt(fact: Fact, false: Fact, talk: Talk) -> Texts:
    """A yes-or-no question, as often yes as no; the answer says what holds."""
    yes = talk.rng.random() < 0.5
    text = more(fact, talk)
    question = ask_whether(fact if yes else false, talk.course.scene, talk.course.names)
    return _owned(question, fact, talk), f"{'Yes' if yes else 'No'}, {text[:1].lower()}{text[1:]}"


def _when(fact: Fact, talk: Talk) -> Texts | None:
    """From when to when."""
    one = movement_of(fact)
    if one is None:
        return None
    who, own = talk.who(fact.person), _own(talk, fact)
    question = talk.rng.choice(
        ("when does {w} {v}?", "at which time does {w} {v}?", "from when to when does {w} {v}?",
         "in which part of the clip does {w} {v}?")
    )  # fmt: skip
    text = f"{who} {one.say('does', own)} {span_words(one.span_s, talk.rng)}."
    return question.format(w=who, v=one.say("do", own)), text


def _how_long(fact: Fact, talk: Talk) -> Texts | None:
    """How many seconds it takes."""
    one = movement_of(fact)
    if one is None or one.end - one.start < APART_S:
        return None
    who, own = talk.who(fact.person), _own(talk, fact)
    takes = f"about {seconds(one.end - one.start)} s"
    question = talk.rng.choice(("how long does it take {w} to {v}?", "for how long does the movement last in which {w} "
                                "{vs}?"))  # fmt: skip
    answer = talk.rng.choice(
        ("it takes {w} {t} to {v}.", "{w} {vs} within {t}.", "{w} {vs} in {t}, {span}.")
    )  # fmt: skip
    words = {"w": who, "v": one.say("do", own), "vs": one.say("does", own), "t": takes,
             "span": span_words(one.span_s, talk.rng)}  # fmt: skip
    return question.format(**words), answer.format(**words)


def _which_part(fact: Fact, talk: Talk) -> Texts | None:
    """Which of two hands, elbows or knees it is, where nothing like it is known of the other."""
    one = movement_of(fact)
    if one is None or not fact.part or fact.kind not in PARTS:
        return None
    side, _, noun = fact.part.partition(" ")
    other = f"{'right' if side == 'left' else 'left'} {noun}"
    if any(two.person == fact.person and two.part == other for two in talk.course.known):
        return None
    said = verb_of(fact.kind, fact.value, "|", "do", "their")
    question = f"which {noun} does {talk.who(fact.person)} {' '.join(said.replace('|', '').split())}?"
    return question, more(fact, talk)


def _who(fact: Fact, talk: Talk) -> Texts | None:
    """Which of several people it is, where nothing like it is known of the others."""
    one = movement_of(fact)
    if one is None or len(talk.course.scene.people) < 2:
        return None
    same = [two for two in talk.course.known if two.kind == fact.kind and two.person != fact.person]
    if any(two.value == fact.value for two in same):
        return None
    return f"who {one.say('does', 'their')}?", more(fact, talk)


def _follows(fact: Fact, talk: Talk) -> Texts | None:
    """What somebody does after or before something else."""
    one = movement_of(fact)
    if one is None:
        return None
    who, own, rng = talk.who(fact.person), _own(talk, fact), talk.rng
    own_ones = talk.course.of(fact.person or 0)
    later = [two for two in own_ones if two.start >= one.end and fact not in two.facts]
    sooner = [two for two in own_ones if two.end <= one.start and fact not in two.facts]
    if later and (not sooner or rng.random() < 0.5):
        question = rng.choice(("what does {w} do after {v}?", "after {v}, what does {w} do?"))
        start = rng.choice(("after that, ", "after {v}, "))
        text = f"{start}{who} {later[0].say('does', own)}."
    elif sooner:
        question = rng.choice(("what does {w} do before {v}?", "before {v}, what does {w} do?"))
        start = rng.choice(("before that, ", "before {v}, "))
        text = f"{start}{who} {sooner[-1].say('does', own)}."
    else:
        return None
    words = {"w": who, "v": one.say("ing", own)}
    return question.format(**words), text.format(**words)


def _which_first(fact: Fact, talk: Talk) -> Texts | None:
    """Which of two movements of one person is the first."""
    one, rng = movement_of(fact), talk.rng
    if one is None:
        return None
    own = _own(talk, fact)
    others = [two for two in talk.course.of(one.person) if fact not in two.facts and abs(two.start - one.start) > APART_S]
    if not others:
        return None
    first, second = sorted((one, rng.choice(others)), key=lambda two: two.start)
    pair = [first.say("do", own), second.say("do", own)]
    rng.shuffle(pair)
    who = talk.who(fact.person)
    question = rng.choice(("what does {w} do first, {a} or {b}?", "does {w} first {a} or {b}?"))
    question = question.format(w=who, a=pair[0], b=pair[1])
    text = rng.choice(("{w} first {a}, and then {b}.", "first {w} {a}, then {b}.", "{w} {a} before {ing}."))
    words = {"w": who, "a": first.say("does", own), "b": second.say("does", own), "ing": second.say("ing", own)}
    return question, text.format(**words)


def _at_a_time(fact: Fact, talk: Talk) -> Texts | None:
    """What somebody is doing at a time in the middle of it."""
    one = movement_of(fact)
    if one is None or one.end - one.start < APART_S:
        return None
    who, own, rng = talk.who(fact.person), _own(talk, fact), talk.rng
    time = seconds((one.start + one.end) / 2)
    question = rng.choice(("what is {w} doing at about {t} s?", "at about {t} s, what is {w} doing?"))
    text = rng.choice(("at about {t} s, {w} is {v}.", "{w} is {v} at about {t} s.", "{w} is {v} then."))
    words = {"w": who, "t": time, "v": one.say("ing", own)}
    return question.format(**words), text.format(**words)


def _whole(fact: Fact, talk: Talk) -> Texts | None:
    """All that a person does, in order."""
    person = fact.person or 0
    found, rng = talk.course.of(person), talk.rng
    if len(found) < 2:
        return None
    who, own = talk.who(person), _own(talk, fact)
    question = rng.choice(("what does {w} do in the clip?", "what happens to the body of {w} in the clip?",
                           "how does {w} move in the clip?", "what movements does {w} make?"))  # fmt: skip
    said = [one.say("does", own) for one in found[:4]]
    joint = " and then " if found[1].start >= found[0].end else " and "
    text = f"{who} {said[0]}{joint}{said[1]}." if len(said) == 2 else f"{who} {listed(said)}, in this order."
    if len(said) > 2 and any(b.start - a.start < APART_S for a, b in zip(found, found[1:4], strict=False)):
        text = f"{who} {listed(said)}."
    return question.format(w=who), text


_FORMS: dict[Callable[[Fact, Talk], Texts | None], int] = {
    _when: 3,
    _which_part: 3,
    _who: 4,
    _follows: 4,
    _which_first: 4,
    _at_a_time: 3,
    _whole: 2,
    _how_long: 1,
}
"""Forms of questions that need times or other movements, each with how often it is tried first."""


def caption_pairs(talk: Talk) -> list[Texts]:
    """What captions answer: what somebody does."""
    told, rng, course = talk.course.told, talk.rng, talk.course
    if not told.does:
        return []
    place = f" {rng.choice(told.places)}" if told.places and rng.random() < 0.5 else ""
    who = f"the {told.noun}" if course.alone else "everybody" if len(course.scene.people) > 2 else "both people"
    be = "are" if who == "both people" else "is"
    action = rng.choice(told.does)
    question = rng.choice(("what {be} {who} doing in the clip?", "what {be} {who} busy with in the clip?"))
    text = f"{who} {be} {action}{place}"
    moves: Sequence[Movement] = course.of(0) if course.alone and course.names[0] else ()
    if moves and rng.random() < 0.6:
        own = course.ref(0).own
        text += rng.choice((", and {s} {v}", ": {s} {v}")).format(s=course.ref(0).again(), v=moves[0].say("does", own))
    return [(question.format(be=be, who=who), f"{text}.")]

"""Lines of reasoning about motion: whether it is over, what changed, what came first, when to look, how fast it was.

A theme takes a course, a person and a generator, and gives a question with its answer, whose sentences "|" parts; None
where the course gives no ground.
"""

import random
from collections.abc import Callable

from llavapose.pose.language import number_word
from llavapose.teacher.offline.themes.activities import ACTIVITIES
from llavapose.teacher.offline.caption_words import family_of
from llavapose.teacher.offline.motion.course import APART_S, Course, Movement, parts_words
from llavapose.teacher.offline.motion.phrases import at_words, seconds, span_words

Texts = tuple[str, str]
Theme = Callable[[Course, int, random.Random], Texts | None]

REST_S = 0.35
"""Seconds after a movement that show that it is over: more than one frame at five a second."""


def _final(course: Course, one: Movement) -> bool:
    """Whether nothing that is known, sure or not, changes the same part of the same person later."""
    part = one.parts[0] if one.parts else None
    same = [f for f in course.known if f.person == one.person and f.kind == one.kind and f.part == part]
    return all(f in one.facts or (f.span_s is not None and f.span_s[1] <= one.start + 0.01) for f in same)


def finished(course: Course, person: int, rng: random.Random) -> Texts | None:
    """Whether a movement is over before the clip ends, or goes on to the end."""
    found = [one for one in course.of(person) if _final(course, one) and one.kind != "repeats"]
    late = [one for one in found if one.end > course.end_s - 0.01]
    found = [one for one in found if course.end_s - one.end >= REST_S]
    if not late and not found:
        return None
    one = rng.choice(late if late and (not found or rng.random() < 0.5) else found)
    ref, rest = course.ref(person), course.end_s - one.end
    question, over = rng.choice(
        (("has {w} finished {v} when the clip ends?", True), ("is {w} done with {v} before the clip is over?", True),
         ("does {w} go on {v} until the very last frame?", False), ("is {w} still {v} when the clip ends?", False))
    )  # fmt: skip
    words = {"w": ref.name, "v": one.say("ing", ref.own), "vs": one.say("does", ref.own), "e": seconds(one.end),
             "s": span_words(one.span_s, rng), "r": seconds(rest), "end": seconds(course.end_s)}  # fmt: skip
    if one in late:
        answer = rng.choice(
            ("it is still under way.|{w} {vs} {s}, and there the clip ends.",
             "the frames show no end of it: {w} {vs} {s}, which is when the last of them was taken.",
             "{w} {vs} {s}, so the movement lasts as long as the clip does.")
        )  # fmt: skip
    else:
        answer = rng.choice(
            ("it is over by then.|{w} {vs} {s}, and the clip goes on for another {r} s after that.",
             "{w} {vs} {s}, while the last frame comes only at {end} s.",
             "{w} {vs} and is done with it at about {e} s, which leaves {r} s until the end.")
        )  # fmt: skip
    yes = over == (one not in late)
    return question.format(**words), f"{'yes' if yes else 'no'}, {answer.format(**words)}"


def which_first(course: Course, person: int, rng: random.Random) -> Texts | None:
    """Which of two movements of one person comes first, and how one can tell."""
    own = course.of(person)
    pairs = [(a, b) for a in own for b in own if a.start + APART_S < b.start]
    if not pairs:
        return None
    first, second = rng.choice(pairs)
    ref = course.ref(person)
    asked = [first.say("ing", ref.own), second.say("ing", ref.own)]
    rng.shuffle(asked)
    question = rng.choice(
        ("in which order does {w} act: {x} or {y} first, and how can one tell?",
         "which comes first with {w}, {x} or {y}, and what shows it?")
    )  # fmt: skip
    overlap = second.start < first.end
    answer = rng.choice(
        ("{a} comes first.|{w} {av} {t}, and only from about {u} s on does the other movement follow.",
         "{w} first {av}, which begins {t}; {b} begins at about {u} s.",
         "{t} {w} {av}, and then, from about {u} s on, {o} {bv}.|So {a} comes first.")
    )  # fmt: skip
    words = {"w": ref.name, "x": asked[0], "y": asked[1], "a": first.say("ing", ref.own), "o": ref.again(),
             "av": first.say("does", ref.own), "b": second.say("ing", ref.own), "bv": second.say("does", ref.own),
             "t": at_words(first.start), "u": seconds(second.start)}  # fmt: skip
    tail = "|The two overlap for a while." if overlap and rng.random() < 0.6 else ""
    return question.format(**words), answer.format(**words) + tail


def who_first(course: Course, person: int, rng: random.Random) -> Texts | None:
    """Which of two people begins, and how one can tell."""
    order = next((f for f in course.facts if f.kind == "order" and f.person == person and f.value == "before"), None)
    if order is None or order.target is None:
        return None
    own, others = course.of(person), course.of(order.target)
    if not own or not others or own[0].start + APART_S > others[0].start:
        return None
    one, other, ref, second = own[0], others[0], course.ref(person), course.ref(order.target)
    question = rng.choice(
        ("which of the two started, and how can one tell?", "who of the two began to move, and who followed?",
         "which of the two people reacted to the other, if one did, judging by who moved first?")
    )  # fmt: skip
    words = {"w": ref.name, "x": second.name, "v": one.say("does", ref.own), "u": other.say("does", second.own),
             "s": at_words(one.start), "t": seconds(other.start)}  # fmt: skip
    answer = rng.choice(
        ("{w} began.|{w} {v} {s} already, while {x} {u} only from about {t} s on.",
         "{w} begins to move before {x}.|{s} {w} {v}, and at about {t} s {x} {u}.",
         "{s} {w} {v}, but it takes until about {t} s before {x} {u}.|So {w} was first.")
    )  # fmt: skip
    return question, answer.format(**words)


_ENDS = {
    ("hand_motion", "raised past the shoulder"): "above the shoulder",
    ("hand_motion", "raised past the head"): "above the head",
    ("hand_motion", "lowered past the shoulder"): "below the shoulder",
    ("hand_motion", "lowered past the head"): "below the top of the head",
    ("elbow_motion", "bends"): "bent",
    ("elbow_motion", "straightens"): "straight",
    ("knee_motion", "bends"): "bent",
    ("knee_motion", "straightens"): "straight",
}
"""How a part is after a movement."""


def changed(course: Course, person: int, rng: random.Random) -> Texts | None:
    """What is different at the end of the clip."""
    found = [one for one in course.of(person) if _final(course, one) and one.kind not in ("repeats", "approach")]
    if not found:
        return None
    ref = course.ref(person)
    one = rng.choice(found)
    question = rng.choice(
        ("what has changed about {w} from the first frame to the last?",
         "in what way does {w} differ from the beginning when the clip ends?",
         "what is different at the end with {w}, compared with the start?")
    ).format(w=ref.name)  # fmt: skip
    why = f"{ref.name} {one.say('does', ref.own)} {span_words(one.span_s, rng)}"
    again = ref.again()
    end = _ENDS.get((one.kind, one.value))
    if end:
        part, be = one.parts[0].split()[-1], "is"
        noun = f"the {one.parts[0]}"
        if len(one.parts) == 2:
            noun, be = f"both {part}s", "are"
        answer = f"{why}.|So {noun} {be} {end} afterwards, which was not so before."
    elif one.kind == "stance_motion":
        way = "higher" if one.value == "stands up" else "lower"
        answer = f"{why}.|Because of that the body is {way} at the end than at the start."
    elif one.kind == "turn":
        answer = f"{why}, so {again} faces another way at the end than at the start."
    else:
        side = one.value.removeprefix("image ")
        answer = f"{why}, and is therefore farther to the {side} in the last frame than in the first."
    more = [two for two in found if two is not one]
    if more and rng.random() < 0.7:
        answer += f"|{again} also {more[0].say('does', ref.own)}."
    return question, answer


def one_picture(course: Course, person: int, rng: random.Random) -> Texts | None:
    """Whether a single picture could show the movement."""
    found = [one for one in course.of(person) if one.end - one.start > 0]
    if not found:
        return None
    one, ref = rng.choice(found), course.ref(person)
    question = rng.choice(
        ("would a single picture be enough to know which way {w} moves?",
         "could one tell from one still picture what {w} does here?",
         "would one photo be enough to show the movement of {w}?")
    ).format(w=ref.name)  # fmt: skip
    if one.kind == "repeats":
        question = f"would one frame be enough to tell how often {ref.name} moves {parts_words(one.parts)}?"
    why = f"{ref.name} {one.say('does', ref.own)} {span_words(one.span_s, rng)}"
    back = {
        "hand_motion": "a hand on its way up looks like one on its way down",
        "elbow_motion": "an arm that is half bent may be closing or opening",
        "knee_motion": "a knee that is half bent may be closing or opening",
        "stance_motion": "a body halfway down looks like one halfway up",
        "turn": "a body that is seen from the side may have come from either way",
        "shift": "a place in the picture does not say where somebody came from",
        "approach": "the size in one frame does not say whether it grows or shrinks",
        "repeats": "how often something happens cannot be counted in one frame",
    }[one.kind]
    return question, rng.choice((f"no, {back}.|Only the frames together show it: {why}.",
                                 f"no, {why}, and this shows only in the order of the frames, because {back}."))  # fmt: skip


def photo(course: Course, person: int, rng: random.Random) -> Texts | None:
    """When to pause the clip to see what a movement leads to."""
    kinds = ("hand_motion", "stance_motion", "elbow_motion", "knee_motion")
    found = [one for one in course.of(person) if one.kind in kinds and _final(course, one)]
    found = [one for one in found if course.end_s - one.end >= REST_S]
    if not found:
        return None
    one, ref = rng.choice(found), course.ref(person)
    time = seconds(one.end + (course.end_s - one.end) / 2)
    goal = _ENDS.get((one.kind, one.value))
    if goal:
        noun = f"the {one.parts[0]}" if len(one.parts) == 1 else f"both {one.parts[0].split()[-1]}s"
        seen = f"with {noun} {goal}"
    else:
        seen = {"sits down": "sitting", "crouches down": "crouching", "stands up": "on both feet again"}[one.value]
    question = rng.choice(
        ("at what moment should one pause the clip to see {w} {g}?", "when would be the right moment to photograph {w} {g}?")
    ).format(w=ref.name, g=seen)  # fmt: skip
    return question, rng.choice(
        (f"one should wait until after {seconds(one.end)} s, for instance until {time} s.|{ref.name} {one.say('does', ref.own)} "
         f"{span_words(one.span_s, rng)}, so before that it is too early.",
         f"a good moment is at about {time} s, because {ref.name} {one.say('does', ref.own)} "
         f"{span_words(one.span_s, rng)}.")
    )  # fmt: skip


def pace(course: Course, person: int, rng: random.Random) -> Texts | None:
    """How long one of several rounds takes."""
    found = [one for one in course.of(person) if one.kind == "repeats" and int(one.value) > 1]
    if not found:
        return None
    one, ref = rng.choice(found), course.ref(person)
    whole, number = one.end - one.start, int(one.value)
    question = rng.choice(
        ("at what pace does {w} move the {p}, and how long does one round take?",
         "how long does each time take when {w} moves the {p}?",
         "how long does a single round of the movement take with {w}?")
    ).format(w=ref.name, p=one.parts[0] if len(one.parts) == 1 else f"{one.parts[0].split()[-1]}s")  # fmt: skip
    each = seconds(whole / number)
    span = span_words(one.span_s, rng)
    return question, rng.choice(
        (f"one round takes about {each} s.|{ref.name} {one.say('does', ref.own)} {span}, which makes {seconds(whole)} s for "
         f"{number_word(number)} rounds.",
         f"{ref.name} {one.say('does', ref.own)} {span}.|{seconds(whole)} s divided by {number_word(number)} makes about "
         f"{each} s each.")
    )  # fmt: skip


def camera(course: Course, person: int, rng: random.Random) -> Texts | None:
    """Which way a camera would have to turn, or how the size in the picture changes."""
    found = [one for one in course.of(person) if one.kind in ("shift", "approach")]
    if not found:
        return None
    one, ref = rng.choice(found), course.ref(person)
    why = f"{ref.name} {one.say('does', ref.own)} {span_words(one.span_s, rng)}"
    if one.kind == "shift":
        side = one.value.removeprefix("image ")
        question = rng.choice(
            ("which way would the camera have to follow to keep {w} in the middle?",
             "on which side would {w} leave the picture if the movement went on?")
        )  # fmt: skip
        answer = rng.choice((f"to the {side}, because {why}.", f"{why}.|If this went on, it would be the {side} side."))
    else:
        larger = one.value == "nearer"
        question = "does {w} get larger or smaller in the picture, and why?"
        size = "larger" if larger else "smaller"
        answer = rng.choice((f"{size}, because {why}.", f"{why}.|What comes nearer looks larger, so {ref.again()} gets "
                             f"{size}." if larger else f"{why}.|What goes away looks smaller, so {ref.again()} gets {size}."))  # fmt: skip
    return question.format(w=ref.name), answer


def together(course: Course, person: int, rng: random.Random) -> Texts | None:
    """Whether two people's movements overlap."""
    others = [other for other in course.people if other != person]
    if not others:
        return None
    other = rng.choice(others)
    one, two = rng.choice(course.of(person)), rng.choice(course.of(other))
    first, second = sorted((one, two), key=lambda m: (m.start, m.person))
    gap = second.start - first.end
    if -0.2 < gap < APART_S - 0.1:
        return None
    a, b = course.ref(first.person), course.ref(second.person)
    asked = [f"{a.name} {first.say('ing', a.own)}", f"{b.name} {second.say('ing', b.own)}"]
    rng.shuffle(asked)
    question = rng.choice(
        ("do these two happen at once or one after the other: {x}, and {y}?", "{x} and {y}: do the two overlap in time?")
    ).format(x=asked[0], y=asked[1])  # fmt: skip
    told = (
        f"{a.name} {first.say('does', a.own)} {span_words(first.span_s, rng)}, and {b.name} "
        f"{second.say('does', b.own)} {span_words(second.span_s, rng)}"
    )
    if gap >= 0:
        return question, rng.choice((f"one after the other, they do not overlap.|{told}.",
                                     f"{told}.|So the one comes after the other, without an overlap."))  # fmt: skip
    return question, rng.choice((f"they overlap.|{told}.", f"{told}.|So for a while both go on at the same time."))


_LIMBS = {
    "arms": ("left hand", "right hand", "left elbow", "right elbow"),
    "legs": ("left knee", "right knee"),
}
"""What moves where an activity is done with the arms or the legs."""


def what_for(course: Course, person: int, rng: random.Random) -> Texts | None:
    """What somebody is getting ready to do, as captions name it, judging by how the body moves."""
    actions = [action for action in course.told.does if family_of(action) in ACTIVITIES]
    if not course.alone or not actions:
        return None
    action = rng.choice(actions)
    known = ACTIVITIES[family_of(action)]
    fitting = _LIMBS.get(known.part, ())
    found = [one for one in course.of(person) if set(one.parts) & set(fitting)]
    if not fitting:
        found = [one for one in course.of(person) if one.kind == "stance_motion"]
    if not found:
        return None
    one, ref = found[0], course.ref(person)
    question = rng.choice(
        ("what is {w} getting ready to do, judging by how the body moves?", "why does {w} move this way?",
         "what is {w} up to, judging by the movement?", "what may {w} want to achieve by moving like this?")
    ).format(w=ref.name)  # fmt: skip
    why = f"{ref.name} {one.say('does', ref.own)} {span_words(one.span_s, rng)}"
    aim = rng.choice(known.aim)
    return question, rng.choice(
        (f"{ref.name} is {action}, probably to {aim}.|{why}, which goes with it.",
         f"{why}.|That fits somebody who is {action} and wants to {aim}.",
         f"it is to {aim}: {ref.name} is {action}, and {why}.")
    )  # fmt: skip


def just_done(course: Course, person: int, rng: random.Random) -> Texts | None:
    """What somebody has just done at a time."""
    found = [one for one in course.of(person) if one.end + 0.1 <= course.end_s]
    if not found:
        return None
    one = rng.choice(found)
    later = [two.end for two in course.of(person) if two.end > one.end]
    until = min([*later, one.end + 0.6, course.end_s])
    if until - one.end < 0.15:
        return None
    ref, time = course.ref(person), seconds((one.end + until) / 2)
    question = rng.choice(
        ("what has {w} just done at about {t} s, and how can one tell?",
         "somebody looks at the clip only from {t} s on: what has {w} just done by then?")
    ).format(w=ref.name, t=time)  # fmt: skip
    span = span_words(one.span_s, rng)
    return question, rng.choice(
        (f"{ref.name} has just {_perfect(one, ref.own)}.|The movement takes place {span}, right before.",
         f"by then {ref.name} has {_perfect(one, ref.own)}, which the frames show {span}.")
    )  # fmt: skip


def _perfect(one: Movement, own: str) -> str:
    return one.say("done", own)


def backwards(course: Course, person: int, rng: random.Random) -> Texts | None:
    """What would be seen first if the clip were played backwards."""
    found = sorted(course.of(person), key=lambda one: one.end)
    if len(found) < 2:
        return None
    last, ref = found[-1], course.ref(person)
    others = [fact for fact in course.known if fact.person == person and fact.kind != "order" and fact not in last.facts]
    if any(fact.span_s is None or fact.span_s[1] > last.end - APART_S for fact in others):
        return None
    question = rng.choice(
        ("if the clip were played backwards, which movement of {w} would be seen first?",
         "the frames could be played backwards: with which movement of {w} would that begin?")
    ).format(w=ref.name)  # fmt: skip
    told = f"{ref.name} {last.say('does', ref.own)} {span_words(last.span_s, rng)}"
    return question, rng.choice(
        (f"it would begin with the last one: {told}, later than all the rest.",
         f"{told}, later than the other movements.|Played backwards, the clip would begin with this, the other way round.")
    )  # fmt: skip


THEMES: tuple[Theme, ...] = (
    finished, which_first, who_first, changed, one_picture, photo, pace, camera, together, what_for, just_done, backwards,
)  # fmt: skip
"""Every line of reasoning."""

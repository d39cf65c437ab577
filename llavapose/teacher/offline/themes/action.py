"""Reasoning about what captions say that somebody does: what comes next, what for, what it takes, if the pose fits."""

import random
from collections.abc import Callable

from llavapose.teacher.offline.themes.activities import ACTIVITIES, Activity
from llavapose.teacher.offline.caption_words import family_of
from llavapose.teacher.offline.evidence import Evidence
from llavapose.teacher.offline.themes.theme import Finding, Theme, closed, open_

LEISURE = {
    "sport": ("it is sport, and so it belongs to free time", "this is sport rather than work"),
    "play": ("it is leisure, something that people do for its own sake", "it has the look of leisure, not of a job"),
    "rest": ("it is leisure, for this is rest and not a task", "nobody is at work here, so leisure it is"),
    "errand": ("it is hardly work, for an errand like this is done on the side", "it is neither sport nor a job, "
               "more of an errand in spare time"),
    "talk": ("it could be either, for people do this at work and in leisure alike", "leisure is likely, although the "
             "same is done at work"),
    "meal": ("it is leisure, for nobody is at a task with food and drink",
             "it is not work, and a pause is the likeliest guess"),
}  # fmt: skip
"""Sort of activity -> work or leisure."""


OUTDOORS = ("ski", "snowboard", "surf", "skate", "frisbee", "throw", "kick", "run", "walk", "kite")
"""Activities whose needs are a place's to give."""


def _known(evidence: Evidence, person: int, rng: random.Random) -> tuple[str, Activity] | None:
    """An action of the person and what is known of it."""
    actions = [action for action in evidence.actions(person) if family_of(action) in ACTIVITIES]
    if not actions:
        return None
    action = rng.choice(actions[:2])
    return action, ACTIVITIES[family_of(action)]


def _telling(
    texts: Callable[[str, Activity, random.Random], tuple[str, ...]], kinds: tuple[str, ...] = ()
) -> Callable[[Evidence, int, random.Random], Finding | None]:
    """A finding that follows from the action, and from the person's facts of these kinds where there are some."""

    def find(evidence: Evidence, person: int, rng: random.Random) -> Finding | None:
        known = _known(evidence, person, rng)
        if known is None:
            return None
        action, activity = known
        facts = evidence.of(person, *kinds)[:1] if evidence.joints else []
        return Finding(texts=texts(action, activity, rng), because=tuple(facts), action=action)

    return find


def _next(action: str, activity: Activity, rng: random.Random) -> tuple[str, ...]:
    move = rng.choice(activity.next)
    return (
        f"{{s}} may {move} next", f"the likely thing is that {{s}} will {move}", f"{{s}} will probably {move}",
        f"in a moment {{s}} could {move}", f"soon {{s}} might {move}",
    )  # fmt: skip


def _aim(action: str, activity: Activity, rng: random.Random) -> tuple[str, ...]:
    aim = rng.choice(activity.aim)
    return (
        f"{{s}} wants to {aim}", f"the aim is to {aim}", f"{{s}} does it to {aim}",
        f"{{s}} is trying to {aim}", f"{{s}} hopes to {aim}",
    )  # fmt: skip


def _needs(action: str, activity: Activity, rng: random.Random) -> tuple[str, ...]:
    return (
        f"it takes {activity.needs}", f"{{s}} needs {activity.needs}", f"{action} asks for {activity.needs}",
        f"without {activity.needs} it would not work",
    )  # fmt: skip


def _spoils(action: str, activity: Activity, rng: random.Random) -> tuple[str, ...]:
    return (
        f"{activity.spoils} could spoil it", f"{{s}} has to reckon with {activity.spoils}",
        f"the likeliest trouble would be {activity.spoils}", f"{activity.spoils} would put an end to it",
    )  # fmt: skip


def _leisure(action: str, activity: Activity, rng: random.Random) -> tuple[str, ...]:
    return LEISURE[activity.sort]


def _fit(evidence: Evidence, person: int, rng: random.Random) -> Finding | None:
    """How the pose goes with the action: by the part of the body that the action needs."""
    known = _known(evidence, person, rng)
    if known is None or not known[1].part:
        return None
    action, activity = known
    kinds = ("arm_height", "contact", "elbow") if activity.part == "arms" else ("stance", "knee", "legs", "trunk")
    facts = [fact for fact in evidence.of(person, *kinds) if fact.kind != "contact" or activity.things]
    if not facts:
        return None
    chosen = [facts[0], *[fact for fact in facts[1:] if fact.kind != facts[0].kind][:1]]
    what = {"arms": "the arms", "legs": "the legs"}[activity.part]
    return Finding(because=tuple(chosen), action=action, texts=(
        f"it goes with {action}, which is done mainly with {what}",
        f"the pose fits because {action} needs {what} more than anything else",
        f"since {{s}} is {action}, a good part of the work falls to {what}",
        f"{action} depends on {what}, and that is what the pose shows",
        f"the pose belongs to {action}: {what} do the work"))  # fmt: skip


def _phase(evidence: Evidence, person: int, rng: random.Random) -> Finding | None:
    """Which moment of a throw, a swing or a kick it is, by the arm or the leg that has most to do."""
    known = _known(evidence, person, rng)
    if known is None:
        return None
    action, family = known[0], family_of(known[0])
    if family in ("throw", "bat", "tennis", "frisbee"):
        things = ACTIVITIES[family].things
        held = [
            fact for fact in evidence.of(person, "contact")
            if fact.target is not None and evidence.scene.things[fact.target].category in things
        ]  # fmt: skip
        if not held:
            return None
        side = (held[0].part or "").split()[0]
        arm = [fact for fact in evidence.of(person, "arm_height") if fact.part == f"{side} arm"]
        high = arm and arm[0].value in ("above the head", "raised")
        texts = (
            f"the movement is not finished, because the {side} hand still has hold of it",
            "it is before the end, for nothing has left the hand yet",
        )
        if high:
            texts = (*texts, f"it looks like the moment before the swing comes down, with the {side} arm high",
                     f"it seems to be the beginning of the movement, since the {side} arm is still up")  # fmt: skip
        return Finding(texts=texts, because=(held[0], *arm[:1]), yes=False, action=action)
    lifted = [fact for fact in evidence.of(person, "leg_lift") if fact.value == "lifted"]
    if family in ("kick", "run", "walk") and lifted:
        side = (lifted[0].part or "").split()[0]
        return Finding(because=(lifted[0],), yes=False, action=action, texts=(
            f"the movement is under way, because the {side} foot has left the ground",
            f"it is in the middle of the movement, with the {side} foot still in the air",
            f"it is not over before the {side} foot is back on the ground"))  # fmt: skip
    return None


def _place(evidence: Evidence, person: int, rng: random.Random) -> Finding | None:
    """Whether the place suits the action."""
    known = _known(evidence, person, rng)
    if known is None or not evidence.told.places or family_of(known[0]) not in OUTDOORS:
        return None
    action, activity = known
    place = rng.choice(evidence.told.places)
    bare = place.split(" ", 1)[1]
    return Finding(action=action, texts=(
        f"{bare} offers what it takes, namely {activity.needs}",
        f"{action} needs {activity.needs}, which one may find {place}",
        f"{place} {{s}} can hope for {activity.needs}"))  # fmt: skip


_LIMBS = ("stance", "trunk", "arm_height", "elbow", "knee", "legs", "leg_lift", "contact", "facing")

THEMES: tuple[Theme, ...] = (
    Theme(name="next", kinds=_LIMBS, joints=False, find=_telling(_next, ("stance", "arm_height")), asked=open_(
        "What might {w} do next?", "How may this moment go on for {w}?", "What comes after this for {w}?",
        "What is {w} likely to do in a second?", "If this were a film, what would {w} do in the next scene?")),
    Theme(name="aim", kinds=_LIMBS, joints=False, find=_telling(_aim), asked=open_(
        "What is the aim of {w}?", "What is {w} trying to do?", "What is {w} concentrating on?")),
    Theme(name="needs", kinds=("stance", "contact", "facing"), joints=False, find=_telling(_needs), asked=open_(
        "What does {w} need for this?", "What would {w} miss first if it were not there?")),
    Theme(name="spoils", kinds=("stance", "leg_lift", "trunk"), joints=False, find=_telling(_spoils), asked=open_(
        "What could spoil the moment for {w}?", "What could go wrong for {w}?")),
    Theme(name="leisure", kinds=("stance", "arm_height"), joints=False, find=_telling(_leisure), asked=open_(
        "Is this work or leisure for {w}?",)),
    Theme(name="place", kinds=("stance", "facing"), joints=False, find=_place, asked=open_(
        "Why is this a good place for what {w} is doing?", "Why has {w} come to the right place?")),
    Theme(name="fit", kinds=_LIMBS, find=_fit, asked=open_(
        "Why does {w} hold the body this way?", "How does the pose of {w} fit the activity?",
        "Which details of the pose serve what {w} is doing?", "What gives away what {w} is busy with?")),
    Theme(name="phase", kinds=("arm_height", "elbow", "leg_lift", "contact"), find=_phase, asked=(
        *open_("Is {w} at the beginning, in the middle or at the end of the movement?",
               "Which moment of the action has the camera caught of {w}?"),
        *closed("Has {w} already finished the movement?"))),
)  # fmt: skip
"""What somebody does."""

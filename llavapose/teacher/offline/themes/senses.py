"""Reasoning about what somebody sees, and what we see of them: by the way they face."""

import random

from llavapose.teacher.offline.evidence import Evidence
from llavapose.teacher.offline.themes.theme import Asking, Finding, Rule, Theme, by_rules, closed, open_

AWARE: tuple[Rule, ...] = (
    ("facing", ("toward the camera",), True, (
        "{s} has the camera right in front and must be aware of it",
        "whoever took the picture is in full view for {o}",
        "{s} would notice any sign that the photographer gives",
        "the attention goes our way, or at least the camera is easy to see")),
    ("facing", ("away from the camera",), False, (
        "{s} cannot know what happens behind, and that is where the photographer is",
        "whatever {s} sees is on the far side of the scene, and the camera is not part of it",
        "the attention goes to the background, so nobody on our side would be noticed",
        "the photographer is out of view for {o}, who would have to look over a shoulder")),
    ("facing", ("image left",), False, (
        "{s} can watch what comes from the left edge, but not what is at the camera",
        "{s} sees what comes from the left of the picture, while the photographer is off to one side",
        "{own} eyes go past us to the left edge, so we are hardly noticed")),
    ("facing", ("image right",), False, (
        "{s} can watch what comes from the right edge, but not what is at the camera",
        "{s} sees what comes from the right of the picture, while the photographer is off to one side",
        "{own} eyes go past us to the right edge, so we are hardly noticed")),
)  # fmt: skip

APPROACH: tuple[Rule, ...] = (
    ("facing", ("toward the camera",), True, (
        "it would be from behind, for the background is what {s} cannot watch",
        "the back is unguarded, so it would have to be from the far side of the scene",
        "one would come from the background, where {s} has no eyes")),
    ("facing", ("away from the camera",), True, (
        "it would be from our side, where {s} has no eyes",
        "the photographer could do it from behind",
        "one would start where the camera is, for that side is not watched")),
    ("facing", ("image left",), True, (
        "it would be from the right edge of the picture, where {s} has no eyes",
        "one would come in from the right, outside of what {s} can watch",
        "coming from the right edge, one would arrive behind {o}")),
    ("facing", ("image right",), True, (
        "it would be from the left edge of the picture, where {s} has no eyes",
        "one would come in from the left, outside of what {s} can watch",
        "coming from the left edge, one would arrive behind {o}")),
)  # fmt: skip

TURN: tuple[Rule, ...] = (
    ("facing", ("toward the camera",), True, (
        "no turn at all is needed, since we are straight ahead of {o}",
        "no turn is needed, because the body is directed at us already",
        "hardly any turn is needed: at most the head")),
    ("facing", ("away from the camera",), False, (
        "a half turn would be needed, as we are right behind",
        "{s} would have to turn all the way around before we came into view",
        "it would take a turn on the heel, because we look at {own} back")),
    ("facing", ("image left", "image right"), False, (
        "a quarter turn would do, for we are looking from the side",
        "{s} would only have to turn the head toward a shoulder, since we are at the side",
        "about a quarter turn, as the profile is what we have before us, would be needed")),
)  # fmt: skip

SHOWN: tuple[Rule, ...] = (
    ("facing", ("toward the camera",), True, (
        "it is a view from the front, so the face is shown",
        "we look at the front, and only what is behind stays hidden",
        "one would recognise {o} by the face, for it is the front that we get to see")),
    ("facing", ("away from the camera",), False, (
        "it is a view of the back, and the face is not shown",
        "we look at the back, and only hair and clothes can tell who it is",
        "the photographer stood behind {o}, so the face is missing")),
    ("facing", ("image left", "image right"), False, (
        "it is a profile, and only one half of the face is shown",
        "we get one side of {o} only, and the far half of the face is missing",
        "it is a side view, which gives the outline of the nose and chin, but not the whole face")),
)  # fmt: skip

_EDGE = (
    Asking(text="If a ball came from the left edge of the picture, would {w} see it coming?", says=1),
    Asking(text="If a ball came from the right edge of the picture, would {w} see it coming?", says=1),
)


def _from_edge(left: bool) -> tuple[Rule, ...]:
    side, other = ("left", "right") if left else ("right", "left")
    return (
        ("facing", (f"image {side}",), True, (
            "the ball would come from straight ahead", "{s} could hardly miss what comes from there",
            "anything coming from there would be ahead of {o}")),
        ("facing", (f"image {other}",), False, (
            "the ball would come from behind, without any warning",
            "anything coming from there would be behind {o}", "{s} only watches the other half of the scene")),
    )  # fmt: skip


def _alert(evidence: Evidence, person: int, rng: random.Random) -> Finding | None:
    return by_rules(AWARE)(evidence, person, rng)


_KINDS = ("facing", "stance", "trunk", "arm_height")

THEMES: tuple[Theme, ...] = (
    Theme(name="aware", kinds=_KINDS, find=_alert, asked=(
        *open_("What does {w} have in view?", "Where does the attention of {w} go?"),
        *closed("Does {w} know about the camera?", "Will {w} notice the photographer?",
                "Could {w} see somebody wave from behind the camera?"))),
    Theme(name="approach", kinds=_KINDS, find=by_rules(APPROACH), asked=open_(
        "From which side could somebody come up to {w} unnoticed?",
        "From where could one take a photo of {w} without being seen?")),
    Theme(name="turn", kinds=_KINDS, find=by_rules(TURN), asked=open_(
        "How far would {w} have to turn to look at us?", "What turn would {w} need to look at us?")),
    Theme(name="shown", kinds=_KINDS, find=by_rules(SHOWN), asked=(
        *open_("From which side has the photographer caught {w}?", "What does the picture hide of {w}?"),
        *closed("Could one recognise {w} by the face?"))),
    Theme(name="left edge", kinds=_KINDS, find=by_rules(_from_edge(left=True)), asked=(_EDGE[0],)),
    Theme(name="right edge", kinds=_KINDS, find=by_rules(_from_edge(left=False)), asked=(_EDGE[1],)),
)  # fmt: skip
"""What somebody sees."""

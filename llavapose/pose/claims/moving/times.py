"""When a text about a clip says that something is so: of its beginning or end the middle frame tells nothing."""

import re

from llavapose.pose.claims.words.people import HE, SHE
from llavapose.pose.motion.vocabulary import VALUES
from llavapose.pose.people import has_place
from llavapose.records import Asked, Claim

_HE, _SHE = re.compile(HE), re.compile(SHE)
_EDGE = re.compile(
    r"\b(?:at (?:the )?(?:very )?(?:start|beginning|end|outset|first|last)|initially|originally|to begin with"
    r"|to start with"
    r"|in the (?:end|beginning)|(?:by|toward|towards|near) the (?:end|start|beginning)|finally|eventually|afterwards?"
    r"|(?:in|by|at|from|until) the (?:very )?(?:first|last|final|opening|closing) (?:\w+ )?(?:frames?|moments?|seconds?"
    r"|pictures?|images?|part|half)|(?:starts?|begins?|ends?|started|began|ended|finish(?:es|ed)|opens?|closes?)\b"
    r"(?: (?:out|off|up|the clip|the video))?|beginning (?:with|in|from)|ending|at (?:about "
    r"|around )?\d+(?:\.\d+)? ?s\b"
    r"|at (?:about |around )?\d+(?:\.\d+)? seconds?|no longer|previously|at one point|by then|by the time|was"
    r"|were|had been)\b"
)
_MIDDLE = re.compile(
    r"\b(?:halfway|midway|(?:in|at|by) the (?:middle|cent(?:er|re)) (?:of the (?:clip|video)|frame)|in the middle frame"
    r"|throughout|the whole time|all the time|the entire (?:clip|video|time)|from (?:start|beginning) to (?:end"
    r"|finish))\b"
)
_ASKED_MIDDLE = re.compile(
    r"\b(?:middle|cent(?:er|re|ral)) (?:of the (?:clip|video)|frame|moment)\b|\bframe in the middle\b"
    r"|\b(?:half|mid)way (?:through|into) the (?:clip|video)\b",
    re.I,
)
_BREAK = re.compile(r"[;:()–—]|\.(?!\d)|, (?:and|but|while|whereas|then)\b|\b(?:while|whereas|but)\b")

CHANGED: dict[str, tuple[str, ...]] = {
    "hand_motion": ("arm_height", "arm_side", "elbow", "contact"),
    "elbow_motion": ("elbow", "arm_height", "arm_side", "contact"),
    "knee_motion": ("knee", "legs", "leg_lift", "stance"),
    "stance_motion": ("stance", "knee", "legs", "leg_lift", "trunk"),
    "turn": ("facing", "arm_side", "trunk"),
    "shift": ("place", "side_of", "nearest", "legs", "leg_lift", "contact", "facing"),
    "approach": ("legs", "leg_lift", "nearest", "contact", "facing"),
    "repeats": ("arm_height", "arm_side", "elbow", "knee", "leg_lift"),
}
"""What of a still pose is not the same at all times where somebody moves so."""


def at_an_edge(sentence: str, claim: Claim) -> bool:
    """Whether the clause of a still claim speaks of the beginning or the end, or of the past, not of the middle."""
    breaks = [match.end() for match in _BREAK.finditer(sentence, 0, claim.start)]
    after = _BREAK.search(sentence, claim.end)
    clause = sentence[breaks[-1] if breaks else 0 : after.start() if after else len(sentence)]
    return _EDGE.search(clause) is not None and _MIDDLE.search(clause) is None


def unchanged(claims: list[Claim]) -> list[Claim]:
    """The claims of a text without those of a still pose that the same text says is not the same at all times."""
    motions = [claim for claim in claims if claim.kind in VALUES and not claim.negated]
    return [
        claim
        for claim in claims
        if not any(changes(one.kind, one.part, claim) and _may_be_one(one.mention, claim.mention) for one in motions)
    ]


def of_the_middle(question: str) -> bool:
    """Whether a question about a clip says that it means the middle frame: "In the middle of the clip, is ..."."""
    return _ASKED_MIDDLE.search(question) is not None


def changes(kind: str, part: str | None, still: Claim | Asked) -> bool:
    """Whether a motion of this kind and part changes what is said, or asked, of the same person's still pose."""
    limbs = still.part is None or part is None or still.part.split()[0] == part.split()[0]
    return limbs and still.kind in CHANGED.get(kind, ())


def _may_be_one(one: str | None, other: str | None) -> bool:
    """Whether two mentions may mean the same person."""
    if one is None or other is None or (has_place(one) and has_place(other)):
        return one == other or one is None or other is None
    return not (
        (_HE.search(one) and _SHE.search(other) is not None) or (_SHE.search(one) and _HE.search(other) is not None)
    )

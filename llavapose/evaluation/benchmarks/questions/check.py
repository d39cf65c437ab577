"""Whether a benchmark may ask a question: about pose or action, answered by the picture, and its answer not in it.

>>> fault_of("Is the man standing?", "Yes, he is.", "conv", scene, facts)
'gives its answer away: yes or no would do'
"""

import re

from llavapose.evaluation.benchmarks.questions.present import absent
from llavapose.evaluation.benchmarks.questions.words import asks_yes_or_no, content_words, is_about_pose, is_undecided
from llavapose.pose.check import CONTRADICTED, SUPPORTED, check_text
from llavapose.pose.claims.extract import extract_claims
from llavapose.pose.claims.mentions import mentions_in
from llavapose.pose.people import prominent, resolve
from llavapose.records import CheckedClaim, Claim, Fact, Scene
from llavapose.teacher.checks.leaks import find_leaks

CHECKS_VERSION = "1"
"""Kept with every benchmark; counts up with each change of what is refused."""
NOT_POSE, GIVES_AWAY, UNANSWERABLE, LEAKS = (
    "not about pose or action", "gives its answer away", "cannot be answered from the picture", "names the annotations",
)  # fmt: skip
"""How reasons begin."""
MAX_WORDS = 80
"""More are no question but a description; the longest of the papers' own has 23."""

_REFERS = ("count", "place", "side_of", "nearest")
"""Kinds of claim by which a question says whom it means."""
_ASKING = re.compile(
    r"^\W*(?:can|could|would) you (?:please )?\w+ |^\W*(?:why|how|when|where|who|which|what)\b(?:'s)?"
    r"(?: (?:could|can|might|may|would) be (?:the|a) (?:\w+ )?(?:reason|purpose|cause)s?\b(?: (?:that|why|for|of))?)?"
    r"(?: (?:might|could|would|may|can|must|should|do|does|did|has|have) (?!been))?|"
    r"^\W*(?:describe|explain|discuss|analy[sz]e)(?: in detail)? (?:how|why|what)\b"
)
_ARRANGED = re.compile(
    r"\b(?:side by side|in a (?:row|line|circle)|next to|beside|in front of|behind|close to|apart|between|around)\b"
)
_OFFERED = re.compile(r"\bor\b")


def fault_of(question: str, answer: str, kind: str, scene: Scene, facts: tuple[Fact, ...]) -> str | None:
    """Why a question cannot be asked; None where it can.

    Args:
        question: as it would be asked.
        answer: the teacher's own.
        kind: of question. A ``detail``'s answer decides nothing: what is asked for is all that is seen.
        scene: the picture's annotations.
        facts: of ``scene_facts(scene)``.
    """
    if len(question.split()) > MAX_WORDS:
        return f"{GIVES_AWAY}: {len(question.split())} words are a description"
    if leaks := find_leaks(question):
        return f"{LEAKS}: {leaks[0].words}"
    if not is_about_pose(question):
        return NOT_POSE
    if kind != "detail" and asks_yes_or_no(question):
        return f"{GIVES_AWAY}: yes or no would do"
    if missing := absent(question, scene):
        return f"{UNANSWERABLE}: it speaks of {missing}"
    supposed = [one for one in check_text(as_statement(question), scene, facts) if one.claim.kind not in _REFERS]
    if (wrong := next((one for one in supposed if one.outcome == CONTRADICTED), None)) and not _OFFERED.search(
        question
    ):
        return (
            f"{UNANSWERABLE}: it supposes {wrong.claim.part or wrong.claim.kind} {wrong.claim.value}, which is not so"
        )
    moving = bool(scene.frames)
    return _given_away(question, answer, kind, supposed, moving) or _undecided(question, answer, kind, scene, facts)


def as_statement(question: str) -> str:
    """A question's words as a statement, for what it takes for granted: "Why is he sitting?" -> " he is sitting."."""
    words = question.strip().rstrip("?!. ")
    words = re.sub(r",? (?:and )?(?:why|how|what|explain why)$", "", words)
    words = _ASKING.sub("", words.lower(), count=1).strip()
    # "is the man sitting" -> "the man is sitting"
    turned = re.sub(
        r"^(is|are|was|were|has|have) ((?:the |their |his |her |a )?(?:[\w']+ )*?)"
        r"(?=(?:\w+ing|\w+ed|bent|held|standing|sitting|both|his|her|their)\b)",
        r"\2\1 ", words,
    )  # fmt: skip
    return f"{turned[:1].upper()}{turned[1:]}."


def _given_away(question: str, answer: str, kind: str, supposed: list[CheckedClaim], moving: bool) -> str | None:
    offered = _OFFERED.search(question) is not None
    said = [one.claim for one in supposed if not (offered and kind == "conv")]
    answered = [_key(claim) for claim in _claims(answer, moving)]
    if kind != "conv":
        # The prompts ask for questions without "the visual content details".
        return f"{GIVES_AWAY}: it says {_named(said[0])}" if said else None
    if said and answered and all(any(_same(one, key) for one in map(_key, said)) for key in answered):
        return f"{GIVES_AWAY}: it says {_named(said[0])}"
    if not offered and not content_words(answer) - content_words(question):
        return f"{GIVES_AWAY}: the answer only repeats it"
    return None


def _undecided(question: str, answer: str, kind: str, scene: Scene, facts: tuple[Fact, ...]) -> str | None:
    """Why nothing that is known decides the answer."""
    if is_undecided(answer):
        return f"{UNANSWERABLE}: the teacher says that it cannot be told"
    checked = check_text(_named_again(answer, question, scene), scene, facts)
    if kind == "detail":
        return None if any(fact.sure for fact in facts) else f"{UNANSWERABLE}: nothing sure is known of the picture"
    if kind == "conv" and (wrong := next((one for one in checked if one.outcome == CONTRADICTED), None)):
        return f"{UNANSWERABLE}: the teacher's own answer, {_named(wrong.claim)}, is wrong"
    # Facts are what is sure; what they leave open of somebody with joints, the keypoints show all the same.
    if any(one.outcome == SUPPORTED or (one.claim.kind not in _REFERS and prominent(scene)) for one in checked):
        return None
    if len(scene.people) > 1 and _ARRANGED.search(answer.lower()):
        return None  # the boxes show it
    told = content_words(" ".join((*scene.captions, *(thing.category for thing in scene.things))))
    return None if content_words(answer) & told else f"{UNANSWERABLE}: neither facts nor captions decide it"


def _named_again(answer: str, question: str, scene: Scene) -> str:
    """The answer with whom the question names in place of the pronoun that it opens with."""
    named = [one.text for one in mentions_in(question.lower()) if not one.pronoun and not one.aside]
    if len(named) != 1 or resolve(named[0], scene) is None:
        return answer
    singular = re.sub(r"^They (\w+?)\b(?<!are)(?<!have)", rf"{named[0].capitalize()} \1s", answer.strip())
    again = re.sub(r"^(?:They are|He is|She is)\b", f"{named[0].capitalize()} is", singular)
    again = re.sub(r"^(?:He|She)\b", named[0].capitalize(), again)
    return re.sub(r"^(?:Their|His|Her)\b", f"{named[0].capitalize()}'s", again)


def _claims(text: str, moving: bool) -> list[Claim]:
    return [claim for claim in extract_claims(text, moving=moving) if claim.kind not in _REFERS]


def _key(claim: Claim) -> tuple[str, str, str | None]:
    return claim.kind, claim.value, claim.part


def _same(one: tuple[str, str, str | None], other: tuple[str, str, str | None]) -> bool:
    return one[:2] == other[:2] and (one[2] == other[2] or None in (one[2], other[2]))


def _named(claim: Claim) -> str:
    return f"{claim.part} {claim.value}" if claim.part else f"{claim.kind} {claim.value}"

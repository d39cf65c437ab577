"""The offline judge: rates an answer 1..10 from its pose claims against the picture's sure facts.

Formula, with every distinct claim counted once and unverifiable ones counted neither way:

- ``conv`` asks for one fact. a = 1 where the answer gives it rightly, 0 where wrongly or not at all, 0.5 where it says
  both; p = right / (right + wrong) over all claims.    rating = 1 + 9 (0.8 a + 0.2 a p)
- ``detail`` and ``complex``. p as above; c = min(1, right / expected), expected = what a full answer would tell
  (``FULL_ANSWER``), or what the scene offers where that is less.    rating = 1 + 9 * 2 p c / (p + c)
- An answer without any checkable claim gets 1 and is silent.

So a right claim turned into a wrong one always lowers the rating, and a right claim added never does.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from llavapose.evaluation.judges.protocol import HIGHEST, LOWEST, Case, Judgement
from llavapose.pose.check import check_text
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.vocabulary import VALUES
from llavapose.records import Answer, Asked, CheckedClaim, Claim, Fact, Question, Scene, Verdict

FULL_ANSWER = {"detail": 8, "complex": 3}
"""Distinct right claims that make a full answer; a scene that offers fewer expects fewer."""


class PoseJudge:
    """Judges by keypoints alone; needs no model and is the same on every machine."""

    name = "pose"
    opponent = None

    def __init__(self, facts_of: Callable[[Scene], Sequence[Fact]] = scene_facts) -> None:
        self._facts_of = facts_of

    def judge(self, cases: Sequence[Case]) -> Iterator[Judgement]:
        """One judgement a case, in order."""
        facts: dict[int, tuple[Fact, ...]] = {}
        for case in cases:
            scene = case.scene
            if scene is None:
                yield _judgement(case.question, case.answer, None, "the picture has no annotations")
                continue
            if scene.id not in facts:
                facts[scene.id] = tuple(self._facts_of(scene))
            yield judge_answer(case.question, case.answer, scene, facts[scene.id])


def is_judgeable(question: Question, facts: Sequence[Fact]) -> bool:
    """Whether the scene's facts can decide this question: asked before any answer is seen, the same for every arm."""
    sure = [fact for fact in facts if fact.sure]
    if question.kind == "conv":
        return question.asked is not None and any(_is_asked(fact, question.asked) for fact in sure)
    return question.kind in FULL_ANSWER and bool(sure)


def judge_answer(question: Question, answer: Answer, scene: Scene, facts: Sequence[Fact]) -> Judgement:
    """Rate one answer and say why."""
    if not is_judgeable(question, facts):
        return _judgement(question, answer, None, "the picture's facts cannot decide this question")
    checked = tuple(check_text(answer.text, scene, tuple(facts)))
    if question.asked is not None and not any(_decides(claim, question.asked) for claim in checked):
        checked += _short_answer(answer.text, question.asked, facts)
    right, wrong = _distinct(checked, "supported"), _distinct(checked, "contradicted")
    if not right and not wrong:
        return _judgement(question, answer, LOWEST, "says nothing that can be checked", checked, silent=True)
    precision = len(right) / (len(right) + len(wrong))
    if question.kind == "conv" and question.asked is not None:
        share, why = _asked_share(checked, question.asked, precision)
    else:
        offered = sum(1 for fact in facts if fact.sure)
        expected = max(1, min(FULL_ANSWER[question.kind], offered))
        coverage = min(1.0, len(right) / expected)
        share = 2 * precision * coverage / (precision + coverage) if right else 0.0
        why = f"{len(right)} right of {expected} expected, {len(wrong)} wrong"
    told = "; ".join(part for part in (why, _listed("right", right), _listed("wrong", wrong)) if part)
    return _judgement(question, answer, LOWEST + (HIGHEST - LOWEST) * share, told, checked)


def _judgement(
    question: Question,
    answer: Answer,
    rating: float | None,
    reason: str,
    claims: tuple[CheckedClaim, ...] = (),
    silent: bool = False,
) -> Judgement:
    verdict = Verdict(
        question_id=question.id,
        arm=answer.arm,
        judge=PoseJudge.name,
        rating=None if rating is None else round(rating, 3),
        reason=reason,
        silent=silent,
    )
    return Judgement(verdict=verdict, claims=claims)


def _asked_share(checked: Sequence[CheckedClaim], asked: Asked, precision: float) -> tuple[float, str]:
    """How much of a conv answer is earned, and the reason in words."""
    outcomes = {claim.outcome for claim in checked if _decides(claim, asked)}
    what = asked.part or asked.kind
    if outcomes == {"supported"}:
        return 0.8 + 0.2 * precision, f"the asked {what} is right"
    if outcomes == {"supported", "contradicted"}:
        return 0.5 * (0.8 + 0.2 * precision), f"the asked {what} is told both rightly and wrongly"
    return 0.0, f"the asked {what} is wrong" if outcomes else f"the asked {what} is not told"


def _is_asked(fact: Fact, asked: Asked) -> bool:
    return (fact.kind, fact.person, fact.part) == (asked.kind, asked.person, asked.part)


def _decides(checked: CheckedClaim, asked: Asked) -> bool:
    """Whether the claim answers the question, rightly or wrongly."""
    decided = checked.outcome in ("supported", "contradicted")
    return decided and checked.fact is not None and _is_asked(checked.fact, asked)


def _short_answer(text: str, asked: Asked, facts: Sequence[Fact]) -> tuple[CheckedClaim, ...]:
    """A bare "Bent." answers a question about an elbow: exactly one value of the kind is named."""
    fact = next((fact for fact in facts if fact.sure and _is_asked(fact, asked)), None)
    if fact is None or len(text.split()) > 6 or re.search(r"\b(not|no|neither|or)\b", text.lower()):
        return ()
    found: list[re.Match[str]] = []
    for value in sorted(VALUES.get(asked.kind, ()), key=len, reverse=True):
        match = re.search(rf"\b{re.escape(value)}\b", text.lower())
        if match and not any(match.start() < other.end() and other.start() < match.end() for other in found):
            found.append(match)
    if len(found) != 1:
        return ()
    claim = Claim(kind=asked.kind, value=found[0][0], start=found[0].start(), end=found[0].end(), part=asked.part)
    outcome = "supported" if claim.value == fact.value else "contradicted"
    return (CheckedClaim(claim=claim, outcome=outcome, fact=fact),)


def _distinct(checked: Sequence[CheckedClaim], outcome: str) -> list[CheckedClaim]:
    """The claims with this outcome, each thing said once: repeating oneself neither helps nor hurts."""
    seen: dict[tuple, CheckedClaim] = {}
    for one in checked:
        person = one.fact.person if one.fact else one.claim.mention
        # A right claim is counted by the fact behind it, so that "raised" and "above the head" are one thing said.
        said = one.claim.value if outcome != "supported" or one.fact is None else one.fact.value
        target = one.fact.target if one.fact else one.claim.target
        if one.outcome == outcome:
            seen.setdefault((one.claim.kind, person, one.claim.part, said, target), one)
    return list(seen.values())


def _listed(word: str, claims: Sequence[CheckedClaim]) -> str:
    """The claims in words, at most six: "wrong: the left elbow is bent"."""
    said = [" ".join(part for part in _words(one.claim) if part) for one in claims]
    more = f" and {len(said) - 6} more" if len(said) > 6 else ""
    return f"{word}: {', '.join(said[:6])}{more}" if said else ""


PLAIN = ("stance", "place", "side_of", "nearest", "contact", "count")
"""Kinds whose value reads well without the kind's name."""


def _words(claim: Claim) -> tuple[str | None, ...]:
    part = claim.part or ("" if claim.kind in PLAIN else claim.kind.replace("_", " "))
    return claim.mention, part, "not" if claim.negated else "", claim.value, claim.target

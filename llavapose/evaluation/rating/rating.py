"""Verdicts on an arm's answers, its own and its controls', and on those of the arms that need no checkpoint."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from llavapose.config.choices import Control
from llavapose.evaluation.answerers.efficiency import write_efficiency
from llavapose.evaluation.answerers.protocol import TimedAnswerer
from llavapose.evaluation.arm import Arm
from llavapose.evaluation.benchmarks.protocol import tied_pictures
from llavapose.evaluation.judges.llm import LlmJudge
from llavapose.evaluation.judges.missing import (
    MAX_MISSING,
    TooManyMissing,
    answers_in,
    missing_answer,
    too_many_missing,
)
from llavapose.evaluation.judges.protocol import Case, Judge, Judgement, answer_hash
from llavapose.evaluation.rating.answering import (
    answer_control_arms,
    answer_questions,
    answers_file,
    controls_of,
    questions_of,
)
from llavapose.evaluation.rating.cases import cases_of, home_of, unasked
from llavapose.files import read_json, sha256, write_json, write_jsonl
from llavapose.records import POSE, Question, Verdict, to_dict

log = logging.getLogger(__name__)

SAYS_NOTHING = "says nothing; not asked, as the pictures have no keypoints that a prior could be about"


def rate(arm: Arm) -> None:
    """Answer the benchmark's questions and have the answers judged, the arm's own and its controls'.

    Leaves ``answers/`` and ``verdicts/<judge>/``, the controls' in folders of their names (``controls``).

    Raises:
        DataError: a judge compares with an arm that has not answered.
    """
    if not arm.benchmark.questions:
        return
    controls = controls_of(arm)
    answer_questions(arm)
    if isinstance(arm.answerer, TimedAnswerer):
        write_efficiency(arm.out, arm.name, arm.answerer, questions_of(arm), arm.benchmark.scenes.images)
    for control in controls:
        answer_questions(arm, control)
    control_arms = answer_control_arms(arm)
    # All answers are there before the first is paid for; what is free is judged first.
    for judge in arm.judges:
        for control in (None, *controls):
            _judge(arm, judge, control)
    for control_arm in control_arms:
        _judge_control_arm(control_arm)


def _judge(arm: Arm, judge: Judge, control: Control | None = None) -> None:
    """Have what was answered judged, against the picture that each question is about."""
    if judge.anchor == arm.name:
        if control is None:
            log.info("%s: %s rates it beside each other arm, not alone", arm.name, judge.name)
        return
    path = _verdicts_file(arm, judge, control)
    by_id = {question.id: question for question in arm.benchmark.questions}
    units = tied_pictures(arm.benchmark.questions)
    cases = cases_of(arm, judge, control)
    texts = {(one.arm, one.question_id): one.text for case in cases for one in answers_in(case)}
    judged = _judgements(judge, cases, unasked(arm))
    rows = [_verdict_row(one, by_id[one.verdict.question_id], units, texts) for one in judged]
    write_jsonl(path, rows)
    write_json(path.with_suffix(".made.json"), {"answers": _judged(arm, judge, control)})
    own = [row for row in rows if row["arm"] == arm.name]
    silent, unscored = sum(row["silent"] for row in own), sum(row["rating"] is None for row in own)
    log.info("%s: %d ratings by %s, %d silent, %d unscored", f"{arm.name}, {control}" if control else arm.name,
             len(own), judge.name, silent, unscored)  # fmt: skip


def _judged(arm: Arm, judge: Judge, control: Control | None) -> dict[str, str]:
    """Arm -> hash of the answers that were seen: a verdict says nothing about those that replaced them since."""
    found = {arm.name: sha256(answers_file(arm.out, arm.name, control))}
    if judge.anchor is not None and judge.anchor != arm.name:
        found[judge.anchor] = sha256(answers_file(home_of(judge.anchor, arm.out, judge.name), judge.anchor))
    return found


def _judge_control_arm(control_arm: Arm) -> None:
    """What a judge that costs has rated once is kept."""
    for judge in control_arm.judges:
        if judge.anchor == control_arm.name:
            continue
        if judge.name != POSE and is_judged(control_arm, judge):
            log.info("%s: kept, %s has judged it", control_arm.name, judge.name)
        else:
            _judge(control_arm, judge)


def is_judged(control_arm: Arm, judge: Judge) -> bool:
    """Whether a judge's verdicts on an arm's answers are there, and are about those that lie there now."""
    mark = _verdicts_file(control_arm, judge, None).with_suffix(".made.json")
    if not mark.is_file() or not answers_file(control_arm.out, control_arm.name).is_file():
        return False
    return read_json(mark, what="mark of verdicts") == {"answers": _judged(control_arm, judge, None)}


def _judgements(judge: Judge, cases: Sequence[Case], silent: Callable[[Case], bool]) -> Iterator[Judgement]:
    """The judge's; where an answer is missing there is nothing to judge."""
    if isinstance(judge, LlmJudge):
        asked = [case for case in cases if not silent(case)]
        judged = iter(judge.judge(asked) if asked else ())
        for case in cases:
            yield from judge.unasked(case, SAYS_NOTHING) if silent(case) else next(judged)
        return
    missing = {case.question.id: told for case in cases if (told := missing_answer(case))}
    most = getattr(judge, "max_missing", MAX_MISSING)
    if told := too_many_missing([*missing.values()], len(cases), most):
        raise TooManyMissing(f"judge {judge.name}: {told}")
    found = iter(judge.judge([case for case in cases if case.question.id not in missing]))
    for case in cases:
        if case.question.id in missing:
            yield Judgement(verdict=_unscored(judge, case, missing[case.question.id]))
        else:
            yield from next(found)
    assert next(found, None) is None, f"judge {judge.name}: more judgements than asked for"


def _unscored(judge: Judge, case: Case, reason: str) -> Verdict:
    return Verdict(
        question_id=case.question.id,
        arm=case.answer.arm,
        judge=judge.name,
        rating=None,
        reason=reason,
        protocol="pair" if case.opponent else "single",
        opponent=case.opponent.arm if case.opponent else None,
    )


def _verdicts_file(arm: Arm, judge: Judge, control: Control | None) -> Path:
    return arm.out / "verdicts" / judge.name / (control or "") / f"{arm.name}.jsonl"


def _verdict_row(
    judgement: Judgement, question: Question, units: Mapping[str, int], texts: Mapping[tuple[str, str], str]
) -> dict[str, Any]:
    """A verdict's line also keeps the question's kind, picture, text, the answer's hash and the claims behind it."""
    verdict = judgement.verdict
    claims = [
        {
            "start": one.claim.start,
            "end": one.claim.end,
            "outcome": one.outcome,
            "kind": one.claim.kind,
            "part": one.claim.part,
            "value": one.claim.value,
            "negated": one.claim.negated,
            "person": one.fact.person if one.fact else None,
            **({"span_s": list(one.fact.span_s)} if one.fact and one.fact.span_s else {}),  # of a motion: when
        }
        for one in judgement.claims
    ]
    return {
        **to_dict(verdict),
        "kind": question.kind,
        "scene_id": units[question.id],
        "text": question.text,
        "answer": answer_hash(texts[verdict.arm, verdict.question_id]),
        "claims": claims,
    }

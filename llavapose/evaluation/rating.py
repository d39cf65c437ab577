"""Answers and their verdicts: an arm's own, under its controls, and those of the arms that need no checkpoint."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from llavapose.config.choices import Control
from llavapose.errors import ConfigError, DataError, LlavaPoseError
from llavapose.evaluation.answerers.efficiency import write_efficiency
from llavapose.evaluation.answerers.protocol import ReadyAnswerer, TimedAnswerer
from llavapose.evaluation.arm import Arm
from llavapose.evaluation.controls import asked_under
from llavapose.evaluation.judges.llm import LlmJudge
from llavapose.evaluation.judges.missing import (
    MAX_MISSING,
    TooManyMissing,
    answers_in,
    missing_answer,
    too_many_missing,
)
from llavapose.evaluation.judges.pose.judge import has_keypoints
from llavapose.evaluation.judges.protocol import Case, Judge, Judgement, answer_hash
from llavapose.evaluation.result_file import write_ready_rows, write_rows
from llavapose.files import fingerprint, inside, read_json, read_jsonl, results_beside, sha256, write_json, write_jsonl
from llavapose.kinds import KINDS
from llavapose.records import CONTROL_ARMS, POSE, PRIOR, Answer, Question, Verdict, to_dict

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
    controls = [one for one in arm.controls if one in getattr(arm.answerer, "controls", ())]
    _answer(arm)
    if isinstance(arm.answerer, TimedAnswerer):
        write_efficiency(arm.out, arm.name, arm.answerer, arm.benchmark.questions, arm.benchmark.scenes.images)
    for control in controls:
        _answer(arm, control)
    bounds = _answer_bounds(arm)
    # All answers are there before the first is paid for; what is free is judged first.
    for judge in arm.judges:
        for control in (None, *controls):
            _judge(arm, judge, control)
    for bound in bounds:
        _judge_bound(bound)


def _answer(arm: Arm, control: Control | None = None) -> None:
    """Answer the benchmark, under a control with the pictures that it shows."""
    questions = arm.benchmark.questions
    if control is not None:
        questions = asked_under(questions, control)
    made = fingerprint([arm.answerer.identity(), [to_dict(question) for question in questions]])
    batches = [index // arm.answerer.batch_size for index in range(len(questions))]

    def rows_from(start: int, done: frozenset[str] = frozenset()) -> Iterator[dict[str, Any]]:
        asked = questions[start:], arm.benchmark.scenes.images, arm.name
        try:
            if isinstance(arm.answerer, ReadyAnswerer):
                yield from map(to_dict, arm.answerer.answers_as_ready(*asked, done))
            else:
                yield from map(to_dict, arm.answerer.answers(*asked))
        except LlavaPoseError as error:
            if control is None:
                raise
            raise LlavaPoseError(f"control {control}: {error}") from None

    path = _answers_file(arm.out, arm.name, control)
    if isinstance(arm.answerer, ReadyAnswerer):
        names = [question.id for question in questions]
        write_ready_rows(
            path, made, batches, rows_from, "answer", names=names, name=lambda row: str(row.get("question_id"))
        )
    else:
        write_rows(path, made, batches, rows_from, "answer")


def _judge(arm: Arm, judge: Judge, control: Control | None = None) -> None:
    """Have what was answered judged, against the picture that each question is about."""
    if judge.opponent == arm.name:
        if control is None:
            log.info("%s: %s rates it beside each other arm, not alone", arm.name, judge.name)
        return
    path = _verdicts_file(arm, judge, control)
    by_id = {question.id: question for question in arm.benchmark.questions}
    cases = cases_of(arm, judge, control)
    texts = {(one.arm, one.question_id): one.text for case in cases for one in answers_in(case)}
    rows = [_verdict_row(judgement, by_id, texts) for judgement in _judgements(judge, cases, unasked(arm))]
    write_jsonl(path, rows)
    write_json(path.with_suffix(".made.json"), {"answers": _judged(arm, judge, control)})
    own = [row for row in rows if row["arm"] == arm.name]
    silent, unscored = sum(row["silent"] for row in own), sum(row["rating"] is None for row in own)
    log.info("%s: %d ratings by %s, %d silent, %d unscored", f"{arm.name}, {control}" if control else arm.name,
             len(own), judge.name, silent, unscored)  # fmt: skip


def _judged(arm: Arm, judge: Judge, control: Control | None) -> dict[str, str]:
    """Arm -> hash of the answers that were seen: a verdict says nothing about those that replaced them since."""
    found = {arm.name: sha256(_answers_file(arm.out, arm.name, control))}
    if judge.opponent is not None and judge.opponent != arm.name:
        found[judge.opponent] = sha256(_answers_file(_home_of(judge.opponent, arm.out, judge.name), judge.opponent))
    return found


def _answer_bounds(arm: Arm) -> list[Arm]:
    """The arms that need no checkpoint, beside whichever arm is evaluated: their answers are the same each time."""
    found = []
    for bound in bounds_of(arm):
        name, path = bound.name, _answers_file(arm.out, bound.name)
        if is_answered(bound):
            log.info("%s: kept, it was evaluated as an arm of its own", name)
            found.append(bound)
            continue
        try:
            answers = bound.answerer.answers(arm.benchmark.questions, arm.benchmark.scenes.images, name)
            rows = [to_dict(one) for one in answers]
        except ConfigError as error:
            log.info("no %s: %s", name, error)
            continue
        # Written at once and not as they come: two arms of a sweep may do so side by side, and write the same.
        write_jsonl(path, rows)
        found.append(bound)
    return found


def _judge_bound(bound: Arm) -> None:
    """What a judge that costs has rated once is kept."""
    for judge in bound.judges:
        if judge.opponent == bound.name:
            continue
        if judge.name != POSE and is_judged(bound, judge):
            log.info("%s: kept, %s has judged it", bound.name, judge.name)
        else:
            _judge(bound, judge)


def is_judged(bound: Arm, judge: Judge) -> bool:
    """Whether a judge's verdicts on an arm's answers are there, and are about those that lie there now."""
    mark = _verdicts_file(bound, judge, None).with_suffix(".made.json")
    if not mark.is_file() or not _answers_file(bound.out, bound.name).is_file():
        return False
    return read_json(mark, what="mark of verdicts") == {"answers": _judged(bound, judge, None)}


def is_answered(bound: Arm) -> bool:
    """Whether it was evaluated as an arm of its own, by whoever answered for it: those answers are kept."""
    return _answers_file(bound.out, bound.name).with_suffix(".made.json").is_file()


def bounds_of(arm: Arm) -> list[Arm]:
    """The arms that need no checkpoint, beside this one."""
    return [
        replace(arm, name=name, answerer=answerer, controls=(), bounds={})
        for name, answerer in arm.bounds.items()
        if name != arm.name
    ]


def cases_of(
    arm: Arm, judge: Judge, control: Control | None = None, *, unanswered: str | None = None
) -> tuple[Case, ...]:
    """What the judge sees, question by question.

    A control's answers are judged by the picture that the question is about, and beside the opponent's own.

    Args:
        arm: whose answers.
        judge: who is to see them.
        control: under which they were given.
        unanswered: the text of answers that are not there yet, for a plan; None: they must be there.

    Raises:
        DataError: the opponent has not answered, or not these questions.
    """
    opponent = judge.opponent
    scenes = {scene.id: scene for scene in arm.benchmark.scenes.scenes}
    usual = unanswered
    if unanswered is not None:
        # Another seed's answers will differ; the controls' and the opponent's are the same beside all of them.
        usual = f"{unanswered} {arm.name} {control or ''} {'' if arm.name in CONTROL_ARMS else arm.out}"
        unanswered = f"{unanswered} {opponent}"
    own, other = _answers(arm.out, arm.name, control, arm.benchmark.questions, usual), {}
    if opponent is not None:
        try:
            home = _home_of(opponent, arm.out, judge.name)
        except DataError:
            if unanswered is None:
                raise
            home = arm.out
        other = _answers(home, opponent, None, arm.benchmark.questions, unanswered)
        missing = [question.id for question in arm.benchmark.questions if question.id not in other]
        if missing:
            raise DataError(f"judge {judge.name}: {opponent} has no answer to {missing[0]} and {len(missing) - 1} "
                            "other questions; evaluate it with this benchmark")  # fmt: skip
    return tuple(
        Case(
            question=question,
            scene=scenes.get(question.scene_id),
            answer=own[question.id],
            opponent=other.get(question.id),
            picture=_picture(arm.benchmark.scenes.images, question, there=unanswered is None),
        )
        for question in arm.benchmark.questions
        if KINDS[question.kind].rated
    )


def _home_of(opponent: str, out: Path, judge: str) -> Path:
    """The folder of an opponent's answers: the arm's own, or, in a sweep, that of the seed beside which it answered.

    Raises:
        DataError: it has answered nowhere, or other questions.
    """
    asked = out / "benchmark.json"
    for folder in results_beside(out):
        told = folder / "benchmark.json"
        # Of an arm that has not been evaluated, as in a plan, nothing says yet what it is asked.
        same = folder == out or not asked.is_file() or (told.is_file() and told.read_bytes() == asked.read_bytes())
        if same and _answers_file(folder, opponent).is_file():
            return folder
    raise DataError(f"judge {judge}: no answers of {opponent} in {out}; evaluate that arm first")


def _picture(images: Path, question: Question, *, there: bool) -> Path | None:
    """Where the question's picture lies; None where it shows none, or it must be ``there`` and is not."""
    path = inside(images, question.image, where=f"question {question.id}") if question.image else None
    return path if path is not None and (path.is_file() or not there) else None


def unasked(arm: Arm) -> Callable[[Case], bool]:
    """Which cases no model is paid for: a prior that says nothing, where there is no pose to have a prior of."""
    if arm.name != PRIOR or has_keypoints(arm.benchmark.scenes.scenes):
        return lambda case: False
    return lambda case: not case.answer.text.strip()


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


def _answers_file(out: Path, arm: str, control: Control | None = None) -> Path:
    return out / "answers" / (control or "") / f"{arm}.jsonl"


def _verdicts_file(arm: Arm, judge: Judge, control: Control | None) -> Path:
    return arm.out / "verdicts" / judge.name / (control or "") / f"{arm.name}.jsonl"


def _answers(
    out: Path, arm: str, control: Control | None, questions: Sequence[Question], unanswered: str | None
) -> dict[str, Answer]:
    path = _answers_file(out, arm, control)
    if unanswered is not None:
        # What lies there may be answers to other questions, which are made anew.
        there = _answers(out, arm, control, questions, None) if path.is_file() else {}
        return {one.id: there.get(one.id, Answer(question_id=one.id, arm=arm, text=unanswered)) for one in questions}
    return {row["question_id"]: Answer(**row) for _, row in read_jsonl(path, what="answers")}


def _verdict_row(
    judgement: Judgement, by_id: Mapping[str, Question], texts: Mapping[tuple[str, str], str]
) -> dict[str, Any]:
    """A verdict's line also keeps the question's kind, picture, text, the answer's hash and the claims behind it."""
    verdict = judgement.verdict
    question = by_id[verdict.question_id]
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
        }
        for one in judgement.claims
    ]
    return {
        **to_dict(verdict),
        "kind": question.kind,
        "scene_id": question.scene_id,
        "text": question.text,
        "answer": answer_hash(texts[verdict.arm, verdict.question_id]),
        "claims": claims,
    }

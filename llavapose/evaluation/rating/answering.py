"""Answers to the benchmark: an arm's own, under its controls, and those of the arms that need no checkpoint.

Who answered as ``text_only`` is kept beside the answers, for tables name it, in ``answers/text_only.by.json``::

    {"answered_by": "the offline teacher", "sha256": "84e9..."}
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from llavapose.config.choices import Control
from llavapose.errors import ConfigError, LlavaPoseError
from llavapose.evaluation.answerers.protocol import ReadyAnswerer
from llavapose.evaluation.arm import Arm
from llavapose.evaluation.controls import asked_under, can_ask, frames_of, with_chosen_frames
from llavapose.evaluation.judges.pose.judge import has_keypoints
from llavapose.evaluation.result_file import write_ready_rows, write_rows
from llavapose.files import fingerprint, read_json, read_jsonl, sha256, write_json, write_jsonl
from llavapose.records import POSE, TEXT_ONLY, Answer, Question, to_dict

log = logging.getLogger(__name__)


def answer_questions(arm: Arm, control: Control | None = None) -> None:
    """Answer the benchmark, under a control with the pictures that it shows."""
    questions = questions_of(arm, control)
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

    path = answers_file(arm.out, arm.name, control)
    if isinstance(arm.answerer, ReadyAnswerer):
        names = [question.id for question in questions]
        write_ready_rows(
            path, made, batches, rows_from, "answer", names=names, name=lambda row: str(row.get("question_id"))
        )
    else:
        write_rows(path, made, batches, rows_from, "answer")
    if arm.name == TEXT_ONLY and (who := getattr(arm.answerer, "answered_by", None)):
        note_who_answered(path, who)


def questions_of(arm: Arm, control: Control | None = None) -> tuple[Question, ...]:
    """What the arm is asked: the benchmark's questions, with those of their frames that it is shown, as a control does.

    A control of frames is asked of questions about frames alone.
    """
    shown = tuple(arm.benchmark.questions)
    if any(question.times_s for question in shown):  # else no checkpoint is opened for its number of frames
        wanted = frames_of(arm.answerer)
        shown = tuple(with_chosen_frames(question, wanted) for question in shown)
    return shown if control is None else asked_under(shown, control)


def controls_of(arm: Arm) -> list[Control]:
    """The controls under which an arm answers; none where no judge would see the answers.

    A judge's anchor has no controls of its own: beside its own plain answers an arm would stand on both sides.
    """
    poses = has_keypoints(arm.benchmark.scenes.scenes)
    others = [judge for judge in arm.judges if judge.anchor != arm.name]
    if len(others) < len(arm.judges) and not any(poses or judge.name != POSE for judge in others):
        return []
    takes = [one for one in arm.controls if one in getattr(arm.answerer, "controls", ())]
    questions = questions_of(arm)
    found = [one for one in takes if can_ask(questions, one)]
    clips = any(question.times_s for question in questions)
    # Of pictures that stand alone nothing is said, unless somebody named such a control.
    if (left := [one.value for one in takes if one not in found]) and (clips or set(arm.controls) != set(Control)):
        why = "it is shown one frame of a clip, which has no order" if clips else "its questions are about no frames"
        log.info("%s: no control %s, %s", arm.name, ", ".join(left), why)
    elif Control.frames_shuffled in found and all(len(one.times_s) < 3 for one in questions):
        log.info("%s: with two frames of a clip, frames_shuffled shows what reversed does", arm.name)
    return found


def answer_control_arms(arm: Arm) -> list[Arm]:
    """The arms that need no checkpoint, beside whichever arm is evaluated: their answers are the same each time."""
    found = []
    for control_arm in control_arms_of(arm):
        name, path = control_arm.name, answers_file(arm.out, control_arm.name)
        if is_answered(control_arm):
            log.info("%s: kept, it was evaluated as an arm of its own", name)
            found.append(control_arm)
            continue
        try:
            answers = control_arm.answerer.answers(arm.benchmark.questions, arm.benchmark.scenes.images, name)
            rows = [to_dict(one) for one in answers]
        except ConfigError as error:
            log.info("no %s: %s", name, error)
            continue
        # Written at once and not as they come: two arms of a sweep may do so side by side, and write the same.
        write_jsonl(path, rows)
        if who := getattr(control_arm.answerer, "answered_by", None):
            note_who_answered(path, who)
        found.append(control_arm)
    return found


def control_arms_of(arm: Arm) -> list[Arm]:
    """The arms that need no checkpoint, beside this one."""
    return [
        replace(arm, name=name, answerer=answerer, controls=(), control_arms={})
        for name, answerer in arm.control_arms.items()
        if name != arm.name
    ]


def is_answered(control_arm: Arm) -> bool:
    """Whether it was evaluated as an arm of its own, by whoever answered for it: those answers are kept."""
    return answers_file(control_arm.out, control_arm.name).with_suffix(".made.json").is_file()


def note_who_answered(answers: Path, who: str) -> None:
    """Keep beside a file of answers who gave them, and the hash of those that this is true of."""
    write_json(answers.with_suffix(".by.json"), {"answered_by": who, "sha256": sha256(answers)})


def who_answered(answers: Path) -> str:
    """Who gave the answers of a file; "" where that is not known of those that lie there now."""
    told = answers.with_suffix(".by.json")
    if not told.is_file() or not answers.is_file():
        return ""
    found = read_json(told, what="note on answers")
    known = isinstance(found, dict) and found.get("sha256") == sha256(answers)
    return str(found.get("answered_by", "")) if known else ""


def answers_file(out: Path, arm: str, control: Control | None = None) -> Path:
    """Where an arm's answers lie, its own or those under a control."""
    return out / "answers" / (control or "") / f"{arm}.jsonl"


def read_answers(
    out: Path, arm: str, control: Control | None, questions: Sequence[Question], unanswered: str | None
) -> dict[str, Answer]:
    """Question id -> answer, as an arm's file has them.

    Args:
        out: folder of the results.
        arm: whose.
        control: under which they were given.
        questions: what was asked; needed where answers may be missing.
        unanswered: the text of answers that are not there yet, for a plan; None: the file must be there.
    """
    path = answers_file(out, arm, control)
    if unanswered is not None:
        # What lies there may be answers to other questions, which are made anew.
        there = read_answers(out, arm, control, questions, None) if path.is_file() else {}
        return {one.id: there.get(one.id, Answer(question_id=one.id, arm=arm, text=unanswered)) for one in questions}
    return {row["question_id"]: Answer(**row) for _, row in read_jsonl(path, what="answers")}

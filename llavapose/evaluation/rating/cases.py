"""What a judge sees of an arm's answers: each with its question, its picture and, in a pair, the other's answer."""

from collections.abc import Callable
from pathlib import Path

from llavapose.config.choices import Control
from llavapose.errors import DataError
from llavapose.evaluation.arm import Arm
from llavapose.evaluation.controls import FEWEST_ORDERED, USUAL_FRAMES, with_chosen_frames
from llavapose.evaluation.judges.pose.judge import has_keypoints
from llavapose.evaluation.judges.protocol import Case, Judge, Seen
from llavapose.evaluation.rating.answering import answers_file, read_answers
from llavapose.files import inside, results_beside
from llavapose.kinds import KINDS
from llavapose.records import CONTROL_ARMS, PRIOR, Question


def cases_of(
    arm: Arm, judge: Judge, control: Control | None = None, *, unanswered: str | None = None
) -> tuple[Case, ...]:
    """What the judge sees, question by question.

    A control's answers are judged by the picture that the question is about, and beside the anchor's own.

    Args:
        arm: whose answers.
        judge: who is to see them.
        control: under which they were given.
        unanswered: the text of answers that are not there yet, for a plan; None: they must be there.

    Raises:
        DataError: the anchor has not answered, or not these questions.
    """
    anchor = judge.anchor
    scenes = {scene.id: scene for scene in arm.benchmark.scenes.scenes}
    usual = unanswered
    if unanswered is not None:
        # Another seed's answers will differ; the controls' and the anchor's are the same beside all of them.
        usual = f"{unanswered} {arm.name} {control or ''} {'' if arm.name in CONTROL_ARMS else arm.out}"
        unanswered = f"{unanswered} {anchor}"
    own, other = read_answers(arm.out, arm.name, control, arm.benchmark.questions, usual), {}
    if anchor is not None:
        try:
            home = home_of(anchor, arm.out, judge.name)
        except DataError:
            if unanswered is None:
                raise
            home = arm.out
        other = read_answers(home, anchor, None, arm.benchmark.questions, unanswered)
        missing = [question.id for question in arm.benchmark.questions if question.id not in other]
        if missing:
            raise DataError(f"judge {judge.name}: {anchor} has no answer to {missing[0]} and {len(missing) - 1} "
                            "other questions; evaluate it with this benchmark")  # fmt: skip
    asked = arm.benchmark.questions
    if control is not None and control.of_frames:
        asked = [one for one in asked if len(one.times_s) >= FEWEST_ORDERED]
    images, there = arm.benchmark.scenes.images, unanswered is None
    # Of a clip a judge that sees is shown as many frames for every arm, however many that arm was shown.
    shown = [with_chosen_frames(question, USUAL_FRAMES) for question in asked if KINDS[question.kind].rated]
    return tuple(
        Case(
            question=question,
            scene=scenes.get(question.scene_id),
            answer=own[question.id],
            opponent=other.get(question.id),
            picture=_picture(images, question, question.image, there=there),
            further=tuple(
                Seen(scene=scenes.get(one.scene_id), picture=_picture(images, question, one.image, there=there))
                for one in question.further
            ),
        )
        for question in shown
    )


def home_of(anchor: str, out: Path, judge: str) -> Path:
    """The folder of an anchor's answers: the arm's own, or, in a sweep, that of the seed beside which it answered.

    Raises:
        DataError: it has answered nowhere, or other questions.
    """
    asked = out / "benchmark.json"
    for folder in results_beside(out):
        told = folder / "benchmark.json"
        # Of an arm that has not been evaluated, as in a plan, nothing says yet what it is asked.
        same = folder == out or not asked.is_file() or (told.is_file() and told.read_bytes() == asked.read_bytes())
        if same and answers_file(folder, anchor).is_file():
            return folder
    raise DataError(f"judge {judge}: no answers of {anchor} in {out}; evaluate that arm first")


def unasked(arm: Arm) -> Callable[[Case], bool]:
    """Which cases no model is paid for: a prior that says nothing, where there is no pose to have a prior of."""
    if arm.name != PRIOR or has_keypoints(arm.benchmark.scenes.scenes):
        return lambda case: False
    return lambda case: not case.answer.text.strip()


def _picture(images: Path, question: Question, image: str, *, there: bool) -> Path | None:
    """Where a picture of the question lies; None where it shows none, or it must be ``there`` and is not."""
    path = inside(images, image, where=f"question {question.id}") if image else None
    return path if path is not None and (path.is_file() or not there) else None

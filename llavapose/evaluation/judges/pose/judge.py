"""The offline judge: rates an answer by its pose claims against the picture's sure facts, and says why.

A right claim earns what the picture adds to chance, a wrong one loses what chance gave it (``rating`` has the
formulas); 1 is what an answer gets that says nothing, 10 what one gets that tells all, below 1 is worse than silence.
A question about several pictures is unscored: its answer does not tell for sure which picture a claim is about. Frames
of one clip are one scene, and its facts, those about motion too, decide the claims.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache

from llavapose.config.scenes import ScenesConfig
from llavapose.errors import ConfigError, DataError
from llavapose.evaluation.judges.missing import MAX_MISSING
from llavapose.evaluation.judges.pose.chance import NUM_SCENES, Chance
from llavapose.evaluation.judges.pose.rating import COUNT, MOST_GUESSED, RISE, Scale, claims_given
from llavapose.evaluation.judges.pose.said import Reading, Said, read_answer
from llavapose.evaluation.judges.protocol import (
    LOWEST,
    NO_ANNOTATIONS,
    NO_KEYPOINTS,
    SEVERAL_PICTURES,
    Case,
    Judgement,
)
from llavapose.pose.claims.moving.times import changes, of_the_middle
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.motion.vocabulary import VALUES
from llavapose.records import POSE, Answer, Asked, CheckedClaim, Claim, Fact, Question, Scene, Verdict
from llavapose.scenes.open import open_scenes

log = logging.getLogger(__name__)

FEW_SCENES = 400
"""Below so many training pictures, two standard errors of a share are more than 5%."""
NOT_JUDGED = "the reasoning itself is not judged"
"""What every verdict on a complex answer says."""


def has_keypoints(scenes: Iterable[Scene]) -> bool:
    """Whether poses are known in any of these pictures, or nobody is in them; in a benchmark of boxes they are not.

    How many people there are would still be told, and a table of that would look like any other.
    """
    people = [person for scene in scenes for person in scene.people]
    return not people or any(seen for person in people for *_, seen in person.keypoints)


class PoseJudge:
    """Judges by keypoints alone; needs no model and is the same on every machine.

    Args:
        scale: gives what can be said without the picture (``scale_of``); called when it is first needed.
        facts_of: scene -> facts.
        only_claims: where there are no training scenes: check the claims of every answer and rate none; False: refuse.
        max_missing: largest share of the questions whose answer may be missing.
    """

    name = POSE
    anchor = None

    def __init__(
        self,
        scale: Callable[[], Scale],
        *,
        facts_of: Callable[[Scene], Sequence[Fact]] = scene_facts,
        only_claims: bool = False,
        max_missing: float = MAX_MISSING,
    ) -> None:
        self.max_missing = max_missing
        self._scale, self._facts_of, self._only_claims = scale, facts_of, only_claims

    def judge(self, cases: Sequence[Case]) -> Iterator[tuple[Judgement]]:
        """One judgement a case, in order.

        Raises:
            ConfigError: no training scenes.
        """
        scale, unrated = self._scale_or_why()
        if not has_keypoints([one.scene for case in cases for one in case.seen if one.scene is not None]):
            yield from ((_judgement(case.question, case.answer, None, NO_KEYPOINTS),) for case in cases)
            return
        facts: dict[int, tuple[Fact, ...]] = {}
        for case in cases:
            scene = case.scene
            if case.further and not case.times_s:
                # Whose elbow "the left elbow" is, and in which picture, its words do not tell for sure.
                yield (_judgement(case.question, case.answer, None, SEVERAL_PICTURES),)
                continue
            if scene is None:
                yield (_judgement(case.question, case.answer, None, NO_ANNOTATIONS),)
                continue
            if scene.id not in facts:
                facts[scene.id] = tuple(self._facts_of(scene))
            if scale is None:
                checked = read_answer(case.answer.text, scene, facts[scene.id]).checked
                yield (_judgement(case.question, case.answer, None, unrated, checked),)
            else:
                yield (judge_answer(case.question, case.answer, scene, facts[scene.id], scale),)

    def _scale_or_why(self) -> tuple[Scale | None, str]:
        try:
            return self._scale(), ""
        except ConfigError as error:
            if not self._only_claims:
                raise
            log.info("judge pose: claims are checked and nothing is rated: %s", error)
            return None, "not rated: no training scenes to know from what can be said without the picture"


def scale_of(scenes: ScenesConfig) -> Callable[[], Scale]:
    """What gives the scale of these settings' training scenes, which are read once, when it is first called.

    It raises ConfigError where there are none that can be read.
    """
    return cache(lambda: Scale(_chance_of(scenes)))


def _chance_of(scenes: ScenesConfig) -> Chance:
    try:
        found = open_scenes(scenes, "train", pictures=False).scenes
    except DataError as error:
        raise ConfigError(
            f"judge pose: needs the training annotations, to know what can be said without the picture; {error}"
        ) from None
    step = max(1, len(found) // NUM_SCENES)  # spread over the file, which may be sorted
    chance = Chance(found[::step])
    if len(chance.scenes) < FEW_SCENES:
        log.warning("judge pose: what can be said without a picture is known from %d training pictures only, so that "
                    "ratings are lower than they should be; scenes.num_train=%d is better",
                    len(chance.scenes), FEW_SCENES)  # fmt: skip
    return chance


def is_judgeable(question: Question, facts: Sequence[Fact]) -> bool:
    """Whether the scene's facts can decide this question: asked before any answer is seen, the same for every arm."""
    sure, asked = [fact for fact in facts if fact.sure], question.asked
    over_time = bool(question.times_s) and not of_the_middle(question.text)
    if question.kind == "conv":
        if asked is None or (over_time and _is_changed(asked, facts)):
            return False
        return any(_is_asked(fact, asked) for fact in sure)
    return question.kind in RISE and any(fact.kind in VALUES or not over_time for fact in sure)


def _is_changed(asked: Asked, facts: Sequence[Fact]) -> bool:
    """Whether what is asked for may not be the same all the time: how a knee is that is bent in the clip."""
    return any(fact.person == asked.person and changes(fact.kind, fact.part, asked) for fact in facts)


def judge_answer(question: Question, answer: Answer, scene: Scene, facts: Sequence[Fact], scale: Scale) -> Judgement:
    """Rate one answer and say why."""
    if not is_judgeable(question, facts):
        return _judgement(question, answer, None, "the picture's facts cannot decide this question")
    asked = question.asked if question.kind == "conv" else None
    if asked is not None:
        guessed = scale.commonest(asked, scene)
        if guessed is None:
            return _judgement(question, answer, None, "the training scenes have nothing of the kind to compare with")
        if guessed > MOST_GUESSED:
            why = f"needs no picture: the commonest answer is right in up to {100 * guessed:.0f} of 100"
            return _judgement(question, answer, None, why)
    over_time = bool(question.times_s) and not of_the_middle(question.text)
    if not over_time:  # of a clip's middle frame still facts alone decide, as of a picture
        facts = [fact for fact in facts if fact.kind not in VALUES]
    reading = read_answer(answer.text, scene, tuple(facts), asked)
    if over_time:
        facts, reading = in_motion(facts, reading, asked)
    if not reading.said:
        return _judgement(question, answer, LOWEST, "says nothing that can be checked", reading.checked, silent=True)
    if asked is not None:
        earned = scale.conv(reading, asked, scene)
    else:
        earned = scale.free(reading.said, question.kind, scene, facts, claims_given(question.text))
    right = [one for one in reading.said if one.right and not one.void]
    wrong = [one for one in reading.said if not one.right and not one.void]
    void = [one for one in reading.said if one.void]
    parts = (earned.why, _listed("right", right), _listed("wrong", wrong), _listed("said both ways", void))
    told = "; ".join(part for part in (*parts, NOT_JUDGED if question.kind == "complex" else "") if part)
    return _judgement(question, answer, earned.rating, told, reading.checked)


def in_motion(facts: Sequence[Fact], reading: Reading, asked: Asked | None) -> tuple[Sequence[Fact], Reading]:
    """What counts of an answer about a clip: its motions, and the kind that is asked for.

    Still facts are those of the middle frame alone. A sentence such as "the person is standing" does not say when, so
    that it would be right or wrong by accident, and who looks at one frame would be paid for what nobody asked. Where
    the question says that it means the middle they count, and motions do not.
    """
    kinds = {*VALUES, *([asked.kind] if asked is not None else [])}
    said = tuple(one for one in reading.said if one.checked.claim.kind in kinds)
    # How many people there are is known, and earns nothing.
    return [fact for fact in facts if fact.kind in kinds or fact.kind == COUNT], replace(reading, said=said)


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
        judge=POSE,
        rating=None if rating is None else round(rating, 5),
        reason=reason,
        silent=silent,
    )
    return Judgement(verdict=verdict, claims=claims)


def _is_asked(fact: Fact, asked: Asked) -> bool:
    return (fact.kind, fact.person, fact.part) == (asked.kind, asked.person, asked.part)


def _listed(word: str, said: Sequence[Said]) -> str:
    """The claims in words, at most six: "wrong: the left elbow is bent"."""
    texts = [" ".join(part for part in _words(one.checked.claim) if part) for one in said]
    more = f" and {len(texts) - 6} more" if len(texts) > 6 else ""
    return f"{word}: {', '.join(texts[:6])}{more}" if texts else ""


PLAIN = ("stance", "place", "side_of", "nearest", "contact", "count")
"""Kinds whose value reads well without the kind's name."""


def _words(claim: Claim) -> tuple[str | None, ...]:
    if claim.kind == "count" and claim.mention:
        return (claim.mention,)
    part = claim.part or ("" if claim.kind in PLAIN else claim.kind.replace("_", " "))
    return claim.mention, part, "not" if claim.negated else "", claim.value, claim.target

"""Can the pose judge be fooled without the picture, and does it see what an honest answer adds? Over 400 pictures.

    python -m benchmarks.pose_judge            # prior, honest answers, planted errors, every cheat, a greedy attack

Cheats: ``cheats_developed`` were there while the judge was written, ``cheats_blind`` were written by somebody who had
not seen it. The greedy attack knows the judge and the training scenes: it adds, from all plain statements and their
denials, the one that raises its mean rating over training scenes most. All see the question and none sees the picture.
Intervals are by picture (bootstrap). A picture has its two free questions, and a conv question for every sure fact that
can be asked for.
"""

import argparse
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from benchmarks import cheats_blind, cheats_developed
from llavapose.evaluation.answerers.prior import PriorAnswerer
from llavapose.evaluation.benchmarks.world import askable, qualifies, questions_about
from llavapose.evaluation.judges.pose.chance import Chance
from llavapose.evaluation.judges.pose.judge import judge_answer
from llavapose.evaluation.judges.pose.rating import Scale
from llavapose.kinds import rated_kinds
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.language import ask_open, flipped, state
from llavapose.pose.people import references
from llavapose.records import Answer, Asked, Fact, Question, Scene
from llavapose.scenes.world.world import WorldSettings, ensure_world, read_world
from llavapose.teacher.offline.teacher import OfflineTeacher, Request

WORLD = WorldSettings(num_train=2000, num_val=500, seed=9173)
"""Pictures that nothing else is measured or trained on."""
NUM_PICTURES = 400
"""Those of the held-out pictures that a question of every kind can be asked about."""
MOST_PRIOR, LEAST_FULL, LEAST_HALF, ABOVE_PRIOR = 2.0, 9.0, 5.0, 0.3
"""Must hold: at most the prior's mean rating, at least the honest means, at most a cheat's upper bound over prior."""
RATED = tuple(rated_kinds())


@dataclass(frozen=True, kw_only=True)
class Case:
    """A picture with its facts and questions."""

    scene: Scene
    facts: tuple[Fact, ...]
    questions: tuple[Question, ...]


@dataclass(frozen=True, kw_only=True)
class Mean:
    """A mean rating with its 95% interval over pictures."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:6.2f} [{self.low:6.2f}, {self.high:6.2f}]"


def cases_of(scenes: Iterable[Scene], num: int) -> list[Case]:
    """The first ``num`` pictures that can be asked about."""
    found = []
    for scene in scenes:
        facts = scene_facts(scene)
        if len(found) < num and qualifies(scene, facts):
            rng = np.random.default_rng(scene.id)
            conv, *free = questions_about(scene, facts, rng)
            asked = [
                replace(
                    conv,
                    id=f"{scene.id}-conv-{number}",
                    text=ask_open(fact, scene, number),
                    asked=Asked(kind=fact.kind, person=fact.person, part=fact.part),
                )
                for number, fact in enumerate(askable(scene, facts))
            ]
            found.append(Case(scene=scene, facts=facts, questions=(*asked, *free)))
    return found


def rate(cases: Sequence[Case], write: Callable[[Case, Question], str], scale: Scale) -> dict[str, list[list[float]]]:
    """Kind -> a picture's ratings, picture by picture."""
    found: dict[str, list[list[float]]] = defaultdict(list)
    for case in cases:
        own: dict[str, list[float]] = defaultdict(list)
        for question in case.questions:
            answer = Answer(question_id=question.id, arm="measured", text=write(case, question))
            rating = judge_answer(question, answer, case.scene, case.facts, scale).verdict.rating
            if rating is not None:
                own[question.kind].append(rating)
        for kind, ratings in own.items():
            found[kind].append(ratings)
    return found


def mean_of(pictures: Sequence[Sequence[float]]) -> Mean:
    """Mean over questions; interval by bootstrap over pictures (2,000 draws, percentiles)."""
    totals = np.array([sum(ratings) for ratings in pictures])
    counts = np.array([len(ratings) for ratings in pictures])
    drawn = np.random.default_rng(0).integers(len(pictures), size=(2000, len(pictures)))
    means = totals[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.percentile(means, (2.5, 97.5))
    return Mean(mean=float(totals.sum() / counts.sum()), low=float(low), high=float(high))


def honest(case: Case, question: Question, share: float, num_wrong: int = 0) -> str:
    """This share of the sure facts in random order, the asked one first; the first ``num_wrong`` are turned false."""
    rng = random.Random(question.id)
    names = references(case.scene)
    sure = [f for f in case.facts if f.sure and (f.person is None or names[f.person])]
    rng.shuffle(sure)
    sure.sort(key=lambda fact: not _is_asked(fact, question))
    told = sure[: max(1, round(share * len(sure)))]
    # A fact that has no false counterpart stays out of the planted errors.
    texts = []
    for fact in told:
        other = flipped(fact, case.scene, random.Random(0), case.facts) if num_wrong > 0 else None
        num_wrong -= other is not None
        texts.append(state(other or fact, case.scene))
    return " ".join(texts)


def _is_asked(fact: Fact, question: Question) -> bool:
    asked = question.asked
    return asked is not None and (fact.kind, fact.person, fact.part) == (asked.kind, asked.person, asked.part)


def training_answers(scenes: Sequence[Scene]) -> dict[str, list[tuple[str, str]]]:
    """What the offline teacher says of training pictures, by kind: all that a cheat may learn from."""
    teacher, found = OfflineTeacher(), defaultdict(list)
    for scene in scenes:
        for kind in RATED:
            request = Request(scene=scene, facts=scene_facts(scene), kind=kind, num=3, seed=0)
            found[kind] += [(turns[0].text, turns[1].text) for turns in teacher.write(request)]
    return dict(found)


def told_by_questions(case: Case) -> str:
    """How many people there are, by the words of all questions about a picture: "the one on the left" is not alone."""
    asked = " ".join(question.text.lower() for question in case.questions)
    if "in the middle" in asked:
        return "There are three people in the picture."
    if "on the left" in asked or "on the right" in asked or "people relate" in asked:
        return "There are two people in the picture."
    return "There is one person in the picture."


def greedy_attack(train: Sequence[Case], scale: Scale, kind: str, most: int = 12) -> str:
    """The statements that together are rated best over training pictures, added one by one while it helps."""
    vocabulary = sorted({state(f, c.scene) for c in train for f in c.facts if f.sure and _named(f, c.scene)})
    vocabulary += [text.replace(" is ", " is not ").replace(" are ", " are not ") for text in vocabulary]
    chosen: list[str] = []
    best = 1.0
    of_kind = [replace(c, questions=tuple(q for q in c.questions if q.kind == kind)) for c in train]
    while len(chosen) < most:
        tried = [(_mean(of_kind, " ".join((*chosen, text)), scale), text) for text in vocabulary if text not in chosen]
        rating, text = max(tried)
        if chosen and rating <= best:
            break
        best = rating
        chosen.append(text)
    return " ".join(chosen)


def _mean(cases: Sequence[Case], text: str, scale: Scale) -> float:
    return float(
        np.mean([r for ratings in rate(cases, lambda *_: text, scale).values() for one in ratings for r in one])
    )


def _named(fact: Fact, scene: Scene) -> bool:
    return fact.person is None or bool(references(scene)[fact.person])


def rows_of(name: str, found: Mapping[str, Sequence[Sequence[float]]]) -> dict[str, Mean]:
    """Print one row; returns its means by kind."""
    means = {kind: mean_of(found[kind]) for kind in RATED if found.get(kind)}
    print(f"{name:34}" + "  ".join(str(means[kind]) if kind in means else " " * 23 for kind in RATED), flush=True)
    return means


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path("outputs/benchmarks"), help="where pictures are drawn, once")
    parser.add_argument("--pictures", type=int, default=NUM_PICTURES)
    parser.add_argument(
        "--attack-pictures", type=int, default=40, help="training pictures that the attack tries texts on"
    )
    options = parser.parse_args()
    world = ensure_world(options.root, WORLD)
    training = read_world(world, "train").scenes
    scale = Scale(Chance(training))
    cases = cases_of(read_world(world, "val").scenes, options.pictures)
    failed = measure(cases, training, scale, options.attack_pictures)
    print(*failed or ["all as it must be"], sep="\n")
    return 1 if failed else 0


def measure(cases: Sequence[Case], training: Sequence[Scene], scale: Scale, num_attacked: int) -> list[str]:
    """Print the table; returns what does not hold."""
    failed: list[str] = []
    num = {kind: sum(q.kind == kind for c in cases for q in c.questions) for kind in RATED}
    print(f"{len(cases)} pictures; questions: {num}\n{'':34}" + "  ".join(f"{kind:>23}" for kind in RATED))
    blind = PriorAnswerer(lambda: scale)
    prior = rows_of("prior", rate(cases, lambda case, question: blind.answer(question), scale))
    failed += [f"prior, {kind}: {m.mean:.2f} > {MOST_PRIOR}" for kind, m in prior.items() if m.mean > MOST_PRIOR]
    for share, least in ((1.0, LEAST_FULL), (0.5, LEAST_HALF)):
        found = rows_of(f"honest, {share:.0%} of the facts", rate(cases, lambda c, q, s=share: honest(c, q, s), scale))
        failed += [f"honest {share:.0%}, {kind}: {m.mean:.2f} < {least}" for kind, m in found.items() if m.mean < least]
    failed += rising(cases, scale) + falling(cases, scale)
    answers = training_answers(training)
    cheats = {**cheats_developed.CHEATS, **{f"{name} (blind)": cheat for name, cheat in cheats_blind.CHEATS.items()}}
    for name, cheat in cheats.items():
        rng = random.Random(name)
        found = rows_of(name, rate(cases, lambda c, q, f=cheat, r=rng: f(q.kind, q.text, r, answers), scale))
        failed += above(name, found, prior)
    name = "told by the other questions"
    failed += above(name, rows_of(name, rate(cases, lambda c, q: told_by_questions(c), scale)), prior)
    attacked = cases_of(training, num_attacked)
    texts = {kind: greedy_attack(attacked, scale, kind) for kind in RATED if kind != "conv"}
    free = [replace(c, questions=tuple(q for q in c.questions if q.kind in texts)) for c in cases]
    found = rows_of("greedy attack", rate(free, lambda c, q: texts[q.kind], scale))
    failed += above("greedy attack", found, prior)
    return failed


def above(name: str, found: Mapping[str, Mean], prior: Mapping[str, Mean]) -> list[str]:
    """The kinds in which a cheat may do better than the best that is known to need no picture."""
    return [
        f"{name}, {kind}: up to {mean.high:.2f}, prior {prior[kind].mean:.2f} + {ABOVE_PRIOR}"
        for kind, mean in found.items()
        if mean.high > prior[kind].mean + ABOVE_PRIOR
    ]


def rising(cases: Sequence[Case], scale: Scale) -> list[str]:
    """Whether the mean rating rises with every further share of true facts."""
    means: dict[str, list[float]] = defaultdict(list)
    for tenth in range(1, 11):
        found = rate(cases, lambda c, q, s=tenth / 10: honest(c, q, s), scale)
        for kind in RATED:
            means[kind].append(mean_of(found[kind]).mean)
    print(
        "true facts, a tenth more each: "
        + "; ".join(f"{k} {' '.join(f'{m:.2f}' for m in v)}" for k, v in means.items())
    )
    return [f"{kind} does not rise with every true fact" for kind in RATED if kind != "conv"
            and any(b <= a for a, b in pairwise(means[kind]))]  # fmt: skip


def falling(cases: Sequence[Case], scale: Scale) -> list[str]:
    """Whether every answer's rating falls with every planted error: Spearman's correlation, picture by picture."""
    failed = []
    for kind in RATED:
        few, raised, num = [], 0, 0
        for case in cases:
            question = next(q for q in case.questions if q.kind == kind)
            one = replace(case, questions=(question,))
            by_num = [rate([one], lambda c, q, n=n: honest(c, q, 1.0, n), scale) for n in range(6)]
            ratings = [found[kind][0][0] for found in by_num if kind in found]
            if not ratings:
                continue  # a question that needs no picture
            few.append(float(np.asarray(spearmanr(range(6), ratings))[0]))
            raised += sum(b >= a for a, b in pairwise(ratings))
            num += 5
        print(f"planted errors, {kind}: Spearman {np.mean(few):.3f}; {raised} of {num} further errors did not lower it")
        if raised:
            failed.append(f"{kind}: {raised} of {num} planted errors did not lower the rating")
    return failed


if __name__ == "__main__":
    sys.exit(main())

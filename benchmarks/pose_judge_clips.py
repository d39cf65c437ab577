"""Is the pose judge fair on clips: what is scored; what the truth, its flip and answers without the clip are given.

    python -m benchmarks.pose_judge_clips                  # 600 training clips, 300 held-out ones, 90 asked of
    python -m benchmarks.pose_judge_clips --weights        # and how well shares foretell clips, by WEIGHT

*scored*: share of the benchmark's questions. *truth*: the offline teacher, who is told the facts. *flipped*: every
fact's opposite. *guess*: the likelier value by the training clips: of what conv asks, and of every movement that there
is (who guesses so is told what moves). *prior*: the control of that name. Silence is rated 1. *middle*: questions about
the middle frame (one fact, a description), whose still facts decide. Intervals are by clip (bootstrap). It takes a
minute, and four more where the clips are not drawn yet.
"""

import argparse
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import llavapose.evaluation.judges.pose.movements as shares
from llavapose.evaluation.answerers.prior import PriorAnswerer
from llavapose.evaluation.answerers.text_only import offline_answer
from llavapose.evaluation.benchmarks.moving import askable_motions
from llavapose.evaluation.benchmarks.world import NUM_IMAGES, askable, build_benchmark, qualifies
from llavapose.evaluation.judges.pose.chance import Chance
from llavapose.evaluation.judges.pose.judge import judge_answer
from llavapose.evaluation.judges.pose.rating import MOST_GUESSED, Scale
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.language import ask_open, flipped, state
from llavapose.pose.motion.vocabulary import VALUES
from llavapose.pose.people import references
from llavapose.records import Answer, Asked, Claim, Fact, Question, Scene
from llavapose.scenes.world.moving.folder import MotionSettings, ensure_motion, read_motion
from llavapose.teacher.offline.motion.middle import asked_there

WORLD = MotionSettings(num_train=600, num_val=300)
"""The training clips of ``scenes=motion``, and twice its held-out ones."""
WEIGHTS = (5, 10, 20, 40, 70, 100, 200, 1000)
Known = dict[int, tuple[Scene, tuple[Fact, ...]]]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", action="store_true", help="shares by how much a wider one weighs")
    parser.add_argument("--root", type=Path, default=Path("outputs/world"), help="where the clips are drawn")
    given = parser.parse_args()
    folder = ensure_motion(given.root, WORLD, progress=False)
    train, val = (read_motion(folder, split, WORLD.num_frames).scenes for split in ("train", "val"))
    known = {scene.id: (scene, tuple(scene_facts(scene))) for scene in (*train, *val)}
    for num in (150, WORLD.num_val):
        found = sum(qualifies(*known[one.id]) for one in val[:num])
        print(f"of the first {num} held-out clips {found} can be asked of")
    scale = Scale(Chance(train, lambda scene: known[scene.id][1]))
    questions = build_benchmark(val, lambda scene: known[scene.id][1], num_images=NUM_IMAGES)
    _told("benchmark", rated(questions, known, scale))
    _told("middle", rated(about_the_middle(val, known), known, scale))
    if given.weights:
        by_weight(train, val, known)


def rated(questions: Sequence[Question], known: Known, scale: Scale) -> dict[tuple[str, str], list[float | None]]:
    """Kind and answerer -> ratings, one a question."""
    prior, found = PriorAnswerer(lambda: scale), defaultdict(list)
    for one in questions:
        scene, facts = known[one.scene_id]
        texts = {"truth": truth(one, scene, facts), "flipped": false(one, scene, facts), "prior": prior.answer(one)}
        texts["guess"] = guess(one, scene, facts, scale)
        for name, text in texts.items():
            answer = Answer(question_id=one.id, arm=name, text=text)
            found[one.kind, name].append(judge_answer(one, answer, scene, facts, scale).verdict.rating)
    return found


def about_the_middle(scenes: Sequence[Scene], known: Known) -> list[Question]:
    """Of each of the first clips a question for one still fact and one for a description, both of the middle frame."""
    rng, found = random.Random(0), []
    for scene in [one for one in scenes if askable(*known[one.id]) and len(one.frames) > 1][:NUM_IMAGES]:
        fact = rng.choice(askable(*known[scene.id]))
        asked = Asked(kind=fact.kind, person=fact.person, part=fact.part)
        texts = {"conv": ask_open(fact, scene), "detail": "Describe the poses of the people."}
        times = tuple(frame.time_s for frame in scene.frames)
        found += [Question(id=f"{scene.id}-{kind}", scene_id=scene.id, image=scene.image, kind=kind, times_s=times,
                           text=asked_there(text), asked=asked if kind == "conv" else None)
                  for kind, text in texts.items()]  # fmt: skip
    return found


def counted(question: Question, scene: Scene, facts: Sequence[Fact]) -> list[Fact]:
    """The sure facts that the question is about."""
    asked, names, middle = question.asked, references(scene), "middle of the clip" in question.text
    told = [f for f in facts if f.sure and f.person is not None and names[f.person] and (f.kind in VALUES) != middle]
    return [f for f in told if asked is None or (f.kind, f.person, f.part) == (asked.kind, asked.person, asked.part)]


def truth(question: Question, scene: Scene, facts: Sequence[Fact]) -> str:
    """What the offline teacher says; of the middle frame, every fact."""
    if "middle of the clip" in question.text:
        return " ".join(state(fact, scene) for fact in counted(question, scene, facts))
    return offline_answer(question, scene)


def false(question: Question, scene: Scene, facts: Sequence[Fact]) -> str:
    """The opposite of every fact that the question is about."""
    found = [flipped(fact, scene, random.Random(0), tuple(facts)) for fact in counted(question, scene, facts)]
    return " ".join(state(fact, scene) for fact in found if fact)


def guess(question: Question, scene: Scene, facts: Sequence[Fact], scale: Scale) -> str:
    """What is likelier to hold of each part that the question is about, by the training clips alone.

    In detail it is told which parts move, but not which way: more than a blind answer can know.
    """

    def likely(fact: Fact) -> float:
        claim = Claim(kind=fact.kind, value=fact.value, start=0, end=0, part=fact.part,
                      mention=references(scene)[fact.person or 0])  # fmt: skip
        if fact.kind in VALUES:
            return scale.chance.movements.expected([claim])
        return scale.chance.probability(claim)

    found = []
    for fact in counted(question, scene, facts):
        values = VALUES[fact.kind] if fact.kind in VALUES else (fact.value, getattr(flipped(
            fact, scene, random.Random(0), tuple(facts)), "value", fact.value))  # fmt: skip
        found.append(state(max((replace(fact, value=value) for value in values), key=likely), scene))
    return " ".join(dict.fromkeys(found))


def _told(name: str, found: dict[tuple[str, str], list[float | None]]) -> None:
    print(f"\n{name}: kind, answers, scored of all, mean rating with its 95% interval")
    for (kind, who), ratings in found.items():
        scored = np.array([one for one in ratings if one is not None])
        drawn = np.random.default_rng(0).integers(0, len(scored), (2000, len(scored)))
        low, high = np.percentile(scored[drawn].mean(1), (2.5, 97.5))
        print(f"{kind:8} {who:8} {len(scored):3} of {len(ratings):3}   {scored.mean():6.2f} [{low:.2f}, {high:.2f}]")


def by_weight(train: Sequence[Scene], val: Sequence[Scene], known: Known) -> None:
    """How likely held-out movements are by the shares, what is scored, and what the likelier value earns."""
    print("\nWEIGHT: nats a held-out movement, scored, mean rating of a guess")
    own = shares.WEIGHT
    for weight in WEIGHTS:
        shares.WEIGHT = weight
        found = shares.MovementShares(train, [known[scene.id][1] for scene in train])
        told = [_foretold(fact, scene, found) for scene in val for fact in askable_motions(*known[scene.id])]
        nats, most, earned = (np.mean(each) for each in zip(*told, strict=True))
        print(f"{weight:5} {nats:.4f} {100 * most:.1f}% {1 + 9 * earned:.2f}")
    shares.WEIGHT = own


def _foretold(fact: Fact, scene: Scene, found: shares.MovementShares) -> tuple[float, bool, float]:
    base = Claim(kind=fact.kind, value="", start=0, end=0, part=fact.part, mention=references(scene)[fact.person or 0])
    # Heights of one way hold together; the farther ones apart are all that there is.
    values = [v for v in VALUES[fact.kind] if fact.kind != "hand_motion" or v.endswith("shoulder")]
    true = values.index(fact.value if fact.value in values else fact.value.replace("head", "shoulder"))
    claims = [replace(base, value=value) for value in values]
    expected, most = (np.array([ask([one]) for one in claims]) for ask in (found.expected, found.at_most))
    best = int(expected.argmax())
    earned = ((best == true) - most[best]) / (1 - most[best])
    return float(np.log(expected[true] / expected.sum())), bool(most.max() <= MOST_GUESSED), float(earned)


if __name__ == "__main__":
    main()

"""How the offline teacher's samples about motion read, and whether they are true: the moving world, rule by rule.

python -m benchmarks.motion_prose                           # 200 clips, about 900 samples
python -m benchmarks.motion_prose --read 20 --kind complex  # samples to read by eye, beside the facts
"""

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.motion_prose_rules import answered, out_of_order, told_twice, without_verb
from benchmarks.prose_rules import abstract, quotes, referent_switch, sentences_of
from llavapose.config.choices import Context
from llavapose.config.teaching import TeacherConfig
from llavapose.kinds import taught_kinds
from llavapose.pose.check import check_text
from llavapose.pose.facts.scene import scene_facts
from llavapose.records import Fact, Sample, Scene
from llavapose.samples import read_samples
from llavapose.scenes.world.moving.folder import MotionSettings, ensure_motion, read_motion
from llavapose.teacher.offline.motion.course import is_motion
from llavapose.teacher.offline.write import generate

Known = dict[int, tuple[Scene, tuple[Fact, ...]]]
"""Scene id -> the clip and its facts."""


def measure(samples: Sequence[Sample], known: Known) -> dict[str, str]:
    """One kind's numbers by the name of the measure."""
    pairs = [(known[sample.provenance["scene"]], sample.turns[0].text, sample.turns[1].text) for sample in samples]
    answers = [answer for _, _, answer in pairs]
    forms, told = Counter(abstract(question) for _, question, _ in pairs), Counter(answers)
    outcomes = Counter(item.outcome for (scene, facts), _, text in pairs for item in check_text(text, scene, facts))
    verdicts = [answered(question, answer) for _, question, answer in pairs]
    words = [word for answer in answers for word in answer.lower().split()]
    return {
        "samples": str(len(samples)),
        "words an answer": f"{len(words) / len(answers):.1f}",
        "distinct words": str(len(set(words))),
        "sentences without a verb": str(sum(len(without_verb(answer)) for answer in answers)),
        "a sentence twice": str(sum(map(told_twice, answers))),
        "times that go back": str(sum(map(out_of_order, answers)) if samples[0].kind == "detail" else 0),
        "answers that repeat": f"{sum(told[answer] > 1 for answer in answers) / len(answers):.1%}",
        "question forms": str(len(forms)),
        "commonest form": f"{forms.most_common(1)[0][1] / len(pairs):.1%}",
        "not answered, or no rule": str(sum(verdict is not True for verdict in verdicts)),
        "called by several names": str(
            sum(referent_switch(answer, len(one[0].people) == 1) for one, _, answer in pairs)
        ),
        "whole captions": str(
            sum(quotes(said, one[0].captions) == "whole" for one, _, text in pairs for said in sentences_of(text))
        ),
        "claims": str(outcomes.total()),
        "claims supported": f"{outcomes['supported'] / max(outcomes.total(), 1):.1%}",
        "claims contradicted": str(outcomes["contradicted"]),
    }


def made(num_clips: int, world: Path, out: Path, seed: int) -> tuple[list[Sample], Known]:
    """Samples of the moving world about motion, and its clips."""
    folder = ensure_motion(world, MotionSettings(num_train=num_clips, num_val=4), progress=False)
    scenes = read_motion(folder, "train", MotionSettings().num_frames)
    context = dict.fromkeys(taught_kinds(), Context.keypoints)
    teacher = TeacherConfig(name="offline", context=context, seed=seed)
    summary = generate(scenes=scenes, teacher=teacher, out=out, progress=False)
    print("\n".join(summary.lines()[:-1]), file=sys.stderr)
    samples = [one for one in read_samples(Path(summary.path), scenes.images) if one.provenance["about"] == "motion"]
    return samples, {scene.id: (scene, scene_facts(scene)) for scene in scenes.scenes}


def read_aloud(samples: Sequence[Sample], known: Known, number: int, seed: int) -> None:
    """Print samples beside the facts of motion that they are made from."""
    for sample in random.Random(seed).sample(list(samples), min(number, len(samples))):
        scene, facts = known[sample.provenance["scene"]]
        print(f"\n[{sample.id}] {' / '.join(scene.captions[:2])}")
        for fact in filter(is_motion, facts):
            print(
                f"    {'' if fact.sure else '? '}{fact.person} {fact.kind} {fact.part or ''} {fact.value} {fact.span_s}"
            )
        for turn in sample.turns:
            print(f"  {'Q' if turn.role == 'user' else 'A'}: {turn.text}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--world", type=Path, default=Path("outputs/world"))
    parser.add_argument("--kind", choices=taught_kinds())
    parser.add_argument("--read", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        samples, known = made(asked.clips, asked.world, Path(folder), asked.seed)
    kinds = [asked.kind] if asked.kind else list(taught_kinds())
    of_kind = {kind: [sample for sample in samples if sample.kind == kind] for kind in kinds}
    if asked.read:
        for chosen in of_kind.values():
            read_aloud(chosen, known, asked.read, asked.seed)
        return
    rows = {kind: measure(chosen, known) for kind, chosen in of_kind.items()}
    print(f"| measure | {' | '.join(rows)} |\n|---|{'---:|' * len(rows)}")
    for name in next(iter(rows.values())):
        print(f"| {name} | {' | '.join(row[name] for row in rows.values())} |")


if __name__ == "__main__":
    main()

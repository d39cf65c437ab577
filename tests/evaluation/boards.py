"""A board of three entries: two judges, twelve questions about four pictures."""

from pathlib import Path

from llavapose.evaluation.benchmarks.file import write_questions
from llavapose.evaluation.benchmarks.protocol import questions_hash
from llavapose.evaluation.judges.protocol import answer_hash
from llavapose.evaluation.tables.entries import check_entries
from llavapose.files import write_json, write_jsonl
from llavapose.records import Question

JUDGE = "gpt-4o-pair-keypoints"
QUESTIONS = [
    Question(id=f"{image}-{kind}", scene_id=image, image=f"{image:06}.jpg", kind=kind, text=f"What of {image}?")
    for image in range(1, 5)
    for kind in ("conv", "detail", "complex")
]


def lines_of(arm, beside=None, rating=6.0):
    """A judge's lines on an arm's answers; of a judge of pairs in both orders, with those that it stood beside."""
    found = []
    for one in QUESTIONS:
        of_question = {"question_id": one.id, "scene_id": one.scene_id, "kind": one.kind, "text": one.text}
        pairs = [
            (arm, beside, "ab", rating),
            (beside, arm, "ba", 4.0),
            (arm, beside, "ba", rating),
            (beside, arm, "ab", 4.0),
        ]
        for of, other, order, value in pairs if beside else [(arm, None, None, rating)]:
            found.append({**of_question, "arm": of, "opponent": other, "order": order, "rating": value, "reason": "",
                          "answer": answer_hash(f"{of} says {one.id}")})  # fmt: skip
    return found


def write_entries(folder: Path) -> Path:
    """Baseline, rival and cheat, whole and honest."""
    write_questions(folder / "benchmark.jsonl", QUESTIONS)
    told = {"name": "mine", "hash": questions_hash(QUESTIONS), "num_questions": len(QUESTIONS)}
    write_json(folder / "benchmark.json", told)
    for arm in ("baseline", "rival", "cheat"):
        answers = [{"question_id": one.id, "arm": arm, "text": f"{arm} says {one.id}"} for one in QUESTIONS]
        write_jsonl(folder / "answers" / f"{arm}.jsonl", answers)
        write_jsonl(folder / "verdicts" / "pose" / f"{arm}.jsonl", lines_of(arm))
        if arm != "baseline":
            write_jsonl(folder / "verdicts" / JUDGE / f"{arm}.jsonl", lines_of(arm, "baseline"))
    check_entries(folder)
    return folder

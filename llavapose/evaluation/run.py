"""Evaluate one arm: answer the benchmark, judge the answers, score the probe; everything is kept as files.

What is there already and was made by the same checkpoint, questions and settings is not made again.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from llavapose.errors import DataError
from llavapose.evaluation.benchmarks.world import NUM_IMAGES, build_benchmark, write_benchmark
from llavapose.evaluation.judges.pose import PoseJudge
from llavapose.evaluation.judges.protocol import Judge, Judgement
from llavapose.evaluation.probe.items import NUM_ITEMS, build_probe, item_row
from llavapose.files import TINY_BASE, atomic_write, fingerprint, read_json, read_jsonl, sha256, write_json, write_jsonl
from llavapose.records import Answer, Question, Scene, to_dict

log = logging.getLogger(__name__)

NUM_PICTURES = 8
PICTURE_SIZE = 480
HUGE = 2**28
"""Files from this many bytes on are told apart by size and time instead of their content."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is asked of every arm, and how.

    Attributes:
        num_images, benchmark_seed: of the benchmark; 0 images: no benchmark.
        max_new_tokens, answer_batch_size: of the answers.
        num_items, max_items_per_fact, probe_images, probe_seed: of the probe; 0 items: no probe.
        shuffled: score the probe with shuffled pictures too.
    """

    num_images: int = NUM_IMAGES
    benchmark_seed: int = 0
    max_new_tokens: int = 256
    answer_batch_size: int = 32
    num_items: int = NUM_ITEMS
    max_items_per_fact: int | None = None
    probe_images: int | None = None
    probe_seed: int = 0
    shuffled: bool = True


def evaluate_arm(
    *,
    checkpoint: Path | str,
    arm: str,
    scenes: Any,
    out: Path,
    plan: Plan | None = None,
    judge: Judge | None = None,
    answers_from: Path | None = None,
    answerer: Any = None,
) -> None:
    """Answer, judge and probe one arm.

    Args:
        checkpoint: Hugging Face folder, or "tiny" for the shipped base.
        arm: the row in the tables.
        scenes: the held-out ``SceneSet``.
        out: gets ``benchmark.jsonl``, ``answers/``, ``verdicts/``, ``probe/``.
        plan: what is asked.
        judge: who rates; the pose judge by default.
        answers_from: a file of answers made elsewhere; then nothing is loaded and the probe is left out.
        answerer: stands instead of the checkpoint's own answerer (tests).

    Raises:
        CheckpointError: no checkpoint there.
        DataError: a file of answers that does not fit the benchmark.
    """
    plan, judge = plan or Plan(), judge or PoseJudge()
    identity = fingerprint(_identity(answers_from or checkpoint))
    answerers = _Lazily(answerer, checkpoint, scenes.images, plan)
    if plan.num_images:
        questions = build_benchmark(scenes.scenes, seed=plan.benchmark_seed, num_images=plan.num_images)
        write_benchmark(out / "benchmark.jsonl", questions)
        made = fingerprint([identity, [to_dict(question) for question in questions], plan.max_new_tokens])
        path = out / "answers" / f"{arm}.jsonl"
        if not _is_made(path, made):
            found = _file_answers(answers_from, arm, questions) if answers_from else answerers.answers(questions, arm)
            write_jsonl(path, map(to_dict, tqdm(found, f"{arm}: answers", len(questions), unit="answer")))
            _mark_made(path, made)
        answers = [Answer(**row) for _, row in read_jsonl(path, what="answers")]
        draw_pictures(out / "pictures", questions, scenes)
        _write_verdicts(out / "verdicts" / f"{arm}.jsonl", questions, answers, scenes.scenes, judge)
    if plan.num_items and answers_from is None:
        _probe(arm, scenes.scenes, out, plan, identity, answerers)


def draw_pictures(folder: Path, questions: Sequence[Question], scenes: Any, num: int = NUM_PICTURES) -> None:
    """Draw some of the benchmark's pictures with their skeletons, for the report: spread evenly over the benchmark.

    Args:
        folder: gets ``<scene id>.jpg``.
        questions: of the benchmark.
        scenes: the held-out ``SceneSet``.
        num: at most so many pictures.
    """
    from llavapose.scenes.draw import draw_scene

    ids = list(dict.fromkeys(question.scene_id for question in questions))
    chosen = {ids[i * len(ids) // num] for i in range(num)} if len(ids) > num else set(ids)
    for scene in scenes.scenes:
        path = folder / f"{scene.id}.jpg"
        if scene.id in chosen and not path.is_file():
            picture = draw_scene(scene, scenes.images, size=PICTURE_SIZE)
            with atomic_write(path, "wb") as stream:
                picture.convert("RGB").save(stream, "JPEG", quality=88)
    for path in folder.glob("*.jpg"):
        if path.stem not in {str(scene) for scene in chosen}:
            path.unlink()


class _Lazily:
    """Loads the checkpoint when something is really to be answered: importing torch takes seconds."""

    def __init__(self, answerer: Any, checkpoint: Path | str, image_root: Path, plan: Plan) -> None:
        self._answerer, self._checkpoint, self._image_root, self._plan = answerer, checkpoint, image_root, plan

    def _loaded(self) -> Any:
        if self._answerer is None:
            from llavapose.evaluation.answerers.checkpoint import CheckpointAnswerer

            self._answerer = CheckpointAnswerer(
                self._checkpoint,
                self._image_root,
                batch_size=self._plan.answer_batch_size,
                max_new_tokens=self._plan.max_new_tokens,
            )
        return self._answerer

    def answers(self, questions: Sequence[Question], arm: str) -> Iterator[Answer]:
        yield from self._loaded().answer(questions, arm)

    def scores(self, items: Sequence[Any], shuffled: bool) -> Iterator[dict[str, Any]]:
        yield from self._loaded().score(items, shuffled=shuffled, seed=self._plan.probe_seed)


def _probe(arm: str, scenes: Sequence[Scene], out: Path, plan: Plan, identity: str, answerers: _Lazily) -> None:
    chosen = sorted(scenes, key=lambda scene: scene.id)[: plan.probe_images]
    items = build_probe(chosen, plan.probe_seed, num_items=plan.num_items, max_items_per_fact=plan.max_items_per_fact)
    if not items:
        raise DataError(f"probe: no fact of the {len(chosen)} held-out pictures has its opposite; raise scenes.num_val")
    made = fingerprint([identity, [item_row(item) for item in items], plan.shuffled, plan.probe_seed])
    path = out / "probe" / f"{arm}.jsonl"
    if _is_made(path, made):
        return

    def rows() -> Iterator[dict[str, Any]]:
        of_id = {item.id: item_row(item) for item in items}
        for pictures in ("true", "shuffled") if plan.shuffled else ("true",):
            scored = answerers.scores(items, pictures == "shuffled")
            for row in tqdm(scored, f"{arm}: probe, {pictures} pictures", len(items), unit="pair"):
                yield {"arm": arm, "pictures": pictures, **of_id[row["id"]], **row}

    write_jsonl(path, rows())
    _mark_made(path, made)


def _write_verdicts(
    path: Path, questions: Sequence[Question], answers: Sequence[Answer], scenes: Sequence[Scene], judge: Judge
) -> None:
    """Judge the answers; a verdict's line also keeps the question's kind and picture and the claims behind it."""
    by_id = {question.id: question for question in questions}
    found = judge.judge(questions, answers, {scene.id: scene for scene in scenes})
    write_jsonl(path, (_verdict_row(judgement, by_id) for judgement in found))
    silent = sum(judgement.verdict.silent for judgement in found)
    unscored = sum(judgement.verdict.rating is None for judgement in found)
    log.info("%s: %d answers judged, %d silent, %d unscored", path.stem, len(found), silent, unscored)


def _verdict_row(judgement: Judgement, by_id: dict[str, Question]) -> dict[str, Any]:
    question = by_id[judgement.verdict.question_id]
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
        **to_dict(judgement.verdict),
        "kind": question.kind,
        "scene_id": question.scene_id,
        "text": question.text,
        "claims": claims,
    }


def _file_answers(path: Path, arm: str, questions: Iterable[Question]) -> Iterator[Answer]:
    """Answers made elsewhere, one for each question.

    Raises:
        DataError: a question without an answer, or a line without question_id and text.
    """
    found: dict[str, str] = {}
    for number, row in read_jsonl(path, what="answers"):
        if not isinstance(row.get("question_id"), str) or not isinstance(row.get("text"), str):
            raise DataError(f"answers: {path}:{number} lacks question_id or text; expected both as text")
        found[row["question_id"]] = row["text"]
    ids = [question.id for question in questions]
    missing = [one for one in ids if one not in found]
    if missing:
        raise DataError(f"answers: {path} answers {len(ids) - len(missing)} of {len(ids)} questions; "
                        f"missing {', '.join(missing[:3])}, ...")  # fmt: skip
    for one in ids:
        yield Answer(question_id=one, arm=arm, text=found[one])


def _identity(checkpoint: Path | str) -> list[Any]:
    """What tells a checkpoint or a file of answers from another: names, sizes, and hashes of all but huge files."""
    path = TINY_BASE if str(checkpoint) == "tiny" else Path(checkpoint)
    files = [path] if path.is_file() else sorted(found for found in path.rglob("*") if found.is_file())
    found = [(file, file.stat()) for file in files]
    marks = [sha256(file) if stat.st_size < HUGE else stat.st_mtime_ns for file, stat in found]
    return [str(checkpoint)] if not files else [(f.name, s.st_size, m) for (f, s), m in zip(found, marks, strict=True)]


def _mark(path: Path) -> Path:
    return path.with_suffix(".made.json")


def _is_made(path: Path, made: str) -> bool:
    """Whether the file is there, made by the same checkpoint, questions and settings."""
    if not path.is_file() or not _mark(path).is_file():
        return False
    same = read_json(_mark(path), what="mark") == {"fingerprint": made, "sha256": sha256(path)}
    if same:
        log.info("%s: kept, nothing has changed", path)
    return same


def _mark_made(path: Path, made: str) -> None:
    write_json(_mark(path), {"fingerprint": made, "sha256": sha256(path)})

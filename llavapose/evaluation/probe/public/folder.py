"""A probe written for others: JSONL, data card, tasks of lmms-eval."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llavapose import __version__
from llavapose.config.evaluating import ProbeConfig
from llavapose.config.scenes import ScenesConfig
from llavapose.errors import DataError
from llavapose.evaluation.benchmarks.protocol import questions_hash
from llavapose.evaluation.probe.items import build_probe
from llavapose.evaluation.probe.public.card import write_card
from llavapose.evaluation.probe.public.rows import PROBE_FILE, choice_rows
from llavapose.evaluation.probe.public.tasks import QUESTIONS_FILE, write_tasks
from llavapose.files import sha256, write_jsonl
from llavapose.records import Question, Scene


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Open questions that go with a probe: a benchmark's name and what it asks."""

    name: str
    questions: tuple[Question, ...]


def write_public(
    out: Path, scenes: Sequence[Scene], probe: ProbeConfig, source: ScenesConfig, asked: Asked | None = None
) -> dict[str, Any]:
    """Write the folder; returns its card.

    Args:
        out: the folder.
        scenes: held-out scenes.
        probe: how many items, of which seed.
        source: where the scenes are from.
        asked: open questions; None: none.

    Raises:
        DataError: not one fact has its opposite in another picture, or the scenes are clips.
    """
    if source.source.over_time:
        raise DataError(
            f"export: scenes={source.name} are clips, and lmms-eval's tasks cannot put a frame's time in front of it; "
            "probe such a model with evaluate.py (answerer=checkpoint, or answerer=endpoint probe.num_asked=200)"
        )
    chosen = sorted(scenes, key=lambda scene: scene.id)[: probe.num_images]
    items = build_probe(chosen, probe.seed, num_items=probe.num_items, max_items_per_fact=probe.max_items_per_fact)
    if not items:
        raise DataError(
            f"export: no fact of the {len(chosen)} pictures of {source.name} has its opposite in another; more "
            "pictures are needed (scenes.num_val, probe.num_images)"
        )
    rows = choice_rows(items, probe.seed)
    out.mkdir(parents=True, exist_ok=True)
    write_jsonl(out / PROBE_FILE, rows)
    if asked:
        write_jsonl(out / QUESTIONS_FILE, map(_question_row, asked.questions))
    else:
        (out / QUESTIONS_FILE).unlink(missing_ok=True)
    write_tasks(out / "lmms_eval", PROBE_FILE, questions=asked is not None)
    card = {
        "name": f"pose probe of {source.name}", "file": PROBE_FILE, "sha256": sha256(out / PROBE_FILE),
        "num_items": len(items), "num_rows": len(rows), "num_images": len({item.scene_id for item in items}),
        "seed": probe.seed, "scenes": source.name, "files": _hashes(source), "version": __version__,
        "questions": _told(asked) if asked else None,
    }  # fmt: skip
    write_card(out, card, rows)
    return card


def _question_row(question: Question) -> dict[str, Any]:
    """One open question as a task reads it."""
    return {
        "id": question.id, "scene_id": question.scene_id, "image": question.image, "kind": question.kind,
        "prompt": question.text,
    }  # fmt: skip


def _told(asked: Asked) -> dict[str, Any]:
    return {"name": asked.name, "hash": questions_hash(asked.questions), "num": len(asked.questions)}


def _hashes(source: ScenesConfig) -> dict[str, str]:
    """The annotations' file names -> their SHA-256; nothing for the built-in worlds."""
    if source.drawn:
        return {}
    paths = (source.val.keypoints, source.val.instances, source.val.captions, source.val.results)
    named = [path for path in paths if path is not None and (source.root / path).is_file()]
    return {path.name: sha256(source.root / path) for path in named}

"""From the standings of an assignment's slots to its files: samples, what was set aside, what was repaired.

One line of ``set_aside.jsonl`` or ``repairs.jsonl``, every reply with the reason why it was not kept::

    {"slot": "134754-detail-0", "image": "COCO_train2014_000000134754.jpg", "kind": "detail",
     "asks": [{"reason": "refusal", "reply": "I'm sorry, ..."}]}
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from llavapose.llm.ledger.ledger import Ledger
from llavapose.llm.rounds import End, Standing
from llavapose.records import Sample, Scene
from llavapose.teacher.checks.findings import Finding
from llavapose.teacher.dataset.card import checked_of
from llavapose.teacher.endpoint.rounds import Assignment
from llavapose.teacher.offline.motion.middle import images_of, in_the_middle
from llavapose.teacher.order import Slot
from llavapose.teacher.prompts import PROMPT_VERSION
from llavapose.teacher.prompts.motion import MOTION_PROMPT_VERSION
from llavapose.teacher.reply.reading import Reading, reading_version


class Report:
    """Numbers that are counted while the samples pass."""

    def __init__(self) -> None:
        self.samples: Counter[str] = Counter()
        self.checked: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self.models: Counter[str] = Counter()
        self.scenes: set[int] = set()


def within(wanted: int, standings: Sequence[Standing[Slot]]) -> list[tuple[Standing[Slot], int]]:
    """The kept slots in order, each with the number of its conversations that still fit into the target."""
    found, left = [], wanted
    for standing in standings:
        num = min(standing.num, left) if standing.state == End.kept else 0
        if num:
            found.append((standing, num))
            left -= num
    return found


def samples_of(
    assignment: Assignment, ledger: Ledger, used: Mapping[str, Sequence[tuple[Standing[Slot], int]]], report: Report
) -> Iterator[Sample]:
    """The samples grouped by picture, in the order of the scenes, read from the ledger picture by picture."""
    by_scene: dict[int, list[tuple[Standing[Slot], int]]] = {}
    for slots in used.values():
        for standing, num in slots:
            by_scene.setdefault(standing.slot.scene_id, []).append((standing, num))
    for scene_id, scene in assignment.scenes.items():
        numbers: Counter[str] = Counter()
        of_scene = by_scene.get(scene_id, ())
        readings = _readings(ledger, [standing.key or "" for standing, _ in of_scene])
        for standing, num in of_scene:
            assert standing.key is not None
            reply = ledger.reply(standing.key)
            model = reply.completion.model if reply else ""
            report.models[model] += 1
            report.left_out.update(readings[standing.key].left_out)
            for told in readings[standing.key].used(assignment.teacher.quality.value)[:num]:
                kind, moving = standing.slot.kind, assignment.about_motion(standing.slot)
                found = asdict(checked_of([told.finding]))
                report.checked.update(found)
                claims = {name: found[name] for name in ("supported", "contradicted", "unverifiable")}
                report.samples[kind] += 1
                report.scenes.add(scene_id)
                yield Sample(
                    id=f"{scene_id}-{kind}-{numbers[kind]}",
                    images=images_of(scene),
                    kind=kind,
                    turns=told.turns if moving or not scene.frames else in_the_middle(told.turns),
                    provenance=_provenance(assignment, scene, standing, model) | claims,
                    times_s=tuple(frame.time_s for frame in scene.frames),
                )
                numbers[kind] += 1


def _provenance(assignment: Assignment, scene: Scene, standing: Standing[Slot], model: str) -> dict[str, Any]:
    kind = standing.slot.kind
    context = assignment.teacher.context_of(kind).value
    moving = assignment.about_motion(standing.slot)
    return {
        "scene": scene.id,
        **({"video": scene.video, "about": "motion" if moving else "still"} if scene.frames else {}),
        "split": scene.split,
        "kind": kind,
        "teacher": assignment.teacher.name,
        "model": model,
        "context": context,
        **({"sees": assignment.teacher.sees.value} if assignment.teacher.sees else {}),
        "prompt": MOTION_PROMPT_VERSION if moving else PROMPT_VERSION,
        "prompt_sha256": assignment.prompt_hash(kind),
        "seed": assignment.teacher.seed,
        "request": standing.key,
        "asks": len(standing.keys),
    }


def _readings(ledger: Ledger, keys: Sequence[str]) -> dict[str, Reading]:
    return {key: Reading.from_json(text) for key, text in ledger.outcome(keys, reading_version()).items()}


def _asks(ledger: Ledger, standing: Standing[Slot]) -> list[dict[str, Any]]:
    """Every reply of a slot with the reason why it was rejected."""
    replies = dict(ledger.replies(standing.keys))
    reasons = [*standing.reasons, *[None] * len(standing.keys)]
    return [
        {
            "reason": reason or (standing.failure if key not in replies else None),
            "reply": replies[key].completion.text if key in replies else None,
        }
        for key, reason in zip(standing.keys, reasons, strict=False)
    ]


def _row(assignment: Assignment, ledger: Ledger, standing: Standing[Slot]) -> dict[str, Any]:
    slot = standing.slot
    image = assignment.scenes[slot.scene_id].image
    return {"slot": slot.name, "image": image, "kind": slot.kind, "asks": _asks(ledger, standing)}


def set_aside_rows(
    assignment: Assignment, ledger: Ledger, standings: Iterable[Standing[Slot]]
) -> Iterator[dict[str, Any]]:
    """Every slot that no reply could be kept for."""
    return (_row(assignment, ledger, one) for one in standings if one.state in (End.aside, End.failed))


def repair_rows(
    assignment: Assignment, ledger: Ledger, standings: Iterable[Standing[Slot]]
) -> Iterator[dict[str, Any]]:
    """Before and after of every slot that was kept after being asked again."""
    return (_row(assignment, ledger, one) for one in standings if one.state == End.kept and len(one.keys) > 1)


def first_findings(ledger: Ledger, standings: Sequence[Standing[Slot]]) -> Iterator[Finding]:
    """What was found in the replies to first requests."""
    for start in range(0, len(standings), 1000):
        keys = [one.keys[0] for one in standings[start : start + 1000] if one.keys]
        for reading in _readings(ledger, keys).values():
            yield from (told.finding for told in reading.told)


def prompts_of(assignment: Assignment) -> dict[str, str]:
    """What was asked and with which context -> SHA-256 of the prompt."""
    contexts = {kind: assignment.teacher.context_of(kind).value for kind in assignment.wanted}
    return {f"{kind}, {context}": assignment.prompt_hash(kind) for kind, context in contexts.items()}

"""What goes with a file of samples: the dataset card and the forms for other trainers."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from llavapose.config.choices import ExportFormat
from llavapose.config.schema import ScenesConfig
from llavapose.config.teaching import TeacherConfig
from llavapose.files import read_json, sha256
from llavapose.kinds import taught_kinds
from llavapose.pose.facts.scene import scene_facts
from llavapose.records import Sample
from llavapose.scenes.coco import SceneSet
from llavapose.teacher.checks.duplicates import find_duplicates, find_overlap
from llavapose.teacher.checks.findings import check_conversation
from llavapose.teacher.dataset.card import Card, Checked, Cost, checked_of, write_card
from llavapose.teacher.dataset.exports import export_samples, good_samples
from llavapose.teacher.dataset.measures import measure
from llavapose.teacher.make import Prepared

MOST_CHECKED = 2000
"""Samples of the offline teacher that are checked for the card; an endpoint's were all checked when they were kept."""


def write_card_and_exports(
    made: Prepared,
    scenes: SceneSet,
    settings: ScenesConfig,
    teacher: TeacherConfig,
    *,
    exports: Sequence[ExportFormat] = (),
    benchmark: Sequence[str] = (),
) -> list[str]:
    """Write the card and the exports beside the samples; returns lines to print.

    Args:
        made: the samples.
        scenes: what they were made from.
        settings: of the scenes.
        teacher: who wrote them, and how.
        exports: further forms.
        benchmark: texts of questions that no sample should repeat.
    """
    summary = read_json(made.folder / "summary.json", what="summary of samples")
    files = export_samples(made.samples, made.folder, [one.value for one in exports])
    asked = "num_replies" in summary
    card = Card(
        name=f"{settings.name}-{teacher.name}",
        measures=measure(good_samples(made.samples)),
        teacher=teacher.name,
        models=summary.get("models", {}),
        prompts=summary.get("prompts", {}),
        settings=_settings(settings, teacher),
        before=Checked(**summary["before"]) if asked else None,
        after=Checked(**summary["after"]) if asked else _checked(made.samples, scenes),
        duplicates=find_duplicates(good_samples(made.samples)),
        overlap=find_overlap(good_samples(made.samples), benchmark) if benchmark else None,
        cost=_cost(summary) if asked else Cost(),
        notes=summary["notes"] if asked else [*summary["notes"], _note(made.samples)],
        files=[made.samples.name, *(path.name for path in files.values())],
    )
    lines = [f"export {name}: {path}" for name, path in files.items()]
    return [*lines, f"card: {write_card(made.folder, card)}"]


def _settings(scenes: ScenesConfig, teacher: TeacherConfig) -> dict[str, object]:
    context = {kind: teacher.context_of(kind).value for kind in taught_kinds()}
    asked: dict[str, object] = {}
    if teacher.endpoint is not None:
        asked = {"quality": teacher.quality.value, "max_asks": teacher.max_asks}
    if teacher.examples is not None:
        asked["examples"] = f"{teacher.examples.name}, sha256 {sha256(teacher.examples)}"
    if not teacher.caption_turns:
        asked["caption_turns"] = False
    return {
        "scenes": scenes.name,
        "select": scenes.select.value,
        "min_labelled_joints": scenes.min_labelled_joints,
        **{f"context of {kind}": value for kind, value in context.items()},
        "conv_form": teacher.conv_form.value,
        "seed": teacher.seed,
        **asked,
    }


def _cost(summary: dict[str, Any]) -> Cost:
    return Cost(
        requests=summary["num_replies"],
        usd=summary["usd"],
        prompt_tokens=summary["prompt_tokens"],
        completion_tokens=summary["completion_tokens"],
    )


def _note(samples: Path) -> str:
    return f"the first {MOST_CHECKED:,} samples were checked against the keypoints again for this card"


def _checked(samples: Path, scenes: SceneSet) -> Checked:
    """What the checks find in the first samples of a teacher that needs none."""
    by_image = {scene.image: scene for scene in scenes.scenes}

    def first() -> Iterator[Sample]:
        for number, sample in enumerate(good_samples(samples)):
            if number == MOST_CHECKED:
                return
            yield sample

    known = ((sample, by_image[sample.image]) for sample in first() if sample.image in by_image)
    return checked_of(check_conversation(sample.turns, scene, scene_facts(scene)) for sample, scene in known)

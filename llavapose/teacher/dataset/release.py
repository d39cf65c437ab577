"""What goes with a file of samples: the dataset card and the forms for other trainers."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from llavapose.config.choices import ExportFormat
from llavapose.config.schema import ScenesConfig
from llavapose.config.teaching import TeacherConfig
from llavapose.files import read_json, sha256
from llavapose.kinds import taught_kinds
from llavapose.records import Sample, Scene
from llavapose.samples import count_lines, steady
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.shown import by_picture
from llavapose.teacher.checks.duplicates import Overlaps, Repeats
from llavapose.teacher.checks.looks import Look, looked_through
from llavapose.teacher.dataset.card import Card, Checked, Cost, write_card
from llavapose.teacher.dataset.exports import TIMES_AS_TEXT, exporting, good_samples
from llavapose.teacher.dataset.measures import Measuring
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
    processes: int = 1,
) -> list[str]:
    """Write the card and the exports beside the samples; returns lines to print.

    Args:
        made: the samples.
        scenes: what they were made from.
        settings: of the scenes.
        teacher: who wrote them, and how.
        exports: further forms.
        benchmark: texts of questions that no sample should repeat.
        processes: that look at samples; their number changes nothing but the time.
    """
    summary = read_json(made.folder / "summary.json", what="summary of samples")
    asked = "num_replies" in summary
    counted = _counted(made, scenes, [one.value for one in exports], benchmark, check=not asked, processes=processes)
    card = Card(
        name=f"{settings.name}-{teacher.name}",
        measures=counted.measuring.result(),
        teacher=teacher.name,
        models=summary.get("models", {}),
        prompts=summary.get("prompts", {}),
        settings=_settings(settings, teacher),
        before=Checked(**summary["before"]) if asked else None,
        after=Checked(**summary["after"]) if asked else Checked(**counted.checked),
        duplicates=counted.repeats.result(),
        overlap=counted.overlaps.result() if benchmark else None,
        cost=_cost(summary) if asked else Cost(),
        notes=summary["notes"] if asked else [*summary["notes"], _note(made.samples)],
        files=[made.samples.name, *(path.name for path in counted.files.values())],
    )
    lines = [f"export {name}: {path}" for name, path in counted.files.items()]
    if told := [path.name for path in counted.files.values() if path.name in TIMES_AS_TEXT and counted.num_of_frames]:
        times = "the times of the frames stand as text in front of their pictures"
        lines.append(f"note: in {' and '.join(told)}, {times} ({counted.num_of_frames:,} samples)")
    return [*lines, f"card: {write_card(made.folder, card)}"]


@dataclass(kw_only=True)
class _Counted:
    """All that one pass over the samples gives."""

    overlaps: Overlaps
    measuring: Measuring = field(default_factory=Measuring)
    repeats: Repeats = field(default_factory=Repeats)
    checked: Counter[str] = field(default_factory=Counter)
    files: dict[str, Path] = field(default_factory=dict)
    num_of_frames: int = 0

    def take(self, sample: Sample, look: Look, *, with_claims: bool) -> None:
        self.measuring.take(sample)
        self.repeats.take(sample, look.answers)
        self.num_of_frames += bool(sample.times_s)
        if None not in look.prints:
            self.overlaps.take(sample, [one for one in look.prints if one is not None])
        if with_claims:
            self.checked["conversations"] += 1
            self.checked["with_leak"] += bool(look.leaks)
            self.checked["with_contradiction"] += bool(look.contradicted)
            for outcome in ("supported", "contradicted", "unverifiable"):
                self.checked[outcome] += getattr(look, outcome)


def _counted(
    made: Prepared, scenes: SceneSet, formats: Sequence[str], benchmark: Sequence[str], *, check: bool, processes: int
) -> _Counted:
    """Count the samples and write their other forms, in one pass; ``check``: the first are checked as well."""
    by_image = by_picture(scenes.scenes) if check else {}
    counted = _Counted(overlaps=Overlaps(benchmark))
    total = count_lines(made.samples)

    def seen() -> Iterator[tuple[Sample, Scene | None]]:
        for number, sample in enumerate(good_samples(made.samples)):
            yield sample, by_image.get(sample.image) if number < MOST_CHECKED else None

    with steady(made.samples), exporting(made.folder, formats) as (files, export):
        looks = looked_through(seen(), questions=bool(benchmark), processes=processes)
        for (sample, scene), look in tqdm(looks, total=total, desc="card", unit="sample"):
            export(sample)
            counted.take(sample, look, with_claims=scene is not None)
    counted.files = files
    return counted


def _settings(scenes: ScenesConfig, teacher: TeacherConfig) -> dict[str, object]:
    context = {kind: teacher.context_of(kind).value for kind in taught_kinds()}
    asked: dict[str, object] = {}
    if teacher.endpoint is not None:
        asked = {"quality": teacher.quality.value, "max_asks": teacher.max_asks}
    if teacher.examples is not None:
        asked["examples"] = f"{teacher.examples.name}, sha256 {sha256(teacher.examples)}"
    if teacher.sees is not None:
        asked["sees"] = teacher.sees.value
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

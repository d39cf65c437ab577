"""Where joints are, as readers see it: COCO's measures of every arm, and what the papers published, apart."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from llavapose.report.tables.grid import HOLE_MARK, Grid, number

NOTE = (
    "Object keypoint similarity by COCO's own evaluation, times 100. boxes: by which people were cut out or told; own: "
    "the model's. Rows of other boxes or other people are no comparison. unranked: AP as if it were as sure of "
    "everyone, as the mean pose is. shuffled: another person's picture was shown. mean_pose: everyone in the training "
    "people's mean pose. parsed: joints whose answer is wholly of the form; a joint whose answer is no place gets the "
    "likeliest place that could be written. not visible, hidden: precision / recall of what was said of a joint; where "
    "one answer tells everyone in a picture, of people whose box overlaps an annotated one by half, the joints of all "
    "others missed."
)
ONE, SEVERAL = (
    "Interval: 95% over pictures drawn again.",
    "Of several seeds the mean; their interval is Student's t over the seeds.",
)
PUBLISHED = Grid(
    title="Published, other data and base: joints of COCO val2017",
    header=("model", "connector", "AP", "vision encoder", "picture", "boxes", "base"),
    rows=(
        ("LocLLM (CVPR 2024)", "linear", "77.4", "DINOv2 ViT-L/14, LoRA", "224", "annotated", "Vicuna-7B-v1.5, LoRA"),
        (
            "PoseLLM (arXiv 2507.09139)", "MLP, 2 layers, GELU", "77.8", "DINOv2 ViT-L/14, LoRA", "224", "annotated",
            "Vicuna-7B-v1.5, LoRA",
        ),
    ),
    note="Neither ranked with the rows above nor subtracted from them: other pictures, other boxes than a detector's, "
    "another encoder, another base. Both began with a new connector, as connector.reset=true does here.",
)  # fmt: skip


def located_grid(rows: Sequence[Mapping[str, Any]]) -> Grid | None:
    """An arm and what it was shown a row, as ``located.csv`` has it; None where no arm was asked."""
    if not rows:
        return None
    several = any(row["num_runs"] > 1 for row in rows)
    if all(math.isnan(row["ap"]) for row in rows) and not math.isnan(rows[0].get("pckh", math.nan)):
        return _pckh_grid(rows)
    return Grid(
        title="Where joints are",
        header=(
            "arm", "AP", "unranked", "AP50", "AP75", "AP medium", "AP large", "AR", "parsed", "not visible P / R",
            "hidden P / R", "tokens a person", "s a person", "asked", "boxes", "people", "seeds",
        ),
        rows=tuple(_line(row) for row in rows),
        note=" ".join((NOTE, ONE, *[SEVERAL] * several)),
    )  # fmt: skip


def _pckh_grid(rows: Sequence[Mapping[str, Any]]) -> Grid:
    """Of MPII: PCKh@0.5, and apart the joints that a model trained on COCO was never asked for."""
    columns = ("pckh", "pckh_coco", "pckh_beyond")
    return Grid(
        title=f"Where joints are ({rows[0]['num_people']:.0f} people of MPII)",
        header=("arm", "PCKh@0.5, mean", "joints that COCO has", "pelvis, thorax, neck, head top", "parsed"),
        rows=tuple(
            (_name(row), *(number(row[name] * 100, 1) for name in columns), number(row["parsed"], 2)) for row in rows
        ),
        note="Share of joints, times 100, within half a head's size of where they are; zero-shot where the arm was "
        "trained on COCO. No interval.",
    )


def _name(row: Mapping[str, Any]) -> str:
    return row["arm"] if row["shown"] in ("true", row["arm"]) else f"{row['arm']}, {row['shown']}"


def _line(row: Mapping[str, Any]) -> tuple[str, ...]:
    def percent(name: str) -> str:
        return number(row[name] * 100, 1)

    def pair(name: str) -> str:
        told = [number(row[f"{name}_{end}"], 2) for end in ("precision", "recall")]
        return HOLE_MARK if told == [HOLE_MARK] * 2 else " / ".join(told)

    low, high = (number(row[f"ap_{end}"] * 100, 1) for end in ("low", "high"))
    interval = HOLE_MARK if math.isnan(row["ap"]) else f"{percent('ap')} [{low}, {high}]"
    asked = ", ".join((row["view"], row["asking"], row["coding"]))
    return (
        _name(row), interval, percent("unranked"), *(percent(name) for name in ("ap50", "ap75", "apm", "apl", "ar")),
        number(row["parsed"], 2),
        pair("not_visible"), pair("hidden"), number(row["tokens"], 0), number(row["seconds"], 3), asked,
        row["boxes"], f"{row['num_people']:.0f} in {row['num_pictures']:.0f}",
        f"{row['num_runs']:.0f}",
    )  # fmt: skip

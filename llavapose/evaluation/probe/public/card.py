"""The data card of an exported probe: ``README.md`` for people and the hub, ``card.json`` for programs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from llavapose.config.choices import DRAWN
from llavapose.errors import named
from llavapose.files import atomic_write, write_json

COCO_CREDIT = (
    "The statements are made from the annotations of COCO (Lin et al., *Microsoft COCO: Common Objects in Context*, "
    "ECCV 2014; cocodataset.org), which the COCO Consortium gives under CC BY 4.0. The pictures are not in this folder "
    "and have licences of their own (Flickr's terms of use); only their file names are."
)
OTHER_CREDIT = (
    "The statements are made from the annotations of `{scenes}`: their licence holds for this file too. The pictures "
    "are not in this folder; only their file names are."
)
WORLD_CREDIT = "The pictures are drawn by llavapose itself (scenes={scenes}) and are not in this folder."


def write_card(folder: Path, card: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write ``card.json`` and ``README.md``.

    Args:
        folder: of the export.
        card: name, file, sha256, num_items, num_rows, num_images, seed, scenes, files (name -> sha256), version,
            questions (None, or name, hash and number).
        rows: of the probe.
    """
    write_json(folder / "card.json", dict(card))
    with atomic_write(folder / "README.md") as stream:
        stream.write(_readme(card, rows))


def _readme(card: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    sizes = Counter(row["group"] for row in rows)
    first = Counter(row["group"] for row in rows if row["answer"] == "A")
    groups = "\n".join(f"| {name} | {num // 2} | {first[name]} | {num - first[name]} |" for name, num in sizes.items())
    files = "\n".join(f"- `{name}`: `{digest}`" for name, digest in card["files"].items()) or "- none: drawn by a seed"
    coco = str(card["scenes"]).startswith("coco")
    licence = "license: cc-by-4.0\n" if coco else ""
    return f"""---
{licence}task_categories:
- visual-question-answering
- multiple-choice
language:
- en
pretty_name: Pose probe of {named(card["scenes"])}
configs:
- config_name: default
  data_files:
  - split: test
    path: {card["file"]}
---

# Pose probe of {named(card["scenes"])}

{card["num_items"]} facts about the poses of people in {card["num_images"]} pictures, each as a choice between a true
and a false statement, asked in both orders: {card["num_rows"]} rows in `{card["file"]}`.

sha256 `{card["sha256"]}`

Made by llavapose {card["version"]}, seed {card["seed"]}, from

{files}

Equal files, settings and version give equal bytes: two groups that find the same hash were asked the same.

## What stands in a row

`prompt` is what is asked, word for word; `a` and `b` the two statements, `answer` the true one's letter; `order` is
`ab` where the true one stands first; `item` joins the two orders of one fact; `image` is the picture's file name,
`shuffled_image` another one's, for the control; `group`, `kind`, `part`, `value`, `flipped_value`, `num_people` say
what the fact is about.

| group | facts | true one is A | true one is B |
|---|---:|---:|---:|
{groups}

- Letters are balanced: the true statement is A as often as B in every group, since each fact is asked in both orders.
- Texts are balanced: facts come in couples whose statements are the same two and whose truths are opposite, so that who
  never looks is right on half of them. Asked without a picture, and with another row's, a model must fall to that.
- Facts that the annotations leave unsure are left out: joints that are hidden, angles near a limit, people too small.

## How to score

A reply counts where it is the letter, the statement, or both; any other is unanswered: it leaves the score and is
counted. A fact is right by the share of its answered orders. Skill = (balanced accuracy - majority) / (1 - majority).
Intervals take the picture (`scene_id`) as the unit, because facts about one picture stand or fall together: below 60
pictures Student's t by the jackknife, from there on a bootstrap that draws whole pictures.

In lmms-eval (`lmms_eval/` is a task folder):

    POSE_PROBE_IMAGES=FOLDER python -m lmms_eval --include_path lmms_eval --tasks pose_probe_all --log_samples ...

Its own table says accuracy over rows, with `stderr_clustered` by picture. `python evaluate.py export=lmms_eval
exported.results=LOGS` makes skill by group, with intervals, of what it logged.

## What it does not measure

Only what 2D keypoints decide, in template English. A model that cannot choose a letter is unanswered, not wrong. The
picture's own annotations can err, and so can the rules on them.
{_questions(card)}
## Licence

{_credit(str(card["scenes"]), coco)}
"""


def _questions(card: Mapping[str, Any]) -> str:
    asked = card["questions"]
    if not asked:
        return ""
    return (
        f"\n## Open questions\n\n`questions.jsonl` holds the {asked['num']} questions of {named(asked['name'])} (hash "
        f"{asked['hash']}), without answers: they have no key and are rated by a judge. Their task is "
        "`pose_questions`.\n"
    )


def _credit(scenes: str, coco: bool) -> str:
    if scenes in DRAWN:
        return WORLD_CREDIT.format(scenes=scenes)
    return COCO_CREDIT if coco else OTHER_CREDIT.format(scenes=named(scenes))

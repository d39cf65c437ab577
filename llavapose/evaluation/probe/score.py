"""The probe's numbers: balanced accuracy and skill of every arm, by group of facts, with intervals."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence

from llavapose.config.choices import Control
from llavapose.evaluation.statistics.intervals import balanced_accuracy, paired_difference
from llavapose.pose.motion import vocabulary as motion
from llavapose.pose.vocabulary import GROUPS
from llavapose.records import ALL

PROBE_COLUMNS = (
    "arm", "pictures", "group", "balanced_accuracy", "majority", "skill", "low", "high", "n", "unanswered",
)  # fmt: skip
ORDER_COLUMNS = ("falls", "falls_low", "falls_high", "falls_n")
"""Of facts in motion with their own frames: by how much the share that is right falls when these are reversed, item by
item, the clip as the unit; and of how many. Facts that are the same backwards, how often, are left out."""
IN_MOTION, STILL = "in motion", "still"
"""Groups over all facts about motion, and over those of the middle of a clip; only where there are both frames."""


def is_right(row: dict) -> bool:
    """Whether the true statement is likelier than the flipped one, over both orders of the question."""
    if "right" in row:
        return row["right"] == 1
    return sum(row["loglik_true"]) > sum(row["loglik_flipped"])


MOTION_GROUPS = tuple(dict.fromkeys(motion.GROUPS.values()))
FACT_GROUPS = (*dict.fromkeys(GROUPS.values()), *MOTION_GROUPS)
"""What a row's ``group`` may be."""
PROBE_GROUPS = (ALL, IN_MOTION, STILL, *FACT_GROUPS)


def probe_table(rows: Iterable[dict], seed: int = 0, groups: Sequence[str] = PROBE_GROUPS) -> list[dict]:
    """Balanced accuracy and skill by arm, pictures and group.

    A cell is one two-way fact: (kind, part, {value, flipped value}). Its accuracy is the mean recall of its two truths;
    cells are averaged by their number of items. ``majority`` is the accuracy of always saying a cell's commoner truth,
    averaged likewise (0.5 when the probe is whole), and skill = (balanced_accuracy - majority) / (1 - majority).
    ``unanswered`` counts the items that a model did not choose in either order; they are neither right nor wrong.
    Cells of which the chosen rows hold one truth only are left out ("one or two people?" among pictures of one person).
    ``low`` and ``high`` bound the skill: 95%, by bootstrap over images. Of clips there are the ``ORDER_COLUMNS`` too.

    Args:
        rows: an item's fields with ``arm``, ``pictures`` ("true" or another pass), ``loglik_true``, ``loglik_flipped``;
            ``right`` (0..1) stands instead of the log-likelihoods where several seeds were averaged, or where it was
            chosen in two orders (None: unanswered).
        seed: of the resampling.
        groups: which groups of facts to score.
    """
    runs: dict[tuple[str, str], list[dict]] = defaultdict(list)
    for row in rows:
        runs[row["arm"], row["pictures"]].append(row)
    table = []
    for (arm, pictures), of_run in runs.items():
        backwards = runs.get((arm, Control.reversed.value), ()) if pictures == "true" else ()
        for group in groups:
            chosen = [row for row in of_run if _in_group(row, group, of_run)]
            parts = {
                group: chosen,
                f"{group} (one person)": [row for row in chosen if row["num_people"] == 1],
                f"{group} (several people)": [row for row in chosen if row["num_people"] > 1],
            }
            table += [
                {"arm": arm, "pictures": pictures, "group": name, **_scores(two_sided, seed),
                 "unanswered": sum(map(_is_unanswered, part)), **_falls(part, backwards, seed)}
                for name, part in parts.items()
                if (two_sided := _two_sided([row for row in part if not _is_unanswered(row)]))
            ]  # fmt: skip
    return table


def _in_group(row: dict, group: str, of_run: Sequence[dict]) -> bool:
    """Whether a row counts for a group: ``all`` of a pass that asks of motion alone would be read as all facts."""
    if group in (IN_MOTION, STILL):
        there = any(one["group"] in MOTION_GROUPS for one in of_run)
        return there and (row["group"] in MOTION_GROUPS) == (group == IN_MOTION)
    if group == ALL:
        return row["pictures"] not in _MOVED
    return row["group"] == group


_MOVED = tuple(one.value for one in Control if one.of_frames)


def _falls(own: Sequence[dict], backwards: Sequence[dict], seed: int) -> dict[str, float]:
    """The ``ORDER_COLUMNS``; none where no frames were reversed."""
    other = {row["id"]: row for row in backwards if not _is_unanswered(row)}
    both = [
        (row, other[row["id"]])
        for row in own
        if row["kind"] in motion.OPPOSITES and row["id"] in other and not _is_unanswered(row)
    ]
    if not both:
        return {}
    first, second = ([_right(row) for row in rows] for rows in zip(*both, strict=True))
    found = paired_difference(first, second, [row["scene_id"] for row, _ in both], seed)
    return dict(zip(ORDER_COLUMNS, (found.value, found.low, found.high, found.num), strict=True))


def _right(row: dict) -> float:
    return float(row["right"] if "right" in row else is_right(row))


def _is_unanswered(row: dict) -> bool:
    return "right" in row and row["right"] is None


def _cell(row: dict) -> tuple[Hashable, ...]:
    """The two-way fact that a row is about."""
    return row["kind"], row["part"], *sorted((row["value"], row["flipped_value"]))


def _two_sided(rows: Sequence[dict]) -> list[dict]:
    """The rows whose cell holds both truths: the accuracy of one truth alone is no balanced accuracy."""
    truths: dict[Hashable, set[str]] = defaultdict(set)
    for row in rows:
        truths[_cell(row)].add(row["value"])
    return [row for row in rows if len(truths[_cell(row)]) == 2]


def _scores(rows: Sequence[dict], seed: int) -> dict:
    """The measured columns of one line of the table."""
    sides = [(_cell(row), row["value"]) for row in rows]
    right = list(map(_right, rows))
    estimate = balanced_accuracy(right, sides, [row["scene_id"] for row in rows], seed)
    majority = _majority(sides)

    def skill(accuracy: float) -> float:
        return (accuracy - majority) / (1 - majority) if majority < 1 else float("nan")

    return {
        "balanced_accuracy": estimate.value,
        "majority": majority,
        "skill": skill(estimate.value),
        "low": skill(estimate.low),
        "high": skill(estimate.high),
        "n": estimate.num,
    }


def _majority(sides: Sequence[tuple[Hashable, Hashable]]) -> float:
    """The accuracy of always saying the commoner truth of each cell."""
    counts: dict[Hashable, dict[Hashable, int]] = defaultdict(lambda: defaultdict(int))
    for cell, truth in sides:
        counts[cell][truth] += 1
    return sum(max(truths.values()) for truths in counts.values()) / len(sides)

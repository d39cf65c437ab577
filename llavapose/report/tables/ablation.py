"""The ablation as readers see it: one table a judge, an arm a row, a kind a column."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from llavapose.config.choices import Control
from llavapose.evaluation.tables.ablation import FRAME_COLUMNS
from llavapose.kinds import rated_kinds
from llavapose.records import ALL, BASELINE, CONTROL_ARMS, POSE, PRIOR, TEXT_ONLY, without_base
from llavapose.report.tables.grid import FAILED_MARK, HOLE_MARK, Grid, interval, number
from llavapose.report.tables.holes import unscored_told
from llavapose.report.tables.parties import judge_named, parties_told

BLIND_MARK = "†"
"""Behind a difference of an arm that does not beat its controls."""
UNTESTED_MARK = "(†)"
"""Behind a difference of an arm that beats those of its controls that are there, and some are not."""


def by_judge(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Judge -> its rows of ``ablation.csv``."""
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["judge"]].append(row)
    return dict(found)


def ablation_grids(rows: Sequence[Mapping[str, Any]], failed: Sequence[str] = ()) -> list[Grid]:
    """One table a judge."""
    return [ablation_grid(of_judge, failed) for of_judge in by_judge(rows).values()]


def ablation_grid(rows: Sequence[Mapping[str, Any]], failed: Sequence[str] = ()) -> Grid:
    """The papers' form of one judge's rows: an arm a row, a kind a column, a cell with interval and difference."""
    cells: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for row in rows:
        cells[row["arm"]][row["kind"]] = row
    # A column of its own where a judge that is no pose judge has rated the reference.
    relative = any(row["of_text_only"] > 0 for row in rows)
    moved = controls_of_frames(rows)
    body = []
    for arm, by_kind in cells.items():
        total = by_kind[ALL]
        scores = [interval(by_kind[kind], "score", "low", "high", 1) for kind in (*rated_kinds(), ALL)]
        if not total["num_scored"]:
            mark = FAILED_MARK if arm in failed else HOLE_MARK
            body.append((arm, *[mark] * (len(rated_kinds()) + 4 + relative + len(moved)), HOLE_MARK, HOLE_MARK))
            continue
        reference = [f"{number(total['of_text_only'], 1)}%" if total["of_text_only"] > 0 else HOLE_MARK] * relative
        difference = f"{interval(total, 'diff', 'diff_low', 'diff_high', 1, sign=True)} {control_mark(total)}".strip()
        controls = [number(total[name], 1) for name in ("shuffled", *moved, "no_picture")]
        body.append((arm, *scores, *reference, *controls, difference, _claims_told(total), counts_told(total)))
    return Grid(
        title=_title(rows),
        header=(
            "arm",
            *rated_kinds(),
            ALL,
            *[f"of {TEXT_ONLY}"] * relative,
            "shuffled",
            *moved.values(),
            "no picture",
            "difference to baseline",
            "claims right",
            "n",
        ),
        rows=tuple(body),
        note=" ".join(
            (
                f"Mean rating x 10 {interval_told(rows)}",
                *questions_told(rows),
                *parties_told(rows),
                CONTROLS,
                *ratings_order_told(rows),
                *_pose_told(rows),
                *unscored_told(rows),
                *gap_told(rows),
            )
        ),
    )


def counts_told(row: Mapping[str, Any]) -> str:
    """Questions that were scored, their ratings where these are more, and what is missing: "90 (360 ratings)"."""
    unscored, ratings = row.get("num_unscored", 0), row.get("num_ratings", math.nan)
    further = [f"{ratings:.0f} ratings"] if ratings > row["num_scored"] else []
    further += [f"+{unscored:.0f} unscored"] if unscored > 0 else []
    return f"{row['num_scored']:.0f}" + (f" ({', '.join(further)})" if further else "")


def questions_told(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Of how many questions each arm's mean is, and each difference where these are others."""
    totals = {row["arm"]: row for row in rows if row["kind"] == ALL and row["num_scored"]}
    counts = {arm: row["num_scored"] for arm, row in totals.items()}
    if not counts:
        return []
    # Tables of before the common questions were counted have a hole.
    common = {arm: row["num_common"] for arm, row in totals.items() if not math.isnan(row["diff"])}
    alike = len(set(counts.values())) == 1
    whose = f", {max(counts.values()):.0f} of every arm" if alike else f" (n: {_by_arm(counts)})"
    told = f"Means are over the questions that each arm was scored on{whose}"
    if (alike and set(common.values()) <= set(counts.values())) or any(map(math.isnan, common.values())):
        return [f"{told}."]
    return [
        f"{told}; a difference is over the common ones alone, so that it need not be that of two means "
        f"({_by_arm(common)})."
    ]


INTERVALS = {
    "bootstrap": "by bootstrap over images",
    "t": "by Student's t over image means",
    "crossed t": "by a t over images and training seeds (crossed, Satterthwaite)",
}
"""How an interval was made, by the word in the tables."""
CONTROLS = (
    f"Controls: {TEXT_ONLY} is told the ground truth as text; {PRIOR} is the best answer that needs no picture; "
    "shuffled and no picture are the arm's own answers "
    f"(all kinds) with another picture and without one. {BLIND_MARK}: not above both {PRIOR} and the arm's own "
    f"shuffled answers; {UNTESTED_MARK}: one of the two is missing."
)
FRAME_CONTROLS_TOLD = (
    "Of clips, shuffled shows another clip's frames; frames shuffled, frames reversed and one frame repeated show the "
    "arm's own, the times staying in their places."
)
OFFLINE = "rated by the pose judge (offline); the papers' protocol is a model that rates pairs: judge=gpt4o"
"""What is said of the papers' benchmarks where no model has judged."""
POSE_SCALE = (
    "Judge pose: 10 is what an answer gets that adds nothing to what can be said without the picture, 100 what one "
    "gets that tells all; a guess expects 10 or less, and wrong claims cost: who says more and errs more can fall "
    "behind who says little (claims right: the share that holds, of how many claims an answer). In complex it rates "
    "the poses named, not the reasoning."
)


FEW_IMAGES = 20
"""Below, the means of ratings that crowd at an end of their scale are not yet spread as a t supposes."""
FEW = (
    f"Fewer than {FEW_IMAGES} pictures: where ratings crowd at an end of the scale the true value lies outside more "
    "often than 5%."
)
TWO_SEEDS = (
    "Two training seeds say little of training's spread: with two its part of the interval has a t of its own, one "
    "degree of freedom, and is wide."
)


def controls_of_frames(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Columns of the controls of frames -> what readers call them; none where nobody was asked about frames."""
    asked = (one for one in Control if one.of_frames)
    return {one.value: one.told for one in asked if any(not math.isnan(row.get(one.value, math.nan)) for row in rows)}


def ratings_order_told(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Sentences on the controls of frames, and on who has learnt order by the ratings; none where there are none."""
    if not controls_of_frames(rows):
        return []
    falls = {row["arm"]: tuple(row[name] for name in FRAME_COLUMNS[-3:]) for row in rows if row["kind"] == ALL}
    return [FRAME_CONTROLS_TOLD, *order_told(falls, 1)]


def order_told(falls: Mapping[str, Sequence[float]], digits: int) -> list[str]:
    """Who has learnt the order of frames and who has not, in sentences; an arm without numbers is not told of.

    Args:
        falls: arm -> by how much it falls when its frames are reversed, and the ends of the 95% interval, paired by
            what was asked, the clip as the unit.
        digits: behind the point.
    """
    there = {arm: fall for arm, fall in falls.items() if not any(map(math.isnan, fall))}
    told = {
        arm: f"{arm} ({number(fall, digits, sign=True)} [{', '.join(number(end, digits, sign=True) for end in ends)}])"
        for arm, (fall, *ends) in there.items()
    }
    fallen = [told[arm] for arm, (_, low, _) in there.items() if low > 0]
    same = [told[arm] for arm, (_, low, _) in there.items() if not low > 0]
    found = [f"Fall when frames are reversed (own less reversed): {', '.join(fallen)}."] * bool(fallen)
    has = "has" if len(same) == 1 else "have"
    found += [f"{', '.join(same)} {has} not learnt order: the fall when frames are reversed is not above 0."] * bool(
        same
    )
    return found


def interval_told(rows: Sequence[Mapping[str, Any]]) -> str:
    """How the table's intervals were made, and what they do not know: "[95% interval by ...]; ..."."""
    totals = [row for row in rows if row["kind"] == ALL and row["num_scored"]]
    # Tables of before there was another method do not say it.
    how = dict.fromkeys(row["interval"] or "bootstrap" for row in totals) or {"bootstrap": None}
    told = f"[95% interval {', or '.join(INTERVALS[one] for one in how)}]; the difference is paired by question."
    if any(row["num_runs"] == 2 for row in totals):
        told += f" {TWO_SEEDS}"
    if any(row["num_images"] < FEW_IMAGES for row in totals):
        told += f" {FEW}"
    trained = [row for row in totals if without_base(row["arm"]) not in (BASELINE, *CONTROL_ARMS)]
    once = [row["arm"] for row in trained if row["num_runs"] == 1]
    if not once:
        return told
    whose = "each arm" if len(once) == len(trained) else ", ".join(once)
    return f"{told} One training seed of {whose}: the interval does not know training's own spread."


def gap_told(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The smallest difference in all kinds that could have been seen of every arm; nothing where there is none.

    Of the arm whose answers spread most beside the other's: one that hardly differs from it, question by question,
    would promise more than the questions can show of any other.
    """
    gaps = [row["smallest_gap"] for row in rows if row["kind"] == ALL and not math.isnan(row["p"])]
    gaps = [gap for gap in gaps if not math.isnan(gap)]
    if not gaps:
        return []
    return [
        f"Smallest difference in {ALL} that these questions can show (80% power, two-sided 5%), by the widest paired "
        f"spread over images among these arms: {number(max(gaps), 1)}."
    ]


def _by_arm(counts: Mapping[str, float]) -> str:
    return ", ".join(f"{arm} {count:.0f}" for arm, count in counts.items())


def _pose_told(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    if rows[0]["judge"] != POSE:
        return []
    whose = [f"R{OFFLINE[1:]}."] if is_papers(rows[0]["benchmark"]) else []
    return [*whose, POSE_SCALE]


def is_papers(benchmark: str) -> bool:
    """Whether the papers ask such questions, and let a model rate the answers."""
    return benchmark.startswith(("hpaub", "e_hpaub"))


def control_mark(row: Mapping[str, Any]) -> str:
    """What stands behind an arm's difference: "" where it is above the prior's ratings and its own shuffled ones."""
    return "" if math.isnan(row["diff"]) else blind_mark(row)


def blind_mark(row: Mapping[str, Any]) -> str:
    """The same behind a score, whatever it is compared with."""
    if without_base(row["arm"]) in CONTROL_ARMS or math.isnan(row["score"]):
        return ""
    ends = (row["over_prior_low"], row["over_shuffled_low"])
    if any(low <= 0 for low in ends):
        return BLIND_MARK
    return UNTESTED_MARK if any(map(math.isnan, ends)) else ""


def _claims_told(row: Mapping[str, Any]) -> str:
    """Such as "68% of 5.2": the share of claims that is right, and how many there are an answer."""
    if math.isnan(row["claims"]):
        return HOLE_MARK
    return f"{100 * row['claims_right']:.0f}% of {row['claims']:.1f}"


def _title(rows: Sequence[Mapping[str, Any]]) -> str:
    """Whose ratings, of answers to what: "Ablation, judge pose, benchmark world (270 questions: 3f0c5a9d1b7e)"."""
    judges = dict.fromkeys(judge_named(row["judge"], rows) for row in rows)
    return ", ".join(["Ablation", *[f"judge {', '.join(judges)}"] * bool(judges)]) + benchmark_told(rows)


def benchmark_told(rows: Sequence[Mapping[str, Any]]) -> str:
    """The end of a title: ", benchmark world (270 questions: 3f0c5a9d1b7e)"; "" where nothing is told."""
    benchmarks = dict.fromkeys(row["benchmark"] for row in rows if row["benchmark"])
    return f", benchmark {', '.join(benchmarks)}" if benchmarks else ""

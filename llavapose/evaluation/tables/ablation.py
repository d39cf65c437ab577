"""The ablation table: ratings of every arm -> means with intervals and paired differences to the baseline.

One line of ``ablation.csv``::

    judge,arm,kind,score,low,high,shuffled,no_picture,diff,diff_low,diff_high,over_prior_low,over_shuffled_low,...
    pose,full,conv,71.2000,64.0000,78.1000,8.2000,9.1000,30.4000,21.9000,38.6000,52.1000,51.4000,...

``shuffled`` and ``no_picture`` are the arm's own scores under these controls, ``over_prior_low`` and
``over_shuffled_low`` the lower ends of the paired differences to the prior and to the arm's own shuffled answers: an
arm beats a control where its end is above 0. Of questions about frames there are ``FRAME_COLUMNS`` too. ``claims``
and ``claims_right`` say why a rating is what it is, where a judge reads claims: how many were decided an answer, and
the share of them that was right.

``of_text_only`` is the mean in percent of the reference's, ``text_only``, over their common questions, as LLaVA's own
benchmark counts; a hole for the pose judge, whose scale has no zero. ``gain`` is the difference in percent of the
baseline's score; ``p_holm`` its p among all tests of the table (arms x kinds and all); ``smallest_gap`` the difference
that these questions would have shown in 4 of 5 such benchmarks. Differences are over the questions that both arms were
scored on, of a judge of pairs within the arm's own pairs; the ``..._if_missing_...`` say how far missing ratings could
move a mean or a difference: of the pose judge those of answers that are missing, for what else it does not score, it
scores of nobody.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from llavapose.config.choices import Control
from llavapose.evaluation.statistics.intervals import Estimate
from llavapose.evaluation.statistics.significance import holm
from llavapose.evaluation.tables.ratings import (
    COUNT_COLUMNS,
    DIFFERENCE_COLUMNS,
    MISSING_COLUMNS,
    Beside,
    Rating,
    count_columns,
    difference_columns,
    facing,
    mean_rating,
    missing_columns,
    of_kind,
    pairs_of,
    scored,
)
from llavapose.files import write_csv
from llavapose.kinds import rated_kinds
from llavapose.records import (
    ALL,
    BASELINE,
    CONTROL_ARMS,
    POSE,
    PRIOR,
    TEXT_ONLY,
    base_of,
    peer,
    with_base,
    without_base,
)

ABLATION_COLUMNS = (
    "judge", "arm", "kind", "score", "low", "high", "shuffled", "no_picture", "diff", "diff_low", "diff_high",
    "over_prior_low", "over_shuffled_low", "of_text_only", *DIFFERENCE_COLUMNS, *MISSING_COLUMNS, "claims",
    "claims_right", *COUNT_COLUMNS, "benchmark",
)  # fmt: skip
ARMS = ("full", "conv", "detail", "complex", BASELINE)
"""The papers' rows, in the papers' order."""


def file_arm(row: str) -> str:
    """The arm whose files a row is read from: a row named "full (optim.lr=0.001)" is ``full.jsonl`` in its folder."""
    return row.partition(" (")[0]


def arms_in_order(arms: Sequence[str]) -> tuple[str, ...]:
    """The papers' rows first, others after them by name, the baseline, the upper bound and the prior last.

    Of several bases one after the other, in the order in which they are first named; the controls of all of them last.
    """
    bases = list(dict.fromkeys(map(base_of, arms)))
    blocks = [row for base in bases for row in _in_order([arm for arm in arms if base_of(arm) == base])]
    controls = [with_base(control, base) for control in CONTROL_ARMS for base in bases]
    return (*blocks, *(control for control in controls if control in arms))


def _in_order(arms: Sequence[str]) -> list[str]:
    """Those of one base, without the controls."""
    known = [row for arm in ARMS for row in sorted(set(arms)) if file_arm(row) == arm and arm != BASELINE]
    last = [BASELINE, *CONTROL_ARMS]
    others = sorted(arm for arm in set(arms) if arm not in known and without_base(arm) not in last)
    return [*known, *others, *dict.fromkeys(arm for arm in arms if without_base(arm) == BASELINE)]


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Write a table; where its rows have several bases, with the base in a column behind the arm."""
    if not any(base_of(row["arm"]) for row in rows if "arm" in row):
        write_csv(path, rows, columns)
        return
    at = columns.index("arm") + 1
    told = [{**row, "arm": without_base(row["arm"]), "base": base_of(row["arm"])} for row in rows]
    write_csv(path, told, (*columns[:at], "base", *columns[at:]))


def ablation_table(
    ratings: Mapping[str, Sequence[Rating]],
    arms: Sequence[str],
    baseline: str = BASELINE,
    *,
    controls: Mapping[Control, Mapping[str, Sequence[Rating]]] | None = None,
    beside: Beside = MappingProxyType({}),
    judge: str = POSE,
    benchmark: str = "",
) -> list[dict[str, Any]]:
    """One judge's rows: mean rating x 10 by arm and kind, with the paired difference to the baseline.

    Args:
        ratings: arm -> its rated answers; an arm without any is a hole.
        arms: the rows, in order.
        baseline: the arm that the others are compared with, question by question; the image is the unit. Of several
            bases each arm is compared with its own base's.
        controls: control -> arm -> its ratings under it.
        beside: what an anchor was rated beside each arm alone.
        judge: whose ratings they are.
        benchmark: name, number and hash of the questions.
    """
    rows = [
        {
            "judge": judge,
            "arm": arm,
            "kind": kind,
            **_cell(arm, kind, ratings, baseline, controls or {}, beside, judge),
            "benchmark": benchmark,
        }
        for arm in arms
        for kind in (*rated_kinds(), ALL)
    ]
    return with_holm(rows)


def _cell(
    arm: str,
    kind: str,
    ratings: Mapping[str, Sequence[Rating]],
    baseline: str,
    controls: Mapping[Control, Mapping[str, Sequence[Rating]]],
    beside: Beside,
    judge: str,
) -> dict[str, Any]:
    own, base = of_kind(ratings.get(arm, ()), kind), peer(arm, baseline)
    first, second, together = facing(arm, base, ratings, beside) if arm != base else ((), (), False)
    first, second = of_kind(first, kind), of_kind(second, kind)
    mean, pairs = mean_rating(own), pairs_of(first, second, together=together)
    text_only = peer(arm, TEXT_ONLY)
    reference = beside.get((text_only, arm)) or ratings.get(text_only, ())
    return {
        **columns("score", "low", "high", mean),
        **columns("diff", "diff_low", "diff_high", pairs.difference),
        **control_columns(arm, kind, ratings, controls),
        "of_text_only": math.nan if judge == POSE else pairs_of(own, reference).share,
        **difference_columns(pairs, tested=without_base(arm) not in CONTROL_ARMS, judge=judge),
        **missing_columns(own, first, second),
        **_claims(scored(own)),
        **count_columns(own, mean),
    }


CONTROL_COLUMNS = ("shuffled", "no_picture", "over_prior_low", "over_shuffled_low")
"""What an arm is worth that does not look: its scores under the controls, and whether its own lies above them."""
FRAME_CONTROLS = tuple(control for control in Control if control.of_frames)
FRAME_COLUMNS = (
    *(control.value for control in FRAME_CONTROLS), "over_reversed", "over_reversed_low", "over_reversed_high",
)  # fmt: skip
"""Of questions about frames, and only where some were asked so: an arm's scores with its frames in another order, and
how far its own lie above those with the frames reversed, question by question, the clip as the unit."""


def with_frame_columns(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str]
) -> tuple[list[Mapping[str, Any]], tuple[str, ...]]:
    """Rows and columns of a table, with ``FRAME_COLUMNS`` where any row has them; else none, so that none is empty."""
    found = FRAME_COLUMNS if any(FRAME_COLUMNS[0] in row for row in rows) else ()
    return [{**dict.fromkeys(found, math.nan), **row} for row in rows], (*columns, *found)


def control_columns(
    arm: str,
    kind: str,
    ratings: Mapping[str, Sequence[Rating]],
    controls: Mapping[Control, Mapping[str, Sequence[Rating]]],
) -> dict[str, float]:
    """The ``CONTROL_COLUMNS`` and ``FRAME_COLUMNS`` of an arm's ratings of a kind."""
    own, prior = of_kind(ratings.get(arm, ()), kind), peer(arm, PRIOR)
    shuffled, blind = (
        of_kind(controls.get(control, {}).get(arm, ()), kind) for control in (Control.shuffled, Control.no_picture)
    )
    return {
        "shuffled": mean_rating(shuffled).value,
        "no_picture": mean_rating(blind).value,
        "over_prior_low": pairs_of(own, ratings.get(prior, ()) if arm != prior else ()).difference.low,
        "over_shuffled_low": pairs_of(own, shuffled).within_runs.low,
        **_frame_columns(arm, kind, own, controls),
    }


def _frame_columns(
    arm: str, kind: str, own: Sequence[Rating], controls: Mapping[Control, Mapping[str, Sequence[Rating]]]
) -> dict[str, float]:
    """The ``FRAME_COLUMNS``; none where no arm was asked with its frames in another order."""
    if not any(rated for one in FRAME_CONTROLS for rated in controls.get(one, {}).values()):
        return {}
    moved = {one: of_kind(controls.get(one, {}).get(arm, ()), kind) for one in FRAME_CONTROLS}
    backwards = pairs_of(own, moved[Control.reversed]).within_runs
    return {
        **{one.value: mean_rating(found).value for one, found in moved.items()},
        **columns("over_reversed", "over_reversed_low", "over_reversed_high", backwards),
    }


def with_holm(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with ``p_holm``: each p among all of this table's."""
    for row, adjusted in zip(rows, holm([row["p"] for row in rows]), strict=True):
        row["p_holm"] = adjusted
    return rows


def _claims(rated: Sequence[Rating]) -> dict[str, float]:
    """How many claims were decided an answer, and the share that was right; holes where none was."""
    right, wrong = sum(one.num_right for one in rated), sum(one.num_wrong for one in rated)
    if not right + wrong:
        return {"claims": math.nan, "claims_right": math.nan}
    return {"claims": (right + wrong) / len(rated), "claims_right": right / (right + wrong)}


def columns(value: str, low: str, high: str, estimate: Estimate) -> dict[str, float]:
    """An estimate's value and ends under these names."""
    return {value: estimate.value, low: estimate.low, high: estimate.high}

"""The comparison table: our arm against other models, as in the papers' Tables 5, 9 and 10.

One line of ``comparison.csv``, with ``ours`` less the row's model, and ``gain`` in percent of the row's model::

    judge,ours,arm,kind,score,low,high,shuffled,no_picture,over_prior_low,over_shuffled_low,diff,diff_low,...
    gpt-4o-pair-keypoints,full,Qwen2-VL-7B,all,58.9000,54.1000,63.2000,21.4000,18.2000,30.1000,29.8000,3.8000,...

The controls are the row's own, as in the ablation: a model beats one where ``over_..._low`` is above 0.
The anchor of a comparison by pairs is our arm, so that its mean is over its ratings beside every other model.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from llavapose.config.choices import Control
from llavapose.evaluation.tables.ablation import ARMS, CONTROL_COLUMNS, columns, control_columns, file_arm, with_holm
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
)
from llavapose.kinds import rated_kinds
from llavapose.records import ALL, BASELINE, CONTROL_ARMS, POSE, base_of, peer, without_base

COMPARISON_COLUMNS = (
    "judge", "ours", "arm", "kind", "score", "low", "high", *CONTROL_COLUMNS, "diff", "diff_low", "diff_high",
    *DIFFERENCE_COLUMNS, *MISSING_COLUMNS, *COUNT_COLUMNS, "benchmark",
)  # fmt: skip


def our_arms(arms: Sequence[str], anchor: str | None = None, baseline: str = BASELINE) -> list[str]:
    """The arms that a comparison each is about: one, or those of its name that a sweep of settings sets apart.

    Args:
        arms: those with ratings.
        anchor: the arm beside which a judge of pairs rated the others; it is ours, unless it is the baseline or a
            control, such as the reference that ``judge.protocol=relative`` divides by.
        baseline: the ablation's anchor.

    Returns:
        none where there is nothing to compare with.
    """
    there = {file_arm(arm) for arm in arms}
    named = anchor is not None and anchor not in (baseline, *CONTROL_ARMS)
    name = anchor if named else next((arm for arm in ARMS if arm in there), None)
    if name is None or name == baseline:
        return []
    return [arm for arm in arms if file_arm(arm) == name and models(arms, arm)]


def models(arms: Sequence[str], ours: str) -> list[str]:
    """The other models among the arms of our base: neither a mixture of the ablation nor a variant, nor a control."""
    own, base = {*ARMS, *CONTROL_ARMS, file_arm(ours)}, base_of(ours)
    return [arm for arm in arms if file_arm(arm) not in own and base_of(arm) == base]


def comparison_table(
    ratings: Mapping[str, Sequence[Rating]],
    arms: Sequence[str],
    ours: str,
    *,
    controls: Mapping[Control, Mapping[str, Sequence[Rating]]] | None = None,
    beside: Beside = MappingProxyType({}),
    judge: str = POSE,
    benchmark: str = "",
) -> list[dict[str, Any]]:
    """One judge's rows: every other model, then ours, then the untouched base and the controls where they were rated.

    Args:
        ratings: arm -> its rated answers.
        arms: all that were evaluated.
        ours: the arm that is compared with each.
        controls: control -> arm -> its ratings under it.
        beside: what an anchor was rated beside each arm alone.
        judge: whose ratings they are.
        benchmark: name, number and hash of the questions.
    """
    last = [row for arm in (BASELINE, *CONTROL_ARMS) if (row := peer(ours, arm)) in arms and row != ours]
    rows = []
    for arm in (*models(arms, ours), ours, *last):
        for kind in (*rated_kinds(), ALL):
            row = of_kind(ratings.get(arm, ()), kind)
            first, second, together = facing(ours, arm, ratings, beside) if arm != ours else ((), (), False)
            first, second = of_kind(first, kind), of_kind(second, kind)
            pairs, mean = pairs_of(first, second, together=together), mean_rating(row)
            rows.append({
                "judge": judge,
                "ours": ours,
                "arm": arm,
                "kind": kind,
                **columns("score", "low", "high", mean),
                **control_columns(arm, kind, ratings, controls or {}),
                **columns("diff", "diff_low", "diff_high", pairs.difference),
                **difference_columns(pairs, tested=without_base(arm) not in CONTROL_ARMS, judge=judge),
                **missing_columns(row, first, second),
                **count_columns(row, mean),
                "benchmark": benchmark,
            })  # fmt: skip
    return with_holm(rows)

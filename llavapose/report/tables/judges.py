"""What the ratings themselves are worth, as readers see it: the judges, their agreement, the claims of the answers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from llavapose.kinds import rated_kinds
from llavapose.records import ALL
from llavapose.report.tables.ablation import benchmark_told
from llavapose.report.tables.debiased import debiased_grids
from llavapose.report.tables.differences import comparison_grids, difference_grids
from llavapose.report.tables.efficiency import efficiency_grid
from llavapose.report.tables.grid import HOLE_MARK, Grid, interval, number
from llavapose.report.tables.located import PUBLISHED as LOCATED_PUBLISHED
from llavapose.report.tables.located import located_grid
from llavapose.report.tables.parties import with_parties
from llavapose.report.tables.people import choosers_grid, preferences_grid, raters_grid, siding_grid
from llavapose.report.tables.probe import keyed_grid
from llavapose.report.tables.published import published_grids
from llavapose.report.tables.read import read_table

Row = Mapping[str, Any]


def further_grids(folder: Path) -> dict[str, Grid]:
    """Name -> table: all that lies beside the ablation and the probe, in the order in which it is shown."""
    ablation = read_table(folder, "ablation.csv")
    judging, agreement = (read_table(folder, f"{name}.csv") for name in ("judging", "agreement"))
    claims = read_table(folder, "claims.csv")
    benchmark = next((row["benchmark"] for row in ablation), "")
    comparison = read_table(folder, "comparison.csv")
    raters, preferences = (read_table(folder, f"{name}.csv") for name in ("raters", "preferences"))
    untold = {
        "raters": raters_grid(raters),
        "raters_of_pairs": choosers_grid(raters),
        "preferences": preferences_grid(preferences),
        "preferences_judges": siding_grid(preferences),
        "judging": judging_grid(judging),
        "lengths": lengths_grid(judging),
        "agreement": agreement_grid(agreement),
        "claims": claims_grid(claims),
        "claims_by_kind": claims_by_kind_grid(claims),
        "efficiency": efficiency_grid(read_table(folder, "efficiency.csv")),
    }
    told = benchmark_told(ablation)
    located = located_grid(read_table(folder, "located.csv"))
    keyed = keyed_grid(read_table(folder, "keyed.csv"), benchmark)
    return {
        **({"located": located, "located_published": LOCATED_PUBLISHED} if located is not None else {}),
        **({"keyed": keyed} if keyed is not None else {}),
        **{f"differences_{judge}": grid for judge, grid in difference_grids(ablation).items()},
        **debiased_grids(read_table(folder, "debiased.csv"), ablation),
        **{f"comparison_{judge}": grid for judge, grid in comparison_grids(comparison).items()},
        **{
            name: with_parties(replace(grid, title=f"{grid.title}{told}"), ablation)
            for name, grid in untold.items()
            if grid is not None
        },
        **{f"published_{number}": grid for number, grid in enumerate(published_grids(benchmark), start=1)},
    }


def _found(rows: Sequence[Row], *keys: str) -> dict[tuple[str, ...], Row]:
    return {tuple(row[key] for key in keys): row for row in rows}


def _told(row: Row | None, digits: int, sign: bool = False) -> str:
    return interval(row, "value", "low", "high", digits, sign=sign) if row is not None else HOLE_MARK


def judging_grid(rows: Sequence[Row]) -> Grid | None:
    """A judge a row: does the better answer stay the better one, what is the first place worth, how steady is it."""
    names = ("same_winner", "first_place", "repeat_sd")
    of_judges = [row for row in rows if row["measure"] in names]
    if not of_judges:
        return None
    found = _found(of_judges, "judge", "measure")
    body = []
    for judge in dict.fromkeys(row["judge"] for row in of_judges):
        same, place, repeat = (found.get((judge, name)) for name in names)
        counts = tuple(f"{row['num']:.0f}" if row is not None else HOLE_MARK for row in (same, repeat))
        body.append((judge, _told(same, 1), _told(place, 1, sign=True), counts[0], _told(repeat, 1), counts[1]))
    return Grid(
        title="Judges",
        header=("judge", "same winner, %", "first place", "pairs", "repeats' sd", "repeated ratings"),
        rows=tuple(body),
        note="same winner: pairs of answers whose better one is the same in both orders. first place: what standing "
        "first adds to a rating x 10. repeats' sd: how far ratings x 10 of the same request lie apart. [95% interval, "
        "the image is the unit].",
    )


def lengths_grid(rows: Sequence[Row]) -> Grid | None:
    """An arm a row: how much longer its answers are than the baseline's, and what is left without that."""
    names = ("length_ratio", "length_slope", "length_free_diff")
    of_arms = [row for row in rows if row["measure"] in names]
    if not of_arms:
        return None
    found = _found(of_arms, "judge", "arm", "measure")
    body = []
    for judge, arm in dict.fromkeys((row["judge"], row["arm"]) for row in of_arms):
        ratio, slope, free = (found.get((judge, arm, name)) for name in names)
        num = next((f"{row['num']:.0f}" for row in (slope, free, ratio) if row is not None), HOLE_MARK)
        body.append((judge, arm, _told(ratio, 2), _told(slope, 1, sign=True), _told(free, 1, sign=True), num))
    return Grid(
        title="Length of the answers",
        header=("judge", "arm", "times as long as baseline", "a doubling goes with", "difference at equal length", "n"),
        rows=tuple(body),
        note="Within questions, rating x 10 [95% interval, the image is the unit]: the difference to the baseline on "
        "the log of the ratio of the answers' words. What goes with length need not come from it.",
    )


def agreement_grid(rows: Sequence[Row]) -> Grid | None:
    """Two judges a row, then the claims of the answers with each judge."""
    if not rows:
        return None
    found = _found(rows, "first", "second", "over", "measure")
    columns = [("answers", name) for name in ("spearman", "kendall", "weighted_kappa", "alpha")]
    columns += [("models", name) for name in ("spearman", "kendall")]
    body = []
    for first, second in dict.fromkeys((row["first"], row["second"]) for row in rows):
        of_pair = [found.get((first, second, *column)) for column in columns]
        counts = [
            next((f"{row['num']:.0f}" for row in part if row is not None), HOLE_MARK)
            for part in (of_pair[:4], of_pair[4:])
        ]
        body.append((" and ".join(filter(None, (first, second))), *(_told(row, 2) for row in of_pair), *counts))
    return Grid(
        title="Agreement",
        header=("of", "Spearman", "Kendall", "weighted kappa", "alpha", *_OF_MODELS),
        rows=tuple(body),
        note="On answers: Spearman's rho, Kendall's tau-b, Cohen's kappa with quadratic weights, Krippendorff's alpha "
        "for interval data; on the ranking of models by their means. [95% interval, the image is the unit]. Controls "
        "are left out.",
    )


_OF_MODELS = ("Spearman, models", "Kendall, models", "answers", "models")


def claims_grid(rows: Sequence[Row]) -> Grid | None:
    """An arm a row: its pose claims a hundred words, right, wrong and open."""
    names = ("supported", "contradicted", "unchecked")
    found = _found(rows, "arm", "kind", "measure")
    if not found:
        return None
    body = []
    for arm in dict.fromkeys(row["arm"] for row in rows):
        words = found[arm, ALL, "words"]
        cells = [_told(found.get((arm, ALL, name)), 2) for name in names]
        body.append((arm, *cells, number(words["value"], 1), f"{words['num_answers']:.0f}"))
    return Grid(
        title="Pose claims a hundred words",
        header=("arm", *names, "words an answer", "answers"),
        rows=tuple(body),
        note=UNDECIDED if _undecided(rows) else DECIDED,
    )


def claims_by_kind_grid(rows: Sequence[Row]) -> Grid | None:
    """An arm a row, a kind a column: right and wrong claims a hundred words."""
    found = _found(rows, "arm", "kind", "measure")
    if not found:
        return None

    def cell(arm: str, kind: str) -> str:
        return " / ".join(_told(found.get((arm, kind, name)), 1) for name in ("supported", "contradicted"))

    def answers(arm: str) -> str:
        counts = [found.get((arm, kind, "words")) for kind in rated_kinds()]
        return " / ".join(f"{row['num_answers']:.0f}" if row is not None else HOLE_MARK for row in counts)

    arms = list(dict.fromkeys(row["arm"] for row in rows))
    return Grid(
        title="Pose claims a hundred words, by kind: supported / contradicted",
        header=("arm", *rated_kinds(), "answers a kind"),
        rows=tuple((arm, *(cell(arm, kind) for kind in rated_kinds()), answers(arm)) for arm in arms),
        note=UNDECIDED if _undecided(rows) else "[95% interval, the image is the unit].",
    )


DECIDED = (
    "Told by the keypoints alone, without a judge [95% interval, the image is the unit]. unchecked: the annotations do "
    "not decide it."
)
UNDECIDED = "The pictures have no keypoints: nothing tells which claims are right, so that none were counted."


def _undecided(rows: Sequence[Row]) -> bool:
    return all(math.isnan(row["value"]) for row in rows if row["measure"] != "words")

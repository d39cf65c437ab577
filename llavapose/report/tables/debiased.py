"""Debiased means and differences as readers see them, beside those of the judge and of people alone."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from llavapose.evaluation.tables.debiased import DIFFERENCE, MEAN
from llavapose.report.tables.ablation import benchmark_told, by_judge
from llavapose.report.tables.grid import Grid, interval, number
from llavapose.report.tables.parties import judge_named, parties_told

Row = Mapping[str, Any]
TITLES = {DIFFERENCE: "Differences to baseline", MEAN: "Means"}
NOTE = (
    "Rating x 10 [95% interval, Student's t over picture means]. debiased: the judge's ratings of all pictures, "
    "corrected by those that people rated too (prediction-powered, PPI++); it holds where the rated pictures were "
    "drawn at random from the judged ones. rated n, of: pictures that people rated in full, and that the judge rated. "
    "effective n: how many pictures rated by people alone would give this interval. lambda: what the judge's ratings "
    "weigh, 0 to 1. Training's own spread is not in these intervals."
)


def debiased_grids(rows: Sequence[Row], ablation: Sequence[Row]) -> dict[str, Grid]:
    """Measure and judge, such as "debiased_difference_gpt-4o" -> a table with an arm and kind a row.

    Args:
        rows: of ``debiased.csv``.
        ablation: of ``ablation.csv``: what was asked, and who is behind the ratings.
    """
    told = by_judge(ablation)
    found = {}
    for judge, of_judge in by_judge(rows).items():
        for measure, title in TITLES.items():
            measured = [row for row in of_judge if row["measure"] == measure]
            if measured:
                named = judge_named(judge, ablation)
                found[f"debiased_{measure}_{judge}"] = Grid(
                    title=f"{title}, debiased by people's ratings, judge {named}{benchmark_told(ablation)}",
                    header=_HEADER,
                    rows=tuple(_line(row, sign=measure == DIFFERENCE) for row in measured),
                    note=" ".join((NOTE, *parties_told(told.get(judge, ())), *holes_told(measured))),
                )
    return found


_HEADER = ("arm", "kind", "judge alone", "people alone", "debiased", "rated n", "of", "effective n", "lambda")


def _line(row: Row, *, sign: bool) -> tuple[str, ...]:
    estimates = (
        interval(row, name, f"{name}_low", f"{name}_high", 1, sign=sign)
        for name in ("judge_alone", "people", "debiased")
    )
    counts = (number(row[name], 0) for name in ("rated_n", "judged_n", "effective_n"))
    return (row["arm"], row["kind"], *estimates, *counts, number(row["lambda"], 2))


def holes_told(rows: Sequence[Row]) -> list[str]:
    """Why there is no debiased value, by arm; nothing where there is one everywhere."""
    arms: dict[str, dict[str, None]] = defaultdict(dict)
    for row in rows:
        if row["hole"]:
            arms[row["hole"]][row["arm"]] = None
    if not arms:
        return []
    told = (f"{why} ({', '.join(of)})" for why, of in arms.items())
    return [f"No debiased value: {'; '.join(told)}."]

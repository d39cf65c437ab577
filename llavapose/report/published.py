"""The papers' own numbers, shown apart: other pictures, other questions, another judge than any run here."""

from llavapose.report.tables import HOLE_MARK, Grid

COMPARABILITY = (
    "The papers published neither the pictures nor the questions of their benchmarks; Claude Sonnet 4 was retired in "
    "June 2026 and GPT-4o leaves the API in January 2027. Nothing above can be compared with these numbers one by one: "
    "they are neither ranked with ours nor subtracted from them."
)

_HPAUB = Grid(
    title="HPAUB (30 COCO pictures, judge GPT-4o): training mixtures",
    header=("arm", "conv", "detail", "complex", "all", "n a kind"),
    rows=(
        ("full", "43.67", "67.00", "66.67", "59.11", "30"),
        ("conv", "45.00", "32.33", "38.67", "38.67", "30"),
        ("detail", "60.33", "61.67", "64.67", "62.22", "30"),
        ("complex", "48.00", "55.67", "81.00", "61.56", "30"),
        ("baseline", "35.75", "38.50", "72.08", "48.78", "120 (derived)"),
    ),
    note="HPAUB paper, Tables 4 and 5. Ratings of pairs, candidate and baseline together. n of the baseline is derived "
    "from its decimals.",
)

_E_HPAUB = Grid(
    title="E-HPAUB (90 COCO pictures, judge GPT-4o): training mixtures",
    header=("arm", "conv", "detail", "complex", "all"),
    rows=(
        ("full", HOLE_MARK, HOLE_MARK, HOLE_MARK, "69.4"),
        ("best of the single mixtures, as quoted", "58.9", "69.1", "75.1", HOLE_MARK),
        ("baseline", "54.0", "47.2", "55.2", "52.1"),
    ),
    note="LLaVA-Pose paper, section 5.2. That the quoted best values are each kind's own mixture is derived.",
)


def published_grids() -> tuple[Grid, ...]:
    """The papers' ablations."""
    return _HPAUB, _E_HPAUB

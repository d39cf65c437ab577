"""The papers' own numbers, shown apart: other pictures, other questions, another judge than any run here.

They are copied from the papers, never ranked with ours, printed bold or subtracted; what does not fit in them is said
under them. The arithmetic of our tables gives the papers' gains from them (``tests/report/test_published.py``).
"""

from llavapose.report.tables.grid import HOLE_MARK, Grid

PUBLISHED = "Published, different questions and judge"
COMPARABILITY = (
    "The papers published neither the pictures nor the questions of their benchmarks; Claude Sonnet 4 was retired in "
    "June 2026 and GPT-4o leaves the API in January 2027. Nothing above can be compared with these numbers one by one: "
    "they are neither ranked with ours nor subtracted from them."
)
MISFITS = (
    "One model has two totals: 59.11 in Table 4 and 62.74 in Table 5.",
    "Every mixture is said to be above the baseline, but conv alone is below it (38.67 and 48.78), and in complex full "
    "is too (66.67 and 72.08).",
    "The gains by kind that the text quotes are each kind's own mixture, not one model's.",
    "The last row is LLaVA-1.5-7B in the HPAUB paper and, number by number, LLaVA-7B in Table 3 of the preprint "
    "(arXiv 2409.09306).",
    "One model has two totals: 69.4 in Table 8 and 69.6 in Table 9.",
    "The values by kind are quoted as the fine-tuned model's, but of as many questions each they make 67.7 in all.",
)
"""What does not fit in the published numbers."""

_MIXTURES = Grid(
    title=f"{PUBLISHED}: HPAUB, training mixtures (Table 4), judge GPT-4o",
    header=("arm", "conv", "detail", "complex", "all", "n a kind"),
    rows=(
        ("full", "43.67", "67.00", "66.67", "59.11", "30"),
        ("conv", "45.00", "32.33", "38.67", "38.67", "30"),
        ("detail", "60.33", "61.67", "64.67", "62.22", "30"),
        ("complex", "48.00", "55.67", "81.00", "61.56", "30"),
        ("baseline", "35.75", "38.50", "72.08", "48.78", "120 (derived)"),
    ),
    note="HPAUB paper, 30 COCO pictures. Ratings of pairs, candidate and baseline together; n of the baseline is "
    "derived: only four pairings of 30 give its decimals. As printed: full is 21.18% above the baseline. What does not "
    "fit: " + " ".join(MISFITS[:4]),
)
_MODELS = Grid(
    title=f"{PUBLISHED}: HPAUB, models (Table 5), judge GPT-4o",
    header=("model", "conv", "detail", "complex", "all", "n a kind"),
    rows=(
        ("V*", "41.33", "31.67", "59.67", "44.22", "30"),
        ("Qwen2-VL-7B", "61.33", "42.33", "73.00", "58.89", "30"),
        ("Qwen2-VL-72B", "60.33", "47.00", "74.00", "60.44", "30"),
        ("Enhanced LLaVA-1.5-7B", "59.22", "58.00", "71.00", "62.74", "90 (derived)"),
    ),
    note="HPAUB paper, 30 COCO pictures. n of the last row is derived: only three pairings of 30 give its decimals. As "
    "printed: 3.8% above Qwen2-VL-72B. What does not fit: " + MISFITS[0],
)
_E_MIXTURES = Grid(
    title=f"{PUBLISHED}: E-HPAUB, training mixtures (Table 8), judge GPT-4o",
    header=("arm", "conv", "detail", "complex", "all"),
    rows=(
        ("full", HOLE_MARK, HOLE_MARK, HOLE_MARK, "69.4"),
        ("best by kind, as quoted", "58.9", "69.1", "75.1", HOLE_MARK),
        ("baseline", "54.0", "47.2", "55.2", "52.1"),
    ),
    note="LLaVA-Pose paper, 90 COCO pictures; what section 5.2 quotes of the table. As printed: full is 33.2% above "
    "the baseline. What does not fit: " + " ".join(MISFITS[4:]),
)
_E_MODELS = Grid(
    title=f"{PUBLISHED}: E-HPAUB, models (Table 9), judge GPT-4o",
    header=("model", "all"),
    rows=(
        ("DeepSeek-VL2", "48.1"),
        ("V*", "56.7"),
        ("Qwen2-VL-7B", "65.1"),
        ("InternVL3-8B", "66.3"),
        ("ChatPose", "67.5"),
        ("Janus-Pro-7B", "68.3"),
        ("LLaVA-Pose", "69.6"),
    ),
    note="LLaVA-Pose paper, 90 COCO pictures; what section 5.2 quotes of the table. That 56.7 is V*'s is derived. As "
    "printed: LLaVA-Pose is 1.9% above Janus-Pro-7B. What does not fit: " + MISFITS[4],
)
_E_CLAUDE = Grid(
    title=f"{PUBLISHED}: E-HPAUB, models, judge Claude Sonnet 4 (Table 10)",
    header=("model", "all"),
    rows=(("Janus-Pro-7B", "64.5"), ("LLaVA-Pose", "65.5")),
    note="LLaVA-Pose paper; what section 5.2 quotes of the table. Janus-Pro-7B's is derived from +1.0.",
)


def published_grids(benchmark: str | None = None) -> tuple[Grid, ...]:
    """The papers' ablations and comparisons: all, or those of a benchmark ("hpaub (90 questions: ...)")."""
    of_hpaub, of_e_hpaub = (_MIXTURES, _MODELS), (_E_MIXTURES, _E_MODELS, _E_CLAUDE)
    if benchmark is None:
        return (*of_hpaub, *of_e_hpaub)
    return of_hpaub if benchmark.startswith("hpaub") else of_e_hpaub if benchmark.startswith("e_hpaub") else ()

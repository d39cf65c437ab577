"""What a mean, a difference and an agreement are worth: the image is the unit of everything here.

In: numbers with the picture of each. Out: ``Estimate``s with intervals, p values, the smallest gap that can be seen.

Read ``intervals`` (one training seed), ``crossed`` (several), ``significance`` (could it be chance), ``power`` (what
could be seen at all), then ``agreement`` (of judges), ``lengths`` (what an answer's length does) and ``debiased``
(people's ratings of some pictures, a judge's of all).
"""

from llavapose.evaluation.statistics.intervals import (
    HOLE,
    Estimate,
    balanced_accuracy,
    image_index,
    mean_by_image,
    paired_difference,
)

__all__ = ["HOLE", "Estimate", "balanced_accuracy", "image_index", "mean_by_image", "paired_difference"]

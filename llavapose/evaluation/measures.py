"""What is measured about an arm, one function a measure; each leaves files below ``out``, which ``tables/`` reads."""

from collections.abc import Callable

from llavapose.evaluation.arm import Arm
from llavapose.evaluation.benchmarks.keyed.scores import score_by_key
from llavapose.evaluation.locating.measure import locate
from llavapose.evaluation.probe.probing import probe
from llavapose.evaluation.rating.rating import rate

MEASURES: tuple[Callable[[Arm], None], ...] = (rate, score_by_key, probe, locate)
"""All that is done with an arm, in order."""

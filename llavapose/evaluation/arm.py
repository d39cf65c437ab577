"""One arm under evaluation: who asks, who answers, who rates, and where it is written down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from llavapose.config.choices import Control
from llavapose.config.evaluating import ProbeConfig
from llavapose.config.scenes import ScenesConfig
from llavapose.config.teaching import LocateConfig
from llavapose.evaluation.answerers.protocol import (
    Answerer,
)
from llavapose.evaluation.benchmarks.protocol import Benchmark
from llavapose.evaluation.judges.protocol import Judge


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One arm under evaluation.

    Attributes:
        name: the row in the tables.
        out: folder of the results.
        benchmark, answerer, judges: who asks, who answers, who rates.
        probe: settings of the probe.
        control_arms: row -> who answers it: arms that need no checkpoint and are rated beside this one.
        controls: how the questions are asked once more.
        locate: how it is asked where joints are; None: it is not.
        scenes: settings of the pictures that this is asked about.
    """

    name: str
    out: Path
    benchmark: Benchmark
    answerer: Answerer
    judges: tuple[Judge, ...]
    probe: ProbeConfig
    control_arms: Mapping[str, Answerer] = field(default_factory=dict)
    controls: tuple[Control, ...] = ()
    locate: LocateConfig | None = None
    scenes: ScenesConfig = field(default_factory=ScenesConfig)

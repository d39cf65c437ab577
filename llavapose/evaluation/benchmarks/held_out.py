"""The pictures that no arm may have been trained on: the benchmark's, and those that the settings name."""

from pathlib import Path

from llavapose.config.schema import TrainConfig
from llavapose.scenes.open import excluded_ids, frozen_ids, open_scenes

FROZEN = Path("data/benchmarks")
"""Where benchmarks are built by default, as in ``conf/benchmark`` and ``conf/scenes``."""


def held_out_ids(config: TrainConfig) -> frozenset[int]:
    """COCO image ids that must stay out of a run's training data.

    COCO 2014 and 2017 share ids and train2017 holds most of val2014, so that ids tell what file names do not.

    Raises:
        DataError: annotations or a file of ids that cannot be read.
        ConfigError: too few held-out pictures for the benchmark.
    """
    named = excluded_ids(config.scenes)
    if config.data.path is not None:
        named |= frozen_ids(FROZEN)  # samples made elsewhere are COCO's, whatever scenes the run draws its probe from
    if not config.evaluate:
        return named
    if config.locates and config.locate.num_people != 0:  # whose joints it will be asked for
        named |= {scene.id for scene in open_scenes(config.scenes, "val", pictures=False, any_joints=True).scenes}
    if config.data.asked_kinds == {"locate"}:
        return named  # it is asked no benchmark
    from llavapose.evaluation.parts import benchmark_of  # not before: a second of reading the claims' patterns

    asked = benchmark_of(config.benchmark, config.scenes).questions
    return named.union(*(question.scene_ids for question in asked))

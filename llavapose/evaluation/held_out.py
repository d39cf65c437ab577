"""The pictures that no arm may have been trained on: the benchmark's, and those that the settings name."""

from llavapose.config.schema import TrainConfig
from llavapose.evaluation.benchmarks.world import build_benchmark
from llavapose.scenes.open import excluded_ids, open_scenes


def held_out_ids(config: TrainConfig) -> frozenset[int]:
    """COCO image ids that must stay out of a run's training data.

    COCO 2014 and 2017 share ids and train2017 holds most of val2014, so that ids tell what file names do not.

    Raises:
        DataError: annotations or a file of ids that cannot be read.
        ConfigError: too few held-out pictures for the benchmark.
    """
    named = excluded_ids(config.scenes)
    if not config.evaluate or not config.benchmark.num_images:
        return named
    held_out = open_scenes(config.scenes, "val")
    questions = build_benchmark(held_out.scenes, seed=config.benchmark.seed, num_images=config.benchmark.num_images)
    return named | {question.scene_id for question in questions}

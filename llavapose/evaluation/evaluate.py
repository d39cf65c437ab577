"""Settings -> the evaluation of one arm."""

from pathlib import Path

from llavapose.config.schema import AnswererKind, EvaluateConfig
from llavapose.evaluation.run import Plan, evaluate_arm
from llavapose.scenes.open import open_scenes


def evaluate(config: EvaluateConfig) -> Path:
    """Answer, judge and probe one arm; returns the folder of its results."""
    plan = Plan(
        num_images=config.benchmark.num_images,
        benchmark_seed=config.benchmark.seed,
        max_new_tokens=config.benchmark.max_new_tokens,
        answer_batch_size=config.benchmark.batch_size,
        num_items=config.probe.num_items if config.probe.enabled else 0,
        max_items_per_fact=config.probe.max_items_per_fact,
        probe_images=config.probe.num_images,
        probe_seed=config.probe.seed,
        shuffled=config.probe.shuffled,
    )
    evaluate_arm(
        checkpoint=config.checkpoint,
        arm=config.arm,
        scenes=open_scenes(config.scenes, "val"),
        out=config.output_dir,
        plan=plan,
        answers_from=config.answerer.path if config.answerer.kind == AnswererKind.file else None,
    )
    return config.output_dir

"""Answer the benchmark with one checkpoint, judge the answers, score the pose probe.

  python evaluate.py checkpoint=outputs/train/detail/hf arm=detail
  python evaluate.py checkpoint=tiny arm=baseline    the base that ships with the package
  python evaluate.py answerer=file answerer.path=answers.jsonl arm=other        answers made elsewhere
  python evaluate.py answerer.endpoint=gpt4o answerer.max_usd=5 arm=gpt4o       a model behind an endpoint answers
  python evaluate.py checkpoint=... arm=detail judge.endpoint=gpt4o judge.max_usd=5           a model judges too
  python evaluate.py checkpoint=... arm=... probe.enabled=false benchmark.num_images=30

Leaves answers/<arm>.jsonl, verdicts/<judge>/<arm>.jsonl and probe/<arm>.jsonl below output_dir; arms evaluated into the
same output_dir share its tables, one a judge, which are printed and kept as ablation.csv, probe.csv, tables.md and
tables.tex. Interrupted, the same command goes on where it was.
"""

from pathlib import Path

from llavapose.cli.card import complete_card
from llavapose.cli.ending import say_tables
from llavapose.config.schema import EvaluateConfig
from llavapose.config.start import start


def main(config: EvaluateConfig) -> None:
    """Evaluate one arm."""
    from llavapose.evaluation.evaluate import evaluate

    folder = evaluate(config)
    if config.checkpoint is not None:
        complete_card(Path(config.checkpoint), folder, config.arm)
    if config.tables:
        say_tables(folder, config.baseline)


def run() -> None:
    """The command line."""
    start("evaluate", main, __doc__ or "")


if __name__ == "__main__":
    run()

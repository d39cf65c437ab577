"""Answer the benchmark with one checkpoint, judge the answers, score the pose probe.

  python evaluate.py checkpoint=outputs/train/detail/hf arm=detail
  python evaluate.py checkpoint=tiny arm=baseline    the base that ships with the package
  python evaluate.py answerer=file answerer.path=answers.jsonl checkpoint=none arm=other   answers made elsewhere
  python evaluate.py checkpoint=... arm=... probe.enabled=false benchmark.num_images=30

Leaves answers/<arm>.jsonl, verdicts/<arm>.jsonl and probe/<arm>.jsonl below output_dir; arms evaluated into the same
output_dir share its tables, which are printed and kept as ablation.csv, probe.csv, tables.md and tables.tex.
"""

from llavapose.cli.ending import say_tables
from llavapose.config.schema import EvaluateConfig
from llavapose.config.start import start


def main(config: EvaluateConfig) -> None:
    """Evaluate one arm."""
    from llavapose.evaluation.evaluate import evaluate

    folder = evaluate(config)
    if config.tables:
        say_tables(folder, config.baseline)


def run() -> None:
    """The command line."""
    start("evaluate", main, __doc__ or "")


if __name__ == "__main__":
    run()

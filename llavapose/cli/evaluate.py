"""Answer the benchmark with one model, judge the answers, score the pose probe.

  python evaluate.py checkpoint=outputs/train/detail/hf arm=detail
  python evaluate.py checkpoint=tiny arm=baseline    the base that ships with the package
  python evaluate.py answerer=file answerer.path=answers.jsonl arm=other        answers made elsewhere
  python evaluate.py answerer.endpoint=gpt4o answerer.max_usd=5 arm=gpt4o       a model behind an endpoint answers
  python evaluate.py checkpoint=... arm=detail judge=gpt4o judge.max_usd=5      a model judges too
  python evaluate.py checkpoint=... arm=detail judge=gpt4o dry_run=true         calls, tokens, money; asks nobody
  python evaluate.py -m judge=openai judge.endpoint.model=gpt-4o,gpt-4.1 judge.max_usd=5 judge.endpoint.price_in=2.5
      judge.endpoint.price_out=10 checkpoint=... arm=detail
                                                     several judges, one after the other
  python evaluate.py sweep=outputs/sweeps/... judge=gpt4o judge.max_usd=5       every arm that a sweep has trained
  python evaluate.py board=DIR                       tables and page of answers and verdicts that lie there
  python evaluate.py report=rate output_dir=DIR      a page on which people rate the answers that lie there
  python evaluate.py report=rate output_dir=DIR rate.ratings=[a.jsonl,b.jsonl]       their ratings, into the tables
  python evaluate.py judge_card=gpt4o judge.max_usd=20 output_dir=DIR           what a judge's ratings are worth
  python evaluate.py export=lmms_eval scenes=coco2017 output_dir=DIR           the probe as JSONL and lmms-eval task
  python evaluate.py checkpoint=... arm=... probe.enabled=false benchmark.num_images=30

Leaves answers/<arm>.jsonl, verdicts/<judge>/<arm>.jsonl and probe/<arm>.jsonl below output_dir; arms evaluated into the
same output_dir share its tables, one a judge, which are printed and kept as ablation.csv, probe.csv, tables.md and
tables.tex. Interrupted, the same command goes on where it was.
"""

from llavapose.cli.evaluations import FOLDERS, evaluate_grid, evaluate_one
from llavapose.config.start import start


def run() -> None:
    """The command line."""
    start("evaluate", evaluate_one, __doc__ or "", sweep=evaluate_grid, folders=FOLDERS)


if __name__ == "__main__":
    run()

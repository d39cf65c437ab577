"""Answer the benchmark with one checkpoint, judge the answers, score the pose probe.

The recipe is llavapose/cli/evaluate.py; ``python evaluate.py --help`` shows what can be set.
"""

from llavapose.cli.evaluate import run

if __name__ == "__main__":
    run()

"""Fine-tune a vision-language model on one mixture of instruction data, then evaluate it.

The recipe is llavapose/cli/train.py; ``python train.py --help`` shows what can be set.
"""

from llavapose.cli.train import run

if __name__ == "__main__":
    run()

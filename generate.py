"""Write instruction data from annotated pictures: samples.jsonl, a card and a page. Needs no torch and no GPU.

The recipe is llavapose/cli/generate.py; ``python generate.py --help`` shows what can be set.
"""

from llavapose.cli.generate import run

if __name__ == "__main__":
    run()

"""Rebuild the tiny base from nothing: ``python -m llavapose.base`` (at most two hours on two cores)."""

import argparse
import sys
from pathlib import Path

from llavapose.errors import LlavaPoseError
from llavapose.files import TINY_BASE


def main() -> int:
    """Make the base; stages whose files are there are not run again."""
    parser = argparse.ArgumentParser(prog="python -m llavapose.base", description="Rebuild the tiny base from nothing.")
    parser.add_argument("--out", type=Path, default=TINY_BASE, help="folder of the finished base")
    parser.add_argument("--work", type=Path, default=Path("outputs/base"), help="folder of intermediate files")
    parser.add_argument(
        "--vision", choices=("keypoints", "captions"), default="keypoints", help="what the vision encoder learns from"
    )
    given = parser.parse_args()
    try:
        from llavapose.base.recipe import Recipe, make_base

        print(f"base written to {make_base(Recipe(vision=given.vision), work=given.work, out=given.out)}")
    except LlavaPoseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Ask a checkpoint about a photo: python -m llavapose ask CHECKPOINT PHOTO "question"."""

import argparse
import sys
from pathlib import Path

from llavapose.errors import LlavaPoseError


def main() -> int:
    """Print the answer as it is written; 1 with one line on stderr if something is wrong with the input."""
    parser = argparse.ArgumentParser(prog="python -m llavapose ask", description="Ask a checkpoint about a photo.")
    parser.add_argument("checkpoint", help="the `hf` folder that train.py leaves, a hub id, or `tiny`")
    parser.add_argument("photo", type=Path, help="an image file")
    parser.add_argument("question", help='for example "What is the person doing?"')
    parser.add_argument("--max-new-tokens", type=int, default=256, help="longest answer (default 256)")
    parser.add_argument("--device", default=None, help="cpu, cuda, ... (default: a GPU where there is one)")
    given = parser.parse_args()
    try:
        if not given.question.strip():
            raise LlavaPoseError('question is empty; write one, for example "What is the person doing?"')
        check_input(given.checkpoint, given.photo)
        from llavapose.evaluation.answerers.checkpoint import CheckpointAnswerer

        answerer = CheckpointAnswerer(given.checkpoint, device=given.device, max_new_tokens=given.max_new_tokens)
        for piece in answerer.stream(given.photo, given.question):
            print(piece, end="", flush=True)
        print()
    except LlavaPoseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def check_input(checkpoint: str, photo: Path) -> None:
    """Look at the files before torch is imported, so that a typo answers at once."""
    if not photo.is_file():
        raise LlavaPoseError(f"photo {photo}: no such file; give the path of an image")
    if checkpoint != "tiny" and not Path(checkpoint).exists() and checkpoint.count("/") != 1:
        raise LlavaPoseError(f"checkpoint {checkpoint}: no such folder; expected the `hf` folder that train.py leaves")


if __name__ == "__main__":
    sys.exit(main())

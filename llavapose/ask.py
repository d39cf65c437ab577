"""Ask a checkpoint about a photo, or about several in order.

python -m llavapose ask CHECKPOINT PHOTO "question"
python -m llavapose ask CHECKPOINT "What has changed?" --image before.jpg after.jpg
"""

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from llavapose.bars import tame_bars
from llavapose.config.checks.machine.gpus import find_gpus
from llavapose.config.checks.machine.hub import hub_problems
from llavapose.errors import DataError, LlavaPoseError
from llavapose.files import TINY_BASE, read_json

OF_DRAWN_PEOPLE = (
    "note: this is the tiny model, which knows drawn people of the built-in world only; about a photograph it guesses"
)

_SENTENCE = re.compile(r"(.*?[.!?]+[\"')\]]*)(\s+)", re.DOTALL)
_SAID_TWICE = (
    (re.compile(r"\b(\w+(?: \w+)+),? and \1\b"), r"\1"),  # "is standing and is standing"
    (re.compile(r"\b(\w+(?: \w+)+?)((?: \w+)+),? and \1(?=[.,;!?]|$)"), r"\1\2"),  # "is sitting on it and is sitting."
    (re.compile(r"\b(?!had\b|that\b)(\w+)(?: \1\b)+"), r"\1"),  # "is is lying"
    (re.compile(r"(?<!\.)\.\.(?!\.)"), "."),
)
"""What a small model's most likely next word leads it into -> the same said once."""


def main() -> int:
    """Print the answer as it is written; 1 with one line on stderr if something is wrong with the input."""
    parser = argparse.ArgumentParser(
        prog="python -m llavapose ask", description="Ask a checkpoint about a photo, or about several in order.",
        usage='%(prog)s CHECKPOINT PHOTO "question"\n       %(prog)s CHECKPOINT "question" --image PHOTO PHOTO ...',
    )  # fmt: skip
    parser.add_argument("checkpoint", help="the `hf` folder that train.py leaves, a hub id, or `tiny`")
    parser.add_argument("asked", nargs="*", metavar="photo question",
                        help='an image file, and for example "What is the person doing?"')  # fmt: skip
    parser.add_argument("--image", nargs="+", action="extend", type=Path, default=[], metavar="PHOTO",
                        help="several image files, in order, behind the question")  # fmt: skip
    parser.add_argument("--max-new-tokens", type=int, default=256, help="longest answer (default 256)")
    parser.add_argument("--device", default=None, help="cpu, cuda, ... (default: a GPU where there is one)")
    parser.add_argument("--raw", action="store_true", help="every word as it is written, repeated sentences too")
    given = parser.parse_intermixed_args()
    tame_bars()
    try:
        if given.max_new_tokens < 1:
            raise LlavaPoseError(f"--max-new-tokens is {given.max_new_tokens}; expected at least 1")
        photos, question = photos_and_question(given.asked, given.image)
        check_input(given.checkpoint, photos, given.device)
        if is_tiny(given.checkpoint):
            print(OF_DRAWN_PEOPLE, file=sys.stderr)
        from llavapose.evaluation.answerers.checkpoint.answerer import CheckpointAnswerer

        answerer = CheckpointAnswerer(given.checkpoint, device=given.device, max_new_tokens=given.max_new_tokens)
        pieces = answerer.stream(photos, question, opened=not given.raw)
        left_out: list[str] = []
        for piece in pieces if given.raw else said_once(pieces, left_out):
            print(piece, end="", flush=True)
        print()
        if left_out:
            print(f"note: sentences said again are left out: {len(left_out)}; --raw shows them", file=sys.stderr)
    except LlavaPoseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def photos_and_question(asked: Sequence[str], images: Sequence[Path]) -> tuple[list[Path], str]:
    """What is asked about which photos, in order.

    Args:
        asked: a photo and the question, or the question alone.
        images: photos that are given by ``--image``.

    Raises:
        LlavaPoseError: no photo or no question, photos given in both ways, or more than these.
    """
    num = 1 if images else 2
    if len(asked) != num:
        if not images:
            problem = "no photo or no question" if len(asked) < num else "more than a photo and a question"
        else:
            problem = "no question in front of --image" if len(asked) < num else "a photo before --image, too"
        raise LlavaPoseError(
            f'{problem}; expected CHECKPOINT PHOTO "question", or CHECKPOINT "question" --image PHOTO PHOTO ...'
        )
    *photos, question = asked
    if not question.strip():
        raise LlavaPoseError('question is empty; write one, for example "What is the person doing?"')
    return [*map(Path, photos), *images], question


def check_input(checkpoint: str, photos: Sequence[Path], device: str | None = None) -> None:
    """Look at files, device and network before torch is imported, so that a mistake answers at once."""
    missing = [photo for photo in dict.fromkeys(photos) if not photo.is_file()]
    problems = [f"photo {photo}: no such file; give the path of an image" for photo in missing]
    if checkpoint != "tiny" and not Path(checkpoint).exists() and checkpoint.count("/") != 1:
        problems.append(f"checkpoint {checkpoint}: no such folder; expected the `hf` that train.py leaves, or a base's")
    if device is not None and not re.fullmatch(r"(cpu|cuda|mps|xpu)(:\d+)?", device):
        problems.append(f"--device {device}: no such device; expected cpu, cuda, cuda:1, ...")
    elif device is not None and device.startswith("cuda"):
        gpus, wanted = find_gpus(), int(device.partition(":")[2] or 0)
        if gpus is not None and wanted >= gpus.num:
            why = gpus.why or f"there are {gpus.num}, counted from 0"
            problems.append(f"--device {device}: no such GPU here: {why}; leave --device out")
    problems += hub_problems("checkpoint", checkpoint)
    if problems:
        raise LlavaPoseError("; ".join(problems))


def is_tiny(checkpoint: str) -> bool:
    """Whether a checkpoint is the tiny base or was trained from it: whether it has the same vision encoder."""
    if checkpoint == "tiny":
        return True
    try:
        own, tiny = (
            read_json(folder / "config.json", what="checkpoint")["vision_config"]
            for folder in (Path(checkpoint), TINY_BASE)
        )
    except (DataError, OSError, KeyError, TypeError):
        return False
    sizes = ("hidden_size", "num_hidden_layers", "image_size", "patch_size")
    return all(own.get(name) == tiny.get(name) for name in sizes)


def said_once(pieces: Iterable[str], left_out: list[str]) -> Iterator[str]:
    """An answer sentence by sentence: what was said before is left out, and a phrase said twice in a row said once.

    Greedy decoding of a small model runs into loops: once "The person is lying." has been written, it is also the most
    likely thing to come next. Nothing is added and no other word is changed.

    Args:
        pieces: of the answer, as they are written.
        left_out: gets the sentences that were left out.
    """
    seen: set[str] = set()
    between = ""
    for sentence, space in _sentences(pieces):
        told = sentence if seen else sentence.lstrip(" \t\n.,;:!?")
        for doubled, once in _SAID_TWICE:
            told = doubled.sub(once, told)
        mark = " ".join(told.casefold().split())
        if not mark:
            continue
        if mark in seen:
            left_out.append(told)
            continue
        seen.add(mark)
        yield between + told
        between = space


def _sentences(pieces: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(sentence, the space behind it), each as soon as the next one begins."""
    text = ""
    for piece in pieces:
        text += piece
        while found := _SENTENCE.match(text):
            if found.end() == len(text):
                break  # more space may follow
            yield found[1], found[2]
            text = text[found.end() :]
    if text.strip():
        yield text.rstrip(), ""


if __name__ == "__main__":
    sys.exit(main())

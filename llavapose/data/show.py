"""See what a model is trained on: ``python -m llavapose.data.show SAMPLES [--base tiny] [-n 3]``.

Reads what ``data.path`` of ``train.py`` does: JSONL, one JSON list, or a folder of them.
Prints the tokens of each sample as the trainer of any base has them, with a bar between two: what is supervised
(answers and their end marks) on green, what is only read in grey, the picture's tokens as one blue mark. ``--plain``
puts the supervised tokens in brackets instead, for files and terminals without colour. How many tokens a picture takes
may depend on its size: ``--images`` says where the pictures lie; without, grey ones stand in for them. Frames are shown
behind their times, as many as ``data.frames`` would take: ``--frames``.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING

from llavapose.errors import DataError, LlavaPoseError, named
from llavapose.files import inside
from llavapose.frames import time_told, with_frames
from llavapose.kinds import KINDS, listed
from llavapose.records import Sample
from llavapose.samples import stream_samples

if TYPE_CHECKING:
    from llavapose.data.conversation import Conversation
    from llavapose.data.reading.read import Reading

STAND_IN = (640, 480)
"""Width and height of grey pictures: the size that most of COCO's have."""


def main(arguments: list[str] | None = None) -> int:
    """Print the samples; 1 with one line on stderr if something is wrong with the input."""
    parser = argparse.ArgumentParser(prog="python -m llavapose.data.show", description=(__doc__ or "").split(":")[0])
    parser.add_argument("samples", type=Path, help="JSONL, one JSON list, or a folder of them")
    parser.add_argument("--base", default="tiny", help="whose tokenizer: `tiny`, a checkpoint folder or a hub id")
    parser.add_argument(
        "--images", type=Path, default=None, help="folder of the samples' pictures (default: grey ones)"
    )
    parser.add_argument("-n", "--number", type=int, default=3, help="how many samples (default 3)")
    kind = f"only samples of this kind, which is also that of records that tell none: {listed()}"
    parser.add_argument("--kind", default=None, choices=tuple(KINDS), metavar="KIND", help=kind)
    parser.add_argument("--max-length", type=int, default=2048, help="tokens that a sample may take (default 2048)")
    parser.add_argument("--frames", type=int, default=None, help="of a clip, as data.frames (default: all)")
    parser.add_argument("--plain", action="store_true", help="brackets instead of colours")
    given = parser.parse_args(arguments)
    try:
        print_samples(given)
    except LlavaPoseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 0
    return 0


def print_samples(given: argparse.Namespace) -> None:
    """Load the tokenizer, then show the chosen samples."""
    if given.frames is not None and given.frames < 1:
        raise DataError(f"--frames is {given.frames}; expected at least 1")
    read = (with_frames(sample, given.frames) for sample in _read(given) if given.kind in (None, sample.kind))
    chosen = list(islice(read, given.number))
    if not chosen:
        raise DataError(f"{given.samples}: no sample to show (kind {given.kind or 'any'}); check --kind and -n")
    reading = _reading(given.base)
    conversation = reading.conversation
    if conversation.wording.note:
        print(f"{given.base}: {conversation.wording.note}", file=sys.stderr)
    for sample in chosen:
        prefix = _prefix(reading, sample, given.images)
        branch = conversation.branch(sample, max_length=given.max_length, prefix_tokens=len(prefix))
        cut = ", cut at its end" if branch.truncated else ""
        print(
            f"{named(sample.id)} ({sample.kind}, {_pictures(sample)}): {len(prefix)} tokens of prefix "
            f"and picture{'s' * (len(sample.images) > 1)}, {len(branch.ids)} of the sample, {branch.num_targets} supervised{cut}"
        )
        told = {"max_length": given.max_length, "plain": given.plain, "picture_id": reading.pictures.image_id}
        print(coloured(conversation, sample, prefix=prefix, **told), end="\n\n")


def _read(given: argparse.Namespace) -> Iterator[Sample]:
    """Samples as training reads them; a bad record is raised as soon as it is met."""
    for sample, problem in stream_samples(given.samples, given.images, kind=given.kind):
        if sample is None:
            raise DataError(problem.replace("set data.kind to", "say --kind with"))
        yield sample


def _pictures(sample: Sample) -> str:
    """What a sample shows: "0001.jpg", or "8 frames from 000007/000000.jpg on, at 0.0, 0.4, 0.8 s"."""
    if not sample.times_s:
        return named(sample.image)
    number = len(sample.images)
    times = ", ".join(time_told(time_s).partition(" ")[0] for time_s in sample.times_s)
    return f"{number} frame{'s' * (number > 1)} from {named(sample.image)} on, at {times} s"


def _reading(base: str) -> "Reading":
    from llavapose.data.conversation import CHAT_TEMPLATE
    from llavapose.data.reading.read import read_base
    from llavapose.model.bases import family_of_base
    from llavapose.model.pretrained import load_processor

    return read_base(load_processor(base, chat_template=CHAT_TEMPLATE), family_of_base(base), source=base)


def _prefix(reading: "Reading", sample: Sample, images: Path | None) -> tuple[int, ...]:
    """Ids in front of a sample; without a folder, grey pictures stand in for its own."""
    from PIL import Image

    from llavapose.rgb import open_image

    if not sample.images:
        return reading.conversation.frame.prefix_of_text
    if images is None:
        grey = [Image.new("RGB", STAND_IN, (120, 120, 120))] * len(sample.images)
        return reading.pictures.shown(grey, sample.times_s).ids
    where = f"sample {named(sample.id)}"
    opened = [open_image(inside(images, one, where=where), where=where) for one in sample.images]
    return reading.pictures.shown(opened, sample.times_s).ids


def coloured(
    conversation: "Conversation",
    sample: Sample,
    *,
    max_length: int = 4096,
    plain: bool = False,
    prefix: Sequence[int] | None = None,
    picture_id: int | None = None,
) -> str:
    """The tokens of a sample for a terminal: supervised on green, context grey, a picture's as one mark.

    Args:
        conversation: of the tokenizer.
        sample: to show.
        max_length: tokens that prefix and sample may take together.
        plain: supervised tokens in brackets instead of colours.
        prefix: ids in front of the sample; None: those that the conversation has for all.
        picture_id: that stands for a picture's features; None: the conversation's.
    """
    picture_id = conversation.image_id if picture_id is None else picture_id
    if prefix is None:
        prefix = conversation.prefix if sample.images else conversation.frame.prefix_of_text
    branch = conversation.branch(sample, max_length=max_length, prefix_tokens=len(prefix))
    seen, read, learnt = (
        ("{}", "{}", "[{}]") if plain else ("\x1b[94m{}\x1b[0m", "\x1b[90m{}\x1b[0m", "\x1b[30;42m{}\x1b[0m")
    )
    pieces = []
    for token, run in groupby(prefix):
        number, piece = len(list(run)), _shown(conversation, token)
        pieces += [seen.format(f"<picture x {number}>")] if token == picture_id else [read.format(piece)] * number
    for token, supervised in zip(branch.ids, branch.supervised, strict=True):
        pieces.append((learnt if supervised else read).format(_shown(conversation, token)))
    return "|".join(pieces)


def _shown(conversation: "Conversation", token: int) -> str:
    tokenizer = conversation.tokenizer
    if type(tokenizer.backend_tokenizer.decoder).__name__ == "ByteLevel":
        # Its letters stand for bytes; a part of a letter is no text yet.
        return tokenizer.decode([token]).replace(" ", "▁").replace("\n", "\\n")
    return tokenizer.convert_ids_to_tokens(token).replace("\n", "\\n").replace("<0x0A>", "\\n")


if __name__ == "__main__":
    sys.exit(main())

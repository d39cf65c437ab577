"""See what a model is trained on: ``python -m llavapose.data.show SAMPLES.jsonl [--base tiny] [-n 3]``.

Prints the tokens of each sample as the trainer has them, with a bar between two: what is supervised (answers and their
``</s>``) on green, what is only read in grey, the picture's tokens as one blue mark. ``--plain`` puts the supervised
tokens in brackets instead, for files and terminals without colour.
"""

import argparse
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from llavapose.errors import DataError, LlavaPoseError, named
from llavapose.files import read_jsonl
from llavapose.llava_json import from_record
from llavapose.records import Sample

if TYPE_CHECKING:
    from llavapose.data.conversation import Conversation


def main(arguments: list[str] | None = None) -> int:
    """Print the samples; 1 with one line on stderr if something is wrong with the input."""
    parser = argparse.ArgumentParser(prog="python -m llavapose.data.show", description=(__doc__ or "").split(":")[0])
    parser.add_argument("samples", type=Path, help="JSONL of samples")
    parser.add_argument("--base", default="tiny", help="whose tokenizer: `tiny`, a checkpoint folder or a hub id")
    parser.add_argument("-n", "--number", type=int, default=3, help="how many samples (default 3)")
    parser.add_argument("--kind", default=None, help="only samples of this kind: conv, detail or complex")
    parser.add_argument("--max-length", type=int, default=2048, help="tokens that a sample may take (default 2048)")
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
    records = read_jsonl(given.samples, what="samples")
    read = (from_record(record, None, where=f"{given.samples}:{line}") for line, record in records)
    chosen = list(islice((sample for sample in read if given.kind in (None, sample.kind)), given.number))
    if not chosen:
        raise DataError(f"{given.samples}: no sample to show (kind {given.kind or 'any'}); check --kind and -n")
    from llavapose.data.conversation import CHAT_TEMPLATE, Conversation, num_image_tokens
    from llavapose.model.pretrained import load_processor

    processor = load_processor(given.base, chat_template=CHAT_TEMPLATE)
    conversation = Conversation(processor.tokenizer, num_image_tokens(processor))
    for sample in chosen:
        branch = conversation.branch(sample, max_length=given.max_length)
        cut = ", cut at its end" if branch.truncated else ""
        print(
            f"{named(sample.id)} ({sample.kind}, {named(sample.image)}): {len(conversation.prefix)} tokens of prefix "
            f"and picture, {len(branch.ids)} of the sample, {branch.num_targets} supervised{cut}"
        )
        print(coloured(conversation, sample, max_length=given.max_length, plain=given.plain), end="\n\n")


def coloured(conversation: "Conversation", sample: Sample, *, max_length: int = 4096, plain: bool = False) -> str:
    """The tokens of a sample for a terminal: supervised on green, context grey, the picture as one mark.

    Args:
        conversation: of the tokenizer.
        sample: to show.
        max_length: tokens that prefix and sample may take together.
        plain: supervised tokens in brackets instead of colours.
    """
    branch = conversation.branch(sample, max_length=max_length)
    head = conversation.prefix[: conversation.prefix.index(conversation.image_id)]
    seen, read, learnt = (
        ("{}", "{}", "[{}]") if plain else ("\x1b[94m{}\x1b[0m", "\x1b[90m{}\x1b[0m", "\x1b[30;42m{}\x1b[0m")
    )
    pieces = [read.format(_shown(conversation, token)) for token in head]
    pieces.append(seen.format(f"<picture x {conversation.prefix.count(conversation.image_id)}>"))
    for token, supervised in zip(branch.ids, branch.supervised, strict=True):
        pieces.append((learnt if supervised else read).format(_shown(conversation, token)))
    return "|".join(pieces)


def _shown(conversation: "Conversation", token: int) -> str:
    return conversation.tokenizer.convert_ids_to_tokens(token).replace("\n", "\\n").replace("<0x0A>", "\\n")


if __name__ == "__main__":
    sys.exit(main())

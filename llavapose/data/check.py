"""Prove every record, text and picture good: ``python -m llavapose.data.check SAMPLES IMAGES [--base tiny]``.

Training does it by itself and in the same words: records are proven while they are indexed, texts while they are
encoded, pictures in the background meanwhile; those that were proven good before, by size, times and hash, are not
decoded again. This command reads every one of them, and names every sample that no mixture could train on.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from tqdm import tqdm

from llavapose.bars import tame_bars
from llavapose.data.choose import kind_counts, said_counts
from llavapose.data.conversation import CHAT_TEMPLATE
from llavapose.data.images import check_image
from llavapose.data.index.records import Records, ensure_records
from llavapose.data.index.seen import HASH_BYTES, Seen, find_seen, look, note_seen, picture_hash
from llavapose.data.index.shards import num_cores
from llavapose.data.index.tokens import ensure_tokens
from llavapose.errors import DataError, LlavaPoseError, named
from llavapose.samples import bad_records

INDEX = "index"
"""Folder below ``data_dir`` that indexes are kept in."""
_AT_ONCE = 64
"""Pictures of one task: few enough that a stopped run ends at once."""


@contextmanager
def checked_pictures(records: Records, folder: Path, *, anew: bool = False) -> Iterator[None]:
    """Prove in the background of what the block does that every picture decodes; bad ones are told at its end.

    Args:
        records: whose pictures.
        folder: where indexes are kept; a set that was proven good is noted there, and is not read again.
        anew: whether to read it nevertheless.

    Raises:
        DataError: at the end of the block, with every bad picture on a line of its own (the first 20) and their number.
    """
    # Before they are read: one that is replaced meanwhile does not look as noted, and is read at the next start.
    looks, known = look(records), None if anew else find_seen(records, folder)
    is_same = np.zeros(len(looks), bool) if known is None else (looks == known.looks).all(axis=1) & (looks[:, 0] >= 0)
    numbers = np.flatnonzero(~is_same)
    if known is not None and not len(numbers):
        yield
        return
    hashes = np.zeros((len(looks), HASH_BYTES), dtype=np.uint8) if known is None else known.hashes.copy()
    sizes = np.zeros((len(looks), 2), dtype=np.int32) if known is None else known.sizes.copy()
    now = Seen(looks=looks, hashes=hashes, sizes=sizes)
    pool = ThreadPoolExecutor(num_cores())
    parts = [numbers[at : at + _AT_ONCE] for at in range(0, len(numbers), _AT_ONCE)]
    tasks = [pool.submit(_prove, records, part, now, is_known=known is not None) for part in parts]
    try:
        yield
        problems = _told(tasks, len(numbers))
    finally:
        pool.shutdown(cancel_futures=True)
    if problems:
        raise bad_records(records.samples, problems)
    note_seen(records, folder, now)


def _prove(records: Records, numbers: np.ndarray, seen: Seen, *, is_known: bool) -> list[str]:
    """One line for each of these pictures that does not decode; the others' hashes and sizes are put in their places.

    Args:
        records: whose pictures.
        numbers: int64[K], which of them.
        seen: of all pictures; where ``is_known`` its hashes are of pictures that were proven good.
        is_known: whether a picture of the hash that stands there need not be decoded.
    """
    problems = []
    for number in numbers.tolist():
        path = records.images / records.names[number]
        try:
            # Hashed before it is decoded: one that is replaced in between is noted as the one that was, and read again.
            told = picture_hash(path)
            if not is_known or told != seen.hashes[number].tobytes():
                seen.sizes[number] = check_image(path, where="")
                seen.hashes[number] = np.frombuffer(told, dtype=np.uint8)
        except (DataError, OSError):
            # Whose it is takes a look at all records, so that only a bad one is worth it.
            problems += _problem(path, where=f"sample {named(records.ids[records.first_about(number)])}")
    return problems


def _problem(path: Path, *, where: str) -> list[str]:
    try:
        check_image(path, where=where)
    except DataError as error:
        return [str(error)]
    return [f"{where}: {path} was changed while it was read; start again"]


def _told(tasks: Sequence[Future[list[str]]], number: int) -> list[str]:
    problems = []
    with tqdm(total=number, desc="checking pictures", unit="img") as bar:
        for at, task in enumerate(tasks):
            problems += task.result()
            bar.update(min(_AT_ONCE, number - at * _AT_ONCE))
    return problems


def main(arguments: list[str] | None = None) -> int:
    """Index records and texts and read every picture; 1 with what is bad on stderr."""
    parser = argparse.ArgumentParser(prog="python -m llavapose.data.check", description=(__doc__ or "").split(":")[0])
    parser.add_argument("samples", type=Path, help="JSONL of samples, LLaVA JSON, or a folder of either")
    parser.add_argument("images", type=Path, help="folder of their pictures")
    parser.add_argument("--kind", default=None, help="of records for which nothing tells it: conv, detail or complex")
    parser.add_argument("--base", default="tiny", help="whose tokenizer: `tiny`, a checkpoint folder or a hub id")
    parser.add_argument("--frames", type=int, default=None, help="of a clip, as data.frames (default: all)")
    parser.add_argument("--max-length", type=int, default=2048, help="tokens that a sample may take (default 2048)")
    parser.add_argument("--data-dir", type=Path, default=Path("outputs/samples"), help="train.py's data_dir: its index")
    given = parser.parse_args(arguments)
    tame_bars()
    try:
        if given.max_length < 1:
            raise DataError(f"--max-length is {given.max_length}; expected at least 1")
        if given.frames is not None and given.frames < 1:
            raise DataError(f"--frames is {given.frames}; expected at least 1")
        records = check_all(given)
    except LlavaPoseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    counts = kind_counts(records, np.arange(len(records)))
    print(f"{len(records)} samples ({said_counts(counts)}) of {len(records.names)} pictures: all good")
    return 0


def check_all(given: argparse.Namespace) -> Records:
    """The records, once all that training looks at has been found good.

    Raises:
        DataError: with every bad record, picture or text on a line of its own (the first 20), and their number.
    """
    folder = given.data_dir / INDEX
    told = {"kind": given.kind, "folder": folder, "frames": given.frames, "look": True}
    records = ensure_records(given.samples, given.images, **told)
    # torch comes with them: bad records are told before.
    from llavapose.data.reading.groups import group_tokens
    from llavapose.data.reading.read import read_base
    from llavapose.model.bases import family_of_base
    from llavapose.model.pretrained import load_processor

    processor = load_processor(given.base, chat_template=CHAT_TEMPLATE)
    reading = read_base(processor, family_of_base(given.base), source=given.base)
    # Sizes are noted where pictures are read, and say how many tokens they take.
    with checked_pictures(records, folder, anew=True):
        pass
    groups = group_tokens(records, reading, folder=folder)
    tokens = ensure_tokens(records, reading.conversation, max_length=given.max_length, folder=folder, groups=groups)
    if faults := tokens.faults(np.arange(len(records))):
        raise bad_records(given.samples, faults)
    return records


if __name__ == "__main__":
    sys.exit(main())

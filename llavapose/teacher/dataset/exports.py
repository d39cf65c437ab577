r"""Samples in the forms that other trainers read; each is written atomically and streams, whatever its size.

``llava``, one JSON list for LLaVA's own trainer (``kind`` is beside what it reads)::

    [{"id": "17-conv-0", "image": "000017.jpg", "kind": "conv",
      "conversations": [{"from": "human", "value": "<image>\nWho?"}, {"from": "gpt", "value": "..."}]}, ...]

``messages``, JSONL for LLaMA-Factory (the ``dataset_info.json`` beside it names the columns and tags) and ms-swift::

    {"messages": [{"role": "user", "content": "<image>Who?"}, {"role": "assistant", "content": "..."}],
     "images": ["000017.jpg"]}

``parquet``, for ``datasets.load_dataset``: id, image, images, times (of frames), kind, messages (role, content),
provenance (JSON).

Frames stay several pictures. Other trainers know no times: in ``llava`` and ``messages`` each time stands as text
before its picture's mark ("0.0 s: <image>"), as they are trained here. ``llava`` and ``parquet`` have ``times`` beside
it.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from llavapose.errors import ConfigError, DataError
from llavapose.files import atomic_write, write_json
from llavapose.llava_json import IMAGE_MARK, timed_marks, to_record
from llavapose.records import Sample
from llavapose.samples import steady, stream_samples

LLAVA, MESSAGES, PARQUET = "llava.json", "messages.jsonl", "samples.parquet"
TIMES_AS_TEXT = (LLAVA, MESSAGES)
"""Files whose readers know no times of frames."""
ROWS_A_GROUP = 2000

DATASET_INFO = {
    "llavapose": {
        "file_name": MESSAGES,
        "formatting": "sharegpt",
        "columns": {"messages": "messages", "images": "images"},
        "tags": {
            "role_tag": "role",
            "content_tag": "content",
            "user_tag": "user",
            "assistant_tag": "assistant",
            "system_tag": "system",
        },
    }
}
"""LLaMA-Factory's description of the messages file."""


def export_samples(
    samples: Path, folder: Path, formats: Sequence[str], *, images: Path | None = None
) -> dict[str, Path]:
    """Write the samples in each of the formats.

    Args:
        samples: JSONL of samples.
        folder: where to write.
        formats: some of ``llava``, ``messages``, ``parquet``.
        images: put before the pictures' paths in ``messages``; None leaves them relative to the image folder, which
            LLaMA-Factory calls ``media_dir`` and ms-swift ``ROOT_IMAGE_DIR``.

    Returns:
        Format -> file.

    Raises:
        ConfigError: an unknown format, or pyarrow is missing for ``parquet``.
        DataError: a bad record, or a file that was changed meanwhile.
    """
    with steady(samples), exporting(folder, formats, images=images) as (files, take):
        for sample in good_samples(samples):
            take(sample)
    return files


@contextmanager
def exporting(
    folder: Path, formats: Sequence[str], *, images: Path | None = None
) -> Iterator[tuple[dict[str, Path], Callable[[Sample], None]]]:
    """Give (format -> file, what takes the next sample); the files are there once the block has ended well.

    Args:
        folder: as in ``export_samples``, like the others and what is raised.
        formats: which.
        images: put before pictures' paths.
    """
    unknown = [name for name in formats if name not in _WRITERS]
    if unknown:
        raise ConfigError(f"export {', '.join(unknown)}: no such format; expected some of {', '.join(_WRITERS)}")
    if "parquet" in formats:
        _pyarrow()  # before anything is written
    with ExitStack() as stack:
        files = {name: folder / _WRITERS[name][0] for name in dict.fromkeys(formats)}
        takes = [stack.enter_context(_WRITERS[name][1](path, images)) for name, path in files.items()]

        def take(sample: Sample) -> None:
            for one in takes:
                one(sample)

        yield files, take


@contextmanager
def _llava(path: Path, images: Path | None) -> Iterator[Callable[[Sample], None]]:
    """One JSON list with the fields of LLaVA's trainer."""
    with atomic_write(path) as stream:
        mark = "["

        def take(sample: Sample) -> None:
            nonlocal mark
            record = to_record(sample)
            del record["provenance"]
            if sample.times_s:
                record["conversations"][0]["value"] = timed_marks(sample.times_s) + sample.turns[0].text
            stream.write(f"{mark}\n{json.dumps(record, ensure_ascii=False)}")
            mark = ","

        yield take
        stream.write("\n]\n" if mark == "," else "[]\n")


@contextmanager
def _messages(path: Path, images: Path | None) -> Iterator[Callable[[Sample], None]]:
    """JSONL with ``messages`` and ``images``, and LLaMA-Factory's ``dataset_info.json`` beside it."""
    with atomic_write(path) as stream:

        def take(sample: Sample) -> None:
            stream.write(f"{json.dumps(_messages_row(sample, images), ensure_ascii=False)}\n")

        yield take
    write_json(path.parent / "dataset_info.json", DATASET_INFO)


@contextmanager
def _parquet(path: Path, images: Path | None) -> Iterator[Callable[[Sample], None]]:
    """One parquet file, a few thousand samples a row group."""
    arrow, parquet = _pyarrow()
    message = arrow.struct([("role", arrow.string()), ("content", arrow.string())])
    columns = {
        "id": arrow.string(), "image": arrow.string(), "images": arrow.list_(arrow.string()),
        "times": arrow.list_(arrow.float64()), "kind": arrow.string(), "messages": arrow.list_(message),
        "provenance": arrow.string(),
    }  # fmt: skip
    schema, group = arrow.schema(list(columns.items())), list[dict[str, Any]]()
    with atomic_write(path, "wb") as stream, parquet.ParquetWriter(stream, schema) as writer:

        def write() -> None:
            writer.write_table(arrow.Table.from_pylist(group, schema=schema))
            group.clear()

        def take(sample: Sample) -> None:
            group.append(_parquet_row(sample))
            if len(group) == ROWS_A_GROUP:
                write()

        yield take
        if group:
            write()


_WRITERS = {"llava": (LLAVA, _llava), "messages": (MESSAGES, _messages), "parquet": (PARQUET, _parquet)}
"""Format -> (name of its file, what writes it)."""


def good_samples(samples: Path) -> Iterator[Sample]:
    """The samples of a file one by one; pictures are not looked for.

    Raises:
        DataError: a bad record.
    """
    for sample, problem in stream_samples(samples, None):
        if sample is None:
            raise DataError(problem)
        yield sample


def _contents(sample: Sample, mark: str) -> list[dict[str, str]]:
    """The turns as role and content, ``mark`` before the first."""
    return [
        {"role": turn.role, "content": turn.text if index else mark + turn.text}
        for index, turn in enumerate(sample.turns)
    ]


def _messages_row(sample: Sample, images: Path | None) -> dict[str, Any]:
    paths = [image if images is None else str(images / image) for image in sample.images]
    marks = timed_marks(sample.times_s) if sample.times_s else IMAGE_MARK * len(paths)
    return {"messages": _contents(sample, marks), "images": paths}


def _parquet_row(sample: Sample) -> dict[str, Any]:
    return {
        "id": sample.id,
        "image": sample.image,
        "images": list(sample.images),
        "times": list(sample.times_s),
        "kind": sample.kind,
        "messages": _contents(sample, ""),
        "provenance": json.dumps(sample.provenance, ensure_ascii=False),
    }


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise ConfigError(
            "parquet needs pyarrow, which is not installed; pip install 'llavapose[parquet]', or export llava, messages"
        ) from None
    return pyarrow, pyarrow.parquet

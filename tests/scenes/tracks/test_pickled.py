"""Pickles read as data: what arrays and containers are, and what would run code."""

import pickle
import random
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from llavapose.errors import DataError
from llavapose.scenes.tracks.pickled import read_pickle

GOOD = {
    "split": {"train": ["a"], "test": ("b",)},
    "numbers": [1, -2, 2**40, 1.5, True, None, np.float32(2.5), np.int64(3), np.bool_(False)],
    "sets": [{1, 2}, frozenset("ab"), bytearray(b"xy"), b"z"],
    "half": np.arange(12, dtype=np.float16).reshape(3, 4),
    "turned": np.asfortranarray(np.arange(12, dtype=">f4").reshape(3, 4)),
    "empty": np.zeros((0, 5), np.int32),
}


def read(folder: Path, data: bytes) -> Any:
    path = folder / "poses.pkl"
    path.write_bytes(data)
    return read_pickle(path, what="poses")


def refused(folder: Path, data: bytes) -> str:
    with pytest.raises(DataError) as error:
        read(folder, data)
    assert "\n" not in str(error.value) and len(str(error.value)) < 1000
    return str(error.value)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_pickles_of_poses_hold_is_read_as_python_reads_it(tmp_path, protocol):
    found = read(tmp_path, pickle.dumps(GOOD, protocol=protocol))
    assert found["split"] == GOOD["split"] and found["numbers"] == GOOD["numbers"]
    assert found["sets"] == [{1, 2}, frozenset("ab"), b"xy", b"z"]
    for name in ("half", "turned", "empty"):
        assert np.array_equal(found[name].array, GOOD[name]) and found[name].array.dtype == GOOD[name].dtype


def test_names_of_numpys_older_and_newer_folders_are_both_known(tmp_path):
    data = pickle.dumps(np.arange(3.0), protocol=2)
    new, old = b"numpy._core.multiarray", b"numpy.core.multiarray"
    assert new in data or old in data
    for one in (data.replace(new, old), data.replace(old, new) if new not in data else data):
        assert read(tmp_path, one).array.tolist() == [0, 1, 2]


class Calls:
    """Written as a call of whatever is given."""

    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call


def names(module: str, name: str, argument: bytes) -> bytes:
    """A call of a name with one text, as protocol 0 writes it."""
    return f"c{module}\n{name}\n".encode() + b"(V" + argument + b"\ntR."


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"), ("posix", "system"), ("nt", "system"), ("subprocess", "check_output"), ("builtins", "eval"),
        ("builtins", "exec"), ("builtins", "getattr"), ("builtins", "__import__"), ("__builtin__", "eval"),
        ("numpy", "load"), ("numpy.lib.npyio", "load"), ("numpy", "fromfile"), ("numpy.f2py", "compile"),
        ("numpy.core.multiarray", "os.system"), ("numpy._core.multiarray", "fromfile"), ("operator", "attrgetter"),
        ("functools", "partial"), ("runpy", "run_path"), ("webbrowser", "open"), ("pickle", "loads"),
        ("importlib", "import_module"), ("torch", "load"), ("torch._utils", "_rebuild_tensor_v2"), ("io", "open"),
        ("pathlib", "PosixPath"), ("builtins", "ndarray"), ("numpy.ndarray", "tofile"), ("sys", "exit"),
    ],
)  # fmt: skip
def test_a_pickle_that_would_run_code_is_refused_in_one_line(tmp_path, module, name):
    marker = tmp_path / "ran"
    line = refused(tmp_path, names(module, name, f"touch {marker}".encode()))
    assert f"names '{module}.{name}', which is no data; nothing of it was run" in line
    assert not marker.exists()


def test_nothing_of_a_pickle_runs_before_it_is_refused(tmp_path):
    """The bad name stands last; what is before it is read, and nothing is left behind."""
    marker = tmp_path / "ran"
    data = pickle.dumps({**GOOD, "label": Calls(open, (str(marker), "w"))})
    assert "names 'io.open'" in refused(tmp_path, data) or "names '_io.open'" in refused(tmp_path, data)
    assert not marker.exists()


def objects(array: np.ndarray, protocol: int = 4) -> bytes:
    return pickle.dumps(array, protocol=protocol)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (objects(np.array([Calls(print, ("x",)), None], dtype=object)), r"no array|names|is none|none \("),
        (objects(np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])), r"an array that is none"),
        (objects(np.array(["text"])), r"an array that is none"),
        (objects(np.array(["2020-01-01"], "M8[D]")), r"an array that is none"),
        (pickle.dumps(np.ma.masked_array([1, 2])), r"names 'numpy.ma"),
        (pickle.dumps(np.random.RandomState()), r"names 'numpy.random"),
        # A scalar of objects: its bytes would be read as another pickle.
        (b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(VO8\nI0\nI1\ntRVx\ntR.", r"the type 'O8'"),
        # An array of a class that is not NumPy's own.
        (b"cnumpy.core.multiarray\n_reconstruct\n(cbuiltins\nset\n(I0\ntVb\ntR.", r"an array of a class of its own"),
        # A call of what a call made; of a text that looks like a known name; of a list.
        (b"cbuiltins\nset\n((lp0\ntR(tR.", r"would call a set"),
        (b"Vset\n((lt R.".replace(b" ", b""), r"would call a str"),
        (b"(l(tR.", r"would call a list"),
        # Attributes of what is known, and of a list.
        (b"cbuiltins\nset\n}Va\nI1\nsb.", r"would set attributes of a Known"),
        (b"(l}Va\nI1\nsb.", r"would set attributes of a list"),
        # Objects of classes by other opcodes, from the registry, by a name of the writer's own.
        (b"(ios\nsystem\n.", r"the opcode INST"),
        (b"(cbuiltins\nset\no.", r"the opcode OBJ"),
        (b"\x80\x02cbuiltins\nset\n)\x81.", r"the opcode NEWOBJ"),
        (b"\x80\x04cbuiltins\nset\n)}\x92.", r"the opcode NEWOBJ_EX"),
        (b"\x80\x02\x82\x01.", r"the opcode EXT1"),
        (b"Pfile\n.", r"the opcode PERSID"),
        (b"Vfile\nQ.", r"the opcode BINPERSID"),
        (b"\x80\x05\x97.", r"the opcode NEXT_BUFFER"),
        # A name made of parts on the stack, one of them no text.
        (b"\x80\x04(lVx\n\x93.", r"names ''"),
    ],
)  # fmt: skip
def test_numpys_and_picklings_tricks_are_refused(tmp_path, data, said):
    assert re.search(said, refused(tmp_path, data))


def deep(num: int) -> bytes:
    return b"I1\n" + b"\x85" * num


@pytest.mark.parametrize(
    ("data", "said"),
    [
        # Sizes that a pickle claims: 2^40 bytes, an array of 2^60, a place far out in the memory.
        (b"\x80\x04\x8e" + struct.pack("<Q", 2**40) + b"ab.", r"no whole pickle"),
        (b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b"ab.", r"no whole pickle"),
        (
            b"cnumpy.core.numeric\n_frombuffer\n(C\x01xcnumpy\ndtype\n(Vf8\nI0\nI1\ntR(I1152921504606846976\ntVC\ntR.",
            r"1 bytes for a shape of 1,152,921,504,606,846,976",
        ),
        # A key whose hash would go a million levels down, and a number that nobody prints.
        (b"}" + deep(1_000_000) + b"I1\ns.", r"a tuple as a key"),
        (b"\x8b" + struct.pack("<i", 100_000) + b"\xff" * 99_999 + b"\x7f.", r"a number of 799,999 bits"),
        (b"I" + b"9" * 5000 + b"\n.", r"no whole pickle"),
        (b"", r"no whole pickle"),
        (b"I1\n", r"no whole pickle"),
        (b"not a pickle at all", r"no whole pickle"),
        (b"(.", r"no whole pickle"),
        (b"h\x05.", r"no whole pickle"),
        (b"}(I1\nu.", r"no whole pickle"),
    ],
)
def test_bombs_and_broken_files_are_refused_soon(tmp_path, data, said):
    assert re.search(said, refused(tmp_path, data))


def test_a_far_place_of_the_memory_takes_no_room(tmp_path):
    """Python's own reader makes a table of four thousand million places, 34 GB, and writes all of it."""
    assert read(tmp_path, b"I7\nr" + struct.pack("<I", 2**32 - 1) + b".") == 7


def test_what_is_deep_but_no_key_is_read_and_let_go(tmp_path):
    found = read(tmp_path, deep(200_000) + b".")
    assert type(found) is tuple


def test_damaged_at_any_place_a_pickle_is_read_or_refused(tmp_path):
    rng, whole = random.Random(17), bytearray(pickle.dumps(GOOD, protocol=4))
    outcomes = set()
    for _ in range(1500):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.2:
            del data[rng.randrange(len(data)) :]
        try:
            read(tmp_path, bytes(data))
            outcomes.add("read")
        except DataError as error:
            assert "\n" not in str(error)
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(DataError, match=r"poses: no file .*none.pkl; check the path"):
        read_pickle(tmp_path / "none.pkl", what="poses")
    with pytest.raises(DataError, match=r"is a folder; expected a pickle"):
        read_pickle(tmp_path, what="poses")

"""A table is whole or not there."""

from __future__ import annotations

import json
import os
import pickle

import numpy as np
import pytest

from llavapose.data.index.table import MANIFEST, TableWriter, open_table, packed_texts, remove_unfinished
from llavapose.errors import DataError


def written(folder, parts=(("a", "", "ça"), (), ("日本",))):
    with TableWriter(folder) as writer:
        for part in parts:
            writer.add({"number": np.arange(len(part), dtype=np.int32), **packed_texts("name", part)})
        return writer.close({"kinds": ["conv"]})


def test_parts_come_back_as_one(tmp_path):
    table = written(tmp_path / "t")
    assert table.arrays["number"].tolist() == [0, 1, 2, 0] and table.facts == {"kinds": ["conv"]}
    assert table.texts("name")[:] == ["a", "", "ça", "日本"] and table.texts("name")[-1] == "日本"
    with pytest.raises(IndexError, match="text 4 of 4"):
        table.texts("name")[4]
    assert not table.arrays["number"].flags.writeable
    assert [path.name for path in tmp_path.iterdir()] == ["t"]


def test_empty_arrays_are_arrays(tmp_path):
    table = written(tmp_path / "t", parts=((),))
    assert len(table.arrays["number"]) == 0 and table.texts("name")[:] == []


def test_a_table_is_pickled_by_name(tmp_path):
    table = written(tmp_path / "t")
    sent = pickle.dumps(table)
    assert len(sent) < 300 and pickle.loads(sent).texts("name")[:] == table.texts("name")[:]
    (tmp_path / "t" / MANIFEST).unlink()
    with pytest.raises(DataError, match="is gone or not whole"):
        pickle.loads(sent)


def test_what_was_broken_off_is_not_there(tmp_path):
    with pytest.raises(KeyboardInterrupt), TableWriter(tmp_path / "t") as writer:
        writer.add({"number": np.arange(3)})
        raise KeyboardInterrupt
    assert open_table(tmp_path / "t") is None and not list(tmp_path.iterdir())


@pytest.mark.parametrize("harm", ["cut", "lost", "manifest", "list", "dtype"])
def test_a_damaged_table_is_not_there(tmp_path, harm):
    written(tmp_path / "t")
    path, manifest = tmp_path / "t" / "number.bin", tmp_path / "t" / MANIFEST
    told = json.loads(manifest.read_text())
    if harm == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    elif harm == "lost":
        path.unlink()
    else:
        told["arrays"]["number"]["dtype"] = "<q7"
        manifest.write_text({"manifest": "{", "list": "[]", "dtype": json.dumps(told)}[harm])
    assert open_table(tmp_path / "t") is None
    assert written(tmp_path / "t").arrays["number"].tolist() == [0, 1, 2, 0]


def test_one_flipped_bit_is_seen(tmp_path):
    """Of the same size: an id that is another token would be trained on without a word."""
    written(tmp_path / "t")
    path = tmp_path / "t" / "number.bin"
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)
    assert open_table(tmp_path / "t") is None


def test_of_two_that_write_the_same_the_first_to_end_keeps_the_name(tmp_path, monkeypatch):
    for number in range(2):  # the second time, something was there before
        with TableWriter(tmp_path / "t") as slow:
            slow.add({"number": np.arange(3)})
            with monkeypatch.context() as patch:
                patch.setattr(os, "getpid", lambda: 1)
                with TableWriter(tmp_path / "t") as fast:
                    fast.add({"number": np.arange(3)})
                    fast.close({"by": f"fast {number}"})
            assert slow.close({"by": "slow"}).facts == {"by": f"fast {number}"}
    assert [path.name for path in tmp_path.iterdir()] == ["t"]


def test_a_table_is_replaced_by_a_new_one(tmp_path):
    for number in range(2):
        with TableWriter(tmp_path / "t") as writer:
            writer.close({"number": number})
    assert written(tmp_path / "t").facts == {"kinds": ["conv"]} and [one.name for one in tmp_path.iterdir()] == ["t"]


def test_what_a_killed_process_was_writing_is_removed(tmp_path):
    for name in ("t.elsewhere-7.writing", "t.elsewhere-7.replaced.writing", "t2.elsewhere-7.writing"):
        (tmp_path / name).mkdir()
    remove_unfinished(tmp_path / "t")
    assert [one.name for one in tmp_path.iterdir()] == ["t2.elsewhere-7.writing"]

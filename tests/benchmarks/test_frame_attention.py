"""The benchmark of attention over time: both arms read the same, and only one of them has more to learn."""

import pytest

from benchmarks.frame_attention import ARMS, GROUPS, SEVEN, batch_of, connectors, steps


def test_frames_of_a_group_are_behind_their_times_and_averaged():
    batch = batch_of(4)
    assert batch.picture_rows["pixel_values"].tolist() == [4] * GROUPS
    assert batch.num_samples == 3 * GROUPS and (batch.input_ids == 4).sum() == GROUPS * 4 * 16


def test_both_arms_are_timed():
    found = steps(1, 1)
    assert found.seconds.keys() == ARMS.keys() and min(found.seconds.values()) > 0


@pytest.mark.long
def test_parameters_at_llava_s_size():
    assert SEVEN["heads"] == 8
    assert connectors(1, 1)[1] == 4 * 1024 * 1025 + 2 * 1024

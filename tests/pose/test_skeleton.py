"""COCO's skeleton as a value."""

import pytest

from llavapose.errors import DataError
from llavapose.pose.skeleton import COCO17, skeleton_named


def test_coco17_agrees_with_pycocotools():
    cocoeval = pytest.importorskip("pycocotools.cocoeval")
    assert COCO17.sigmas == pytest.approx(cocoeval.Params(iouType="keypoints").kpt_oks_sigmas)


def test_pairs_and_limbs_are_consistent():
    assert len(COCO17.joints) == len(COCO17.sigmas) == 17
    assert len(COCO17.limbs) == 19
    assert len(COCO17.pairs) == 8
    for left, right in COCO17.pairs:
        assert COCO17.joints[right] == COCO17.joints[left].replace("left", "right")
        assert COCO17.sigmas[left] == COCO17.sigmas[right]


def test_an_unknown_skeleton_is_refused_in_words():
    with pytest.raises(DataError, match=r"coco99.*coco17"):
        skeleton_named("coco99")

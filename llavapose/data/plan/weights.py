"""What a step's loss weighs: each sample's share of its optimizer step."""

import numpy as np
from numpy.typing import NDArray

from llavapose.config.choices import LossMean


def sample_weights(num_targets: NDArray[np.int32], loss: LossMean) -> NDArray[np.float64]:
    """Weight of samples of n supervised tokens in their step's loss: n ** (1 - power), float64[N].

    Power 0 lets every token weigh the same, 1 every sample, 0.5 lies between (Molmo's).
    """
    return num_targets.astype(np.float64) ** (1 - loss.power)


def step_weights(weights: NDArray[np.float64], starts: NDArray[np.int64], *, slices: int, loss: LossMean) -> NDArray:
    """What each micro-batch divides its summed loss by: float64[M].

    Of the whole step, known before any rank runs: none has to ask the others for it. Where a step is the mean of its
    micro-batches' means, each divides by its own weight and by their number.

    Args:
        weights: of the samples in planned order.
        starts: int64[M + 1], where each micro-batch begins among them.
        slices: micro-batches of a step.
        loss: what is averaged over.
    """
    if len(starts) == 1:
        return np.zeros(0)
    own = np.add.reduceat(weights, starts[:-1])
    if loss is LossMean.micro_batch:
        return own * slices
    return np.repeat(own.reshape(-1, slices).sum(axis=1), slices)

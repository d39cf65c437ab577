"""What tracks say: how people move, from their joints over time.

In: a ``Scene`` with frames. Out: motion ``Fact``s with a margin, sure or not, their English, and claims about motion
read from free English.

Read ``vocabulary`` (kinds and values), ``tracks`` (one person through the frames), ``states`` (a frame's states -> what
is held, and what changes), ``swings`` (how often a number goes and comes back), then ``limbs`` (hands, elbows, knees),
``body`` (sitting down, turning), ``paths`` (moving, coming nearer), ``order`` (who moves first) and ``facts``, where
they meet. All numbers are in ``pose/thresholds.py``.
"""

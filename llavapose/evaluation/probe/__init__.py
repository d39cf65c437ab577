"""Does the model believe the true statement about a picture more than the flipped one? No judge reads anything.

In: sure facts of held-out pictures, and a model that gives log-likelihoods or chooses between two statements. Out:
items (shown in ``items``), the model's choices, and skill by group of facts: 0 is what a model has that never looks at
the picture, 1 is always right.

Read ``items``, ``counterparts`` (texts the same, truths opposite), ``pictures`` (whose picture is shown, if any),
``choice`` ("A or B?", for models behind an endpoint), ``score``, then ``probing`` (an arm is probed, its rows kept) and
``rows`` (they are read back, checked); ``public/`` is the same for other harnesses.
"""

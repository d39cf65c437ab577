"""The offline judge of poses.

In: an answer, the picture's facts, and the training scenes. Out: a rating with its reasons.

Read ``judge`` (case -> judgement), then ``said`` (text -> decided claims, each once), ``chance`` (how often a claim
holds without the picture), ``movements`` (the same of motions, from all that are alike) and ``rating`` (what the claims
earn).
"""

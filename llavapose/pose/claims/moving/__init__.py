"""What a text about a clip claims of motion: who does what with which hand or knee, how often, who moves first.

In: a sentence in lower case, its people and parts as ``pose/claims`` finds them. Out: ``Claim``s of kinds of
``pose/motion/vocabulary.py``, and the words that they were read from, which no longer say how somebody is.

Read ``verbs`` (forms of a verb, who does it, whether it is said to happen), then ``limbs`` (hands, elbows, knees, how
often), ``bodies`` (sitting down, turning, moving), ``order`` (who first), then ``read``, which puts a sentence
together, and ``times`` (what is said of the beginning or the end alone, what is asked of the middle).
"""

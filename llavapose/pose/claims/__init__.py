"""Free English -> claims about poses: which person, which part, which value, denied or not.

In: a text. Out: ``Claim``s with the span of the clause that makes each, from ``extract.extract_claims``. Words that no
table knows make no claim; nothing is guessed.

Read ``mentions`` (who is spoken of), ``subjects`` (whether it is a person at all that stands or lies), ``parts``
(which limb, whose), ``part_states`` ("is bent", "hangs down"), ``relations`` ("to the left of", "next to",
"holding"), ``counts`` ("two people"), ``moving/`` (what a text about a clip says of motion), then ``extract``, which
puts a text's claims together. The wording itself is in ``words/``.
"""

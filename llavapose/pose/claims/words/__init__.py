"""The wording of claims, as tables of regular expressions: phrase -> kind and value of a fact.

In: nothing. Out: compiled patterns that ``pose/claims`` reads. A new phrase is one more alternative here, and a line
in the tests' own and blind wording (``tests/pose/claims``, ``benchmarks/claims.py``).

Read ``shared`` (pronouns, numbers, adverbs, denials), then ``arms``, ``legs``, ``bodies`` and ``relations``.
"""

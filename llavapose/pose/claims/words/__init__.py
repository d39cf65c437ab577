"""The wording of claims, as tables of regular expressions: phrase -> kind and value of a fact.

In: nothing. Out: compiled patterns that ``pose/claims`` reads. A new phrase is one more alternative here, and a line
in the tests' own and blind wording (``tests/pose/claims``, ``benchmarks/claims.py``).

Read ``shared`` (numbers, adverbs, denials), ``nouns`` and ``people`` (who is a person), then ``arms``, ``legs``,
``bodies``, ``relations`` and ``idioms`` (what only sounds like a pose).
"""

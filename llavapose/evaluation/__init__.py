"""Arms in, tables' files out: answers, verdicts and probe scores of one arm at a time, then the tables over all arms.

In order: ``evaluate.py`` (settings -> parts -> measures), ``measures.py`` (all that is done with an arm), the four
protocols (``benchmarks/``, ``answerers/`` and ``judges/``, each with its ``protocol.py``; ``probe/``),
``result_file.py`` (files that survive a kill), ``tables/`` (from the files alone), ``statistics.py``.
"""

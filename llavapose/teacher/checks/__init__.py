"""What is wrong with a conversation or a whole set of them.

In: turns with their scene and facts, or samples that anybody made. Out: a ``Finding`` a conversation (claims supported
and contradicted, leaks), groups of repeated answers, an audit.

Read ``leaks`` (words that betray annotations), ``findings`` (one conversation), ``duplicates`` (across many),
``looks`` (one sample, and many in several processes), ``audit``.
"""

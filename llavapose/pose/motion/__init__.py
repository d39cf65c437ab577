"""What tracks say: how people move, from their joints over time.

In: a ``Scene`` with frames. Out: motion ``Fact``s with a margin, sure or not, their English, and claims about motion
read from free English.

Read ``vocabulary`` (kinds and values), then ``facts`` (tracks -> facts) and ``language`` (the wording of every kind).
"""

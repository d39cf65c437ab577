"""A teacher's reply -> conversations, or the reason why it cannot be one.

In: a reply's text, the kind asked for. Out: a ``Reading``: the conversations in it with what was found in each, the
reasons for what was left out. Which files decide a reading is hashed, so that a ledger's old readings are read anew.

Read ``wrapping`` (what stands around a reply's own words), ``forms`` and ``json_pairs`` (the forms that models write
questions and answers in), ``faults`` (refusals, cut-off texts), ``parse`` and ``reading``.
"""

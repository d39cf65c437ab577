"""Where questions come from: a benchmark is a list of questions, frozen, with a hash.

In: scenes or files, and a seed. Out: ``Question``s of each kind about each picture, and their scenes where they have
any.

Read the protocol where there is one, then ``world``, the benchmark of held-out pictures, built as E-HPAUB is.
"""

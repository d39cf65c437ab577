"""How a base reads: its pictures as the tokens and inputs of a prefix.

In: a processor, pictures or their sizes. Out: ``Shown`` values, counts of tokens.

Read ``shown`` (what a group of pictures is to a model; LLaVA's squares), ``native`` (a base's own resolution),
``positions`` (of grids), ``joining`` (several groups as one batch) and ``bounds`` (``model.max_pixels``).
"""

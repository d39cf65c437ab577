"""Asking by the Batch API: half the price, within a day, and nothing is ever submitted twice.

In: as for ``live/``. Out: the same, and the book of batches in the ledger's own file, one row a batch (shown in
``book``).

Read ``book`` (a batch's states), ``lines`` (the files that go out and come back), ``account`` (the server's files and
batches), ``queue`` and ``draft`` (what goes into the next batch), ``token_limit`` (how much may wait), ``collect``
(what came of one), ``run`` (the rounds over all of them), then ``ask``.
"""

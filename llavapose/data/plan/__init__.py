"""Which samples share an optimizer step, a micro-batch, a row: arithmetic on lengths, without torch.

In: ``Lengths`` (arrays) and ``PlanSettings``. Out: an ``EpochPlan``, known and comparable before a run starts: the same
in every process, for it follows from lengths, settings and epoch alone.

Read ``lengths`` (what is planned, and how), ``epoch`` (the plan as compact arrays, and who makes it), ``weights`` (what
a step's loss weighs) and the samplers: ``shared`` (pictures with all their samples), ``llava`` (LLaVA's own) and
``balanced``, with ``levels`` (ranks that compute alike), ``rows`` (what rows cost) and ``copied`` (rows in which every
sample has a copy of its picture). ``tally`` counts what a plan comes to, and ``published`` makes lengths like those of
the papers' set.
"""

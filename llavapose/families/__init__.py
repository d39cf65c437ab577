"""What differs between base models of different families, as values: nothing else in the house asks which base it has.

In: a configuration's ``model_type``. Out: a ``Family``.

Read ``family`` (what is said of one), ``known`` (those that are known by name) and ``published`` (the configurations
of bases that ``conf/model`` names).
"""

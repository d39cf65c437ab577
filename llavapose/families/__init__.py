"""What differs between base models of different families, as values: nothing else in the house asks which base it has.

In: a configuration's ``model_type``. Out: a ``Family``.

Read ``family`` (what is said of one), ``known`` (those that are known by name), ``linear`` (what linear layers are
called), then what a plan is made of without weights: ``published`` (configurations of the bases that ``conf/model``
names), ``defaults`` (what a file leaves out), ``resolution`` (what a picture of a size becomes) and ``encoders``
(parameters of vision encoders and connectors).
"""

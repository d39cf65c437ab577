"""Result files -> tables: means with intervals, differences to the baseline, skills.

In: an evaluation's folder, read from its files alone. Out: ``ablation.csv``, ``probe.csv`` and, where there is
something to tell, ``comparison.csv``, ``judging.csv``, ``agreement.csv``, ``debiased.csv``, ``claims.csv``,
``answer_claims.csv``, ``efficiency.csv``, ``located.csv``, ``raters.csv`` and ``preferences.csv``; how they look is the
report's affair.

Read ``ratings`` (one rated answer, differences, bounds), ``ablation`` and ``comparison`` (ratings -> the papers'
tables), ``parties`` (who is behind the ratings), ``judging``, ``agreement`` and ``claims`` (what ratings are worth),
``people`` (raters, and whom they prefer), ``debiased`` (people's ratings of some pictures beside a judge's of all),
``located`` (where joints are),
then ``further`` (which of these there are), ``verdicts`` (files -> ratings), ``entries`` (what stands in a folder, held
against its questions), ``results`` (ratings and choices -> CSV) and ``seeds`` (of how many seeds a sweep's rows are the
mean).
"""

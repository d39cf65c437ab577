"""One arm's answers and what the judges say of them, as files.

In: an arm, with who asks, answers and judges. Out: ``answers/`` and ``verdicts/<judge>/``, the controls' in folders of
their names.

Read ``answering`` (questions -> answers), ``cases`` (what a judge sees of them) and ``rating`` (cases -> verdicts).
"""

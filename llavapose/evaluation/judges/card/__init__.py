"""A judge's card: what a model is worth as judge, told by answers whose truth is known.

In: a benchmark's pictures with sure facts, and a model that judges. Out: ``judge_cards/<judge>/card.json``, which every
table of that judge's ratings quotes: how far it agrees with itself, what a false claim costs and a style buys, what the
first place is worth, and how it agrees with people and with the pose judge.

Read ``planted`` (facts -> answers that are certainly true, or false in one, two, three claims), ``asking`` (the judge
rates them in its own protocol), ``measures`` (ratings -> measures with intervals), ``peers`` (agreement with people and
the pose judge), then ``card`` (the file, and its words in a table) and ``making`` (settings -> card).
"""

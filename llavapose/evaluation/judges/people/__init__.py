"""People as judges: what they are shown to rate, and what they hand back.

In: a folder of results with several arms' answers. Out: a draw of answers that nobody can tell the arms of, its key,
and from raters' exports verdicts like any judge's, or preferences.

Read ``draw`` (what is shown), ``key`` (whose it is), ``needed`` (how many pictures a wished half-width takes) and
``exports`` (what raters hand back).
"""

"""The explorer of a page: every question with its picture, all arms' answers and all judges' verdicts on them.

In: result files. Out: what ``explorer.html.j2`` shows, and plain values for its script (``templates/answers.js``).

Read ``view`` (what an explorer shows, and the filters of one of answers), ``arm_results`` (one arm's files by
question), ``clips`` (the frames of clips that find room) and ``answers`` (all arms' together); then ``blind``, the page
on which people rate such answers without being told whose they are.
"""

from llavapose.report.explorer.answers import QUOTED, answers_explorer, rows_shown
from llavapose.report.explorer.view import Explorer

__all__ = ["QUOTED", "Explorer", "answers_explorer", "rows_shown"]

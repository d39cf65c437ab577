"""Answers of other models -> people located in pixels of the picture.

In: a file of replies, a line each, in the form that a model writes by itself. Out: ``Located`` people, and counts of
what was read and what was not. What is not of the form is unread and counted; nothing is guessed.

Read ``lines`` (the file), ``about`` (what a reply is about, and the person that it tells), ``json_in`` (JSON inside a
reply), a form each: ``rex_omni``, ``qwen``, ``molmo``, ``own``, then ``forms`` (all of them by name) and ``collect``
(lines -> people).
"""

"""Which of a teacher's questions a benchmark may ask, and why not the others.

In: a question with the teacher's own answer, and the scene with its facts. Out: None, or the reason in a few words.

Read ``check`` (the reasons, in order), ``words`` (what tells pose and action, and from what an answer is known),
``present`` (whether those whom a question speaks of are there).
"""

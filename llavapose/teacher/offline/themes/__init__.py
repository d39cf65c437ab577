"""Lines of reasoning: what is asked, and what follows from which facts.

In: the evidence of a picture. Out: questions, each with what answers it and the facts that it follows from.

Read ``theme`` (the shapes), then ``body`` (one person's pose), ``senses`` (what somebody sees), ``action`` (what
captions say that somebody does) with ``activities`` (what is known of it), and ``others`` (several people).
"""

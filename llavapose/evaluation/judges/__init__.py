"""Who rates answers.

In: questions, the answers of one or two arms, and the facts of the pictures. Out: a rating from 1 to 10 each with the
reason, or the reason why there is none: what cannot be judged is unscored, never zero.

Read ``protocol``, then ``pose``, the offline judge that reads an answer's claims and checks them against sure facts.
"""

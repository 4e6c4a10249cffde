"""What crosses the trust line, each thing named once: jobs, requests, replies, questions, answers.

Heads of frames (`wire`) are JSON objects; every class here is one of them or a part of one. What
stands in this package builds them. The readers outside, in `sandbox` and `records`, name them too
and check every value completely or refuse it: a type says what an honest box sends, and checks
nothing. Lists of a fixed length are tuples here; on the wire they are lists.

The trust line runs around the student's process. Jobs, requests and questions come from the
grader. Answers and the facts in them are claims. A supervisor has seen what it reports of a
process; what it quotes is a claim.

Floors, top first:
    messages, trials
    job, limits, questions, sizes
"""

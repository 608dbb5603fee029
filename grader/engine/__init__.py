"""The engine: what travels between judge and worker, how, and who performs it.

Three kinds of process, in one direction of trust. The judge (grader.judge, through `client`) holds the reference,
the checks and the results, and never runs student code. The nursery (`nursery`) has torch imported and nothing of
the judge's; it forks workers. A worker (`worker`) holds one student's code on a `workbench` and answers requests.
"""

"""The harness that checks, grades and releases the course. Entry points: `python -m grader`, `grader.check`."""

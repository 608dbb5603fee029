#!/usr/bin/env bash
# Gradescope runs this for every submission: submission/ is graded, results/results.json written.
set -euo pipefail
root="${AUTOGRADER_ROOT:-/autograder}"
python="${AUTOGRADER_PYTHON:-$root/source/venv/bin/python}"
points=after_due_date
cd "$root/source/course" # this copy of the course, and no other
exec "$python" -m grader.exports.on_gradescope "$root" "$points"

#!/usr/bin/env bash
# Gradescope runs this once, when it builds the autograder's image: Python, PyTorch for the CPU, and the course.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
root="${AUTOGRADER_ROOT:-/autograder}"
course="$root/source/course"

newest() { # the newest Python that the course runs on
    for name in python3.13 python3.12 python3.11; do
        if command -v "$name" >/dev/null && "$name" -c "import ensurepip" 2>/dev/null; then
            echo "$name"
            return
        fi
    done
}

if [ -z "$(newest)" ]; then
    apt-get update
    apt-get install -y --no-install-recommends python3.12 python3.12-venv ||
        apt-get install -y --no-install-recommends python3.11 python3.11-venv
fi
"$(newest)" -m venv "$root/source/venv"
pip=("$root/source/venv/bin/python" -m pip install --no-cache-dir --disable-pip-version-check)
torch="$(grep -E '^torch==' "$course/constraints.txt")"
"${pip[@]}" "$torch" --index-url https://download.pytorch.org/whl/cpu
"${pip[@]}" -c "$course/constraints.txt" -e "$course[teach]"

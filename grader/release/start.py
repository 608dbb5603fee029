"""Sets the course up and opens it.

    python start.py              installs the course into .venv, the first time, and opens notebook 1
    python start.py 3            opens notebook 3
    python start.py --install    installs, and opens nothing

In a hosted notebook (Colab, Kaggle), in a cell: %run unrolled/start.py
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
READY = VENV / "installed"  # holds what was installed
NEEDED = (3, 11)
CPU_BUILDS = "https://download.pytorch.org/whl/cpu"


def main(arguments: list[str]) -> None:
    if sys.version_info < NEEDED:
        stop(f"This is Python {platform.python_version()}; the course needs {'.'.join(map(str, NEEDED))} or newer. Get one from "
             "https://www.python.org/downloads/, and name it: python3.12 start.py")  # fmt: skip
    if in_a_notebook():
        join_this_session()
        return
    page = "" if arguments == ["--install"] else notebook(arguments)
    if not READY.is_file() or READY.read_text() != wanted():
        install()
        READY.write_text(wanted())
    if page:
        open_lab(page)
    else:
        print(f"The course is installed in {VENV}.")


def notebook(arguments: list[str]) -> str:
    """The notebook to open: the one whose number is given, or the first."""
    found = sorted((ROOT / "notebooks").glob(f"0{arguments[0] if arguments else 1}_*.ipynb"))
    if len(arguments) > 1 or not found:
        stop(f"{' '.join(arguments) or 'notebooks/'}: no such notebook. Usage: python start.py [1 to 5 | --install]")
    return f"notebooks/{found[0].name}"


def wanted() -> str:
    """Names what an installation depends on: the requirements, and where the folder is."""
    texts = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    return hashlib.sha256(b"\0".join([*texts, str(ROOT).encode()])).hexdigest()


def install() -> None:
    print(f"Installing the course and its packages into {VENV}: once, a minute or a few.", flush=True)
    if call(sys.executable, "-m", "venv", str(VENV)):
        stop("The virtual environment could not be made; what is said above has the reason. On Debian and Ubuntu it is "
             "mostly that a package is missing: sudo apt install python3-venv")  # fmt: skip
    if sys.platform == "linux" and shutil.which("nvidia-smi") is None:
        torch = re.search(r"^torch==\S+", (ROOT / "constraints.txt").read_text(), re.MULTILINE)[0]
        if pip(torch, "--no-deps", "--retries", "1", "--index-url", CPU_BUILDS):
            print("PyTorch's smaller build for the CPU can't be had here. The usual one will do.", flush=True)
    course = ["-e", f"{ROOT}[lab,test]"]
    if pip("-c", str(ROOT / "constraints.txt"), *course):
        print(
            "The versions that the course was tested with can't be installed here. Trying those that can.", flush=True
        )
        if pip(*course):
            stop(
                "The packages could not be installed; what is said above has the reason. Once that is mended, run this again."
            )


def pip(*arguments: str) -> int:
    return call(str(BIN / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments)


def call(*command: str, **options) -> int:
    """Run a command in the course's folder; its exit status."""
    return subprocess.run(command, cwd=ROOT, check=False, **options).returncode


def open_lab(page: str) -> None:
    print("JupyterLab opens in the browser. To end it, press Ctrl+C here, twice.", flush=True)
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"  # so that its terminals find the course as well
    environment = os.environ | {"PATH": path, "VIRTUAL_ENV": str(VENV)}
    command = [str(BIN / "python"), "-m", "jupyterlab", f"--LabApp.default_url=/lab/tree/{page}"]
    try:
        status = call(*command, env=environment)
    except KeyboardInterrupt:
        status = 0
    sys.exit(status)


def in_a_notebook() -> bool:
    shell = sys.modules.get("IPython")
    return shell is not None and shell.get_ipython() is not None


def join_this_session() -> None:
    """Install what this session lacks, and have it find the course; the versions that it has stay."""
    import tomllib

    needed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if call(*pip, *needed):
        print(
            "Not all packages could be installed; what is said above has the reason. May this session use the internet?"
        )
    sys.path.insert(0, str(ROOT))
    os.chdir(ROOT)
    print(f"This session now works in {ROOT}: edit the files in starter/, and run the notebook's cells.")


def stop(message: str) -> None:
    print(message, file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])

"""A JupyterLab on the loopback for as long as a `with` block lasts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["end", "jupyter"]

HOMES = ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
# where nobody is left to end it, it ends by itself
IDLE = ("--ServerApp.shutdown_no_activity_timeout=300", "--MappingKernelManager.cull_idle_timeout=300",
        "--MappingKernelManager.cull_interval=60", "--MappingKernelManager.cull_connected=True")  # fmt: skip


@contextmanager
def jupyter(root: Path, folder: Path, **environment: str) -> Iterator[str]:
    """The address of a JupyterLab on `root`, with {} for the path. Nobody's own settings count; its log lies in `folder`."""
    own = {name: str(folder / name.lower()) for name in HOMES}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0", *IDLE]
    with (folder / "jupyter.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=root, env=os.environ | own | environment, stdout=log, stderr=log)
    try:
        yield _address(process, folder)
    finally:
        end(process)


def _address(process: subprocess.Popen, folder: Path, seconds: float = 300) -> str:
    entry, deadline = folder / "jupyter_runtime_dir" / f"jpserver-{process.pid}.json", time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError, ValueError):  # not there yet, or not whole
            server = json.loads(entry.read_text())
            return f"{server['url']}{{}}?token={server['token']}"
        time.sleep(0.1)
    raise AssertionError("Jupyter did not start:\n" + (folder / "jupyter.log").read_text()[-2_000:])


def end(process: subprocess.Popen) -> None:
    """Ask a process to end, and end it where it doesn't."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

"""The first command of a student's copy: what it would run on each system, without running it."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture
def start(tmp_path, monkeypatch):
    """start.py in a copy, with `calls`, the commands that it ran, and `fails`, the words of those that are to fail."""
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    for number in (1, 2):
        (tmp_path / "notebooks").mkdir(exist_ok=True)
        (tmp_path / "notebooks" / f"0{number}_x.ipynb").touch()
    shutil.copy(ROOT / "grader" / "release" / "start.py", tmp_path)
    spec = importlib.util.spec_from_file_location("start", tmp_path / "start.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.calls, module.fails = [], set()

    def call(*command, **options):
        module.calls.append((" ".join(command), options))
        module.VENV.mkdir(exist_ok=True)
        return int(any(word in command for word in module.fails))

    monkeypatch.setattr(module, "call", call)
    monkeypatch.setattr(module, "in_a_notebook", lambda: False)
    return module


def commands(start) -> list[str]:
    return [command.replace(str(start.ROOT), "ROOT") for command, _ in start.calls]


@pytest.mark.parametrize(
    ("system", "gpu", "small"),
    [("linux", None, True), ("linux", "/bin/nvidia-smi", False), ("win32", None, False)],
)
def test_it_installs_once_and_opens_the_notebook_that_is_asked_for(start, monkeypatch, system, gpu, small):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(start.shutil, "which", lambda name: gpu)
    for _ in range(2):
        with pytest.raises(SystemExit) as end:
            start.main(["2"])
        assert end.value.code == 0
    ran = commands(start)
    assert any("download.pytorch.org/whl/cpu" in command for command in ran) == small
    assert [command.split(" -m ")[1] for command in ran if "pytorch.org" not in command] == [
        "venv ROOT/.venv",
        "pip install --quiet --disable-pip-version-check -c ROOT/constraints.txt -e ROOT[lab,test]",
        *["jupyterlab --LabApp.default_url=/lab/tree/notebooks/02_x.ipynb"] * 2,
    ]
    assert start.calls[-1][1]["env"]["PATH"].startswith(
        str(start.BIN)
    )  # so that a terminal of the lab finds the course
    (start.ROOT / "constraints.txt").write_text("torch==2.0\n")  # as after an update
    start.main(["--install"])
    assert "venv ROOT/.venv" in commands(start)[len(ran)]


def test_versions_that_can_not_be_had_are_left_to_pip(start, capsys):
    start.fails = {"-c"}
    start.main(["--install"])
    assert commands(start)[-1].endswith("install --quiet --disable-pip-version-check -e ROOT[lab,test]")
    assert "tested with can't be installed here" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("fails", "arguments", "said"),
    [
        ("venv", [], "python3-venv"),
        ("-e", [], "Once that is mended, run this again"),
        ("", ["9"], "Usage: python start.py"),
    ],
)
def test_what_goes_wrong_is_told_and_tried_again(start, capsys, fails, arguments, said):
    start.fails = {fails}
    with pytest.raises(SystemExit) as end:
        start.main(arguments)
    assert end.value.code == 2 and said in capsys.readouterr().err and not start.READY.exists()


def test_an_old_python_is_told_so(start, monkeypatch, capsys):
    monkeypatch.setattr(start.sys, "version_info", (3, 9, 1))
    with pytest.raises(SystemExit):
        start.main([])
    assert "3.11 or newer" in capsys.readouterr().err and not start.calls


def test_a_session_of_a_hosted_notebook_is_joined(start, monkeypatch):
    monkeypatch.setattr(start, "in_a_notebook", lambda: True)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(ROOT)
    start.main([])
    assert (sys.path[0], Path.cwd()) == (str(start.ROOT), start.ROOT)
    assert len(start.calls) == 1 and "torch>=2.4" in commands(start)[0] and "-c " not in commands(start)[0]

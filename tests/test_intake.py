"""What is taken in as a submission, and what is refused and how."""

from __future__ import annotations

import json
import os
import zipfile

import pytest

from grader.intake import IntakeError, Submission, find, read

RELEASED = {"1": [{"type": "code", "id": "t", "grade_id": "check-1-1", "is_test": True, "is_experiment": False,
                   "source": 'check("1.1")'},
                  {"type": "code", "id": "e", "grade_id": "", "is_test": False, "is_experiment": True,
                   "source": "train_for_an_hour()"}]}  # fmt: skip


def write(folder, **files):
    for name, content in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def material(path, course):
    return read(Submission("student", (path,)), course, RELEASED)


def notebook(*sources, **extra) -> str:
    return json.dumps({"cells": [{"cell_type": "code", "source": source} | extra for source in sources]})


def test_one_folder_one_zip_and_a_folder_of_both(tmp_path):
    write(tmp_path / "ann" / "starter", **{"rnn.py": "x = 1"})
    with zipfile.ZipFile(tmp_path / "bo.zip", "w") as archive:
        archive.writestr("top/starter/rnn.py", "x = 2")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "empty").mkdir()
    submissions, ignored = find(tmp_path)
    assert [entry.student for entry in submissions] == ["ann", "bo", "empty"]
    assert ignored == ["notes.txt"]
    assert [entry.student for entry in find(tmp_path / "ann")[0]] == ["ann"]
    assert [entry.student for entry in find(tmp_path / "bo.zip")[0]] == ["bo"]


def test_a_zip_is_read_directly_or_below_one_folder(tmp_path, course):
    for name in ("starter/rnn.py", "top/starter/rnn.py"):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr(name, "x = 2")
        assert material(tmp_path / "a.zip", course).modules == {"rnn": "x = 2"}


def test_an_nbgrader_tree_gives_its_students(tmp_path, course):
    write(
        tmp_path / "ann" / "01_sine_wave_rnn",
        **{"starter/rnn.py": "x = 1", "01_sine_wave_rnn.ipynb": notebook("y = 2")},
    )
    submissions, _ = find(tmp_path)
    taken = read(submissions[0], course, RELEASED)
    assert (submissions[0].student, taken.modules) == ("ann", {"rnn": "x = 1"})
    assert set(taken.problems) == {task.space for task in course.graded} - {"rnn", "cells1"}  # not handed in
    assert taken.cells == {"cells1": [("01_sine_wave_rnn.ipynb, cell 1", "y = 2")]}


def test_of_two_assignments_each_has_its_own_notebooks_module(tmp_path, course):
    for name, modules in (
        ("01_sine_wave_rnn", ("solved", "as released")),
        ("02_echo_memory", ("as released", "solved")),
    ):
        files = {f"starter/{module}.py": text for module, text in zip(("rnn", "gated"), modules, strict=True)}
        write(tmp_path / "ann" / name, **files, **{f"{name}.ipynb": notebook("y = 2")})
    (submission,), _ = find(tmp_path)
    taken = read(submission, course, RELEASED)
    assert taken.modules == {"rnn": "solved", "gated": "solved"} and set(taken.cells) == {"cells1", "cells2"}


def test_the_newer_of_two_submissions_counts(tmp_path):
    write(tmp_path / "ann" / "starter", **{"rnn.py": "x = 1"})
    with zipfile.ZipFile(tmp_path / "ann.zip", "w") as archive:
        archive.writestr("starter/rnn.py", "x = 2")
    os.utime(tmp_path / "ann", (1, 1))
    submissions, ignored = find(tmp_path)
    assert [entry.places for entry in submissions] == [(tmp_path / "ann.zip",)]
    assert ignored == ["ann (an older submission of the same student)"]


def test_nothing_to_grade_is_said(tmp_path):
    with pytest.raises(IntakeError, match="does not exist"):
        find(tmp_path / "nowhere")
    with pytest.raises(IntakeError, match="holds no submission"):
        find(tmp_path)


def test_links_are_not_followed(tmp_path, course):
    secret = write(tmp_path, secret="x = 1") / "secret"
    (tmp_path / "a" / "starter").mkdir(parents=True)
    (tmp_path / "a" / "starter" / "rnn.py").symlink_to(secret)
    assert "links are not followed" in material(tmp_path / "a", course).problems["rnn"]
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "b").symlink_to(tmp_path / "a")
    with pytest.raises(IntakeError, match="holds no submission"):
        find(tmp_path / "all")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are not to be had here")
def test_a_named_pipe_does_not_hang(tmp_path, course):
    (tmp_path / "a" / "starter").mkdir(parents=True)
    os.mkfifo(tmp_path / "a" / "starter" / "rnn.py")
    assert "no regular file" in material(tmp_path / "a", course).problems["rnn"]


@pytest.mark.parametrize(
    "name", ["../starter/rnn.py", "/starter/rnn.py", "starter/../../rnn.py", "C:\\starter\\rnn.py"]
)
def test_a_path_that_leaves_the_zip_is_refused(tmp_path, course, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, "x = 2")
    with pytest.raises(IntakeError, match="leads out of it"):
        material(tmp_path / "a.zip", course)


def test_a_zip_bomb_is_not_unpacked(tmp_path, course):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("starter/rnn.py", b"#" * 50_000_000)
    assert "larger than" in material(tmp_path / "a.zip", course).problems["rnn"]


@pytest.mark.parametrize("content", [b"PK\x03\x04 nonsense", b"", b"hello"])
def test_a_broken_zip_is_told(tmp_path, course, content):
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(IntakeError, match="can't be read"):
        material(tmp_path / "a.zip", course)


@pytest.mark.parametrize("content, words", [
    ("{", "can't be read as a notebook"), ("[]", "can't be read as a notebook"), ('{"cells": 3}', "not a list"),
    ('{"cells": [' + "[" * 100_000, "can't be read"), ('{"cells": [{"cell_type": "code"}]}', "can't be read"),
    ('{"cells": [7]}', "can't be read"),
])  # fmt: skip
def test_what_is_no_notebook_is_told(tmp_path, course, content, words):
    write(tmp_path / "a", **{"notebooks/01_sine_wave_rnn.ipynb": content})
    assert words in material(tmp_path / "a", course).problems["cells1"]


def test_a_module_that_is_no_text_is_told(tmp_path, course):
    write(tmp_path / "a", **{"starter/rnn.py": b"\xff\xfe\x00"})
    assert "not UTF-8" in material(tmp_path / "a", course).problems["rnn"]


def test_the_release_alone_says_what_is_skipped(tmp_path, course):
    cells = [{"cell_type": "code", "id": "t", "source": "check('1.1'); changed = 1"},
             {"cell_type": "code", "id": "new", "source": "train_for_an_hour()\n"},
             {"cell_type": "code", "id": "own", "source": ["a = 1\n", "b = 2"], "metadata": {"tags": ["experiment"]}},
             {"cell_type": "markdown", "id": "m", "source": "text"}]  # fmt: skip
    write(tmp_path / "a", **{"notebooks/01_sine_wave_rnn.ipynb": json.dumps({"cells": cells})})
    assert material(tmp_path / "a", course).cells["cells1"] == [("01_sine_wave_rnn.ipynb, cell 3", "a = 1\nb = 2")]


def test_a_folder_in_the_place_of_a_module_is_told(tmp_path, course):
    (tmp_path / "a" / "starter" / "rnn.py").mkdir(parents=True)
    assert "no regular file" in material(tmp_path / "a", course).problems["rnn"]


def test_a_zip_with_a_flipped_byte_is_told(tmp_path, course):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("starter/rnn.py", "".join(map(str, range(5_000))))
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[500] ^= 0xFF
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(IntakeError, match="can't be read"):
        material(tmp_path / "a.zip", course)


def test_the_shallowest_of_two_files_counts_and_a_colon_is_no_escape(tmp_path, course):
    with zipfile.ZipFile(tmp_path / "a.ZIP", "w") as archive:
        for name, text in (("starter/rnn.py", "x = 1"), ("old/starter/rnn.py", "x = 0"), ("shot 10:32.png", "")):
            archive.writestr(name, text)
    assert [entry.student for entry in find(tmp_path)[0]] == ["a"]
    assert material(tmp_path / "a.ZIP", course).modules == {"rnn": "x = 1"}


def test_of_a_file_that_a_zip_has_many_times_one_is_unpacked(tmp_path, course, monkeypatch):
    with zipfile.ZipFile(tmp_path / "ann.zip", "w") as archive:
        for number in range(9):
            archive.writestr(f"a{number}/starter/rnn.py", f"x = {number}")
    opened, unpack = [], zipfile.ZipFile.open
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *args: opened.append(args[1].filename) or unpack(*args))
    assert material(tmp_path / "ann.zip", course).modules == {"rnn": "x = 8"} and opened == ["a8/starter/rnn.py"]


def test_a_notebook_beside_the_students_does_not_make_the_class_one_of_them(tmp_path):
    write(tmp_path / "ann" / "starter", **{"rnn.py": "x = 1"})
    write(tmp_path, **{"solutions.ipynb": notebook("x = 1"), "notebooks/other.ipynb": notebook("x = 1")})
    assert "ann" in [entry.student for entry in find(tmp_path)[0]]


@pytest.mark.skipif(os.name == "nt", reason="names are bytes on POSIX alone")
def test_a_name_that_is_no_text_is_shown_by_its_bytes(tmp_path):
    place = os.fsencode(tmp_path) + b"/b\xff/starter"
    os.makedirs(place)
    write(tmp_path / "ann" / "starter", **{"rnn.py": "x = 1"})
    assert [entry.student for entry in find(tmp_path)[0]] == ["ann", "b\\udcff"]

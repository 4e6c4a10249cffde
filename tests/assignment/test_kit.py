"""Kits: what is packed is read again, and what is no kit, or a broken one, is told in a sentence."""

from __future__ import annotations

import io
import json
import os
import re
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.assignment.course import Course
from grader.assignment.kit import Kit, dump_measurements, find_kits, read_kit
from grader.grading.written import list_prompts, read_answers
from grader.records.errors import GraderError, UsageError
from grader.records.execution import Execution, ExecutionRecord, Missing
from grader.records.measurements import Outputs, Text
from grader.records.submission import Submission
from kit.questions import ask
from kit.tiny import ASSIGNMENT, Tiny, found

LATER = "Decided when graded, beside our own"


@pytest.fixture
def kit(course: Tiny) -> Kit:
    """A kit of `tiny` that knows its outputs, and nothing else."""
    return made_of(course)


def made_of(course: Tiny, **facts: Any) -> Kit:
    loaded = course.load()
    answers: dict[str, object] = {
        p.key: Missing(why=LATER, elsewhere=True) for p in loaded.probes.values()
    }
    answer = {"kind": "tensor", "item": np.arange(6.0).reshape(3, 2)}
    runs: dict[str, object] = {"precision": "float64", "runs": [answer], "place": ""}
    answers[loaded.probes["outputs"].key] = runs
    record = ExecutionRecord(
        kind="reference",
        student="reference",
        digest="",
        execution=Execution(status="ok", stdout="not for students"),
        answers=answers,
        in_float32={loaded.probes["outputs"].key: {**runs, "precision": "float32"}},
    )
    files = {"assignment.py": ASSIGNMENT.encode(), "README.md": b"# Brief\n"}
    files |= {"handout/tiny.py": b"# TODO\n", **dump_measurements(record)}
    whole = Kit(
        slug="tiny",
        title="Two layers",
        entry="tiny",
        seed=1,
        student=None,
        hidden=True,
        level=3,
        versions={"torch": "2.13.0"},
        blanks=("ab" * 32,),
        files=files,
    )
    return replace(whole, **facts)


def written(kit: Kit, folder: Path, name: str = "tiny.zip") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(kit.pack())
    return path


def changed(path: Path, **members: bytes | None) -> Path:
    """The zip with other content in some members, by stem; None takes one away."""
    other = path.with_name("changed.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            content = members.get(name.partition(".")[0], old.read(name))
            if content is not None:
                new.writestr(name, content)
    return other


def facts_of(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        facts: dict[str, Any] = json.loads(archive.read("kit.json"))
    return facts


# ---------------------------------------------------------------------- packed and read


def test_the_same_content_gives_the_same_bytes(course: Tiny, kit: Kit, tmp_path: Path) -> None:
    """No time, no order of making, no owner is in a kit; names are sorted."""
    assert kit.pack() == made_of(course).pack()
    shuffled = replace(kit, files=dict(reversed(kit.files.items())))
    assert shuffled.pack() == kit.pack()
    with zipfile.ZipFile(io.BytesIO(kit.pack())) as archive:
        infos = archive.infolist()
    assert [i.filename for i in infos] == sorted(i.filename for i in infos)
    assert {i.date_time for i in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert not [i for i in infos if i.extra or i.comment]


def test_a_zip_and_its_folder_are_the_same_kit(kit: Kit, tmp_path: Path) -> None:
    """Whatever else lies in the folder, and however far the handout has been filled in there."""
    path = written(kit, tmp_path)
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    (folder / "handout/tiny.py").write_text("mine = True\n")
    (folder / "own.bin").write_bytes(bytes(10))
    for place in (path, folder):
        read = read_kit(place)
        assert replace(read, files={}, place=Path()) == replace(kit, files={}, place=Path())
        assert read.digest == kit.digest
        assert read.place == place


def test_a_loaded_kit(kit: Kit, tmp_path: Path) -> None:
    """Its checks and limits are those that are shown, and its reference is measured alone."""
    loaded = read_kit(written(kit, tmp_path)).load()
    assert [c.name for c in loaded.assignment.checks] == ["shapes", "count", "values", "doubles"]
    assert loaded.assignment.limits.cpu_seconds == 2
    assert (loaded.slug, loaded.withheld, loaded.hidden) == ("tiny", True, False)
    assert (loaded.reference.entry, dict(loaded.reference.files)) == (None, {})
    assert loaded.blanks == {"ab" * 32}
    record = loaded.measured
    assert record is not None
    outputs = loaded.probes["outputs"]
    for answers, precision in ((record.answers, "float64"), (record.in_float32, "float32")):
        value = outputs.read(answers[outputs.key])
        assert isinstance(value, Outputs)
        assert value.precision == precision
        assert value.runs[0].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert record.answers[loaded.probes["layers"].key] == Missing(why=LATER, elsewhere=True)
    assert record.execution.stdout == ""


def test_a_kit_without_arrays(course: Tiny, tmp_path: Path) -> None:
    """All that was measured may be counts and words."""
    record = ExecutionRecord(student="", digest="", execution=Execution(status="ok"), answers={})
    kit = made_of(course)
    kit = replace(kit, files={**kit.files, **dump_measurements(record)})
    loaded = read_kit(written(kit, tmp_path)).load()
    assert loaded.measured is not None
    assert loaded.measured.answers == {}


def test_a_kit_that_nobody_could_read(kit: Kit) -> None:
    """It is not packed: the sentence says how large it would be."""
    large = replace(kit, files={**kit.files, "handout/video.mp4": bytes(65 << 20)})
    with pytest.raises(UsageError, match=r"would have 68,1\d\d,\d\d\d bytes, over the 67,108,864"):
        large.pack()


# ---------------------------------------------------------------------- broken, hostile


def refused(path: Path) -> str:
    """The sentence about a kit that cannot be used."""
    with pytest.raises(GraderError) as told:
        read_kit(path).load()
    text = str(told.value)
    assert "\n" not in text
    assert str(path) in text
    return text


def test_no_kit(kit: Kit, tmp_path: Path) -> None:
    """Nothing there, a folder, another zip, no zip at all."""
    assert "there is no kit" in refused(tmp_path / "absent.zip")
    assert "is no kit" in refused(tmp_path)
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("homework.py", "x = 1\n")
    assert "is no kit" in refused(other)
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("kit.json", '{"name": "a drum kit"}')
    assert "is no kit" in refused(other)
    other.write_bytes(b"PK\x03\x04 and nothing of the kind")
    assert "damaged or no zip" in refused(other)
    os.mkfifo(tmp_path / "pipe.zip")
    assert "is no regular file" in refused(tmp_path / "pipe.zip")


def test_a_kit_that_was_cut(kit: Kit, tmp_path: Path) -> None:
    """A download that broke off, wherever it did."""
    path = written(kit, tmp_path)
    whole = path.read_bytes()
    for end in range(0, len(whole) - 1, len(whole) // 40):
        path.write_bytes(whole[:end])
        assert "damaged or no zip" in refused(path)


def test_a_kit_in_which_bytes_changed(kit: Kit, tmp_path: Path) -> None:
    """One byte of what it judges by: a checksum of the zip, or of the kit, does not fit."""
    path = written(kit, tmp_path)
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        for name in ("assignment.py", "measurements.json", "measurements.npz"):
            place = archive.getinfo(name).header_offset + 30 + len(name) + 5
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
            assert refused(path)


def test_files_of_two_kits(kit: Kit, tmp_path: Path) -> None:
    """Unpacked over each other, or changed by hand: that is said before anything of it is run."""
    path = changed(written(kit, tmp_path), assignment=b"raise SystemExit(3)\n")
    assert "were changed, or do not belong together" in refused(path)
    assert "were changed, or do not belong together" in refused(
        changed(written(kit, tmp_path), measurements=None)
    )


def test_a_kit_of_another_format(kit: Kit, tmp_path: Path) -> None:
    """What a later grader wrote is not guessed at."""
    path = written(kit, tmp_path)
    other = json.dumps({**facts_of(path), "kit": 2}).encode()
    text = refused(changed(path, kit=other))
    assert "is of format 2, and this grader reads 1" in text
    assert "Install" in text


@pytest.mark.parametrize("name", ["slug", "title", "entry", "seed", "hidden", "level", "versions"])
@pytest.mark.parametrize("value", [None, [], "1", -1, 1e300, {"a": "1"}])
def test_facts_of_another_kind(kit: Kit, tmp_path: Path, name: str, value: object) -> None:
    """A kit.json that says something else is refused, or says what it may."""
    path = written(kit, tmp_path)
    facts = {**facts_of(path), name: value}
    other = changed(path, kit=json.dumps(facts).encode())
    if type(value) is type(facts_of(path)[name]) and (name, value) != ("seed", -1):
        assert getattr(read_kit(other), name) == value
    else:
        assert "damaged" in refused(other)


@given(facts=st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_any_json_for_facts(tmp_path_factory: pytest.TempPathFactory, facts: object) -> None:
    """Whatever stands in kit.json, a sentence follows."""
    path = tmp_path_factory.mktemp("any") / "any.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("kit.json", json.dumps(facts))
        archive.writestr("assignment.py", "")
    refused(path)


def test_deep_facts(tmp_path: Path) -> None:
    """Brackets without end are no kit either."""
    path = tmp_path / "deep.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("kit.json", "[" * 200_000)
    assert "damaged" in refused(path)


NAMES = ["../evil.py", "/etc/evil.py", "a/../../evil.py", "..\\evil.py", "C:evil.py", "a\\b.py"]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_lead_elsewhere(kit: Kit, tmp_path: Path, name: str) -> None:
    """A student unpacks a kit, so one that would write elsewhere is refused."""
    path = written(kit, tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo(name), "boo")
    assert "is no name of a kit's file" in refused(path)


def test_a_file_twice(kit: Kit, tmp_path: Path) -> None:
    path = written(kit, tmp_path)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("assignment.py", "raise SystemExit(3)")
    assert "twice" in refused(path)


def test_bombs(kit: Kit, tmp_path: Path) -> None:
    """A member that says it is large, and one that is larger than it says."""
    path = written(kit, tmp_path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("handout/zeros.bin", bytes(80 << 20))
    assert "would unpack to more than" in refused(path)

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("kit.json", bytes(48 << 20))
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.index(mark) + offset, 1000)
    path.write_bytes(data)
    assert "damaged" in refused(path)


def test_too_many_names(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(2_500):
            archive.writestr(f"{number}", "")
    assert "holds more than 1,000 files" in refused(path)


def rebuilt(kit: Kit, folder: Path, **files: bytes) -> Path:
    """A kit that was made so from the beginning: its digest fits."""
    names = {"values": "measurements.json", "arrays": "measurements.npz", "rules": "assignment.py"}
    return written(
        replace(kit, files={**kit.files, **{names[k]: v for k, v in files.items()}}), folder
    )


def npz(**arrays: Any) -> bytes:
    blob = io.BytesIO()
    np.savez(blob, **arrays)
    return blob.getvalue()


def test_pickled_arrays(kit: Kit, tmp_path: Path) -> None:
    """An array of objects is a pickle, and would run what it says."""

    class Evil:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "ran"),)

    blob = npz(**{"0": np.array([Evil()], dtype=object)})
    assert b"ran" in blob
    assert "its measurements cannot be read" in refused(rebuilt(kit, tmp_path, arrays=blob))
    assert not (tmp_path / "ran").exists()


def test_arrays_that_are_none(kit: Kit, tmp_path: Path) -> None:
    """Missing ones, bytes that are no zip, an array that says it is larger than memory."""
    huge = io.BytesIO()
    with zipfile.ZipFile(huge, "w") as archive:
        header = io.BytesIO()
        shape = {"descr": "<f8", "fortran_order": False, "shape": (1 << 40,)}
        np.lib.format.write_array_header_1_0(header, shape)
        archive.writestr("0.npy", header.getvalue() + bytes(80))
    for blob in (npz(), b"none", huge.getvalue()):
        assert "its measurements cannot be read" in refused(rebuilt(kit, tmp_path, arrays=blob))


def test_answers_that_are_none(kit: Kit, tmp_path: Path, course: Tiny) -> None:
    """Trees of another form, and an answer that no such probe gives."""
    key = course.load().probes["outputs"].key
    broken: list[object] = [
        [],
        {"answers": []},
        {"answers": [{"name": key}], "in_float32": []},
        {"answers": [{"name": key, "missing": {"why": "", "odd": 1}}], "in_float32": []},
        {"answers": {key: 1}, "in_float32": []},
    ]
    for head in broken:
        path = rebuilt(kit, tmp_path, values=json.dumps(head).encode())
        assert "its measurements cannot be read" in refused(path)
    entry = {"name": key, "tree": {"runs": "none"}, "first": 0, "count": 0}
    head = {"answers": [entry], "in_float32": []}
    text = refused(rebuilt(kit, tmp_path, values=json.dumps(head).encode()))
    assert "what it says of `outputs`" in text


def test_a_kit_whose_checks_do_not_load(kit: Kit, tmp_path: Path) -> None:
    """As in a course: file and line."""
    path = rebuilt(kit, tmp_path, rules=b"x = 1\nimport no_such_thing\n")
    with pytest.raises(GraderError, match=r"tiny/assignment.py, line 2: ModuleNotFoundError"):
        read_kit(path).load()


# ---------------------------------------------------------------------- finding


Find = Callable[..., list[list[Path]]]


@pytest.fixture
def find(monkeypatch: pytest.MonkeyPatch) -> Find:
    """Places of the kits that are found from a working directory, below which all of them lie."""

    def run(here: Path, *files: Path) -> list[list[Path]]:
        monkeypatch.chdir(here)
        below = here.parents[-1]
        return [[k.place for k in kits] for kits in find_kits(files) if kits[0].place != below]

    return run


def test_kits_beside_and_above(course: Tiny, tmp_path: Path, find: Find) -> None:
    """The nearest folder first, from the file on, then from where one works."""
    kit = made_of(course)
    far, near = tmp_path / "a", tmp_path / "a/b"
    near.mkdir(parents=True)
    below = written(kit, near, "near.zip")
    above = written(kit, far, "far.zip")
    assert find(near, Path("tiny.py")) == [[below], [above]]
    assert find(far, Path("tiny.py")) == [[above]]
    assert find(far, Path("b/tiny.py")) == [[below], [above]]
    assert find(tmp_path, near / "tiny.py") == [[below], [above]]
    assert find(near, tmp_path / "tiny.py") == [[below], [above]]


def test_where_anybody_may_write_nothing_is_taken(course: Tiny, tmp_path: Path, find: Find) -> None:
    """Somebody else's kit in a folder such as /tmp is code; it is used where one works beside it."""
    home = tmp_path / "shared/home"
    home.mkdir(parents=True)
    path = written(made_of(course), tmp_path / "shared")
    assert find(home) == [[path]]
    path.parent.chmod(0o1777)
    assert find(home) == []
    assert find(path.parent) == [[path]]


def test_one_kit_in_two_forms_is_one(course: Tiny, tmp_path: Path, find: Find) -> None:
    """The zip beside what was unpacked of it; of another student it is another."""
    home = tmp_path / "home"
    path = written(made_of(course), home)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(home)
    assert len(find(home)[0]) == 1
    other = made_of(course)
    written(replace(other, files={**other.files, "assignment.py": b"x = 1\n"}), home, "other.zip")
    assert len(find(home)[0]) == 2


def test_what_is_no_kit_is_passed_over(course: Tiny, tmp_path: Path, find: Find) -> None:
    """Other zips, broken ones, folders and links called so, and other people's kit.json."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "folder.zip").mkdir()
    (home / "text.zip").write_text("no zip")
    (home / "loop.zip").symlink_to("loop.zip")
    os.mkfifo(home / "pipe.zip")
    (home / "kit.json").write_text('{"name": "drums"}')
    with zipfile.ZipFile(home / "other.zip", "w") as archive:
        archive.writestr("kit.json", "{}")
    (home / "large.zip").touch()
    os.truncate(home / "large.zip", 1 << 40)
    assert find(home) == []


def test_a_broken_kit_in_the_way_is_named(course: Tiny, tmp_path: Path, find: Find) -> None:
    """It is not passed over: its student would wonder what judges."""
    home = tmp_path / "home"
    path = changed(written(made_of(course), home), assignment=b"x = 1\n")
    (home / "tiny.zip").unlink()
    with pytest.raises(UsageError, match=re.escape(str(path))):
        find(home)


def test_kits_know_nothing_of_their_course(course: Tiny, kit: Kit) -> None:
    """A course is not needed to read one."""
    texts = {name: content for name, content in kit.files.items() if name != "measurements.npz"}
    assert isinstance(Course(course.root), Course)
    assert not [n for n, c in texts.items() if str(course.root).encode() in c]


def test_two_tiny_courses_have_the_same_probes(tmp_path: Path, kit: Kit) -> None:
    """Keys depend on what is asked, not on where; so measurements fit."""
    again: Mapping[str, Any] = found(tmp_path / "again").load().probes
    assert kit.digest == made_of(found(tmp_path / "third")).digest
    assert again["outputs"].key in kit.files["measurements.json"].decode()


def test_a_question_of_the_handout_is_no_answer_by_a_kit_either(
    course: Tiny, tmp_path: Path
) -> None:
    """Its lines are in the kit; those of older kits are not known."""
    ask(course)
    loaded, handout = course.load(), {"tiny.py": b"# Q1: Why does it save memory?\n"}
    lines = list_prompts(loaded, handout)
    assert "Why does it save memory?" in lines
    plain = made_of(course)
    rules = (loaded.folder / "assignment.py").read_bytes()
    for prompts, kind in ((lines, Missing), ((), Text)):
        kit = replace(plain, prompts=prompts, files={**plain.files, "assignment.py": rules})
        one = Submission(student="Ada", files=handout, entry="tiny.py")
        first = next(iter(read_answers(read_kit(written(kit, tmp_path)).load(), one).values()))
        assert isinstance(first, kind)

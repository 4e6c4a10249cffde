"""Programs that only handle own files: what is done of a line, what is passed over, and where."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.inside import remarks
from grader.inside.shims import programs


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A submission's folder, in which a shell's lines are run; nothing else is its own."""
    folder = tmp_path / "sub"
    folder.mkdir()
    (tmp_path / "outside").write_text("not yours")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(programs, "_own", [os.path.realpath(folder)])
    yield folder
    remarks.forget()


def tree(folder: Path) -> dict[str, str]:
    """Text of each file below a folder."""
    return {
        p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()
    }


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("mkdir -p a/b && cp net.py a/b/", {"net.py": "1", "a/b/net.py": "1"}),
        ("mkdir a; mv net.py a/other.py", {"a/other.py": "1"}),
        ("mkdir {a,b} && touch {a,b}/__init__.py", {"net.py": "1", "a/__init__.py": "", "b/__init__.py": ""}),
        ("echo x > a; echo y >> a; cat a a > b; rm a", {"net.py": "1", "b": "x\ny\nx\ny\n"}),
        ("test -f net.py && rm net.py || touch none", {}),
        ("[ -d data ] || mkdir data; cp *.py data/", {"net.py": "1", "data/net.py": "1"}),
        ("rm -rf nothing; rm nothing || echo -n 1 > said", {"net.py": "1", "said": "1"}),
        ("mkdir a && cp net.py a && cp -r a b && rm -r a", {"net.py": "1", "b/net.py": "1"}),
        ("mkdir a b; cp net.py a; cp -r a/. b; rm net.py", {"a/net.py": "1", "b/net.py": "1"}),
        ("mkdir a; cd a; cp ../net.py .; cd ..; mv net.py a/n.py", {"a/net.py": "1", "a/n.py": "1"}),
        ("cat > b.py << EOF\n`x` > 1\nEOF\nmv b.py c.py", {"net.py": "1", "c.py": "`x` > 1\n"}),
        ("cp net.py 'two words.py' # as a copy", {"net.py": "1", "two words.py": "1"}),
        ("tar czf a.tgz net.py; rm net.py; tar xf a.tgz; rm a.tgz", {"net.py": "1"}),
        ("pip install x && mkdir a && touch a/b", {"net.py": "1", "a/b": ""}),
        ("mkdir \\\n a; touch a/b", {"net.py": "1", "a/b": ""}),
        ("mkdir a && echo ready for work if you do > a/b", {"net.py": "1", "a/b": "ready for work if you do\n"}),
        ("tar --create --file=a.tar net.py; rm net.py; tar --extract --file a.tar; rm a.tar", {"net.py": "1"}),
        ("cp net.py a.py 2>/dev/null; ls *.py | wc -l > n", {"net.py": "1", "a.py": "1", "n": "2\n"}),
        ("mkdir a; mv net.py a; ln -s a/net.py one.py; cd a; ln -sf ../a/net.py two.py", {"a/net.py": "1", "one.py": "1", "a/two.py": "1"}),
        ("OUT=a; S='net.py'\nmkdir -p \"$OUT/b\" && cp ${S} $OUT/b; rm $PWD/$S", {"a/b/net.py": "1"}),
        ("export A=x B=y; echo $A$B > a; printf 'n = %d\\n' 1 2 > b", {"net.py": "1", "a": "xy\n", "b": "n = 1\nn = 2\n"}),
        ("cat < net.py | tee a >> b; wc -c < b > c", {"net.py": "1", "a": "1", "b": "1", "c": "1\n"}),
        ("mkdir a; mv net.py a; tar cf a.tar a; rm -r a; tar xf a.tar a; rm a.tar", {"a/net.py": "1"}),
        ("(cd a; rm *.py)\ntouch b", {"net.py": "1"}),
        ("git clone x y && cd y && rm *; mkdir a; touch a/b\nrm -r a net.py", {"net.py": "1", "a/b": ""}),
        ("zip -r a.zip net.py && rm net.py && unzip a.zip", {"net.py": "1"}),
        ("md a\\b\ncopy /Y net.py a\\b\\n.py && del net.py; move a\\b\\n.py .\\m.py; dir /b", {"m.py": "1"}),
        ("mv net.py a; echo y > b.gz; gunzip b.gz || rm b b.gz; chmod +x a; mv a c", {"c": "1"}),
    ],
)  # fmt: skip
def test_a_line_does_what_a_shell_does(home: Path, line: str, left: dict[str, str]) -> None:
    """The files afterwards are those that a shell leaves."""
    (home / "net.py").write_text("1")
    programs.run(line)
    assert tree(home) == left


@pytest.mark.parametrize(
    "line",
    [
        "ls /", "cat ../outside", "cp ../outside .", "rm -rf ..", "mv net.py /tmp/x", "rm -rf .",
        "ls ~", "cat /etc/passwd", "echo x > ../outside", "touch ../new", "mkdir ../new",
        "cd .. && ls", "cat link", "cp -r . ../copy", "unzip a.zip -d ..", "tar xf a.tar -C ..",
        "curl http://example.org", "python train.py", "rm --no-preserve-root -r x", "sh x.sh",
        "cat $(ls)", "mkdir -p ${D:-out}", "cat $1 $?", "cp --parents net.py a", "{ rm net.py; }", "for f in *; do rm $f; done", "if true; then rm *; fi", "ls | sh", "mv . ../x", "ln -s / root", "ln -s ../outside in", "ln net.py b", "gzip net.py",
    ],
)  # fmt: skip
def test_nothing_else_is_done(home: Path, line: str) -> None:
    """Other programs, options and places are passed over, and what is outside stays as it is."""
    (home / "net.py").write_text("1")
    (home / "link").symlink_to(home.parent / "outside")
    with zipfile.ZipFile(home / "a.zip", "w") as archive:
        archive.writestr("x", "1")
    with tarfile.open(home / "a.tar", "w") as tar:
        tar.add(home / "net.py", "net.py")
    done = programs.run(line)
    assert done.passed_over == [line]
    assert "not yours" not in done.printed
    assert (home / "net.py").exists()
    assert {p.name for p in home.parent.iterdir()} == {"sub", "outside"}
    assert (home.parent / "outside").read_text() == "not yours"


def test_archives_do_not_write_outside(home: Path) -> None:
    """Members that climb out of the folder stay in it, or are refused with words."""
    with zipfile.ZipFile(home / "a.zip", "w") as archive:
        archive.writestr("../evil", "1")
    with tarfile.open(home / "a.tar", "w") as tar:
        member = tarfile.TarInfo("../evil")
        member.size = 1
        tar.addfile(member, io.BytesIO(b"1"))
    programs.run("unzip -o a.zip")
    said = programs.run("tar xf a.tar")
    assert said.code == 1
    assert "evil" in said.said
    assert not (home.parent / "evil").exists()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cat nothing", "cat: nothing: No such file or directory\n"),
        ("mkdir net.py", "mkdir: cannot create directory ‘net.py’: File exists\n"),
        ("cp net.py a/b/c", "cp: "),
        ("unzip net.py", "unzip: File is not a zip file\n"),
        ("tar xf net.py", "tar: "),
        ("rm folder", "rm: cannot remove 'folder': Is a directory\n"),
        ("cp -r folder folder/inner", "cp: cannot copy a directory, 'folder', into itself\n"),
        ("mv nothing a", "mv: cannot stat 'nothing': No such file or directory\n"),
        ("rmdir nothing", "rmdir: "),
        ("cp net.py", "cp: missing file operand\n"),
    ],
)
def test_a_program_that_fails_says_so(home: Path, line: str, said: str) -> None:
    """Its words go to standard error, its code is not 0, and nothing is raised."""
    (home / "net.py").write_text("1")
    (home / "folder").mkdir()
    done = programs.run(line)
    assert done.said.startswith(said)
    assert (done.code, done.passed_over) == (1, [])


def test_what_gzip_packed_is_unpacked(home: Path) -> None:
    """In its place, or beside it."""
    (home / "a.py.gz").write_bytes(gzip.compress(b"x"))
    programs.run("gunzip -k a.py.gz; mv a.py b.py; gzip -d a.py.gz")
    assert tree(home) == {"a.py": "x", "b.py": "x"}


def test_a_program_of_subprocess_is_over_at_once(home: Path) -> None:
    """`Popen` has what callers look at: code, streams, text, a folder of its own."""
    programs.run("mkdir a; echo x > a/b")
    with programs.Popen(["ls"], cwd="a", stdout=subprocess.PIPE, text=True) as process:
        assert process.wait(timeout=1) == process.poll() == 0
        assert process.stdout is not None
        assert process.stdout.read() == "b\n"
    joined = programs.Popen("ls c", shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert joined.communicate() == (b"ls: cannot access 'c': No such file or directory\n", None)
    with (home / "out").open("wb") as out:
        assert programs.Popen(["cat", "a/b"], stdout=out).wait() == 0
    assert (home / "out").read_text() == "x\n"

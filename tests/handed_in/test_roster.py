"""A roster in any platform's export: who is who, who handed in nothing, who is a stranger."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.records.errors import UsageError
from grader.records.person import Person
from grader.submissions import joining, roster
from grader.submissions.collect import Choices, HandedIn, collect_class
from grader.submissions.layouts.layout import HandIn
from kit.archives import ASKED, CODE, write

ANA = Person(name="Ana López", id="300001", email="ana@example.edu", login="alopez", section="S1")
EXPORTS = {
    "plain": "name,id,email,login,section\nAna López,300001,ana@example.edu,alopez,S1\n",
    "semicolons": "login;Section;ID;E-Mail;Full name\nalopez;S1;300001;ana@example.edu;Ana López\n",
    "canvas": "Student,ID,SIS User ID,SIS Login ID,Section,Email,HW1 (7)\n"
    "    Points Possible,,,,,,10\n"
    '"López, Ana",300001,S99,alopez,S1,ana@example.edu,\n"Student, Test",1,,x,S1,,\n',
    "gradescope": "First Name,Last Name,SID,Email,Role,Section,Login\n"
    "Ana,López,300001,ana@example.edu,Student,S1,alopez\nTea,Cher,,t@example.edu,Instructor,,\n",
    "brightspace": "OrgDefinedId,Username,Last Name,First Name,Email,Section,End-of-Line Indicator\n"
    "#300001,#alopez,López,Ana,ana@example.edu,S1,#\n",
    "moodle": "Identifier,Full name,Email address,Username,Section,Grade\n"
    "Participant 300001,Ana López,ana@example.edu,alopez,S1,\n",
    "nbgrader": "id,first_name,last_name,email,login,section\n"
    "300001,Ana,López,ana@example.edu,alopez,S1\n",
    "github": "identifier,github_username,github_id,name,email,section\n"
    '"300001","alopez","55","Ana López","ana@example.edu","S1"\n',
}


def read(path: Path, content: bytes | str) -> list[roster.Enrolled]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return roster.read_roster(path)


@pytest.mark.parametrize("kind", EXPORTS)
def test_exports(tmp_path: Path, kind: str) -> None:
    """The same person, whatever columns are called; nobody who is no student."""
    assert [one.person for one in read(tmp_path / "r.csv", EXPORTS[kind])] == [ANA]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    """Tables of programs for tables have marks, or old code pages; and tabs, and other line ends."""
    text = EXPORTS["plain"].replace(",", "\t").replace("\n", "\r\n")
    assert [one.person for one in read(tmp_path / "r.csv", text.encode(encoding))] == [ANA]


def test_it_is_kept_as_it_is(tmp_path: Path) -> None:
    """What the ledger keeps reads back."""
    enrolled = read(tmp_path / "r.csv", EXPORTS["canvas"])
    assert roster.load_roster(roster.dump_roster(enrolled)) == enrolled
    assert enrolled[0].ids == ("300001", "S99")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no heading"),
        (b"a,b\n1,2\n", "no heading for a name, an id"),
        (b"name\n\n", "names no student"),
        (b'name\n"' + b"x" * 200_000, "Give a CSV file"),
        (b"name\n" + b"x\n" * (9 << 20), "more than the"),
    ],
)
def test_what_is_no_roster(tmp_path: Path, content: bytes, why: str) -> None:
    """One sentence, with the remedy."""
    with pytest.raises(UsageError, match=why):
        read(tmp_path / "r.csv", content)


def test_a_roster_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"does not exist. Give a CSV file"):
        roster.read_roster(tmp_path / "r.csv")


def test_handouts_are_written_for_the_names_that_grade_uses(tmp_path: Path) -> None:
    """Two of one name bear their numbers."""
    enrolled = read(tmp_path / "r.csv", PEOPLE)
    found = join(tmp_path, ["bo/lenet.py"])
    assert sorted(roster.list_labels(enrolled)) == sorted(s.student for s in found.submissions)


# ------------------------------------------------------------------------------------- joining

PEOPLE = """\
name,id,email,login,section,group
"López García, Ana",1,ana@example.edu,ana-lopez,S1,
Jörg Müller,2,joerg@example.edu,jm,S1,
Maria Curie,3,m3@example.edu,mc3,S2,
Maria Curie,4,m4@example.edu,mc4,S2,
Bo Li,5,bo@example.edu,bo,S1,Team 7
Cy Wu,6,cy@example.edu,cy,S1,Team 7
"""


def join(root: Path, files: list[str], people: str = PEOPLE) -> HandedIn:
    enrolled = read(root / "roster.csv", people)
    folder = write(root / "class", dict.fromkeys(files, CODE))
    return collect_class(folder, ASKED, Choices(roster=enrolled))


def test_canvas_names(tmp_path: Path) -> None:
    """A number finds its person; who handed in nothing has a row; a stranger is named."""
    files = ["lópezgarcíaana_1_9_lenet.py", "mllerjrg_LATE_2_8_lenet.py", "guest_77_7_lenet.py"]
    found = join(tmp_path, files)
    assert [(s.student, s.persons[0].login, s.late, bool(s.files)) for s in found.submissions] == [
        ("Ana López García", "ana-lopez", False, True),
        ("Bo Li", "bo", False, False),
        ("Cy Wu", "cy", False, False),
        ("guest", "", False, True),
        ("Jörg Müller", "jm", True, True),
        ("Maria Curie (3)", "mc3", False, False),
        ("Maria Curie (4)", "mc4", False, False),
    ]
    assert found.remarks == [
        "Not on the roster: guest.",
        "Not by name, but by number, address or account: mllerjrg is Jörg Müller."
        " Where that is a group, give a roster with a column `group`.",
    ]
    assert "No file was handed in." in " ".join(found.submissions[1].notes)


@pytest.mark.parametrize(
    "name",
    ["Ana López García", "García Ana López", "ana-lopez", "ANA@example.edu", "1", "lópezgarcíaana",
     "lopez garcia, ana"],
)  # fmt: skip
def test_a_folder_called_by_anything(tmp_path: Path, name: str) -> None:
    """Name in any order, account, address or number."""
    found = join(tmp_path, [f"{name}/lenet.py"])
    assert found.submissions[0].student == "Ana López García"
    assert found.submissions[0].persons[0].id == "1"
    assert found.remarks == []


@pytest.mark.parametrize("name", ["mueller_joerg", "Joerg Mueller", "muller-jorg", "müllerjörg"])
def test_umlauts_as_they_are_spelt(tmp_path: Path, name: str) -> None:
    """With two letters, or without the dots."""
    one = next(s for s in join(tmp_path, [f"{name}/lenet.py"]).submissions if s.files)
    assert (one.student, one.persons[0].login) == ("Jörg Müller", "jm")


def test_whom_a_name_does_not_tell(tmp_path: Path) -> None:
    """Two of one name are not guessed: the row keeps its own name, and neither of them is said to
    have handed in nothing.
    """
    found = join(tmp_path, ["Maria Curie/lenet.py"])
    assert [s.student for s in found.submissions if "Maria" in s.student] == ["Maria Curie"]
    (remark,) = found.remarks
    assert remark.startswith("Several persons of the roster could be Maria Curie: none was joined")


NEAR = "name,id\nJosé García,1\nJose Garcia,2\nAnna Mueller,3\nAnna Muller,4\n"


@pytest.mark.parametrize(
    ("folder", "number"),
    [("José García", "1"), ("Jose Garcia", "2"), ("García, José", "1"), ("Anna Müller", "")],
)
def test_names_that_differ_in_accents_only(tmp_path: Path, folder: str, number: str) -> None:
    """As it is written, a name is one person's; of two that it could be spelt as, nobody's."""
    hand_in = HandIn(student=folder)
    (joined, *_), _ = joining.join_roster([hand_in], read(tmp_path / "r.csv", NEAR))
    assert [p.id for p in joined.persons] == [number] * bool(number)


@pytest.mark.parametrize(
    ("text", "persons"),
    [
        ("name,id,section,email\nAna,1,S1,\nAna,1,S2,a@x\n", [("Ana", "1", "a@x", "")]),
        ("sep=;\r\n\r\nname;id\r\nAna;1\r\n", [("Ana", "1", "", "")]),
        ("name,email\nAna,a@x\nAna,b@x\n", [("Ana", "", "a@x", ""), ("Ana", "", "b@x", "")]),
        ("ID,Vollständiger Name\nTeilnehmer/in11,Bo Li\n", [("Bo Li", "11", "", "")]),
        ('First name,Roles\nAna,"Student, Peer"\nTea,Teacher\n', [("Ana", "", "", "")]),
    ],
)
def test_rows_and_persons(tmp_path: Path, text: str, persons: list[tuple[str, ...]]) -> None:
    """Somebody in two sections is one; a namesake is not; numbers are numbers in German too."""
    found = [one.person for one in read(tmp_path / "r.csv", text)]
    assert [(p.name, p.id, p.email, p.login) for p in found] == persons


def test_a_namesake_with_another_number_is_a_stranger(tmp_path: Path) -> None:
    """Where numbers tell others: who is off the course leaves nothing to whom the name is shared."""
    text = "name,id,email\nAna,1,a@x\nBo Li,2,b@x\n"
    ana, bo = (Person(name=n, id=i) for n, i in (("Ana", "1"), ("Bo Li", "9")))
    hand_ins = [HandIn(student=p.name, persons=(p,)) for p in (ana, bo)]
    joined, remarks = joining.join_roster(hand_ins, read(tmp_path / "r.csv", text))
    found = [(one.persons[0].id, one.persons[0].email) for one in joined]
    assert found == [("1", "a@x"), ("9", ""), ("2", "b@x")]
    assert remarks == ["Not on the roster: Bo Li."]


def test_accounts_of_github_are_no_others(tmp_path: Path) -> None:
    """Whoever is called on GitHub as somebody else is on campus is not that person; where nobody
    knows, it is said.
    """
    text = "name,login,github_username\nAna,al,octo\nJo,jdoe,jo\n"
    octo, jdoe = (HandIn(student=n, persons=(Person(login=n),)) for n in ("octo", "jdoe"))
    enrolled = read(tmp_path / "r.csv", text)
    assert roster.load_roster(roster.dump_roster(enrolled)) == enrolled
    joined, remarks = joining.join_roster([octo, jdoe], enrolled, github=True)
    found = [(one.student, one.persons[0].login) for one in joined[:2]]
    assert found == [("Ana", "al"), ("jdoe", "jdoe")]
    assert remarks == ["Not on the roster: jdoe."]
    campus = read(tmp_path / "r.csv", "name,login\nJo,jdoe\n")
    ((one,), (remark,)) = joining.join_roster([jdoe], campus, github=True)
    assert (one.student, "roster: jdoe is Jo. Where" in remark) == ("Jo", True)


def test_two_that_could_be_one_person(tmp_path: Path) -> None:
    """Neither gets the other's row, and the person is not said to have handed in nothing."""
    found = join(tmp_path, ["bo/lenet.py", "Bo Li/lenet.py"])
    assert [s.student for s in found.submissions if "o" in s.student.split()[0]][:2] == [
        "bo",
        "Bo Li",
    ]
    assert found.remarks == ["Several hand-ins could be of Bo Li: none was joined."]


def test_moodle_keeps_its_own_number(tmp_path: Path) -> None:
    """The participant's number is what the worksheet knows; the roster's fills what is empty."""
    found = join(tmp_path, ["Jörg Müller_657738_assignsubmission_file/lenet.py"])
    one = next(s for s in found.submissions if s.student == "Jörg Müller")
    assert (one.persons[0].id, one.persons[0].email) == ("657738", "joerg@example.edu")


def test_groups_by_their_name(tmp_path: Path) -> None:
    """A hand-in that is called after a group is that of its members."""
    found = join(tmp_path, ["team7_6_1_lenet.py"])
    one = next(s for s in found.submissions if s.files)
    assert one.student == "Team 7"
    assert [p.name for p in one.persons] == ["Bo Li", "Cy Wu"]
    assert "Bo Li" not in [s.student for s in found.submissions]


def test_a_team_keeps_its_name(tmp_path: Path) -> None:
    """Its members get theirs from the roster; a group without a name is called by them."""
    files = [f"Team X-{n}_assignsubmission_file/lenet.py" for n in ("Bo Li_1", "Wu, Cy_2")]
    one = next(s for s in join(tmp_path, files).submissions if s.files)
    assert (one.student, [p.login for p in one.persons]) == ("Team X", ["bo", "cy"])


def test_repositories_by_the_end_of_their_name(tmp_path: Path) -> None:
    """A login may hold hyphens, and one repository alone does not tell where it begins."""
    hand_in = HandIn(student="lenet-ana-lopez", place="lenet-ana-lopez")
    (joined, *_), _ = joining.join_roster([hand_in], read(tmp_path / "r.csv", PEOPLE))
    assert (joined.student, joined.persons[0].login) == ("Ana López García", "ana-lopez")

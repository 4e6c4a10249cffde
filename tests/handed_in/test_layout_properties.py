"""Whatever names there are: no layout raises, and nobody's file is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from grader.submissions.commits import Repository, read_commit_time
from grader.submissions.layouts.layout import load_layouts
from grader.submissions.listing import CLASS, Listing, Member
from grader.submissions.names import Refused
from kit.archives import ASKED

LAYOUTS = load_layouts()
PIECES = st.sampled_from(
    [
        "_", "-", " - ", "/", ".", "LATE", "anon_1a2B3", "12345", "1", "ana", "Ana López", "Participant",
        "assignsubmission_file", "assignsubmission_onlinetext", "attempt", "2026-03-01-10-00-00",
        "Sep 24, 2024 926 PM", "Sep 99, 2024 9999 PM", "397063-2557369", "text.html", "lenet.py",
        "lenet-1.py", "lenet.pt", "all.zip", "index.html", "timestamp.txt", "submitted",
        "submission_1", "submission_metadata.yml", "İ", "\u202e", "e\u0301", "(", "\n",
    ]
)  # fmt: skip
NAMES = st.lists(PIECES, min_size=1, max_size=9).map("".join)
SHAPED = st.one_of(
    NAMES,
    st.builds("{}_{}_{}_{}".format, NAMES, st.integers(0, 99), st.integers(0, 99), NAMES),
    st.builds("{}_{}_assignsubmission_file/{}".format, NAMES, st.integers(0, 99), NAMES),
    st.builds("hw_{}_attempt_2026-03-01-10-00-0{}_{}".format, NAMES, st.integers(0, 9), NAMES),
    st.builds("{}-7 - {} - Sep 2, 2024 926 PM/{}".format, st.integers(0, 9), NAMES, NAMES),
    st.builds("submitted/{}/ps1/{}".format, NAMES, NAMES),
)
TABLE = b"submission_1:\n  :submitters:\n  - :name: Ana\n"


@given(st.lists(SHAPED, max_size=12), st.lists(NAMES, max_size=3), st.integers(0, 1))
def test_nobody_is_lost(names: list[str], refused: list[str], table: int) -> None:
    """Every file that can be run is in somebody's hand-in, once for each that shares it."""
    listing = Listing(CLASS)
    for name in [*names, *["submission_metadata.yml"] * table]:
        content = TABLE if name.endswith(".yml") else name.encode("utf-8", "replace")
        listing.add(name, Member(size=len(content), read=lambda _cap, content=content: content))
    for name in refused:
        listing.refuse(name, "is a symbolic link and was not followed")
    for name, layout in LAYOUTS.items():
        if layout.refuse(listing, ASKED):
            continue
        try:
            hand_ins = layout.list_hand_ins(listing, ASKED)
        except Refused:
            continue
        taken = {id(member) for one in hand_ins for member in one.members.values()}
        said = [note for one in hand_ins for note in one.notes]
        lost = [
            n
            for n, m in listing.members.items()
            if n.endswith((".py", ".zip")) and id(m) not in taken
        ]
        if name == "nbgrader":  # what lies beside its folder, or is of another assignment
            continue
        assert len(lost) <= sum("twice" in note for note in said), name


@given(st.dictionaries(st.sampled_from(
    ["HEAD", "refs/heads/main", "packed-refs", "objects/pack/a.idx", "objects/pack/a.pack",
     f"objects/{'a' * 2}/{'a' * 38}"]),
    st.one_of(
        st.binary(max_size=2000),
        st.sampled_from([b"ref: refs/heads/main\n", b"a" * 40, b"\xfftOc\x00\x00\x00\x02" + b"\xff" * 1100,
                         b"\xfftOc\x00\x00\x00\x02" + b"\0" * 680 + b"\0\0\0\1" * 86 + b"\xaa" * 20 + b"\0\0\0\0\0\0\0\4"]),
    )))  # fmt: skip
def test_no_repository_raises(files: dict[str, bytes]) -> None:
    """Bytes that somebody made up are no time, and nothing else happens."""

    def read(name: str, start: int, most: int) -> bytes:
        if name not in files:
            raise Refused("does not exist")
        return files[name][start : start + most]

    assert read_commit_time(Repository(packs=["a.idx", "a.pack"], read=read)) is None

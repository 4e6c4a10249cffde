"""Kits: what a student needs to check herself, without the reference.

    kit.json            what it is for, its seed, and what measured it
    README.md           the brief                   handout/     what she starts from
    CHECK.md            how to check oneself        numbers.json her numbers, where there are any
    assignment.py       the checks that are shown   probes.py    what they measure
    measurements.json   what was measured on the reference, as a ledger keeps it
    measurements.npz    its arrays

A kit is a zip, or the folder that came of unpacking it. Its assignment.py is its instructor's code,
which runs as that of a course does. Everything else is checked or refused, nothing is unpickled,
and no name in it is written to.
"""

from __future__ import annotations

import io
import json
import os
import re
import stat
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from grader.assignment.loader import MEASURING, RULES, LoadedAssignment, assemble
from grader.inside.wire import Malformed
from grader.ledger import codec
from grader.records import zip_file
from grader.records.broken_zip import BROKEN_ZIP
from grader.records.errors import UsageError
from grader.records.execution import Execution, ExecutionRecord, Missing
from grader.records.json_values import record_to_json
from grader.records.submission import Submission, digest_files

FORMAT = 1
"""Rises when an older grader would misunderstand a kit."""
FACTS, VALUES, ARRAYS = "kit.json", "measurements.json", "measurements.npz"
JUDGING = (RULES, MEASURING, VALUES, ARRAYS)
"""The files by which it judges; the others are for its reader."""

_FILE_CAP, _MEMBERS_CAP = 64 << 20, 1_000
"""Bytes of the zip and of what comes of it; names in it."""
_SCANNED, _LISTING = 100, 128 << 10
"""Zips of a folder that are looked at, and bytes at their ends."""
_DIRECTORY_MARK = b"PK\x01\x02"
_SLUG = re.compile(r"[\w-]{1,80}")
_AGAIN = "Take it from your instructor once more"

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """One kit, of one assignment, for everybody or for one student."""

    slug: str
    title: str
    entry: str
    """Stem of the file that is checked."""
    seed: int
    """Under which the reference was measured, and the student's files are."""
    student: str | None
    """Whose numbers it has; None where nobody has numbers of their own."""
    hidden: bool
    """Whether there are checks that it does not show."""
    level: int
    """Sandbox level at which the reference was measured."""
    versions: Mapping[str, str]
    """Of what measured it."""
    blanks: tuple[str, ...]
    """SHA-256 of each file that can be run of the handout, hex."""
    prompts: tuple[str, ...] = ()
    """Lines of the handout where there are written answers; they are nobody's."""
    files: Mapping[str, bytes] = field(repr=False)
    """Everything but kit.json, by relative name; only what it judges by, where it was read."""
    place: Path = Path()
    """Where it was read."""

    @property
    def digest(self) -> str:
        """SHA-256 of the files by which it judges, hex."""
        return digest_files({n: self.files[n] for n in JUDGING if n in self.files})

    def pack(self) -> bytes:
        """The zip: the same bytes for the same content. UsageError where none could be read."""
        size = sum(map(len, self.files.values()))
        if size > _FILE_CAP:
            raise UsageError(
                f"a kit of {self.slug} would have {size:,} bytes, over the {_FILE_CAP:,} that are "
                "read. Ask for smaller arrays, or take a file out of the handout"
            )
        facts = {k: v for k, v in asdict(self).items() if k not in ("files", "place")}
        text = json.dumps({"kit": FORMAT, **facts, "digest": self.digest}, indent=2)
        return zip_file.pack({**self.files, FACTS: f"{text}\n".encode()})

    def load(self) -> LoadedAssignment:
        """The assignment as the kit has it: public checks, and a reference that is only measured.

        Raises CourseError where its assignment.py cannot be read, UsageError where its
        measurements cannot.
        """
        record = self._read_measurements()
        loaded = assemble(
            self.place / self.slug,
            {n: self.files[n] for n in (RULES, MEASURING) if n in self.files},
            reference=lambda _: Submission(student="reference", files={}, entry=None),
            withheld=self.hidden,
            blanks=frozenset(self.blanks),
            prompts=frozenset(self.prompts),
            measured=record,
        )
        for name, probe in loaded.probes.items():
            for answers in (record.answers, record.in_float32):
                answer = answers.get(probe.key, Missing(why=""))
                try:
                    if not isinstance(answer, Missing):
                        probe.read(answer)
                except Malformed as error:
                    raise self._damaged(f"what it says of `{name}` is {error}") from error
        return loaded

    def _read_measurements(self) -> ExecutionRecord:
        """What was measured on the reference."""
        try:
            head = json.loads(self.files[VALUES])
            with zipfile.ZipFile(io.BytesIO(self.files[ARRAYS])) as arrays:
                _require_honest(arrays)
            row = codec.ExecutionRow(
                kind="reference",
                key="",
                student="reference",
                digest="",
                execution=record_to_json(Execution(status="ok")),
                answers=head["answers"],
                in_float32=head["in_float32"],
                proofs=[],
                arrays=codec.load_arrays(self.files[ARRAYS]),
            )
            return codec.load_execution(row)
        except (*BROKEN_ZIP, TypeError, MemoryError) as error:
            raise self._damaged("its measurements cannot be read") from error

    def _damaged(self, what: str) -> UsageError:
        return UsageError(f"the kit {self.place} is damaged: {what}. {_AGAIN}")


def dump_measurements(record: ExecutionRecord) -> dict[str, bytes]:
    """The answers in a record of the reference as files of a kit, and nothing else of it."""
    row = codec.dump_execution("", record)
    head = {"answers": row.answers, "in_float32": row.in_float32}
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    return {
        VALUES: json.dumps(head).encode(),
        ARRAYS: codec.dump_arrays(row.arrays) or empty.getvalue(),
    }


# ---------------------------------------------------------------------- finding


def find_kits(files: Sequence[Path]) -> Iterator[list[Kit]]:
    """The kits of each folder that has some, each once: beside the files, then upwards from there,
    then upwards from the working directory.

    Code of a kit is run, so folders above that anybody may write to, such as /tmp, are passed over.
    """
    starts = [p if p.is_dir() else p.parent for p in (*map(Path.absolute, files), Path.cwd())]
    for folder in dict.fromkeys(f for start in starts for f in (start, *start.parents)):
        if folder not in starts and _is_open_to_all(folder):
            continue
        below = folder in starts and not _is_open_to_all(folder)
        kits = [read_kit(p) for p in _list_kits(folder, below=below)]
        if kits:
            yield list({k.digest: k for k in kits}.values())


def _is_open_to_all(folder: Path) -> bool:
    try:  # on Windows the bits say nothing
        return os.name == "posix" and bool(folder.stat().st_mode & stat.S_IWOTH)
    except OSError:
        return True


def _list_kits(folder: Path, *, below: bool) -> list[Path]:
    """The folder itself where it is an unpacked kit, every zip in it that is one, and, if `below`,
    the folders in it into which one was unpacked.
    """
    try:
        zips = sorted(p for p in folder.glob("*.zip") if p.is_file())[:_SCANNED]
    except OSError:  # a folder that may not be listed has no kit for us
        zips = []
    places = [folder, *(p.parent for p in sorted(folder.glob(f"*/{FACTS}"))[:_SCANNED] if below)]
    unpacked = [p for p in places if (p / FACTS).is_file() and _marks_kit(p / FACTS)]
    return unpacked + [p for p in zips if _is_kit(p)]


def _marks_kit(path: Path) -> bool:
    """Whether a file called kit.json is that of a kit: others may use the name."""
    try:
        with path.open("rb") as file:
            return b'"kit":' in file.read(64)
    except OSError:
        return False


def _is_kit(path: Path) -> bool:
    """Whether the names at the end of a zip, where it lists its files, are those of a kit."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LISTING))
            listing = file.read(_LISTING)
    except OSError:
        return False
    return all(name.encode() in listing for name in (FACTS, RULES, VALUES))


# ---------------------------------------------------------------------- reading


def read_kit(path: Path) -> Kit:
    """The kit at this path, a zip or a folder, with what it judges by. Raises UsageError."""
    if not path.exists():
        raise UsageError(f"there is no kit {path}. Check the path")
    try:
        files = _read_folder(path) if path.is_dir() else _read_zip(_read_capped(path))
        facts = json.loads(files.pop(FACTS))
        if not isinstance(facts, dict) or facts.get("kit") is None:
            raise KeyError(FACTS)
    except UsageError as error:
        raise UsageError(f"the kit {path} {error}") from error
    except LookupError:
        raise UsageError(
            f"{path} is no kit: it holds no {FACTS} of `grader release` at its top. If it was "
            "packed again with a folder around it, unpack it; else name another with --kit"
        ) from None
    except (*BROKEN_ZIP, MemoryError) as error:
        raise UsageError(f"the kit {path} is damaged or no zip. {_AGAIN}") from error
    if facts["kit"] != FORMAT:
        raise UsageError(
            f"the kit {path} is of format {str(facts['kit'])[:20]}, and this grader reads "
            f"{FORMAT}. Install the version that your instructor names"
        )
    return _make_kit(path, facts, files)


def _make_kit(path: Path, facts: Mapping[str, object], files: Mapping[str, bytes]) -> Kit:
    kit = Kit(
        slug=_take(path, facts, "slug", str),
        title=_take(path, facts, "title", str),
        entry=_take(path, facts, "entry", str),
        seed=_take(path, facts, "seed", int),
        student=None if facts.get("student") is None else _take(path, facts, "student", str),
        hidden=_take(path, facts, "hidden", bool),
        level=_take(path, facts, "level", int),
        versions={str(k): str(v) for k, v in _take(path, facts, "versions", dict).items()},
        blanks=tuple(map(str, _take(path, facts, "blanks", list))),
        prompts=tuple(map(str, _take(path, {"prompts": [], **facts}, "prompts", list))),
        files=files,
        place=path,
    )
    if not _SLUG.fullmatch(kit.slug) or not 0 <= kit.seed < 2**31:
        raise UsageError(f"the kit {path} is damaged: its {FACTS} says what cannot be. {_AGAIN}")
    if kit.digest != facts.get("digest"):
        raise UsageError(
            f"the files of the kit {path} were changed, or do not belong together. {_AGAIN}"
        )
    return kit


def _take(path: Path, facts: Mapping[str, Any], name: str, kind: type[T]) -> T:
    """What kit.json says under this name."""
    value = facts.get(name)
    if type(value) is not kind:
        raise UsageError(f"the kit {path} is damaged: its {FACTS} has no `{name}`. {_AGAIN}")
    return value


def _read_capped(path: Path) -> bytes:
    if not path.is_file():  # a pipe would be waited for
        raise UsageError("is no regular file")
    with path.open("rb") as file:
        data = file.read(_FILE_CAP + 1)
    if len(data) > _FILE_CAP:
        raise UsageError(f"has more than the {_FILE_CAP:,} bytes allowed")
    return data


def _read_folder(folder: Path) -> dict[str, bytes]:
    """What a kit judges by, of a folder in which other files may lie."""
    paths = {n: folder / n for n in (FACTS, *JUDGING)}
    return {n: _read_capped(p) for n, p in paths.items() if p.is_file() and not p.is_symlink()}


def _read_zip(data: bytes) -> dict[str, bytes]:
    """What a kit judges by; every name is looked at, as its student will unpack them."""
    # zipfile makes an object of about a kilobyte for every 46 bytes of a directory.
    if data.count(_DIRECTORY_MARK) > 2 * _MEMBERS_CAP:
        raise UsageError(f"holds more than {_MEMBERS_CAP:,} files")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        _require_honest(archive)
        wanted = [n for n in archive.namelist() if n in (FACTS, *JUDGING)]
        return {n: _read_member(archive, n) for n in wanted}


def _read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """In small pieces: in one, more may be unpacked than the member declares."""
    with archive.open(name) as file:
        return b"".join(iter(lambda: file.read(1 << 20), b""))


def _require_honest(archive: zipfile.ZipFile) -> None:
    """Raise UsageError for a zip that holds too much, a file twice, or one outside its folder."""
    infos = archive.infolist()
    names = [i.filename for i in infos]
    odd = next((n for n in names if not _is_plain(n)), None)
    if odd is not None:
        raise UsageError(f"holds {odd[:80]!r}, which is no name of a kit's file. {_AGAIN}")
    if len(set(names)) < len(names) or len(names) > _MEMBERS_CAP:
        raise UsageError(f"holds a file twice, or more than {_MEMBERS_CAP:,}. {_AGAIN}")
    # What a member declares is all that is unpacked of it.
    if sum(i.file_size for i in infos) > _FILE_CAP:
        raise UsageError(f"would unpack to more than the {_FILE_CAP:,} bytes allowed. {_AGAIN}")
    if any(i.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for i in infos):
        raise UsageError(f"is compressed in a way that is not read. {_AGAIN}")


def _is_plain(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and not re.search(r"[\\:\0]", name)

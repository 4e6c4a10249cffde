"""Programs that only handle files, done by our own code: `mkdir`, `cp`, `mv`, `rm`, `ls`, `unzip`.

They handle files of the submission and temporary ones; whatever asks for others, or for an option
that is not known here, is left to whoever passes programs over. What they print is what the real
ones print, as far as students read it.
"""

from __future__ import annotations

import gzip
import itertools
import os
import re
import shutil
import tarfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from time import localtime, strftime

from grader.inside.shims.program_calls import Call, Failed, Folders, NotOurs, Program, understand

_OF_WINDOWS: Mapping[str, str] = {
    "copy": "cp",
    "del": "rm",
    "dir": "ls",
    "md": "mkdir -p",
    "move": "mv",
    "rd": "rmdir",
    "ren": "mv",
    "type": "cat",
}
_SWITCH = re.compile(r"/-?[ABQY]", re.IGNORECASE)
"""Options of these that change nothing here."""


def run(words: Sequence[str], folders: Folders, piped: str = "") -> str:
    """What the program prints. Raises NotOurs, or Failed with what it says."""
    name, *words = _translate(words)
    program = _PROGRAMS.get(name)
    if program is None:
        raise NotOurs(name)
    call = understand(name, words, folders, piped, program)
    try:
        return program.work(call)
    except (zipfile.BadZipFile, tarfile.TarError) as error:
        raise Failed(f"{name}: {error}") from None
    except OSError as error:  # shutil.Error, which has no errno, is one too
        named = f"{error.filename}: " if error.filename else ""
        raise Failed(f"{name}: {named}{error.strerror or error}") from None


def knows(name: str) -> bool:
    """True for a program that is handled here."""
    return name in _PROGRAMS or name in _OF_WINDOWS


def _translate(words: Sequence[str]) -> list[str]:
    """The program with its words, those of Windows as they are called elsewhere."""
    name = os.path.basename(words[0])
    if name not in _OF_WINDOWS:
        return [name, *words[1:]]
    return [*_OF_WINDOWS[name].split(), *(w for w in words[1:] if not _SWITCH.fullmatch(w))]


def _name(call: Call, path: Path) -> str:
    """A path as it is shown: below the working folder without that."""
    return os.path.relpath(path, call.folders.here)


# folders and files


def _make_folders(call: Call) -> str:
    for path in call.paths():
        if call.has("p"):
            path.mkdir(parents=True, exist_ok=True)
        elif os.path.lexists(path):
            raise Failed(f"mkdir: cannot create directory ‘{_name(call, path)}’: File exists")
        else:
            path.mkdir()
    return ""


def _remove_folders(call: Call) -> str:
    for name in call.operands:
        call.folders.find_removable(name).rmdir()
    return ""


def _remove(call: Call) -> str:
    for name in call.operands:
        path = call.folders.find_removable(name)
        if not os.path.lexists(path):
            if not call.has("f"):
                raise Failed(f"rm: cannot remove '{name}': No such file or directory")
        elif path.is_dir() and not path.is_symlink():
            if not call.has("rR"):
                raise Failed(f"rm: cannot remove '{name}': Is a directory")
            shutil.rmtree(path)
        else:
            path.unlink()
    return ""


def _list_moves(call: Call) -> Iterator[tuple[Path, Path]]:
    """What goes where; `cp -t` and the like are not known."""
    if len(call.operands) < 2:
        raise Failed(f"{call.name}: missing file operand")
    *sources, target = call.paths()
    if len(sources) > 1 and not target.is_dir():
        raise Failed(f"{call.name}: target '{_name(call, target)}' is not a directory")
    for name, source in zip(call.operands, sources, strict=False):
        if not os.path.lexists(source):
            why = "No such file or directory"
            raise Failed(f"{call.name}: cannot stat '{name}': {why}")
        into = target.is_dir() and not name.endswith(("/.", "/..")) and name not in (".", "..")
        yield source, target / os.path.basename(os.path.normpath(source)) if into else target


def _copy(call: Call) -> str:
    for source, target in _list_moves(call):
        if call.has("n") and target.exists():
            continue
        if not source.is_dir():
            shutil.copy(source, target)
        elif call.has("rRa"):
            if Path(os.path.realpath(target)).is_relative_to(os.path.realpath(source)):
                raise Failed(f"cp: cannot copy a directory, '{_name(call, source)}', into itself")
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            raise Failed(f"cp: -r not specified; omitting directory '{_name(call, source)}'")
    return ""


def _move(call: Call) -> str:
    for source, target in _list_moves(call):
        if os.path.realpath(source) in call.folders.own:
            raise NotOurs(str(source))
        if call.has("n") and target.exists():
            continue
        if target.is_file() and not source.is_dir():
            target.unlink()
        shutil.move(source, target)
    return ""


def _link(call: Call) -> str:
    """A link to something of the student's; hard ones are not made."""
    if len(call.operands) != 2 or not call.has("s"):
        raise NotOurs(call.name)
    source, target = call.operands[0], call.folders.find(call.operands[1])
    if target.is_dir():
        target /= os.path.basename(os.path.normpath(source))
    call.folders.find(os.path.join(os.path.relpath(target.parent, call.folders.here), source))
    if call.has("f"):
        target.unlink(missing_ok=True)
    target.symlink_to(source)
    return ""


def _touch(call: Call) -> str:
    for path in call.paths():
        path.touch()
    return ""


def _list(call: Call) -> str:
    paths = call.paths(0) or [Path(call.folders.here)]
    lines: list[str] = []
    for name, path in zip(call.operands or [""], paths, strict=True):
        if not os.path.lexists(path):
            raise Failed(f"ls: cannot access '{name}': No such file or directory")
        if not path.is_dir() or call.has("d"):
            lines.append(_describe(call, path, name or "."))
            continue
        for place, folders, files in os.walk(path):
            if len(paths) > 1 or call.has("R"):
                lines += [*([""] if lines else []), f"{os.path.join(name, _below(path, place))}:"]
            folders.sort()
            shown = sorted([*folders, *files])
            shown = [n for n in shown if call.has("aA") or not n.startswith(".")]
            lines += [_describe(call, Path(place, n), n) for n in shown]
            if not call.has("R"):
                break
    return "".join(f"{line}\n" for line in lines)


def _below(path: Path, place: str) -> str:
    inner = os.path.relpath(place, path)
    return "" if inner == os.curdir else inner


def _describe(call: Call, path: Path, name: str) -> str:
    mark = "/" if call.has("Fp") and path.is_dir() else ""
    if not call.has("lgo"):
        return f"{name}{mark}"
    facts = path.lstat()
    kind = "drwxr-xr-x" if path.is_dir() else "-rw-r--r--"
    when = strftime("%b %d %H:%M", localtime(facts.st_mtime))
    return f"{kind} 1 student student {facts.st_size:>8} {when} {name}{mark}"


# text


def _show(call: Call) -> str:
    return call.read()


def _echo(call: Call) -> str:
    words, end = list(call.operands), "\n"
    while words and words[0] in ("-n", "-e", "-ne", "-en"):
        flag = words.pop(0)
        end = "" if "n" in flag else end
        if "e" in flag:
            words = [w.replace("\\n", "\n").replace("\\t", "\t") for w in words]
    return " ".join(itertools.chain.from_iterable(map(call.folders.expand, words))) + end


def _print_formatted(call: Call) -> str:
    """The form, once for each group of words that it takes."""
    form, *words = [*call.operands, ""][: max(1, len(call.operands))]
    form = form.replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\")
    pieces = re.split(r"%[sdi]", form)
    if any("%" in piece.replace("%%", "") for piece in pieces):
        raise NotOurs(call.name)
    pieces, rows, size = [p.replace("%%", "%") for p in pieces], [], len(pieces) - 1
    for at in range(0, max(1, len(words)), max(1, size)):
        given = [*words[at : at + size], *[""] * size][:size]
        rows.append("".join(a + b for a, b in zip(pieces, [*given, ""], strict=True)))
    return "".join(rows if size else rows[:1])


def _split_off(call: Call) -> str:
    for path in call.paths(0):
        with path.open("a" if call.has("a") else "w", errors="surrogateescape") as file:
            file.write(call.piped)
    return call.piped


def _count_of(call: Call, letter: str) -> int | None:
    text = call.values.get(letter)
    if text is None:
        return None
    if not text.isdigit():
        raise NotOurs(f"{call.name} -{letter} {text}")
    return int(text)


def _show_head(call: Call) -> str:
    text, size = call.read(), _count_of(call, "c")
    if size is not None:
        return text[:size]
    count = _count_of(call, "n")
    return "".join(text.splitlines(keepends=True)[: 10 if count is None else count])


def _show_tail(call: Call) -> str:
    lines, count = call.read().splitlines(keepends=True), _count_of(call, "n")
    return "".join(lines[max(0, len(lines) - (10 if count is None else count)) :])


def _count(call: Call) -> str:
    text = call.read()
    size = len(text.encode("utf-8", "surrogateescape"))
    counts = {"l": text.count("\n"), "w": len(text.split()), "c": size}
    shown = [str(n) for letter, n in counts.items() if call.has(letter) or not call.flags]
    return " ".join([*shown, *call.operands]) + "\n"


def _tell_folder(call: Call) -> str:
    return f"{call.folders.here}\n"


def _do_nothing(_: Call) -> str:
    return ""


def _test(call: Call) -> str:
    words = [w for w in call.operands if w != "]"]
    negated = words[:1] == ["!"]
    match words[negated:]:
        case [("-d" | "-e" | "-f") as kind, name]:
            path = call.folders.find(name)
            holds = {"-d": path.is_dir, "-e": path.exists, "-f": path.is_file}[kind]()
        case _:
            raise NotOurs(call.name)
    if holds == negated:
        raise Failed("")
    return ""


# archives


def _unzip(call: Call) -> str:
    if not call.operands:
        raise Failed("unzip: no archive is named")
    path = call.folders.find(call.operands[0])
    if not path.exists() and path.with_name(f"{path.name}.zip").exists():
        path = path.with_name(f"{path.name}.zip")
    if not path.is_file():
        raise Failed(f"unzip: cannot find or open {call.operands[0]}")
    target = call.folders.find(call.values.get("d", "."))
    lines = [f"Archive:  {call.operands[0]}\n"]
    with zipfile.ZipFile(path) as archive:
        chosen = [m for m in archive.infolist() if _is_chosen(m.filename, call.operands[1:])]
        for member in chosen:
            if call.has("l"):
                lines.append(f"{member.file_size:>9}  {member.filename}\n")
                continue
            if call.has("j"):
                member.filename = os.path.basename(member.filename.rstrip("/"))
            if not (call.has("n") and (target / member.filename).exists()):
                archive.extract(member, target)
                lines.append(f"  inflating: {member.filename}\n")
    return "" if call.has("q") else "".join(lines)


def _gunzip(call: Call) -> str:
    if call.name == "gzip" and not call.has("d"):
        raise NotOurs(call.name)
    for path in call.paths():
        if path.suffix != ".gz":
            raise Failed(f"{call.name}: {_name(call, path)}: unknown suffix -- ignored")
        with gzip.open(path) as source, path.with_suffix("").open("wb") as target:
            shutil.copyfileobj(source, target)
        if not call.has("k"):
            path.unlink()
    return ""


def _is_chosen(name: str, wanted: Sequence[str]) -> bool:
    """True where a member is named, lies in a folder that is, or fits a pattern."""
    folders = tuple(w.rstrip("/") + "/" for w in wanted)
    return not wanted or name.startswith(folders) or any(fnmatchcase(name, w) for w in wanted)


def _tar(call: Call) -> str:
    if "f" not in call.values:
        raise NotOurs("tar without a file")
    path = call.folders.find(call.values["f"])
    place = call.folders.find(call.values.get("C", "."))
    if call.has("c"):
        kind = next((k for f, k in {"z": "gz", "j": "bz2", "J": "xz"}.items() if call.has(f)), "")
        with tarfile.open(path, f"w:{kind}") as archive:  # type: ignore[call-overload]
            for name in call.operands:
                archive.add(call.folders.find(os.path.join(place, name)), arcname=name)
        return ""
    with tarfile.open(path) as archive:
        members = [m for m in archive.getmembers() if _is_chosen(m.name, call.operands)]
        if call.has("x"):
            archive.extractall(place, members, filter="data")
        elif not call.has("t"):
            raise NotOurs("tar")
    return "".join(f"{m.name}\n" for m in members) if call.has("tv") else ""


_PROGRAMS: Mapping[str, Program] = {
    "mkdir": Program(_make_folders, "pv", "m"),
    "rmdir": Program(_remove_folders, "pv"),
    "rm": Program(_remove, "rRfvd"),
    "cp": Program(_copy, "rRafvnpuLT"),
    "mv": Program(_move, "fvnu"),
    "ln": Program(_link, "sfnv"),
    "touch": Program(_touch, "acm"),
    "chmod": Program(_do_nothing, "Rvxrw"),
    "ls": Program(_list, "aAlh1RdFpgosStr"),
    "cat": Program(_show),
    "echo": Program(_echo),
    "printf": Program(_print_formatted),
    "tee": Program(_split_off, "a"),
    "head": Program(_show_head, "q", "nc"),
    "tail": Program(_show_tail, "q", "n"),
    "wc": Program(_count, "lwc"),
    "pwd": Program(_tell_folder, "PL"),
    "unzip": Program(_unzip, "qonjl", "d"),
    "gunzip": Program(_gunzip, "kfqv"),
    "gzip": Program(_gunzip, "dkfqv"),
    "tar": Program(_tar, "xctzjJvak", "fC"),
    "true": Program(_do_nothing),
    ":": Program(_do_nothing),
    "test": Program(_test),
    "[": Program(_test),
}

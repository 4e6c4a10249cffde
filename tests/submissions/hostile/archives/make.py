"""Submissions that are hostile before any code runs, each written into a class folder.

    make(folder, code, canary)

`code` is an honest lenet.py that goes into each; `canary` is a file outside, to which links lead.
"""

import gzip
import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

MIB = 1 << 20
ESCAPING = ("../../x", "/etc/passwd", "C:\\x", "a/../../x", "..\\..\\x", "\\\\host\\x")


def zipped(files, more=()):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        for info, content in more:
            archive.writestr(info, content)
    return buffer.getvalue()


def tarred(files, more=()):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in more:
            archive.addfile(info)
    return buffer.getvalue()


def special(name, kind, target):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def zip_slip(code, canary):
    data = zipped({"lenet.py": code, **dict.fromkeys((*ESCAPING, "n~/../x"), b"evil")})
    return {"zip_slip.zip": data.replace(b"n~/../x", b"n\0/../x")}


def tar_slip(code, canary):
    return {"tar_slip.tar.gz": gzip.compress(tarred({"lenet.py": code, **dict.fromkeys(ESCAPING, b"evil")}))}


def zip_links(code, canary):
    link = zipfile.ZipInfo("lenet.pt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    return {"zip_links.zip": zipped({"lenet.py": code}, [(link, str(canary))])}


def tar_links(code, canary):
    kinds = {"symbolic": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "pipe": tarfile.FIFOTYPE}
    kinds |= {"character": tarfile.CHRTYPE, "block": tarfile.BLKTYPE}
    more = [special(name, kind, str(canary)) for name, kind in kinds.items()]
    return {"tar_links.tar": tarred({"lenet.py": code}, [special("lenet.pt", tarfile.SYMTYPE, str(canary)), *more])}


def zip_bomb(code, canary):
    return {"zip_bomb.zip": zipped({"lenet.py": code, "bomb": bytes(65 * MIB)})}


def zip_bomb_of_members(code, canary):
    return {"zip_bomb_of_members.zip": zipped({"lenet.py": code, **{f"f{n}": b"" for n in range(2001)}})}


def zip_bomb_overlapping(code, canary):
    data = bytearray(zipped({"lenet.py": code, **{f"f{n:04}": b"x" for n in range(1500)}}))
    start = -1
    while (start := data.find(b"PK\x01\x02", start + 1)) >= 0:
        data[start + 20 : start + 28] = MIB.to_bytes(4, "little") * 2
    return {"zip_bomb_overlapping.zip": bytes(data)}


def zip_bomb_nested(code, canary):
    data = bytes(30 * MIB)
    for number in range(4):
        data = zipped({f"{number}.zip": data})
    return {"zip_bomb_nested.zip": zipped({"lenet.py": code, "inner.zip": data})}


def tar_bomb(code, canary):
    return {"tar_bomb.tgz": gzip.compress(bytes(512) * 40_000)}


def odd_names(code, canary):
    odd = ("new\nline.py", "\u202eyp.tnecsart", "\x1b[2J\x1b]0;owned\x07", "<img src=x onerror=alert(1)>")
    return {"odd_names.zip": zipped({"lenet.py": code, **dict.fromkeys((*odd, "a" * 300), b"x")})}


def symlink_out(code, canary):
    return {
        "symlink_out/lenet.py": code,
        "symlink_out/lenet.pt": canary,
        "symlink_out/above": Path("../.."),
        "symlink_out/results.json": Path("/etc/passwd"),
    }


def symlinked_student(code, canary):
    return {"symlinked_student": canary.parent}


MADE = (
    zip_slip, tar_slip, zip_links, tar_links, zip_bomb, zip_bomb_of_members, zip_bomb_overlapping,
    zip_bomb_nested, tar_bomb, odd_names, symlink_out, symlinked_student,
)  # fmt: skip


def make(folder, code, canary):
    """Every one of them lies in the folder; a path stands for a link to it."""
    for function in MADE:
        for name, content in function(code, canary).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                os.symlink(content, path)

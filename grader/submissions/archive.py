"""Archives read in memory and within caps: nothing is ever unpacked to a disk."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from functools import partial
from typing import IO

from grader.records.broken_zip import BROKEN_ZIP
from grader.submissions import tar
from grader.submissions.folder import KINDS
from grader.submissions.listing import SUBMISSION, Caps, Listing, Member
from grader.submissions.names import DAMAGED, Refused, escape_bytes

_OTHER_KINDS = {
    b"7z\xbc\xaf": "7z",
    b"Rar!": "RAR",
    b"\xfd7zXZ": "xz",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"LZIP": "lzip",
}
"""How archives begin that are not read, whatever they are called."""
_CHUNK = 1 << 20
_UTF_8 = 0x800
"""The flag of a name that is UTF-8."""
_DOS_FOLDER = 0x10
"""The mark of a folder where the archive was made on Windows."""
_UNICODE_NAME = 0x7075
"""The extra field of a name in UTF-8, with a checksum of the name that it stands for."""
_FIELDS = 20
"""Extra fields of one entry that are looked at."""
_GZIP_PARTS = 10_000
"""How many gzip files in one file are taken for honest."""


def list_archive(file: IO[bytes], caps: Caps = SUBMISSION) -> Listing:
    """What a zip, tar or tar.gz holds; the file stays open as long as bytes are read.

    Raises Refused, in words that continue the archive's name, where it is encrypted, damaged, or
    larger than the caps; this is known before anything is unpacked.
    """
    try:
        file.seek(0)
        start = file.read(6)
        file.seek(0)
        if kind := next((k for mark, k in _OTHER_KINDS.items() if start.startswith(mark)), ""):
            raise Refused(f"is a {kind} archive, which is not read. Hand in a zip")
        if start[:2] == b"PK":
            return _list_zip(file, caps)
        return _list_tar(
            _Gunzip(file, caps) if start[:2] == b"\x1f\x8b" else _Plain(file, caps), caps
        )
    except Refused:
        raise
    except BROKEN_ZIP:
        raise Refused(DAMAGED) from None


# zip


def _list_zip(file: IO[bytes], caps: Caps) -> Listing:
    _check_zip_count(file, caps)
    try:
        archive = zipfile.ZipFile(file)
    except UnicodeDecodeError:
        archive = zipfile.ZipFile(_clear_wrong_flags(file))
    listing = Listing(caps, packed=True)
    for info in archive.infolist():
        listing.count()
        name, kind = _read_zip_name(info), stat.S_IFMT(info.external_attr >> 16)
        if kind in KINDS:
            listing.refuse(name, KINDS[kind])
        elif _is_folder(info, name):
            listing.add_folder(name)
        elif why := _refuse_zip_member(info, caps):
            listing.refuse(name, why)
        else:
            before = len(listing.members)
            read = partial(_read_zip, archive, info)
            listing.add(name, Member(size=info.file_size, read=read))
            if len(listing.members) > before and info.flag_bits & 0x1:
                raise Refused("is encrypted; pack it without a password")
    return listing


def _is_folder(info: zipfile.ZipInfo, name: str) -> bool:
    """True where the entry says so by the end of its name, or as Unix or Windows keep it."""
    if name.endswith(("/", "\\")) or stat.S_ISDIR(info.external_attr >> 16):
        return True
    return bool(info.external_attr & _DOS_FOLDER) and info.file_size == 0


def _check_zip_count(file: IO[bytes], caps: Caps) -> None:
    """Raises Refused where the directory would become more objects than caps allow.

    zipfile builds an object of about a kilobyte for every 46 bytes of it, whatever the file says
    their number is. The mark may also stand inside the files, so this counts generously.
    """
    mark, count, rest = b"PK\x01\x02", 0, b""
    while piece := file.read(_CHUNK):
        count += (rest + piece).count(mark)
        rest = (rest + piece)[-3:]
    file.seek(0)
    if count > 2 * caps.scanned:
        raise Refused(f"holds more than {caps.scanned:,} names")


def _clear_wrong_flags(file: IO[bytes]) -> IO[bytes]:
    """The zip with names as bytes that are said to be UTF-8 and are not.

    Raises Refused where it is larger than a student's may be.
    """
    file.seek(0)
    data = bytearray(file.read(SUBMISSION.total_bytes + 1))
    end = data.rfind(b"PK\x05\x06")
    if end < 0 or len(data) > SUBMISSION.total_bytes:
        raise Refused(DAMAGED)
    size, first = struct.unpack_from("<LL", data, end + 12)
    at, shift = end - size, end - size - first
    while 0 <= at < end and data[at : at + 4] == b"PK\x01\x02":
        name, extra, comment = struct.unpack_from("<HHH", data, at + 28)
        own = shift + struct.unpack_from("<L", data, at + 42)[0]
        try:
            data[at + 46 : at + 46 + name].decode("utf-8")
        except UnicodeDecodeError:
            data[at + 9] &= ~(_UTF_8 >> 8)
            if own >= 0 and data[own : own + 4] == b"PK\x03\x04":
                data[own + 7] &= ~(_UTF_8 >> 8)
        at += 46 + name + extra + comment
    return io.BytesIO(data)


def _read_zip_name(info: zipfile.ZipInfo) -> str:
    """The name as packed: UTF-8 even where the flag for it was forgotten, as macOS does; of any
    other code page the bytes, as `escape_bytes` gives them.
    """
    name = info.orig_filename
    if info.flag_bits & _UTF_8:
        return name
    raw = name.encode("cp437")
    return _read_unicode_name(info.extra, raw) or escape_bytes(raw)


def _read_unicode_name(extra: bytes, raw: bytes) -> str:
    """The name in UTF-8 that Info-ZIP writes beside the one in bytes; empty where there is none."""
    at = 0
    for _ in range(_FIELDS):
        if at + 4 > len(extra):
            break
        kind, size = struct.unpack_from("<HH", extra, at)
        field, at = extra[at + 4 : at + 4 + size], at + 4 + size
        if kind == _UNICODE_NAME and field[:5] == b"\1" + struct.pack("<L", zlib.crc32(raw)):
            return field[5:].decode("utf-8", "replace")
    return ""


def _refuse_zip_member(info: zipfile.ZipInfo, caps: Caps) -> str:
    # zipfile unpacks bzip2 and lzma in one piece, whatever comes of it; deflate in small ones.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is compressed in a way that is not read; pack it as a plain zip"
    if info.file_size > max(caps.ratio_from, caps.ratio * info.compress_size):
        return f"would grow more than {caps.ratio}-fold when unpacked"
    return ""


def _read_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo, cap: int) -> bytes:
    pieces, size = [], 0
    try:
        with archive.open(info) as file:
            while piece := file.read(_CHUNK):
                pieces.append(piece)
                size += len(piece)
                if size > cap:
                    raise Refused(f"has more than the {cap:,} bytes allowed")
    except Refused:
        raise
    except BROKEN_ZIP:
        raise Refused("is damaged inside the archive; pack it again") from None
    return b"".join(pieces)


# tar


def _list_tar(stream: tar.Stream, caps: Caps) -> Listing:
    """A tar cannot be read in any order, so its files are kept; the stream has counted them."""
    listing = Listing(caps, packed=True)
    for member in tar.read_members(stream, caps.file_bytes):
        listing.count()
        if member.why:
            listing.refuse(member.name, member.why)
        elif member.folder:
            listing.add_folder(member.name)
        else:
            data = member.data or b""
            listing.add(member.name, Member(size=len(data), read=partial(_give, data)))
    while stream.read(_CHUNK):  # to the end, where gzip keeps its checksum
        pass
    return listing


def _give(data: bytes, cap: int) -> bytes:
    if len(data) > cap:
        raise Refused(f"has more than the {cap:,} bytes allowed")
    return data


class _Plain:
    """A tar as it lies there, up to the cap."""

    def __init__(self, file: IO[bytes], caps: Caps) -> None:
        self._file, self._caps, self._given = file, caps, 0

    def read(self, size: int, /) -> bytes:
        """See `tar.Stream`."""
        pieces, left = [], size
        # In small pieces: a file reserves the memory for all that is asked for.
        while left > 0 and (piece := self._file.read(min(left, _CHUNK))):
            pieces.append(piece)
            left -= len(piece)
        self._given += size - left
        _check_total(self._given, self._caps)
        return b"".join(pieces)


class _Gunzip:
    """The inside of a gzip file, unpacked in small pieces as it is asked for."""

    def __init__(self, file: IO[bytes], caps: Caps) -> None:
        self._file, self._caps = file, caps
        self._engine = zlib.decompressobj(wbits=31)
        self._buffer = bytearray()
        self._taken = self._given = self._parts = 0

    def read(self, size: int, /) -> bytes:
        """See `tar.Stream`."""
        while len(self._buffer) < size and self._fill():
            pass
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def _fill(self) -> bool:
        """Some more bytes are in the buffer, or the input has moved on; False at the end."""
        rest = self._engine.unconsumed_tail
        if self._engine.eof:  # several gzip files one after the other are one
            rest = self._engine.unused_data
            if not rest.strip(b"\0") and not (rest := self._read_more().lstrip(b"\0")):
                return False
            self._engine = zlib.decompressobj(wbits=31)
            self._parts += 1
            if self._parts > _GZIP_PARTS:  # each costs a copy of the input that is left
                raise Refused(DAMAGED)
        piece = rest or self._read_more()
        if not piece:
            raise Refused("ends too early; pack it again")
        data = self._engine.decompress(piece, _CHUNK)
        self._buffer += data
        self._given += len(data)
        _check_total(self._given, self._caps)
        if self._given > max(self._caps.ratio_from, self._caps.ratio * self._taken):
            raise Refused(f"would grow more than {self._caps.ratio}-fold when unpacked")
        return True

    def _read_more(self) -> bytes:
        piece = self._file.read(64 << 10)
        self._taken += len(piece)
        return piece


def _check_total(given: int, caps: Caps) -> None:
    if given > caps.total_bytes:
        raise Refused(f"unpacks to more than the {caps.total_bytes:,} bytes allowed")

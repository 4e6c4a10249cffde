"""Bytes of which nobody says the encoding: names and sources from other systems.

A person sees at once that `─ú╨═` is no name and `模型` is one. What is looked at here is the same:
letters of one script, in words, rather than boxes and signs. Short texts stay guesses, so whoever
uses one says it.
"""

from __future__ import annotations

import codecs
import itertools
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import cache

NAMES = (
    "utf-8 cp437 cp850 cp1252 cp852 gbk cp932 big5 cp949 cp866 cp1251 cp1250 cp737 cp1253 cp857 "
    "cp1254 cp862 cp1255 cp1256 mac_roman"
).split()
"""Code pages of names, of equal ones the first counts: those of old zip programs go first."""
TEXTS = ("cp1252 gbk cp932 big5 cp949 cp1251 cp1250 cp1253 cp1254 cp1255 cp1256 mac_roman").split()
"""The same of sources: those that editors write go first."""
_SPOKEN: Mapping[str, str] = {
    "utf-8": "UTF-8",
    "gbk": "GBK",
    "cp932": "Shift-JIS",
    "big5": "Big5",
    "cp949": "EUC-KR",
    "cp1252": "Windows-1252",
    "mac_roman": "Mac Roman",
    "latin-1": "Latin-1",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
}
_MARKS = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
"""Byte order marks of wide texts."""
_COOKIE = re.compile(
    rb"\A((?:[ \t\f]*(?:#[^\n]*)?\r?\n)?[ \t\f]*#[^\n]*?coding[:=][ \t]*)([-\w.]+)"
)
"""How a source says its encoding, in one of its first two lines (PEP 263)."""
_SURE = re.compile(r"(utf-8|latin-1|iso-8859-1|iso-latin-1)(-.*)?")
"""Encodings that Python knows whatever follows their names."""
_LONGEST = 40
"""Characters of such a name."""
_LINE_END = re.compile(rb"\r\n?|\n")
_NO_TEXT = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f]")
"""What no text holds."""
_BYTE = re.compile("[\udc80-\udcff]")
"""A byte that is no UTF-8, as a surrogate escape."""
_AROUND = 16 << 10
"""Bytes before and after such a byte that are looked at."""
_SAMPLE = 300
"""Words that are looked at."""
_BEYOND = re.compile(r"[^\x00-\x7f]")
_BEFORE, _AFTER = re.compile(r"\w*\Z"), re.compile(r"\S{0,2}\w{0,40}")
"""What stands around a letter beyond ASCII in its word."""
_REACH = 20
"""Characters before it that are looked at."""
_COMMON = frozenset("äöüßéèêëàâçîïôùûœñáíóúãõåøæćčđšžąęłńśźżěřůťďňőűğışțăò")
"""Letters beyond ASCII that Latin scripts use every day."""
_SIGNS = frozenset("–—‘’“”„…°§€£«»·¹²³¼½¾µ×÷±≤≥→•©®™¿¡、。，（）：；「」《》！？・")
"""Signs that people do type."""
_EAST = frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL"})
_DENSE: Mapping[str, Callable[[bytes], bool]] = {
    "gbk": lambda c: 0xB0 <= c[0] <= 0xD7 and c[-1] >= 0xA1,
    "big5": lambda c: 0xA4 <= c[0] <= 0xC6,
    "cp932": lambda c: 0x81 <= c[0] <= 0x97,
    "cp949": lambda c: 0xB0 <= c[0] <= 0xC8 and c[-1] >= 0xA1,
}
"""The characters of everyday of each East Asian code page, by their bytes."""
_TELLING = 4
"""Syllables that are more than chance."""
_ODD, _LIKELY = 2.0, 0.6
"""Weight of what nobody writes; the most at which a text can be read so."""


def speak(page: str) -> str:
    """What a code page is called in a sentence."""
    return _SPOKEN.get(page, page.upper().replace("CP", "code page "))


def guess(data: bytes, pages: list[str]) -> tuple[str, str] | None:
    """The text and its code page; None where none of them makes words of the bytes."""
    for page in _rank(data, pages):
        return data.decode(page), page
    return None


def _rank(data: bytes, pages: list[str]) -> list[str]:
    """Code pages that make words of the bytes, the likeliest first."""
    texts = {page: text for page in pages if (text := decode(data, page)) is not None}
    oddities = {page: _measure_oddity(text, page) for page, text in texts.items()}
    return sorted((p for p in oddities if oddities[p] <= _LIKELY), key=oddities.__getitem__)


def decode(data: bytes, page: str) -> str | None:
    """The text, if the bytes can be of this code page."""
    try:
        return data.decode(page)
    except UnicodeError:
        return None


def read_source(data: bytes) -> tuple[bytes, str] | None:
    """A module or a notebook as UTF-8, and where and in what it was something else.

    The second continues the name of the file: ``is not UTF-8 (line 22, byte 0xf6: read as
    Windows-1252). Save it as UTF-8.`` None where the bytes are UTF-8, are in the encoding that they
    name, or are no text.
    """
    if data.isascii() and b"\0" not in data:
        return _read_misnamed(data)
    if wide := _read_wide(data):
        text, page = wide
        return _encode(text), _describe(1, data[0], page)
    if _NO_TEXT.search(data):
        return None
    try:
        data.decode("utf-8")
        return _read_misnamed(data)
    except UnicodeDecodeError as error:
        at = error.start
    if _fits_cookie(data):
        return None
    text, page = _read_mixed(data, at) or _read_paged(data, at) or _read_pasted(data)
    line = len(_LINE_END.findall(data, 0, at)) + 1
    return _encode(text), _describe(line, data[at], page)


def _describe(line: int, byte: int, page: str) -> str:
    where = f"line {line}, byte 0x{byte:02x}"
    return f"is not UTF-8 ({where}: read as {speak(page)}). Save it as UTF-8."


def _read_misnamed(data: bytes) -> tuple[bytes, str] | None:
    """UTF-8 that names an encoding in which Python would not read it."""
    marked = data.startswith(codecs.BOM_UTF8)
    cookie = _COOKIE.match(data.removeprefix(codecs.BOM_UTF8))
    name = cookie[2].decode()[:_LONGEST] if cookie else ""
    if cookie is None or _can_be(name, data, marked=marked):
        return None
    line = cookie[0].count(b"\n") + 1
    said = f"says in line {line} that its encoding is `{name}`, in which it cannot be read"
    return _encode(data.decode()), f"{said}: it was read as UTF-8. Take out that line."


def _can_be(name: str, data: bytes, *, marked: bool) -> bool:
    """True where Python reads a source of that encoding, with or without a byte order mark."""
    sure = _SURE.fullmatch(name.lower().replace("_", "-"))
    if sure is not None or marked:
        return sure is not None and (not marked or sure[1] == "utf-8")
    pieces = [b"#"] if data.isascii() else [b"#", data]
    return all(_is_of(piece, name) for piece in pieces)


def _is_of(data: bytes, name: str) -> bool:
    """True where the bytes can be of the encoding that somebody names."""
    try:
        return decode(data, name) is not None
    except LookupError:
        return False


def _read_mixed(data: bytes, at: int) -> tuple[str, str] | None:
    """A text that is mostly UTF-8, into which something else was pasted, at first here."""
    text = data[max(0, at - _AROUND) : at + _AROUND].decode("utf-8", "surrogateescape")
    odd = len(_BYTE.findall(text))
    whole = sum(not c.isascii() for c in text) - odd
    return _read_pasted(data) if whole >= odd else None


def _read_paged(data: bytes, at: int) -> tuple[str, str] | None:
    """A text in a code page; the lines that begin here say in which."""
    first, last = data.rfind(b"\n", 0, at) + 1, data.find(b"\n", at + _AROUND)
    for page in _rank(data[first : last if last >= 0 else len(data)], TEXTS):
        if (text := decode(data, page)) is not None:
            return text, page
    return None


def _read_pasted(data: bytes) -> tuple[str, str]:
    """As UTF-8, and each byte that is none as the letter of Latin-1."""
    text = data.decode("utf-8", "surrogateescape")
    return _BYTE.sub(lambda m: chr(ord(m[0]) - 0xDC00), text), "latin-1"


def _encode(text: str) -> bytes:
    """As UTF-8, without the mark and without the name of the encoding that it was in."""
    data = text.removeprefix("\ufeff").encode("utf-8", "replace")
    return _COOKIE.sub(rb"\1utf-8", data, count=1)


def _fits_cookie(data: bytes) -> bool:
    """True where the source names the encoding that it is in, as Python reads it."""
    cookie = _COOKIE.match(data)
    return cookie is not None and _is_of(data, cookie[2].decode())


def _read_wide(data: bytes) -> tuple[str, str] | None:
    """The text of two or four bytes a character, with a mark or seen by its zeros."""
    page = next((p for mark, p in _MARKS if data.startswith(mark)), "")
    if not page and len(data) % 2 == 0 and data[:400].count(0) * 3 >= len(data[:400]):
        page = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    text = decode(data, page) if page else None
    return None if text is None or "\0" in text else (text, page)


# how much a text looks like one


def _measure_oddity(text: str, page: str) -> float:
    """The mean weight of its characters beyond ASCII, 0 for plain words."""
    weights = [w for word in _sample(text) for w in _weigh_word(word, page)]
    if not weights:
        return 0.0
    mean = sum(weights) / len(weights)
    if page == "cp949" and len(weights) >= _TELLING:
        return mean - 0.1  # Chinese uses the bytes of Korean syllables too, but seldom these alone
    return mean + 0.25 if page == "mac_roman" else mean  # few files are as old


def _sample(text: str) -> Iterator[str]:
    """Words with letters beyond ASCII; in steps that no text makes long."""
    at = 0
    for _ in range(_SAMPLE):
        letter = _BEYOND.search(text, at)
        if letter is None:
            return
        before = _BEFORE.search(text[max(at, letter.start() - _REACH) : letter.start()])
        after = _AFTER.match(text, letter.start())
        at = after.end() if after else letter.end()
        yield (before[0] if before else "") + text[letter.start() : at]


def _weigh_word(word: str, page: str) -> Iterator[float]:
    scripts = {s for c in word if (s := _find_script(c))}
    latin = "LATIN" in scripts
    mixed = len(scripts - _EAST) > 1 or ("HANGUL" in scripts and "CJK" in scripts)
    # An East Asian sign between Latin letters is a letter that swallowed its neighbour.
    swallowed = latin and bool(scripts & _EAST) and word[0].isascii() and word[-1].isascii()
    spoken = any(c.isalpha() for c in word)
    more = (0.7 if mixed or swallowed else 0.0) + (0.5 if _is_unlike_latin(word) else 0.0)
    for character in word:
        if not character.isascii():
            sign = character in _SIGNS and not spoken
            yield 0.0 if sign else _weigh(character, page) + more


def _is_unlike_latin(word: str) -> bool:
    """True where letters beyond ASCII are most of a Latin word, or one is a capital behind a small
    letter.
    """
    accented = [c for c in word if not c.isascii() and _find_script(c) == "LATIN"]
    plain = sum(c.isascii() and c.isalpha() for c in word)
    pairs = itertools.pairwise(word)
    return (len(accented) > max(1, plain)) or any(
        a.islower() and b.isupper() and not b.isascii() for a, b in pairs
    )


@cache
def _find_script(character: str) -> str:
    """`LATIN`, `CYRILLIC`, `CJK`; empty for what is no letter."""
    if not character.isalpha():
        return ""
    return unicodedata.name(character, "?").partition(" ")[0]


def _weigh(character: str, page: str) -> float:
    """0 for a letter of everyday, more for what is rare, most for what is no letter."""
    if not character.isprintable() or unicodedata.category(character) == "Co":
        return 2 * _ODD
    script = _find_script(character)
    if not script:
        return 0.2 if character in _SIGNS else _ODD
    if unicodedata.combining(character) or script in ("FEMININE", "MASCULINE", "SUPERSCRIPT"):
        return _ODD
    if script in _EAST:
        return _weigh_eastern(character, page)
    if script == "HALFWIDTH":
        return 1.0
    return 0.0 if script != "LATIN" or character.lower() in _COMMON else 0.5


def _weigh_eastern(character: str, page: str) -> float:
    if page not in _DENSE:  # in UTF-8 the bytes themselves are proof
        return 0.0
    rare = not _DENSE[page](character.encode(page))
    return 0.5 if rare else 0.0 if page == "gbk" or not character.isalpha() else 0.05

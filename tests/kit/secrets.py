"""What must not leave a course, and a search that finds it in whatever form a kit could hold it."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Iterator, Mapping

import numpy as np

Array = np.ndarray
FLOATS = ("<f8", "<f4", "<f2")
INTEGERS = ("<i8", "<i4", "<i2", "|u1")
SHORT = 7
"""So few letters of Base64 stand anywhere by chance."""
RUN = 6
"""So many numbers of an array one after the other are no accident."""


def forms_of_text(text: str) -> Iterator[bytes]:
    """The text as bytes, in hexadecimal digits and in Base64 wherever it begins there."""
    plain = text.encode()
    yield from (plain, text.encode("utf-16-le"), plain.hex().encode())
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + plain)
        whole = coded[4 if shift else 0 : len(coded) // 4 * 4 - 4]
        if len(whole) > SHORT:
            yield whole


def forms_of_numbers(array: Array) -> Iterator[bytes]:
    """Some neighbours of the array in every type that holds such numbers, and as text."""
    flat = array.ravel()
    kinds = FLOATS if flat.dtype.kind == "f" else INTEGERS
    middle = flat[len(flat) // 2 :][:RUN] if flat.dtype.kind == "f" else flat[: RUN * 8]
    for kind in kinds:
        raw = middle.astype(kind).tobytes()
        yield raw
        yield base64.b64encode(raw)[4:-4]
    if flat.dtype.kind == "f":
        yield from (repr(float(v)).encode() for v in middle[:2])
    else:
        yield str(middle.tolist()).encode()
        yield ",".join(map(str, middle.tolist())).encode()


def find(content: bytes, texts: Mapping[str, str], numbers: Mapping[str, Array]) -> set[str]:
    """Names of the secrets that the content holds, in any form; zips in it are opened."""
    blobs = list(unpack(content))
    found = {n for n, t in texts.items() if _holds(blobs, forms_of_text(t))}
    return found | {n for n, a in numbers.items() if _holds(blobs, forms_of_numbers(a))}


def _holds(blobs: list[bytes], forms: Iterator[bytes]) -> bool:
    return any(form in blob for form in forms for blob in blobs)


def unpack(content: bytes) -> Iterator[bytes]:
    """The bytes themselves, names and members of a zip and of zips in it, and arrays turned."""
    yield content
    if content[:6] == b"\x93NUMPY":
        array = np.load(io.BytesIO(content), allow_pickle=False)
        yield array.tobytes()
        if array.ndim > 1:
            yield np.ascontiguousarray(array.T).tobytes()
            yield array.argmax(axis=-1).astype("<i8").tobytes()  # classes, where these are scores
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield from unpack(archive.read(name))

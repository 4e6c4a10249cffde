"""What Python raises where a zip is not what it says, one list for submissions and kits."""

from __future__ import annotations

import struct
import zipfile
import zlib

BROKEN_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,  # a password, a method of compression, or nested too deep
    LookupError,
    ArithmeticError,
)

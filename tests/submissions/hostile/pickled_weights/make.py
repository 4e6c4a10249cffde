"""A weights file in torch's form whose pickle calls `print` when it is loaded."""

import io
import zipfile

CALL = b"cbuiltins\nprint\n(S'OPENED: the weights were called'\ntR."


def files():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("lenet/data.pkl", CALL)
        archive.writestr("lenet/version", "3\n")
    return {"lenet.pt": buffer.getvalue(), "lenet.pth": CALL}

"""Students whose files only come about by programs that handle files."""

import io
import zipfile
from pathlib import Path

from kit.written import NET, write

FILE = f"%%writefile pkg/net.py\n{NET}"
IMPORT = "from pkg.net import LeNet5"

SUBPROCESS = f"""
import os, subprocess
subprocess.run(["mkdir", "-p", "pkg"], check=True)
subprocess.check_call("mv net.txt pkg/net.py", shell=True)
out = subprocess.check_output(["ls", "pkg"], text=True)
assert out == "net.py\\n", out
ran = subprocess.run("ls nowhere", shell=True, capture_output=True, text=True)
assert ran.returncode and "No such file" in ran.stderr
assert len(os.popen("cat pkg/net.py").read()) > 100
{IMPORT}
"""


def zipped(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, NET)
    return buffer.getvalue()


def make(folder: Path) -> None:
    write(
        folder,
        {
            "Alias": {"lenet.ipynb": ["%mkdir pkg", FILE, IMPORT]},
            "Both": {"lenet.ipynb": ["%mkdir -p pkg\n!mkdir -p pkg", FILE, IMPORT]},
            "Braces": {"lenet.ipynb": ["!mkdir -p {pkg,data/{train,test}}", FILE, IMPORT]},
            "Shell": {
                "lenet.ipynb": [
                    "%%bash\nset -e\n# a package\nmkdir -p pkg && touch pkg/__init__.py\nls -l pkg",
                    FILE,
                    IMPORT,
                ]
            },
            "Script": {
                "lenet.ipynb": ["%%script bash -e\nmkdir pkg # for the file", FILE, IMPORT]
            },
            "Windows": {
                "lenet.ipynb": [
                    "!md pkg\\inner && copy net.txt pkg\\inner\\real.py",
                    "%%writefile pkg\\net.py\nfrom pkg.inner.real import LeNet5\n",
                    f"%cd .\\pkg\\inner\n%cd -q ..\\..\n{IMPORT}",
                ],
                "net.txt": NET,
            },
            "Here": {
                "lenet.ipynb": [
                    f"%%bash\ncat > net.py << 'EOF'\n{NET}\nEOF\nhead -n 3 net.py | wc -l",
                    "from net import LeNet5",
                ]
            },
            "Copy": {
                "lenet.ipynb": [
                    "!cp -r parts/models . && ls models\nfiles = !ls parts",
                    "assert files == ['models'], files\nfrom models.net import LeNet5",
                ],
                "parts/models/net.py": NET,
            },
            "Move": {
                "lenet.ipynb": [
                    "!echo 'x = 1' > old.py; mv old.py new.py; rm -f old.py other.py",
                    "import new\n!mv 'my net.py' net.py",
                    "from net import LeNet5",
                ],
                "my net.py": NET,
            },
            "Zip": {
                "lenet.ipynb": ["!unzip -q -o parts.zip -d pkg", "!cat pkg/net.py", IMPORT],
                "parts.zip": zipped("net.py"),
            },
            "Tar": {
                "lenet.ipynb": [
                    "!tar czf parts.tar.gz first && rm -r first && tar -xzf parts.tar.gz",
                    "from first.net import LeNet5",
                ],
                "first/net.py": NET,
            },
            "System": {
                "lenet.py": "import os\nassert os.system('mkdir -p pkg && cp net.txt pkg/net.py') == 0\n"
                f"{IMPORT}\n",
                "net.txt": NET,
            },
            "Subprocess": {"lenet.py": SUBPROCESS, "net.txt": NET},
            "Installs": {
                "lenet.ipynb": ["!pip install -q torchinfo && mkdir -p pkg", FILE, IMPORT],
            },
        },
    )

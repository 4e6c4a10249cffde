"""What is measured anew: the key of an execution depends on every byte of the code that measures."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from grader import inside
from grader.grading.cache_key import CacheKeys, digest_of_measuring_code
from kit.tiny import Tiny

ROOT = Path(inside.__file__).parent
FILES = sorted(p.relative_to(ROOT).as_posix() for p in ROOT.rglob("*.py"))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code that enters the sandbox, to be changed."""
    folder = tmp_path_factory.mktemp("digest") / "inside"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_the_digest_is_that_of_the_content(copy: Path) -> None:
    """It says nothing of where the code lies; folders of every depth belong to it."""
    assert digest_of_measuring_code(copy) == digest_of_measuring_code(ROOT)
    assert {len(Path(name).parts) for name in FILES} >= {1, 2}


@pytest.mark.parametrize("name", FILES)
def test_a_changed_byte_changes_the_digest(copy: Path, name: str) -> None:
    """In whichever file, at any depth; put back, the digest is what it was."""
    before, content = digest_of_measuring_code(copy), (copy / name).read_bytes()
    middle = len(content) // 2
    (copy / name).write_bytes(
        content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    )
    assert digest_of_measuring_code(copy) != before
    (copy / name).write_bytes(content)
    assert digest_of_measuring_code(copy) == before


def test_a_file_more_or_less_or_elsewhere_changes_the_digest(copy: Path) -> None:
    """Also an empty one, far below; and one that only has another name."""
    before = digest_of_measuring_code(copy)
    deep = copy / "a" / "b" / "c" / "__init__.py"
    deep.parent.mkdir(parents=True)
    deep.touch()
    added = digest_of_measuring_code(copy)
    deep.rename(deep.with_name("d.py"))
    renamed = digest_of_measuring_code(copy)
    shutil.rmtree(copy / "a")
    assert len({before, added, renamed}) == 3
    assert digest_of_measuring_code(copy) == before


def test_the_key_depends_on_the_digest(course: Tiny) -> None:
    """Other measuring code: another key, so that nothing measured before is used again."""
    keys = CacheKeys(
        loaded=course.load(), seed=1, data=(), measuring=digest_of_measuring_code(ROOT), versions={}
    )
    course.submit("ada")
    (ada,) = course.submissions()
    assert keys.of(ada, 3, ()) == replace(keys).of(ada, 3, ())
    assert keys.of(ada, 3, ()) != replace(keys, measuring="other").of(ada, 3, ())

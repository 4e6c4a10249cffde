"""An instructor's CSV file: read as Python's csv reads it, and changed in no byte but those meant."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.export.table import Table
from grader.records.errors import UsageError

WORKSHEET = (
    b'\xef\xbb\xbfIdentifier,"Full name",Grade,"Last modified (grade)"\r\n'
    b'"Participant 1","L\xc3\xb3pez, Ana",  ,"Sunday, 1 March 2026"\r\n'
    b'Participant 2,"say ""hi""\r\nthere","87.50",-\r\n'
    b"Participant 3,Bo"
)


def test_only_the_cell_changes() -> None:
    """Mark, quotes, spaces, dates and ends of lines stay; a quoted cell stays quoted, and what a
    short line lacks is added.
    """
    table = Table.read(WORKSHEET)
    assert table.head == ["Identifier", "Full name", "Grade", "Last modified (grade)"]
    assert table.get(2, 1) == 'say "hi"\r\nthere'
    assert table.fill({}) == WORKSHEET
    filled = table.fill({(1, 2): "9", (2, 2): "88", (3, 2): "7"})
    assert filled == WORKSHEET.replace(b",  ,", b",9,").replace(b"87.50", b"88") + b",7"


@pytest.mark.parametrize(
    ("text", "encoding", "delimiter"),
    [
        ("a;b\nü,1;2\n", "utf-8", ";"),
        ("a\tb\nü\t2\n", "utf-8", "\t"),
        ("a,b\nü,2\n", "cp1252", ","),
        ("\ufeffa,b\nü,2\n", "utf-16-le", ","),
        ("\ufeffa,b\r\nü,2\r\n", "utf-16-be", ","),
        ('"a;x",b\nü,2\n', "utf-8", ","),
        ('"x,","y;"\n";ü;",2\n', "utf-8", ","),
    ],
)
def test_forms_of_a_file(text: str, encoding: str, delimiter: str) -> None:
    """Whichever encoding and delimiter a spreadsheet program has saved it with, they stay."""
    table = Table.read(text.encode(encoding))
    assert (table.encoding, table.delimiter) == (encoding, delimiter)
    assert table.fill({(1, 1): "3"}) == text.replace("2", "3").encode(encoding)


def test_bytes_that_are_no_text_stay() -> None:
    """Some byte that no usual encoding has is kept as it is."""
    content = b"a,b\n\x81\xff,2\n"
    assert Table.read(content).fill({(1, 1): "3"}) == b"a,b\n\x81\xff,3\n"


def test_new_text_is_quoted_where_it_has_to_be() -> None:
    """A decimal comma in a file of commas, and a quote."""
    table = Table.read(b"a,b\n1,2\n")
    assert table.fill({(1, 1): "87,5"}) == b'a,b\n1,"87,5"\n'
    assert table.fill({(1, 1): 'x"'}) == b'a,b\n1,"x"""\n'
    with pytest.raises(ValueError, match="cannot stand in a cell"):
        table.fill({(1, 1): "a\nb"})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04rest", "it is an Excel file or a zip archive. Download the CSV"),
        (b'a,b\n"open,2\n3,4\n', "in line 2 a quote is opened and never closed"),
        (b"x" * (33 << 20), "it has 34,603,008 bytes; 33,554,432 are read at most"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, said: str) -> None:
    """In a sentence that continues the file's name."""
    with pytest.raises(UsageError, match=said):
        Table.read(content)


def test_an_empty_file() -> None:
    """Has no heading, and can be written again."""
    assert Table.read(b"").head == []
    assert Table.read(b"").fill({}) == b""


CELLS = st.text(alphabet='ab,;"\n\r\t =é', max_size=6)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=4), st.data())
def test_python_reads_the_same(rows: list[list[str]], data: st.DataObject) -> None:
    """Cells are those that csv reads, and one that is replaced is the only one that differs."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([["x,", "y;"], *rows])
    content = text.getvalue().encode()
    table = Table.read(content)
    assert [[c.value for c in line] for line in table.lines] == [["x,", "y;"], *rows]
    line = data.draw(st.integers(1, len(rows)))
    column = data.draw(st.integers(0, len(rows[line - 1]) - 1))
    again = Table.read(table.fill({(line, column): "100"}))
    changed = [[c.value for c in line] for line in again.lines]
    expected = [["x,", "y;"], *[list(row) for row in rows]]
    expected[line][column] = "100"
    assert changed == expected

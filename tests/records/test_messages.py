"""Messages: a code, its facts, and the sentences that stand in data files."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from grader.records import messages
from grader.records.errors import CourseError
from grader.records.messages import Message, Wording, Words
from grader.records.result import Verdict

WORDS = Words(
    {
        "demo-shape": Wording(
            title="Another shape",
            text="{name} gives {seen:shape}; {n:value differs|values differ}, {share:percent}.",
            hint="Print {names:list}.",
        ),
        "demo-inner": Wording(text="Inside {inner}"),
    }
)
FACTS = {"name": "`fc1`", "seen": (1, 84), "n": 3, "share": 0.25, "names": ["a", "b", "c"]}


@pytest.fixture(autouse=True)
def _words() -> object:
    messages.use(WORDS)
    yield
    messages.use(messages.read_words())


def test_facts_fill_the_blanks() -> None:
    """Shapes, counts with their noun, percentages and lists are written as people do."""
    message = Message("demo-shape", FACTS)
    assert message.text() == "`fc1` gives (1, 84); 3 values differ, 25%."
    assert message.hint() == "Print a, b and c."
    assert (
        Message("demo-shape", {**FACTS, "n": 1, "seen": [3]})
        .text()
        .startswith("`fc1` gives (3,); 1 value differs")
    )


def test_a_fact_may_be_a_message() -> None:
    """It is said where it stands, and kept as its code and facts."""
    message = Message("demo-inner", {"inner": Message("demo-shape", FACTS)})
    assert message.text().startswith("Inside `fc1` gives")
    assert message.to_facts()["inner"] == {
        "code": "demo-shape",
        "facts": {**FACTS, "seen": [1, 84]},
    }


def test_a_missing_fact_is_an_error() -> None:
    """Nothing is said with a hole in it."""
    with pytest.raises(LookupError, match="seen"):
        Message("demo-shape", {"name": "x"}).text()
    with pytest.raises(LookupError):
        Message("demo-unknown").text()
    assert WORDS.title("demo-unknown") == ""


def test_facts_cannot_reach_into_objects() -> None:
    """A blank names a fact, never an attribute of one."""
    words = Words({"demo-x": Wording(text="{name.__class__}")})
    with pytest.raises(LookupError):
        words.fill(Message("demo-x", {"name": "a"}), "text")


def test_a_verdict_says_messages() -> None:
    """The first gives code and facts, all of them the sentences, the first hint is taken."""
    verdict = Verdict.say(Message("demo-shape", FACTS), Message("demo-inner", {"inner": "it."}))
    assert verdict.code == "demo-shape"
    assert verdict.facts["seen"] == [1, 84]
    assert verdict.feedback.endswith("25%. Inside it.")
    assert verdict.hint == "Print a, b and c."
    assert verdict.fraction == 0.0


def test_the_files_are_complete() -> None:
    """Each code stands in the file of its subject, and has text or hint; no blank is empty."""
    for path in sorted((messages.FOLDER / "en").glob("*.toml")):
        table = messages._read_file(path)
        assert table, path
        for code, parts in table.items():
            assert code.split("-")[0] == path.stem, code
            assert parts.keys() <= set(messages.PARTS), code
            assert parts.get("text") or parts.get("hint"), code
            for text in parts.values():
                fields = [name for _, name, _, _ in string.Formatter().parse(text)]
                assert "" not in fields, code


def test_another_language_lacks_nothing_that_it_begins() -> None:
    """A file of another language has the codes of the English one, with the same blanks."""
    english = messages.read_words()
    folders = [p for p in messages.FOLDER.iterdir() if p.is_dir() and p.name != "en"]
    for path in (p for f in folders for p in f.glob("*.toml")):
        table = messages._read_file(path)
        assert table.keys() == messages._read_file(messages.FOLDER / "en" / path.name).keys()
        for code, parts in table.items():
            for part, text in parts.items():
                assert messages.find_blanks([text]) == messages.find_blanks(
                    [getattr(english[code], part)]
                ), (path, code, part)


def test_a_course_chooses_a_language(tmp_path: Path) -> None:
    """What that lacks is said in English, what the course says itself comes first."""
    path = tmp_path / "messages.toml"
    path.write_text('language = "de"\n[checks-wait-broken]\ntext = "Später: `{check}`."\n', "utf-8")
    messages.use(messages.read_words(path))
    facts = {"check": "shapes"}
    assert Message("checks-wait", facts).text().startswith("Nicht beurteilt, weil `shapes`")
    assert Message("checks-wait-broken", facts).text() == "Später: `shapes`."
    assert Message("run-crashed").text() == "crashed"
    path.write_text("language = 7\n")
    with pytest.raises(CourseError, match="language 7; there are: de, en"):
        messages.read_words(path)


def test_a_course_says_single_messages_otherwise(tmp_path: Path) -> None:
    """What it does not mention stays; what it names wrongly is a sentence."""
    path = tmp_path / "messages.toml"
    path.write_text('[checks-wait]\ntext = "First mend `{check}`."\n')
    words = messages.read_words(path)
    messages.use(words)
    assert Message("checks-wait", {"check": "shapes"}).text() == "First mend `shapes`."
    for wrong, said in (
        ('[checks-unknown]\ntext = "x"\n', "does not say"),
        ('[checks-wait]\nword = "x"\n', "may have"),
        ('[checks-wait]\ntext = "{who}"\n', "blank"),
        ('[checks-wait]\ntext = "{check"\n', "written wrongly"),
        ("[checks-wait\n", "cannot be read"),
    ):
        path.write_text(wrong)
        with pytest.raises(CourseError, match=said):
            messages.read_words(path)

"""Written answers: nothing is compared; a person is shown what was written."""

from __future__ import annotations

from grader.records.measurements import Text
from grader.records.result import Verdict


def written(answer: Text) -> Verdict:
    """The answer as a check with `person=True` shows it to the person who marks."""
    where = f"Read in {_list(answer)}."
    more = " It is longer than what is shown here." if answer.cut else ""
    if not answer.text:  # `grading.written`
        where, more = f"Too large to be read: {_list(answer)}. Look for the answer there.", ""
    return Verdict(fraction=1.0, feedback=f"{where}{more}", evidence={"answer": answer.to_json()})


def _list(answer: Text) -> str:
    return " and ".join(f"`{place}`" for place in answer.places)

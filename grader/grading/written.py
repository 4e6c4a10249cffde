"""Written answers of a submission, by probe: read when it is judged, so nothing is run for them."""

from __future__ import annotations

from collections.abc import Mapping

from grader.assignment.loader import LoadedAssignment
from grader.records.execution import Missing
from grader.records.measurements import Text
from grader.records.submission import Submission
from grader.submissions.written import find_answers, find_prompts, is_too_large


def read_answers(loaded: LoadedAssignment, submission: Submission) -> dict[str, Text | Missing]:
    """By probe key what was written, or that nothing was."""
    if not loaded.written:
        return {}
    labels = {probe.key: str(probe.args["label"]) for probe in loaded.written.values()}
    every = tuple(dict.fromkeys(labels.values()))
    prompts = find_prompts(loaded.handout, every) if loaded.handout else loaded.prompts
    found = find_answers(submission.files, submission.entry, every, prompts or None)
    large = tuple(sorted(n for n, c in submission.files.items() if is_too_large(n, c)))
    return {
        key: found.get(label) or _describe_absence(label, large) for key, label in labels.items()
    }


def list_prompts(loaded: LoadedAssignment, handout: Mapping[str, bytes]) -> tuple[str, ...]:
    """Lines of this handout that are nobody's answer, for a kit; none where nothing is asked."""
    labels = [str(probe.args["label"]) for probe in loaded.written.values()]
    return tuple(sorted(find_prompts(handout, labels))) if labels else ()


def _describe_absence(label: str, large: tuple[str, ...]) -> Text | Missing:
    """What was too large to be read costs nobody points: a person looks into it."""
    if large:
        return Text(label=label, text="", places=large, cut=True)
    return Missing(
        why=f"no answer to `{label}` was found. Write it in a text cell of your notebook, in a "
        f"comment or in answers.md, after `{label}:` at the beginning of a line",
        code="names-no-answer",
        about=label,
    )


def find_model_answers(loaded: LoadedAssignment) -> dict[str, str]:
    """By label what the reference wrote, for who marks."""
    answers = read_answers(loaded, loaded.reference).values()
    return {text.label: text.text for text in answers if isinstance(text, Text)}

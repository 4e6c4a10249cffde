"""What the student's process remarks, in words. The vocabulary is ours; details are claims."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "drawn": "{} drawn from the training set: the test images are not in the sandbox.",
    "instead": "Not on the machine that grades: {}.",
    "cuda": "`cuda` was asked for; it ran on the CPU.",
    "untrained": "Weights of torchvision cannot be downloaded here; random ones are in {}.",
    "colab": "Of Colab, and without effect here: {}. "
    "Open the files that you hand in by their names.",
    "absent": "Not installed here, so that calls to them do nothing: {}. Where one of them is "
    "yours, hand it in as well, as a .py file; what is graded has to do without the others.",
    "alone": "DataLoader's workers cannot run at this sandbox level; "
    "the data was loaded without them.",
    "program": "The grader runs no other programs and installs nothing; passed over: {}. What is "
    "graded may not depend on them.",
    "definitions": "This assignment takes definitions only: imports, functions, classes and "
    "constants. Everything else in the file, such as training and plots, was not run.",
    "compiled": "`torch.compile` was passed over: everything ran uncompiled.",
    "scripted": "`torch.jit.script` and `torch.jit.trace` of networks were passed over: they ran "
    "as they are written.",
    "precision": "Autocast and casts to half or bfloat16 were passed over: networks are measured "
    "in full precision.",
    "screen": "There is no screen here, so plots were drawn without the back end that was asked "
    "for: {}.",
    "blank": "A blank is left: {}.",
    "twice": "A class is defined more than once, and your weights fit only one definition, which "
    "was judged: {}. Keep one definition, and save its weights.",
    "renamed": "The weights stand in the file under other names than your class has, but every "
    "shape fits, so they were loaded: {}. Save them again from the class that you hand in.",
    "unsure_pairing": "{} layers of equal shape could not be told apart in two seconds. They were "
    "taken in the order in which they run; where numbers of them differ from ours, a person should "
    "look at it.",
    "kept": "Your code wrote, moved or deleted what was handed in, while it ran here: {}. What is "
    "judged is the file as it was handed in.",
    "saved": "Not handed in, and saved by your code while it ran here: {}. What is judged is what "
    "it saved. Hand the file in beside your code.",
    "changed": "Your code wrote, moved or deleted files that were handed in, while it ran here: "
    "{}. What it read of them afterwards is what it had made of them.",
    "made": "Your code made files while it ran here: {}.",
    "called": "Taken for what the brief asks for: {}. Please use the names of the brief, in the "
    "file that is run.",
    "instance": "A finished network was taken for what builds it, without what it has learnt: {}. "
    "Please give the class that name.",
}
"""By key the sentence; `{}` in it stands for the details."""
APART: Mapping[str, str] = {"blank": "Blanks that are left besides: {}."}
"""Keys of which each detail gets a sentence of its own, and the one for those beyond `_SPELLED`."""
CAP = 40
"""Remarks that are read."""
_DETAIL = 200
_LISTED, _SPELLED = 5, 10


def read(rows: object) -> list[tuple[str, str]]:
    """Key and detail of each remark; anything else is passed over."""
    remarks = []
    for row in rows[:CAP] if isinstance(rows, list) else []:
        if isinstance(row, list) and len(row) == 2 and all(isinstance(p, str) for p in row):
            key, detail = row
            if key in WORDS:
                remarks.append((key, "".join(c for c in detail[:_DETAIL] if c.isprintable())))
    return remarks


def list_sentences(remarks: Mapping[tuple[str, str], None]) -> list[str]:
    """One for each key, in the order of the vocabulary, with its details; or one for each."""
    sentences = []
    for key, words in WORDS.items():
        details = [d for k, d in remarks if k == key]
        if details and key in APART:
            sentences += [words.format(d) for d in details[:_SPELLED]]
            if len(details) > _SPELLED:
                sentences.append(APART[key].format(len(details) - _SPELLED))
        elif details:
            more = f" and {len(details) - _LISTED} more" if len(details) > _LISTED else ""
            sentences.append(words.format(", ".join(details[:_LISTED]) + more))
    return sentences

"""What students do not get: training with other settings, and what loading leaves behind."""

from assignment import assignment, classes, few, other_settings, start, x

from grader import Measurements, Verdict, diagnosis, probe

EPOCHS, RATE, MOMENTUM, BATCH = 2, 0.2, 0.0, 40
elsewhere = probe.script("training", few, classes, start, [EPOCHS, RATE, MOMENTUM, BATCH])
twice = probe.script("again", x)


@assignment.check(points=5)
def arguments_count(student: Measurements, reference: Measurements) -> Verdict:
    """`train` heeds the arguments that it is called with."""
    run = diagnosis.Descent.read(student[elsewhere].plain, reference[elsewhere].plain)
    if run is None or len(run.rows) < 2:
        return Verdict(fraction=0.0, feedback="`train` does not take several steps.")
    steps = -(-len(run.images) // run.batch)
    told = [] if run.batch == BATCH else [f"The batches hold {run.batch} pictures, not {BATCH}."]
    if round(len(run.rows) / steps) != EPOCHS:
        told.append(f"It takes {len(run.rows)} steps, not those of {EPOCHS} epochs.")
    settings = run.fit_settings()
    if settings is None:
        odd = [run.diagnose_steps().sentence] * 2
    else:
        odd = other_settings(settings, RATE, MOMENTUM)
    share = max(0.0, 1 - (len(told) + len(odd)) / 4)
    text = " ".join(dict.fromkeys([*told, *odd])) or "Epochs, rate, momentum and batches as asked."
    hint = (
        "Use the names of the arguments inside of `train`, not their defaults."
        if told or odd
        else ""
    )
    return Verdict(fraction=share, feedback=text, hint=hint)


@assignment.check(points=5)
def stands_alone(student: Measurements, reference: Measurements) -> Verdict:
    """What `load` returns can be trained on, and shares nothing with another that was loaded."""
    found, ours = student[twice].plain, reference[twice].plain
    if found["trainable"] < ours["trainable"] or not found["changed"] > 0:
        text = f"Of the loaded network {found['trainable']:,} parameters can be trained."
        hint = "A tensor that is to be trained has requires_grad=True."
        return Verdict(fraction=0.0, feedback=text, hint=hint)
    if found["other_changed"] > 0:
        text = "Two networks that were loaded share their weights: a step of one changes the other."
        return Verdict(fraction=0.0, feedback=text, hint="Make a new network in `load`.")
    return Verdict(fraction=1.0, feedback="A network of its own, which can be trained on.")

"""What students do not get: training with other settings, and what loading leaves behind."""

from assignment import assignment, classes, few, other_settings, start, x

from grader import Measurements, Message, Verdict, diagnosis, probe

EPOCHS, RATE, MOMENTUM, BATCH = 2, 0.2, 0.0, 40
elsewhere = probe.script("training", few, classes, start, [EPOCHS, RATE, MOMENTUM, BATCH])
twice = probe.script("again", x)


@assignment.check(points=5)
def arguments_count(student: Measurements, reference: Measurements) -> Verdict:
    """`train` heeds the arguments that it is called with."""
    run = diagnosis.Descent.read(student[elsewhere].plain, reference[elsewhere].plain)
    if run is None or len(run.rows) < 2:
        return Verdict.say(Message("loop-few-steps"))
    steps = -(-len(run.images) // run.batch)
    told = []
    if run.batch != BATCH:
        told.append(Message("loop-other-batches", {"seen": run.batch, "expected": BATCH}))
    if round(len(run.rows) / steps) != EPOCHS:
        told.append(Message("loop-other-epochs", {"steps": len(run.rows), "epochs": EPOCHS}))
    settings = run.fit_settings()
    if settings is None:
        odd = [run.diagnose_steps().message] * 2
    else:
        odd = other_settings(settings, RATE, MOMENTUM)
    share = max(0.0, 1 - (len(told) + len(odd)) / 4)
    if not told and not odd:
        return Verdict.say(Message("loop-heeds"), fraction=1.0)
    said = [*told, *(odd[:1] if settings is None else odd)]
    ignored = Message("loop-arguments")
    return Verdict.say(
        *said,
        fraction=share,
        hint=ignored.hint(),
        cause=said[0] if settings is None else ignored,
    )


@assignment.check(points=5)
def stands_alone(student: Measurements, reference: Measurements) -> Verdict:
    """What `load` returns can be trained on, and shares nothing with another that was loaded."""
    found, ours = student[twice].plain, reference[twice].plain
    if found["trainable"] < ours["trainable"] or not found["changed"] > 0:
        return Verdict.say(Message("files-frozen", {"n": found["trainable"]}))
    if found["other_changed"] > 0:
        return Verdict.say(Message("files-shared"))
    return Verdict.say(Message("files-stands-alone"), fraction=1.0)

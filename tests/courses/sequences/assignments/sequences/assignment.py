"""Recurrent networks and an autoencoder: what they return is no score of a class."""

from grader import Assignment, Measurements, Verdict, compare, data, probe

assignment = Assignment("Sequences and codes", entry="sequences")

series, wanted = data.normal(4, 5, 3), data.normal(4, 2)
tokens, mask = data.integers(3, 6, below=20), data.integers(3, 6, below=2)
tags = data.integers(3, 6, below=5)
pictures = data.uniform(5, 24)
now, state = data.normal(3, 4), (data.normal(3, 6, draw=1), data.normal(3, 6, draw=2))

forecast = probe.module("Forecast", 3, 8)
forecast_layers, forecast_owns = forecast.layers(series), forecast.parameters(series)
forecast_answers = forecast.outputs(series)
forecast_slopes = forecast.gradients(series, wanted)
forecast_steps = forecast.steps(series, wanted, by="training_step")

tagger = probe.module("Tagger", 20, 6, 5)
tagger_layers = tagger.layers((tokens, mask))
tagger_answers = tagger.outputs((tokens, mask))
tagger_slopes = tagger.gradients((tokens, mask), tags)

autoencoder = probe.module("Autoencoder", 12, 3)
codes, code_slopes = autoencoder.outputs(pictures), autoencoder.gradients(pictures, pictures)
sparse_slopes = autoencoder.gradients(pictures, pictures, loss="sparse")

stepper = probe.module("Stepper", 4, 6)
step_answers = stepper.outputs((now, state))


@assignment.check(points=10)
def forecast_shapes(student: Measurements, reference: Measurements) -> Verdict:
    """`Forecast` has the layers of the brief."""
    return compare.shapes(student[forecast_layers], reference[forecast_layers])


@assignment.check(points=10)
def forecast_count(student: Measurements, reference: Measurements) -> Verdict:
    """`Forecast(3, 8)` has 434 parameters."""
    return compare.count(student[forecast_owns], reference[forecast_owns])


@assignment.check(points=15)
def forecast_values(student: Measurements, reference: Measurements) -> Verdict:
    """From equal weights `Forecast` answers what ours answers."""
    where = compare.first_divergence(student[forecast_layers], reference[forecast_layers])
    return compare.close(student[forecast_answers], reference[forecast_answers], where=where)


@assignment.check(points=10)
def forecast_gradients(student: Measurements, reference: Measurements) -> Verdict:
    """The gradients of the mean square error of `Forecast` equal ours."""
    return compare.close(student[forecast_slopes], reference[forecast_slopes])


@assignment.check(points=10)
def forecast_training(student: Measurements, reference: Measurements) -> Verdict:
    """After each of two calls of `training_step` the weights of `Forecast` equal ours."""
    return compare.close(student[forecast_steps], reference[forecast_steps])


@assignment.check(points=10)
def tagger_values(student: Measurements, reference: Measurements) -> Verdict:
    """From equal weights `Tagger` gives the scores that ours gives."""
    where = compare.first_divergence(student[tagger_layers], reference[tagger_layers])
    return compare.close(student[tagger_answers], reference[tagger_answers], where=where)


@assignment.check(points=10)
def tagger_gradients(student: Measurements, reference: Measurements) -> Verdict:
    """The gradients of the cross-entropy of `Tagger` equal ours."""
    return compare.close(student[tagger_slopes], reference[tagger_slopes])


@assignment.check(points=10)
def code_values(student: Measurements, reference: Measurements) -> Verdict:
    """From equal weights `Autoencoder` returns the pair that ours returns."""
    return compare.close(student[codes], reference[codes])


@assignment.check(points=5)
def code_gradients(student: Measurements, reference: Measurements) -> Verdict:
    """The gradients of two losses of `Autoencoder` equal ours."""
    mean_square = compare.close(student[code_slopes], reference[code_slopes])
    if mean_square.fraction < 1:
        return mean_square
    return compare.close(student[sparse_slopes], reference[sparse_slopes])


@assignment.check(points=10)
def step_values(student: Measurements, reference: Measurements) -> Verdict:
    """From equal weights `Stepper` takes the step that ours takes."""
    return compare.close(student[step_answers], reference[step_answers])

from grader import Assignment, compare, data, probe

assignment = Assignment("Sequences and codes", entry="seq")
tokens = data.integers(3, 6, below=40)
y = data.integers(3, below=4)
x = data.uniform(5, 64)
lstm = probe.module("LSTMClassifier", 40, 16, 4)
ll, lp, lo, lg = (
    lstm.layers(tokens),
    lstm.parameters(tokens),
    lstm.outputs(tokens),
    lstm.gradients(tokens, y),
)
ae = probe.module("Autoencoder", 32)
al, ao, ag = ae.layers(x), ae.outputs(x), ae.gradients(x, x)


@assignment.check(points=10)
def l_shapes(s, r):
    """LSTM layers."""
    return compare.shapes(s[ll], r[ll])


@assignment.check(points=10)
def l_count(s, r):
    """LSTM parameters."""
    return compare.count(s[lp], r[lp])


@assignment.check(points=10)
def l_values(s, r):
    """LSTM outputs."""
    return compare.close(s[lo], r[lo])


@assignment.check(points=10)
def l_gradients(s, r):
    """LSTM gradients."""
    return compare.close(s[lg], r[lg])


@assignment.check(points=10)
def a_shapes(s, r):
    """AE layers."""
    return compare.shapes(s[al], r[al])


@assignment.check(points=10)
def a_values(s, r):
    """AE outputs."""
    return compare.close(s[ao], r[ao])


@assignment.check(points=10)
def a_gradients(s, r):
    """AE gradients of the MSE."""
    return compare.close(s[ag], r[ag])

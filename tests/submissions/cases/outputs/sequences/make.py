"""Members that are wrong by one thing: the reference with a few words exchanged."""

from pathlib import Path

REFERENCE = Path(__file__).parents[4] / "courses/sequences/reference/sequences/sequences.py"
MEAN, FORECAST = "steps.mean(1)", "return self.last(steps.mean(1))"
PAIR, SCORES = "return self.decoder(code), code", "return self.scores(self.gru(words)[0])"
STEP, ERROR = "return self.last(h), (h, c)", "nn.functional.mse_loss(network(x), y)"
WRONG = {
    "last_step": [(MEAN, "steps[:, -1]")],
    "mean_of_samples": [(MEAN, "steps.mean(0)[:4]")],
    "time_reversed": [("self.lstm(x)", "self.lstm(x.flip(1))")],
    "shifted": [(FORECAST, FORECAST + " + 1")],
    "scaled": [(FORECAST, FORECAST.replace("return ", "return 2 * "))],
    "shifted_by_sample": [(FORECAST, FORECAST + " + 5 * x.mean((1, 2)).unsqueeze(1)")],
    "activation_at_end": [(FORECAST, FORECAST.replace("return ", "return torch.tanh(") + ")")],
    "loss_summed": [(ERROR, "(network(x) - y).square().sum(1).mean()")],
    "loss_spread": [(ERROR, "(network(x)[:, :1] - y).square().mean()")],
    "mask_ignored": [(" * mask.unsqueeze(-1)", "")],
    "softmax_over_time": [(SCORES, SCORES + ".log_softmax(1)")],
    "softmax_of_scores": [(SCORES, SCORES + ".softmax(-1)")],
    "no_sigmoid": [(", nn.Sigmoid()", "")],
    "no_relu": [("nn.Linear(24, hidden), nn.ReLU(),", "nn.Linear(24, hidden),")],
    "no_code": [(PAIR, "return self.decoder(code)")],
    "pair_turned": [(PAIR, "return code, self.decoder(code)")],
    "code_cut_off": [(PAIR, "return self.decoder(code.detach()), code")],
    "state_turned": [(STEP, "return self.last(h), (c, h)")],
    "state_lost": [(STEP, "return self.last(h)")],
    "old_state": [(STEP, "return self.last(h), state")],
    "huge": [(STEP, "return self.last(h).new_zeros(1).expand(1 << 40), (h, c)")],
    "no_tensor": [(STEP, "return 'right', (0.5, None)")],
    "too_many": [(STEP, "return [h] * 100")],
    "endless": [(STEP, "a = [h]\n        a.append(a)\n        return a")],
}


def make(folder: Path) -> None:
    """One folder for each, and one for the reference itself."""
    source = REFERENCE.read_text(encoding="utf-8")
    for name, changes in {**WRONG, "as_ours": []}.items():
        text = source
        for old, new in changes:
            assert text.count(old) == 1, (name, old)
            text = text.replace(old, new)
        (folder / name).mkdir()
        (folder / name / "sequences.py").write_text(text, encoding="utf-8")

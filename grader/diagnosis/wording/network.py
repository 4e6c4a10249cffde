"""What is said of a network's answers, gradients and dropouts."""

from __future__ import annotations

from collections.abc import Mapping

from grader.diagnosis.records import Wording

_ENDS: Mapping[str, Wording] = {
    f"network-{name}-{what}": Wording(sentence=sentence, hint=hint, fraction=0.0)
    for name in ("sigmoid", "tanh", "relu", "softmax")
    for what, sentence, hint in (
        (
            "missing",
            f"Your network returns what the {name} at its end should be applied to.",
            f"Apply {name} to the result of the last layer, as the brief says.",
        ),
        (
            "added",
            f"Your network applies {name} to the right result.",
            f"Return the result itself, without {name}.",
        ),
    )
}
WORDINGS: Mapping[str, Wording] = {
    "network-softmax-at-end": Wording(
        sentence=(
            "Your network returns probabilities: it applies softmax to the right scores at its end."
        ),
        hint=(
            "Return the scores (logits) or log-probabilities; cross-entropy applies softmax itself."
        ),
        fraction=0.0,
    ),
    "network-probabilities": Wording(
        hint=(
            "Your network returns probabilities (rows that sum to 1): leave out the softmax at its "
            "end."
        ),
        fraction=0.0,
    ),
    "network-ends-in-softmax": Wording(
        hint="Return the scores (logits); cross-entropy applies softmax itself.",
        fraction=0.0,
    ),
    **_ENDS,
    "network-order-turned": Wording(
        sentence="Your network gives the right numbers, but turns the second dimension round.",
        hint="Keep the order in which the inputs come, in time as well.",
        fraction=0.0,
    ),
    "network-scaled": Wording(
        sentence="Every number that your network returns is {factor} times ours.",
        hint="Return the result of the last step of the brief, without a factor.",
        fraction=0.0,
    ),
    "network-shifted": Wording(
        sentence="Every number that your network returns is ours {shift}.",
        hint="Return the result of the last step of the brief, without adding to it.",
        fraction=0.0,
    ),
    "network-half-precision": Wording(
        hint=(
            "Your network returns float16 numbers, which keep three digits: leave `.half()` and "
            "`.to(torch.float16)` out of forward."
        ),
        fraction=0.0,
    ),
    "network-dropout-in-eval": Wording(
        hint=(
            "Dropout is for training only: use nn.Dropout in `__init__`, or F.dropout(x, p, "
            "training=self.training)."
        ),
        fraction=0.0,
    ),
    "network-other-dropout": Wording(
        sentence="In train mode your network drops {drops} {where}, ours drops {expected} there.",
        hint="nn.Dropout(p), or F.dropout(x, p, training=self.training).",
        fraction=0.0,
    ),
    "network-gradient-cut": Wording(
        hint=(
            "Look for .detach(), .data, .item(), numpy() or no_grad() between this layer and the "
            "next."
        ),
        fraction=0.0,
    ),
    "network-step-kept": Wording(
        hint=(
            "Something of the first pass is kept: a counter, a cached tensor, a gradient or a "
            "graph."
        ),
        fraction=0.0,
    ),
}

"""What is said of a student's own training step, and of a training that was watched."""

from __future__ import annotations

from collections.abc import Mapping

from grader.diagnosis.records import Wording

_CROSS_ENTROPY = "Use the cross-entropy."

WORDINGS: Mapping[str, Wording] = {
    # A training step, by the weights that it leaves.
    "step-not-taken": Wording(
        sentence="Your function leaves the weights as they are.",
        hint="After zero_grad() come, in this order, loss.backward() and optimizer.step().",
        fraction=0.0,
    ),
    "step-uphill": Wording(
        sentence="Your function moves the weights along the gradient, which raises the loss.",
        hint="Differentiate the loss itself, not minus the loss.",
        fraction=0.0,
    ),
    "step-sum-not-mean": Wording(
        sentence=(
            "The first step is {batch} times as long as ours: your loss is the sum over "
            "the batch of {batch}, not the mean."
        ),
        hint="Leave reduction at 'mean', which cross_entropy has by default.",
    ),
    "step-doubled": Wording(
        sentence=(
            "The first step goes in the right direction, but is {factor:.4g} times as long as ours."
        ),
        hint="Call backward() and step() once for each batch.",
    ),
    "step-scaled": Wording(
        sentence=(
            "The first step goes in the right direction, but is {factor:.4g} times as long as ours."
        ),
        hint="Leave the loss and its gradients unscaled: the optimizer has the learning rate.",
    ),
    "step-softmax-twice": Wording(
        sentence=(
            "Your function applies softmax before the cross-entropy, which applies it itself."
        ),
        hint="Give cross_entropy the scores as the network returns them.",
    ),
    "step-scores-as-logarithms": Wording(
        sentence=(
            "Your function takes the scores for log-probabilities: nll_loss needs log_softmax "
            "before it."
        ),
        hint="Use cross_entropy, which holds both.",
    ),
    "step-squared-scores": Wording(
        sentence="Your function uses the squared error between scores and one-hot labels.",
        hint=_CROSS_ENTROPY,
    ),
    "step-squared-probabilities": Wording(
        sentence="Your function uses the squared error between probabilities and one-hot labels.",
        hint=_CROSS_ENTROPY,
    ),
    "step-never-zeroed": Wording(
        sentence=(
            "The first step is right; the second moves the weights by its own gradient "
            "and once more by that of the first, which was still there."
        ),
        hint="Call optimizer.zero_grad() in every step, before loss.backward().",
    ),
    "step-only-once": Wording(
        sentence="The first step is right, the second leaves the weights as they are.",
        hint="Look for what holds only once: a flag, a counter, an optimizer kept apart.",
    ),
    # A training that was watched. What to do next is said by the check.
    "loop-yields-nothing": Wording(
        sentence="It yields nothing, so nobody can look at the network between epochs.",
    ),
    "loop-yields-each-step": Wording(
        sentence="It yields after each of its {steps} steps, not after each of {epochs} epochs.",
    ),
    "loop-yields-otherwise": Wording(
        sentence="It yields {count} times, not after each of {epochs} epochs.",
    ),
    "loop-other-pictures": Wording(
        sentence="It shows the network pictures that are not those it was given.",
    ),
    "loop-pictures-repeated": Wording(
        sentence="An epoch shows {kinds} different pictures of {total}, some of them repeatedly.",
    ),
    "loop-pictures-left-out": Wording(
        sentence="An epoch shows {kinds} of {total} pictures.",
    ),
    "loop-order-as-given": Wording(
        sentence="The pictures come in the order in which they were given.",
    ),
    "loop-order-repeated": Wording(
        sentence="The order of the pictures is the same in every epoch.",
    ),
    "loop-pictures-changed": Wording(
        sentence="The pictures are changed before the network is shown them.",
    ),
    "loop-sum-not-mean": Wording(
        sentence="The loss is the sum over a batch; cross-entropy is the mean.",
    ),
    "loop-softmax-twice": Wording(
        sentence="Softmax is applied before the cross-entropy, which applies it itself.",
    ),
    "loop-other-loss": Wording(
        sentence="The gradients are not those of the mean cross-entropy of the batch.",
    ),
    "loop-never-zeroed": Wording(
        sentence=(
            "Gradients of earlier batches are still there: set them to zero before `backward`."
        ),
    ),
    "loop-not-updated": Wording(
        sentence="The weights stay as they were: the optimiser is never asked to step.",
    ),
    "loop-equal-steps": Wording(
        sentence=(
            "The first step moves every weight by the same amount, {size:.2g}, as Adam does: "
            "that is not gradient descent with momentum."
        ),
    ),
    "loop-other-steps": Wording(
        sentence="No learning rate with a momentum explains the steps.",
    ),
}

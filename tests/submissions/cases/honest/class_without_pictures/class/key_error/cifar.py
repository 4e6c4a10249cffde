from collections import Counter


def accuracy_by_class(scores, labels):
    count = Counter(labels.tolist())
    right = Counter(labels[scores.argmax(1) == labels].tolist())
    return [right[k] / dict(count)[k] for k in range(10)]

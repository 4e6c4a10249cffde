from grader import Assignment, compare, data, probe

assignment = Assignment("A transformer block", entry="block")

x = data.normal(3, 6, 12)
words = data.integers(4, 7, below=30)
classes = data.integers(4, below=5)

attention = probe.module("CausalAttention", 12, 3)
attention_layers = attention.layers(x)
attention_parameters = attention.parameters(x)
attention_outputs = attention.outputs(x)

reader = probe.module("Reader", 30, 12, 3, 5)
reader_layers = reader.layers(words)
reader_outputs = reader.outputs(words)
reader_gradients = reader.gradients(words, classes)


@assignment.check(points=10)
def layers_of_attention(student, reference):
    """`CausalAttention` has four linear maps."""
    return compare.shapes(student[attention_layers], reference[attention_layers])


@assignment.check(points=10)
def parameters_of_attention(student, reference):
    """`CausalAttention(12, 3)` has 624 parameters."""
    return compare.count(student[attention_parameters], reference[attention_parameters])


@assignment.check(points=30)
def values_of_attention(student, reference):
    """From equal weights your attention answers what ours answers."""
    where = compare.first_divergence(student[attention_layers], reference[attention_layers])
    return compare.close(student[attention_outputs], reference[attention_outputs], where=where)


@assignment.check(points=10)
def layers_of_reader(student, reference):
    """`Reader` runs the layers of the brief."""
    return compare.shapes(student[reader_layers], reference[reader_layers])


@assignment.check(points=20)
def values_of_reader(student, reference):
    """From equal weights your reader answers what ours answers."""
    where = compare.first_divergence(student[reader_layers], reference[reader_layers])
    return compare.close(student[reader_outputs], reference[reader_outputs], where=where)


@assignment.check(points=20)
def gradients_of_reader(student, reference):
    """Gradients of the cross-entropy equal ours."""
    return compare.close(student[reader_gradients], reference[reader_gradients])

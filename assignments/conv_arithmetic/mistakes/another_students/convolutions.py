"""Right answers to the numbers of another student.

Code: answer-of-another-student
Loses: output_sizes, parameters_of_a_layer, sizes_in_a_network, worked_elements, padding_that_keeps, parameters_of_a_network, single_elements
"""

student = "noah"
plain = (12, 10, 83, 47)
strided = (12, 10, 32, 20)
dilated = (12, 10, 26, 14)
pooled = (12, 10, 41, 23)
same = 4
weight_shape = (10, 9, 7, 7)
bias_shape = (10,)
layer_parameters = 4420
feature_sizes = [(11, 78, 78), (11, 39, 39), (9, 37, 37), (9, 18, 18)]
flattened = 2916
parameter_shapes = [(11, 3, 5, 5), (11,), (9, 11, 3, 3), (9,), (75, 2916), (75,), (11, 75), (11,)]
network_parameters = 221347
worked = [[4, -76, -54], [14, -8, 55], [0, -82, 31]]
cornered = -49
strided_element = -27
two_channels = -9

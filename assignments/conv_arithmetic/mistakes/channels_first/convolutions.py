"""Weights with the channels of the input before the filters.

Code: slip-channels-first
Loses: parameters_of_a_layer, parameters_of_a_network
"""

import json
from pathlib import Path

import numpy as np

numbers = json.loads(Path("numbers.json").read_text(encoding="utf-8"))
student = numbers["student"]
batch, channels, filters = (numbers[k] for k in ("batch", "channels", "filters"))
height, width, kernel = (numbers[k] for k in ("height", "width", "kernel"))
stride, padding, dilation = (numbers[k] for k in ("stride", "padding", "dilation"))
pool, start = numbers["pool"], numbers["side"]
first, second = numbers["net_filters"]
first_kernel, second_kernel = numbers["net_kernels"]
hidden, classes = numbers["hidden"], numbers["classes"]
picture, weights = np.array(numbers["picture"]), np.array(numbers["weights"])
other_picture = np.array(numbers["second_picture"])
other_weights = np.array(numbers["second_weights"])
bias = numbers["bias"]


# --- 1 Sizes
def side(n, kernel, stride=1, padding=0, dilation=1):
    """Height or width after a convolution."""
    return (n + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def after(kernel, stride=1, padding=0, dilation=1):
    """Height and width of the student's image after a convolution."""
    return [side(n, kernel, stride, padding, dilation) for n in (height, width)]


plain = (batch, filters, *after(kernel))
strided = (batch, filters, *after(kernel, stride, padding))
dilated = (batch, filters, *after(kernel, stride, padding, dilation))
pooled = (batch, filters, *(n // pool for n in after(kernel)))
same = numbers["same_dilation"] * (numbers["same_kernel"] - 1) // 2

# --- 2 Parameters of a layer
weight_shape = (channels, filters, kernel, kernel)
bias_shape = (filters,)
layer_parameters = filters * channels * kernel**2 + filters


# --- 3 A small network
def network(n):
    """(C, H, W) after each convolution and each pooling, for images of n × n."""
    one = side(n, first_kernel)
    two = side(one // 2, second_kernel)
    return [
        (first, one, one),
        (first, one // 2, one // 2),
        (second, two, two),
        (second, two // 2, two // 2),
    ]


feature_sizes = network(start)
flattened = int(np.prod(feature_sizes[-1]))


def shapes(length):
    """Shapes of all parameters, where `length` numbers are flattened."""
    return [
        (3, first, first_kernel, first_kernel),
        (first,),
        (first, second, second_kernel, second_kernel),
        (second,),
        (hidden, length),
        (hidden,),
        (classes, hidden),
        (classes,),
    ]


parameter_shapes = shapes(flattened)
network_parameters = sum(int(np.prod(s)) for s in parameter_shapes)


# --- 4 Elements
def convolution(image, kernel, bias=0, stride=1, padding=0):
    """Every element, (H, W) and (k, k) → (H', W'), as networks compute it."""
    wide, k = np.pad(image, padding), len(kernel)
    steps = range(0, len(wide) - k + 1, stride)
    return [[int((wide[i : i + k, j : j + k] * kernel).sum()) + bias for j in steps] for i in steps]


worked = convolution(picture, weights, bias)
cornered = convolution(picture, weights, bias, padding=1)[0][0]
strided_element = convolution(picture, weights, bias, stride=2, padding=1)[1][2]
corner = picture[:3, :3]
two_channels = int((corner * weights + other_picture * other_weights).sum()) + bias

"""Arithmetic of convolutions

The brief says what counts. These numbers are yours alone."""

student = {{ student | tojson }}  # keep this line

# 1 After one convolution
#
# {{ batch }} images with {{ channels }} channels, {{ height }} pixels high and {{ width }} wide. A convolution with {{ filters }} filters of {{ kernel }} × {{ kernel }}. Which shape has its output …

plain = None  # … with nothing else
strided = None  # … with stride {{ stride }} and padding {{ padding }}
dilated = None  # … with stride {{ stride }}, padding {{ padding }} and dilation {{ dilation }}
pooled = None  # … with nothing else, then max pooling of {{ pool }} × {{ pool }}, which moves by {{ pool }}

# A filter of {{ same_kernel }} × {{ same_kernel }} with dilation {{ same_dilation }} and stride 1: which padding keeps height and width?

same = None

# 2 Parameters of that convolution
#
# Shape of its weight, shape of its bias, and how many numbers they are together.

weight_shape = None
bias_shape = None
layer_parameters = None

# 3 A small network
#
# Colour images of {{ side }} × {{ side }} pixels, and in this order:
#
# - convolution, {{ net_filters[0] }} filters of {{ net_kernels[0] }} × {{ net_kernels[0] }}; ReLU; max pooling of 2 × 2
# - convolution, {{ net_filters[1] }} filters of {{ net_kernels[1] }} × {{ net_kernels[1] }}; ReLU; max pooling of 2 × 2
# - flatten; linear layer with {{ hidden }} units; ReLU; linear layer with {{ classes }} units
#
# All with biases, without padding. Sizes (C, H, W) after convolution, pooling, convolution, pooling; how many numbers of one image are flattened; shapes of all parameters; how many numbers they are.

feature_sizes = [None, None, None, None]
flattened = None
parameter_shapes = []
network_parameters = None

# 4 Elements
#
# One image X of 5 × 5, one kernel K of 3 × 3, bias {{ bias }}:
#
{% for row in picture %}#  X  {% for n in row %}{{ "%4d" | format(n) }}{% endfor %}
{% endfor %}
{% for row in weights %}#  K  {% for n in row %}{{ "%4d" | format(n) }}{% endfor %}
{% endfor %}
#
# All nine elements without padding; the element at row 0, column 0 with padding 1; the one at row 1, column 2 with padding 1 and stride 2. Rows and columns are counted from 0.

worked = [[None, None, None], [None, None, None], [None, None, None]]
cornered = None
strided_element = None

# Two channels: the first are the 3 × 3 numbers at the top left of X, with kernel K; the second are Y, with kernel L. Bias {{ bias }}, no padding: which single element comes out?
#
{% for row in second_picture %}#  Y  {% for n in row %}{{ "%4d" | format(n) }}{% endfor %}
{% endfor %}
{% for row in second_weights %}#  L  {% for n in row %}{{ "%4d" | format(n) }}{% endfor %}
{% endfor %}

two_channels = None

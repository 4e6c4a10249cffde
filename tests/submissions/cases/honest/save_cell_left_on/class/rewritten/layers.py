import torch
from torch import nn
import torch.nn.functional as F

def pool(x):
    return F.avg_pool2d(x, 2)

import torch
from torch import nn
import torch.nn.functional as F

def train(model):
    return model

from torch import nn


class LSTMClassifier(nn.Module):
    pass


class Autoencoder(nn.Module):
    pass

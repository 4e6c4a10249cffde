from net import LeNet5

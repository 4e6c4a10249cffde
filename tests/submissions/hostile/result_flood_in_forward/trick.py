"""A frame that announces 2**62 bytes, and then bytes without end."""
import os
import struct
from attempts import asked, pipes

def forward(self, x):
    nonce, pipe = asked()
    for number in pipes() if pipe is None else [pipe]:
        os.write(number, struct.pack("<IQ", 10, 2**62))
    while True:
        os.write(pipe or pipes()[0], bytes(65536))


LeNet5.forward = forward

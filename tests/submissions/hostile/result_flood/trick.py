"""The result channel is written to without end."""
import os
from attempts import pipes

while True:
    for number in pipes():
        os.write(number, bytes(65536))

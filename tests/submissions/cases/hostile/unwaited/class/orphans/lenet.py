"""Children of children that have gone."""
import os, time
stop = time.time() + 14
while time.time() < stop:
    pid = os.fork()
    if pid == 0:
        if os.fork() == 0:
            t = time.process_time()
            while time.process_time() - t < 0.05: pass
        os._exit(0)
    os.waitpid(pid, 0)
class LeNet5: pass

"""Whoever waits for them is waited for by nobody."""
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for _ in range(6):
    if os.fork() == 0:
        for _ in range(10):
            pid = os.fork()
            if pid == 0:
                t = time.process_time()
                while time.process_time() - t < 0.05: pass
                os._exit(0)
            try: os.waitpid(pid, 0)
            except ChildProcessError: pass
        os._exit(0)
time.sleep(14)
class LeNet5: pass
